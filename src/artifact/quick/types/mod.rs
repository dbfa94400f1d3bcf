//! What optimised instructions stood for, found by the classes of the objects that they work on.
//!
//! A slot of a table of virtual methods, or an offset in an object, means something once the class is known.
//! So the types of registers are followed through a method the way a verifier does: forward, over branches
//! and handlers, and where two ways meet the result is the superclass that both have. The index that is
//! written back is one that the dex has: the same method or field, looked up in the class or one of its
//! superclasses, as the original did.
//!
//! Nothing is guessed: a register whose type is not certain resolves nothing, and a method whose parameters
//! do not fit the registers of the call is refused.

mod flow;
mod inline;
mod member;
mod names;

use rustc_hash::FxHashMap;

use super::layout::Layouts;
use super::{Kind, Real};
use crate::artifact::dex::{Body, Dex};
use names::Names;

/// Ours: instructions stepped over and registers merged, for each byte of the file and at least. An
/// instruction has two bytes at least, and loops settle in two or three rounds.
const ROUNDS: usize = 4;
const MIN_STEPS: usize = 1 << 20;

/// What is known of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type<'a> {
    /// Nothing was written yet.
    Unset,
    /// Zero: null, or a number.
    Zero,
    /// A number, or an object of a class that is not known.
    Other,
    /// An object of this class or one of its subclasses; or an array, an interface.
    Object(&'a [u8]),
}

impl<'a> Type<'a> {
    /// A value of this type.
    fn of(descriptor: &'a [u8]) -> Self {
        match descriptor.first() {
            Some(b'L' | b'[') => Self::Object(descriptor),
            _ => Self::Other,
        }
    }
}

/// Finds what the instructions of one dex stood for.
pub(super) struct Resolver<'l, 'a> {
    layouts: &'l mut Layouts<'a>,
    dex: Dex<'a>,
    /// The names of the dex, once they are needed.
    names: Option<Names<'a>>,
    /// Superclasses that two classes have in common.
    joins: FxHashMap<(&'a [u8], &'a [u8]), Option<&'a [u8]>>,
    /// Instructions that may still be stepped over.
    budget: usize,
    /// Instructions that do not fit the class that they work on.
    refused: u64,
}

impl<'l, 'a> Resolver<'l, 'a> {
    pub(super) fn new(layouts: &'l mut Layouts<'a>, dex: Dex<'a>) -> Self {
        Self {
            layouts,
            dex,
            names: None,
            joins: FxHashMap::default(),
            budget: dex.data().len().saturating_mul(ROUNDS).max(MIN_STEPS),
            refused: 0,
        }
    }

    /// How many instructions do not fit the class that they work on, though it is known: the dex never
    /// names what is in the slot, or there is no field. On the device that the file is from there are none.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// What the optimised instructions of a method stood for, by code unit. Some may be missing.
    pub(super) fn method(&mut self, body: &Body<'a>) -> FxHashMap<u32, Real> {
        let code = body.code;
        if !code.insns().any(|insn| Kind::of(insn.op).needs_index()) {
            return FxHashMap::default();
        }
        if self.names.is_none() {
            self.names = Some(Names::read(&self.dex, self.layouts));
        }
        self.walk(body).unwrap_or_default()
    }
    /// Counts `n` steps.
    fn charge(&mut self, n: usize) -> Option<()> {
        self.budget = self.budget.checked_sub(n)?;
        Some(())
    }
}
