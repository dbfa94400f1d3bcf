//! What a reading answers with: plain values, without a word of how they were found.

use std::sync::Arc;

use crate::artifact::dex::mutf8;

use super::super::engine::At;
use super::super::platform::{Access, Store, Use};

/// One alternative of an argument.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arg {
    /// A number, a boolean, or `null` as 0.
    Int(i64),
    /// A string.
    Text(Text),
    /// A class, by descriptor.
    Class(String),
    /// A parameter of the method, counted in registers, that no caller's constant replaces.
    Parameter(u16),
    /// Not known.
    Unknown,
}

/// A string with `{}` for each part that is not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    /// MUTF-8.
    pub bytes: Vec<u8>,
    /// Without holes.
    pub whole: bool,
}

impl Text {
    /// For look-ups; characters that are no UTF-8 are replaced.
    pub fn to_str(&self) -> std::borrow::Cow<'_, str> {
        mutf8(&self.bytes)
    }
}

/// A call whose arguments were resolved.
#[derive(Debug, Clone)]
pub struct Call {
    /// Where.
    pub at: At,
    /// What is called for.
    pub what: Called,
    /// Whether the call itself is in a method of the package that `at` calls.
    pub wrapped: bool,
}

/// What a call is for, with the alternatives of its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// A key of a store.
    Key {
        /// Which store.
        store: Store,
        /// Read or written.
        access: Access,
        /// The key.
        key: Vec<Arg>,
        /// The default, or the value that is written; `None` where the call has none.
        value: Option<Vec<Arg>>,
        /// Whether that is a boolean.
        boolean: bool,
    },
    /// A sink, by row; every argument that may be a text.
    Sink {
        /// See [`Interest::sink`](crate::code::Interest::sink).
        row: u16,
        /// One list of alternatives per argument.
        texts: Vec<Vec<Arg>>,
    },
    /// A method looked up through reflection.
    Method {
        /// The class: its descriptor or its name.
        class: Vec<Arg>,
        /// The method's name.
        name: Vec<Arg>,
    },
    /// A field looked up through reflection.
    Field {
        /// The class: its descriptor or its name.
        class: Vec<Arg>,
        /// The field's name.
        name: Vec<Arg>,
    },
    /// A class looked up by name.
    Class(Vec<Arg>),
    /// A text used as something.
    Use(Use, Vec<Arg>),
    /// An assembled text that is handed on.
    Text(Vec<Arg>),
    /// A text that a method of the package computes of constants.
    Computed {
        /// The method.
        by: String,
        /// What it returns.
        text: Vec<Arg>,
    },
}

impl Called {
    /// The alternatives of all arguments.
    pub fn args(&self) -> impl Iterator<Item = &Arg> {
        let (many, one, other): (&[Vec<Arg>], &[Arg], &[Arg]) = match self {
            Self::Key { key, value, .. } => (&[], key, value.as_deref().unwrap_or_default()),
            Self::Sink { texts, .. } => (texts, &[], &[]),
            Self::Method { class, name } | Self::Field { class, name } => (&[], class, name),
            Self::Class(args) | Self::Use(_, args) | Self::Text(args) | Self::Computed { text: args, .. } => {
                (&[], args, &[])
            }
        };
        many.iter().flatten().chain(one).chain(other)
    }
}

/// A call of an identifier or a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallSite {
    /// Where.
    pub at: At,
    /// Identifier row, see [`Interest::identifier`](crate::code::Interest::identifier).
    pub identifier: Option<u16>,
    /// Sink row, see [`Interest::sink`](crate::code::Interest::sink).
    pub sink: Option<u16>,
}

/// A string that an instruction loads.
#[derive(Debug, Clone, Copy)]
pub struct StringUse<'a> {
    /// Where.
    pub at: At,
    /// The string, MUTF-8.
    pub bytes: &'a [u8],
    /// It may be, or begin, an endpoint.
    pub hot: bool,
    /// It may be the value of a row.
    pub value: bool,
    /// It is only a part of a text that is assembled in the same method, and that is reported instead.
    pub part: bool,
}

/// A string that is the initial value of a static field.
#[derive(Debug, Clone)]
pub struct StaticString<'a> {
    /// Number of the dex file.
    pub dex: u16,
    /// Class descriptor.
    pub class: String,
    /// Field name, empty when it cannot be read.
    pub field: String,
    /// The string, MUTF-8.
    pub bytes: &'a [u8],
    /// It may be, or begin, an endpoint.
    pub hot: bool,
}

/// What a method of the package returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returned {
    /// An identifier, by row.
    Identifier(u16),
    /// What a store holds for one of these keys.
    Key(Store, Arc<[Arg]>),
}

/// A call of a method that returns an identifier.
#[derive(Debug, Clone)]
pub struct WrapperCall {
    /// Where the method is called.
    pub at: At,
    /// What it returns.
    pub returned: Returned,
}
