//! Tables of interest of one dex file, made once from its id tables, so that the walk over the code
//! decides by one byte per index.

mod heir;
mod shape;

pub(crate) use shape::{MAX_PARAMETERS, Shape, descriptor, letter};

use rustc_hash::FxHashMap;

use crate::artifact::dex::{Dex, MethodId};

use super::interest::{Carrier, Interest, Member};
use super::package::{Package, index};
use super::platform::Model;
use heir::Heirs;

/// Bits of a method id.
pub(crate) mod method {
    /// Its class is defined in the package: calls of it are edges.
    pub(crate) const OWN: u8 = 1;
    /// An identifier or a sink: each call is a site.
    pub(crate) const SITE: u8 = 1 << 1;
    /// Works on texts.
    pub(crate) const TEXT: u8 = 1 << 2;
    /// Its arguments are always worth computing.
    pub(crate) const ARGS: u8 = 1 << 3;
    /// Its arguments are worth computing where a text of interest is near.
    pub(crate) const USE: u8 = 1 << 4;
    /// Returns an identifier.
    pub(crate) const IDENTIFIER: u8 = 1 << 5;
    /// With [`OWN`]: returns a string, a number or a boolean.
    pub(crate) const VALUE: u8 = 1 << 6;
    /// Has a model that is of use, but is no reason to interpret.
    pub(crate) const MODEL: u8 = 1 << 7;
}

/// Bits of a string id.
pub(crate) mod string {
    /// May be, or begin, an endpoint.
    pub(crate) const HOT: u8 = 1;
    /// May be the value of a row.
    pub(crate) const VALUE: u8 = 1 << 1;
}

/// Bits of a field id.
pub(crate) mod field {
    /// Its class is defined in the package and it holds a string.
    pub(crate) const OWN_TEXT: u8 = 1;
    /// An identifier: each read is a site.
    pub(crate) const SITE: u8 = 1 << 1;
    /// Its class is defined in the package and it holds a number or a boolean.
    pub(crate) const OWN_NUMBER: u8 = 1 << 2;
    /// A field of the platform that holds a text which may be the value of a row.
    pub(crate) const VALUE: u8 = 1 << 3;
    /// Its class is defined in the package and it holds an array: who writes it is of interest.
    pub(crate) const OWN_ARRAY: u8 = 1 << 4;
}

/// Of a type that is no class of interest.
const NO_CLASS: u16 = u16::MAX;

/// A method id of interest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    /// What it is.
    pub(crate) member: Member,
    /// Its parameters.
    pub(crate) shape: Shape,
    /// Whether objects of its class stand for a text.
    pub(crate) carrier: Carrier,
}

/// The tables of one dex file.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Bits by string index.
    pub(crate) strings: Vec<u8>,
    /// Bits by method index.
    pub(crate) methods: Vec<u8>,
    /// Bits by field index.
    pub(crate) fields: Vec<u8>,
    /// By type index: what objects of it stand for.
    pub(crate) carriers: Vec<Carrier>,
    /// Index into `marks` by method index, 0 for none.
    mark_of: Vec<u16>,
    marks: Vec<Mark>,
    /// Identifier rows by field index.
    pub(crate) identifier_fields: FxHashMap<u32, u16>,
    /// Texts that fields of the platform hold, by field index.
    pub(crate) constants: FxHashMap<u32, Box<str>>,
}

impl Table {
    /// Numbers of the classes of interest by type, or [`NO_CLASS`]. Made for all files before any table:
    /// ancestors may be in another file.
    pub(crate) fn classes(
        package: &Package<'_>,
        dex_no: u16,
        dex: &Dex<'_>,
        interest: &Interest<'_>,
    ) -> Vec<u16> {
        let number = |type_| {
            let descriptor = package
                .type_name(dex_no, type_)
                .filter(|name| name.first() == Some(&b'L'));
            descriptor
                .and_then(|name| interest.class(name))
                .unwrap_or(NO_CLASS)
        };
        (0..dex.type_count()).map(number).collect()
    }

