//! The atoms that alternatives are made of, and the numbers that stand for them.

/// A set of alternatives, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Val(pub(super) u32);

impl Val {
    /// A register that was never written.
    pub(crate) const UNSET: Self = Self(0);
    /// The integer 0, `false` and `null`: the same bits to the machine.
    pub(crate) const ZERO: Self = Self(1);

    /// An atom of `Values::arguments` for a call whose arguments are of no use.
    pub(crate) const NO_ARGUMENTS: AtomId = AtomId(0);

    /// The value with only this alternative.
    pub(crate) fn one(atom: AtomId) -> Self {
        Self(atom.0)
    }
}

/// One alternative, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AtomId(pub(super) u32);

impl AtomId {
    pub(super) fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Why a value is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Why {
    /// Computed in a way that is not modelled.
    Computed,
    /// Changes with each turn of a loop.
    Loop,
    /// An object that is not followed.
    Object,
    /// An element of an array or collection.
    Element,
    /// More than `MAX_ALTERNATIVES` alternatives.
    TooMany,
    /// More than `MAX_PARTS` parts.
    TooLong,
    /// A caught exception.
    Caught,
    /// The package's budget was spent.
    Budget,
}

pub(super) const WHYS: [Why; 8] = [
    Why::Computed,
    Why::Loop,
    Why::Object,
    Why::Element,
    Why::TooMany,
    Why::TooLong,
    Why::Caught,
    Why::Budget,
];

/// One alternative of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Atom {
    /// Never written.
    Unset,
    /// An integer, a boolean or `null`.
    Int(i64),
    /// A string of a dex file, by index into the arena's literals.
    Lit(u32),
    /// A string made here, by index.
    Made(u32),
    /// An assembled string: all before, and the last part.
    Cat(AtomId, AtomId),
    /// A class constant: file and type index.
    Class(u16, u32),
    /// An object allocated in this method, by number; its content is part of the state.
    Object(u16),
    /// A parameter of this method, counted in registers from the first, `this` included.
    Param(u16),
    /// The content of a field: file and field index.
    Field(u16, u32),
    /// An element of the array that a field holds: file, field index, and which, or else any.
    FieldElement(u16, u32, Option<u8>),
    /// The result of a call: file, method index, and the arguments where they are of use.
    Call(u16, u32, AtomId),
    /// Arguments of a call: all before, and the last one.
    Argument(AtomId, Val),
    /// An array of so many elements, or [`u32::MAX`] when that is not known.
    Array(u32),
    /// An array of numbers that was filled from the file: its bytes, by index into the texts made, and bytes per
    /// element.
    Data(u32, u8),
    /// An array after one element was set: before, index, value.
    Element(AtomId, u8, Val),
    /// Whatever an object of the flows is or was, by its number there.
    Root(u32),
    /// Not known.
    Unknown(Why),
}

/// What is asked of atoms so often that it is kept beside them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Meta {
    /// Parts of a string; elements set in an array; 0 for the rest.
    pub(super) parts: u8,
    /// A literal in it may be, or begin, an endpoint.
    pub(super) hot: bool,
    /// A part of it is a symbol of the flows.
    pub(super) symbolic: bool,
}

impl Meta {
    /// Of a string of one part.
    pub(super) fn text(hot: bool) -> Self {
        Self {
            parts: 1,
            hot,
            symbolic: false,
        }
    }
}

/// A literal of a dex file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lit<'a> {
    /// Which file.
    pub(crate) dex: u16,
    /// Index into its string table.
    pub(crate) string: u32,
    /// MUTF-8, without the NUL.
    pub(crate) bytes: &'a [u8],
}
