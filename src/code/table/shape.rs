//! The shape of a method: its parameters and its result, by letter.

use crate::artifact::dex::{Dex, MethodId};

use super::super::package::Package;

/// Parameters that a shape keeps.
pub(crate) const MAX_PARAMETERS: usize = 8;

/// The parameters of a method, by letter: the first of the descriptor, but `S` for `String`, `T` for
/// another class that stands for a text, `I` for all integers of 32 bits but `char` and `boolean`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    letters: [u8; MAX_PARAMETERS],
    len: u8,
    /// Letter of the result.
    pub(crate) result: u8,
}

impl Shape {
    pub(super) fn of(package: &Package<'_>, dex_no: u16, dex: &Dex<'_>, id: MethodId) -> Self {
        let mut shape = Self::default();
        let Some(proto) = dex.proto(id.proto) else {
            return shape;
        };
        shape.result = letter(package.type_name(dex_no, proto.return_type));
        for (slot, type_) in shape.letters.iter_mut().zip(proto.parameters.iter()) {
            *slot = letter(package.type_name(dex_no, type_));
            shape.len = shape.len.saturating_add(1);
        }
        shape
    }

    /// Letters of the parameters, at most [`MAX_PARAMETERS`].
    pub(crate) fn letters(&self) -> &[u8] {
        self.letters.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// The letter of a type by its descriptor: see [`Shape`].
pub(crate) fn letter(descriptor: Option<&[u8]>) -> u8 {
    match descriptor {
        Some(b"Ljava/lang/String;") => b'S',
        Some(
            b"Ljava/lang/CharSequence;"
            | b"Landroid/net/Uri;"
            | b"Ljava/net/URL;"
            | b"Ljava/net/URI;"
            | b"Ljava/io/File;",
        ) => b'T',
        Some([b'B' | b'S', ..]) => b'I',
        Some([first, ..]) => *first,
        _ => b'V',
    }
}

/// The descriptor of a method, `(Landroid/content/Context;)Ljava/lang/String;`.
pub(crate) fn descriptor(dex: &Dex<'_>, id: MethodId) -> Vec<u8> {
    let mut out = vec![b'('];
    if let Some(proto) = dex.proto(id.proto) {
        for type_ in proto.parameters.iter() {
            out.extend_from_slice(dex.type_descriptor(type_).unwrap_or(b"?"));
        }
        out.push(b')');
        out.extend_from_slice(dex.type_descriptor(proto.return_type).unwrap_or(b"?"));
    }
    out
}
