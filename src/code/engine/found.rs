//! What the engine finds: calls of interest with their arguments, and methods that return what is asked
//! for.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::bytes::Gap;

use super::super::interp::What;
use super::super::package::index;
use super::super::platform::Store;
use super::super::value::{Val, Values};

/// A place in the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    /// Number of the dex file.
    pub dex: u16,
    /// Number of the method among those with code.
    pub method: u32,
    /// Code unit of the instruction.
    pub pc: u32,
}

/// A call of interest, its arguments as a range of the engine's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) at: At,
    pub(crate) what: What,
    /// The method of the package that was called to get there.
    pub(crate) via: Option<(u16, u32)>,
    pub(super) first: u32,
    pub(super) len: u32,
}

/// A method that returns an identifier or the content of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wrapper {
    pub(crate) dex: u16,
    /// Number among the methods with code.
    pub(crate) method: u32,
    pub(crate) returns: Returns,
}

/// What a wrapper returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Returns {
    /// The result of an identifier's method, or an identifier's field: row.
    Row(u16),
    /// What a store holds for a key.
    Key(Store, Val),
}

/// What an `Engine` found.
#[derive(Debug, Default)]
pub(crate) struct Found<'a> {
    pub(crate) values: Values<'a>,
    pub(crate) records: Vec<Record>,
    pub(super) arguments: Vec<Val>,
    /// File, method and string of those strings that are handed on as they are.
    pub(crate) plain: FxHashSet<(u16, u32, u32)>,
    pub(crate) wrappers: Vec<Wrapper>,
    /// What calls of the package's own methods return, where they compute it of constants.
    pub(crate) computed: FxHashMap<At, Val>,
    pub(crate) gaps: Vec<Gap>,
    /// Instructions that were interpreted.
    pub(crate) steps: u64,
}

impl Found<'_> {
    /// The arguments of a record.
    pub(crate) fn arguments(&self, record: &Record) -> &[Val] {
        let first = index(record.first);
        self.arguments
            .get(first..first.saturating_add(index(record.len)))
            .unwrap_or_default()
    }
}