    /// Makes the tables. `hot` says of each string whether it may be, or begin, an endpoint; `classes` are
    /// those of [`Table::classes`] of all files.
    pub(crate) fn new(
        package: &Package<'_>,
        dex_no: u16,
        dex: &Dex<'_>,
        interest: &Interest<'_>,
        classes: &[Vec<u16>],
        hot: &dyn Fn(&[u8]) -> bool,
    ) -> Self {
        let mut table = Self::default();
        table.read_strings(package, dex_no, interest, hot);
        let own = classes
            .get(usize::from(dex_no))
            .map(Vec::as_slice)
            .unwrap_or_default();
        table.carriers = own
            .iter()
            .map(|class| {
                if *class == NO_CLASS {
                    Carrier::No
                } else {
                    interest.info(*class).carrier
                }
            })
            .collect();
        table.read_methods(package, dex_no, dex, interest, classes);
        table.read_fields(package, dex_no, dex, interest, own);
        table
    }

    fn read_strings(
        &mut self,
        package: &Package<'_>,
        dex_no: u16,
        interest: &Interest<'_>,
        hot: &dyn Fn(&[u8]) -> bool,
    ) {
        let bits = |bytes: &&[u8]| {
            let bit = |holds: bool, bit: u8| if holds { bit } else { 0 };
            bit(hot(bytes), string::HOT) | bit(interest.text(bytes), string::VALUE)
        };
        self.strings = package.texts(dex_no).iter().map(bits).collect();
    }

    fn read_methods(
        &mut self,
        package: &Package<'_>,
        dex_no: u16,
        dex: &Dex<'_>,
        interest: &Interest<'_>,
        classes: &[Vec<u16>],
    ) {
        let own_classes = classes
            .get(usize::from(dex_no))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let methods = dex.method_count();
        self.methods = vec![0; index(methods)];
        self.mark_of = vec![0; index(methods)];
        // Few prototypes: what they return is asked once.
        let returns: Vec<u8> = (0..dex.proto_count())
            .map(|proto| {
                match dex
                    .proto(proto)
                    .map(|proto| letter(package.type_name(dex_no, proto.return_type)))
                {
                    Some(b'S' | b'T' | b'I' | b'Z' | b'J') => method::OWN | method::VALUE,
                    _ => method::OWN,
                }
            })
            .collect();
        let mut heirs = Heirs {
            package,
            interest,
            dex: dex_no,
            classes,
            memo: None,
        };
        for i in 0..methods {
            let Some(id) = dex.method(i) else { continue };
            let mut bits = 0;
            let own = package.home(dex_no, id.class).is_some();
            if own {
                bits |= returns.get(index(id.proto)).copied().unwrap_or(method::OWN);
            }
            let class = own_classes.get(index(id.class)).copied().unwrap_or(NO_CLASS);
            if class != NO_CLASS || (own && heirs.any(id.class)) {
                let name = package.text(dex_no, id.name).unwrap_or_default();
                let found = heirs.find(id.class, name).filter(|m| fits(dex, id, interest, *m));
                if let Some(member) = found {
                    let carrier = self.carriers.get(index(id.class)).copied().unwrap_or_default();
                    let shape = Shape::of(package, dex_no, dex, id);
                    bits |= bits_of(&member, shape, carrier);
                    self.marks.push(Mark {
                        member,
                        shape,
                        carrier,
                    });
                    if let (Some(slot), Ok(mark)) =
                        (self.mark_of.get_mut(index(i)), u16::try_from(self.marks.len()))
                    {
                        *slot = mark;
                    }
                }
            }
            if let Some(slot) = self.methods.get_mut(index(i)) {
                *slot = bits;
            }
        }
    }

