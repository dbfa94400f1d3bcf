//! A file somewhere in the layers, whose bytes are read when they are asked for.

use crate::bytes::{Blob, Budget, Bytes, Gap, Place};

use super::Class;

/// A file of the tree: cheap to clone, nothing is read until [`Leaf::read`].
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Where it is.
    pub place: Place,
    /// Bytes once decoded, as the container claims: a hint, not a bound.
    pub size: u64,
    /// What it is by its name, and by its first bytes where those were at hand.
    pub class: Class,
    /// Android does not load it, or its container; it was read all the same.
    pub salvaged: bool,
    data: Data,
}

/// Where the bytes of a leaf come from.
#[derive(Debug, Clone)]
enum Data {
    /// As they are.
    Plain(Blob),
}

/// What reading a leaf gave.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// The bytes, or the sound prefix of them.
    pub bytes: Bytes,
    /// What was lost or odd on the way, in order. Offsets are those of the container.
    pub gaps: Vec<Gap>,
    /// Bytes that are missing, as far as the container's claim can be believed.
    pub unread: u64,
    /// Android would not load it.
    pub salvaged: bool,
}

impl Leaf {
    /// A leaf with these bytes: for a part of a file that is a file of its own.
    pub fn plain(place: Place, class: Class, data: impl Into<Blob>) -> Self {
        let data = data.into();
        Self {
            place,
            size: data.len(),
            class,
            salvaged: false,
            data: Data::Plain(data),
        }
    }

    /// The file name: what follows the last `/`, `!` or `:`.
    pub fn name(&self) -> &str {
        let logical = self.place.logical();
        logical.rsplit(['/', '!', ':']).next().unwrap_or(logical)
    }

    /// The path within its innermost package or partition: `res/xml/prefs.xml`.
    pub fn path(&self) -> &str {
        let logical = self.place.logical();
        match logical.rsplit_once('!') {
            Some((_, path)) => path,
            None => logical.split_once(':').map_or(logical, |(_, path)| path),
        }
    }

    /// Reads it, decompressed. What is wrong is in the gaps; what was sound is in the bytes.
    pub fn read(&self, budget: &Budget) -> Read {
        let _ = budget;
        match &self.data {
            Data::Plain(blob) => match blob.read("file", 0..u64::MAX) {
                Ok(bytes) => Read {
                    bytes,
                    ..Read::default()
                },
                Err(gap) => Read {
                    gaps: vec![gap],
                    unread: self.size,
                    ..Read::default()
                },
            },
        }
    }
}
