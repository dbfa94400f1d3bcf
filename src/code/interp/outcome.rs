//! What interpreting one method gives: the calls of interest with their arguments, what is written to
//! fields, which strings leave as they are, and the result.

use super::super::package::{count, index};
use super::super::platform::{Access, Member, Store, Use};
use super::super::value::Val;

/// What a call of interest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum What {
    /// A key of a store: key, then default or new value. The letter is that of the second argument's
    /// type, or of the result where there is none.
    Key(Store, Access, u8),
    /// A sink, by row: whatever argument may be a text.
    Sink(u16),
    /// A member looked up through reflection: class, name.
    Member(Member),
    /// A class looked up by name.
    Named,
    /// A text used as something.
    Use(Use),
    /// An assembled text that is handed on.
    Text,
    /// A text that a method of the package computes of constants, by file and method index.
    Computed(u16, u32),
    /// A call of a method of the package, by file and method index: all arguments by register.
    Call(u16, u32),
}

/// A call of interest with what is known of its arguments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// What it is.
    pub(crate) what: What,
    /// Code unit of the instruction.
    pub(crate) pc: u32,
    /// Arguments: a range of [`Outcome::arguments`].
    first: u32,
    len: u32,
}

/// What interpreting one method gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) records: Vec<Record>,
    pub(crate) arguments: Vec<Val>,
    /// Fields written: field index, value.
    pub(crate) puts: Vec<(u32, Val)>,
    /// Strings that are handed on as they are, by index.
    pub(crate) plain: Vec<u32>,
    /// What the method returns.
    pub(crate) result: Option<Val>,
    /// Whether it was cut short.
    pub(crate) cut: bool,
}

impl Outcome {
    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.arguments.clear();
        self.puts.clear();
        self.plain.clear();
        self.result = None;
        self.cut = false;
    }

    /// The arguments of a record.
    pub(crate) fn arguments(&self, record: &Record) -> &[Val] {
        let first = index(record.first);
        self.arguments
            .get(first..first.saturating_add(index(record.len)))
            .unwrap_or_default()
    }

    /// Adds a record, or replaces what an earlier visit of the same instruction left.
    pub(super) fn record(&mut self, what: What, pc: u32, arguments: &[Val], again: bool) {
        let first = count(self.arguments.len());
        self.arguments.extend_from_slice(arguments);
        let record = Record {
            what,
            pc,
            first,
            len: count(arguments.len()),
        };
        if again
            && let Some(old) = self
                .records
                .iter_mut()
                .find(|old| old.pc == pc && old.what == what)
        {
            *old = record;
            return;
        }
        self.records.push(record);
    }
}