    fn read_fields(
        &mut self,
        package: &Package<'_>,
        dex_no: u16,
        dex: &Dex<'_>,
        interest: &Interest<'_>,
        classes: &[u16],
    ) {
        let fields = dex.field_count();
        self.fields = vec![0; index(fields)];
        // Few types: their letters are asked once.
        let letters: Vec<u8> = (0..dex.type_count())
            .map(|type_| match package.type_name(dex_no, type_) {
                Some(b"Ljava/lang/String;") => field::OWN_TEXT,
                Some(b"[Ljava/lang/String;") => field::OWN_TEXT | field::OWN_ARRAY,
                Some(b"I" | b"Z" | b"J" | b"B" | b"C" | b"S") => field::OWN_NUMBER,
                Some([b'[', ..]) => field::OWN_ARRAY,
                _ => 0,
            })
            .collect();
        for i in 0..fields {
            let Some(id) = dex.field(i) else { continue };
            let mut bits = 0;
            if package.home(dex_no, id.class).is_some() {
                bits |= letters.get(index(id.type_)).copied().unwrap_or_default();
            }
            let class = classes.get(index(id.class)).copied().unwrap_or(NO_CLASS);
            if class != NO_CLASS {
                let name = package.text(dex_no, id.name).unwrap_or_default();
                if let Some(row) = interest.field(class, name) {
                    bits |= field::SITE;
                    self.identifier_fields.insert(i, row);
                }
                // What a package holds itself is known better.
                if package.home(dex_no, id.class).is_none()
                    && let Some(text) = interest.constant(class, name)
                {
                    bits |= field::VALUE;
                    self.constants.insert(i, text.into());
                }
            }
            if let Some(slot) = self.fields.get_mut(index(i)) {
                *slot = bits;
            }
        }
    }

    /// What is known of a method id.
    pub(crate) fn mark(&self, method: u32) -> Option<&Mark> {
        let mark = self.mark_of.get(index(method)).copied()?;
        self.marks.get(usize::from(mark).checked_sub(1)?)
    }

    /// What objects of a type stand for.
    pub(crate) fn carrier(&self, type_: u32) -> Carrier {
        self.carriers.get(index(type_)).copied().unwrap_or_default()
    }

    /// Bits of a field.
    #[inline]
    pub(crate) fn field(&self, field: u32) -> u8 {
        self.fields.get(index(field)).copied().unwrap_or_default()
    }

    /// Bits of a string.
    #[inline]
    pub(crate) fn string(&self, string: u32) -> u8 {
        self.strings.get(index(string)).copied().unwrap_or_default()
    }
}

/// A row may ask for certain descriptors, where the name alone is too general.
fn fits(dex: &Dex<'_>, id: MethodId, interest: &Interest<'_>, member: Member) -> bool {
    let Some(row) = member.identifier.and_then(|row| interest.identifier(row)) else {
        return true;
    };
    if row.descriptors.is_empty() || member.sink.is_some() || member.model.is_some() {
        return true;
    }
    let descriptor = descriptor(dex, id);
    row.descriptors
        .iter()
        .any(|wanted| wanted.as_bytes() == descriptor)
}

fn bits_of(member: &Member, shape: Shape, carrier: Carrier) -> u8 {
    let mut bits = 0;
    if member.identifier.is_some() {
        bits |= method::SITE | method::IDENTIFIER;
    }
    if member.sink.is_some() {
        bits |= method::SITE;
        let texts = carrier != Carrier::No || shape.letters().iter().any(|l| matches!(l, b'S' | b'T'));
        if member.destination && texts {
            bits |= method::ARGS;
        }
    }
    bits | match member.model {
        None => 0,
        Some(Model::First | Model::This) => method::MODEL,
        Some(Model::Compute(_)) => 0,
        Some(Model::Key(..) | Model::Member(_)) => method::ARGS,
        Some(Model::Use(_) | Model::Read(_)) => method::USE,
        Some(Model::File | Model::Uri) => method::USE | method::TEXT,
        Some(_) => method::TEXT,
    }
}
