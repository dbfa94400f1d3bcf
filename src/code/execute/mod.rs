//! Methods of the package, executed: what a decryptor makes of constants.
//!
//! Apps hide hosts, keys and paths behind a method from constants to a text that only computes. Its own code is run
//! here on the values that a call gives it, over concrete numbers, texts, arrays and simple objects, and what it
//! returns is the value of the call. What methods of the platform compute is data (`signatures/models/`) and
//! [`platform`]; of all others the result is not known, and neither is what they were given. An exception, a branch on
//! what is not known, a budget that is spent: then the call is not known, never guessed.
//!
//! A class is initialised when one of its fields is read ([`field`]); what its initialiser leaves behind stays, what
//! a call does is undone. So a call is the first of its kind, whatever was asked before, and its result is kept.
//!
//! Here are the budgets and the calls from outside; [`worth`] says of which methods they are asked, [`caller`] where
//! they are called with constants, [`known`] what goes in and comes out, [`step`] and [`numbers`] are the instructions, [`invoke`] the calls, [`heap`] the objects.

mod array;
mod caller;
mod charset;
mod cipher;
mod field;
mod heap;
mod invoke;
mod known;
mod numbers;
mod platform;
mod step;
mod string;
mod worth;

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::package::{Package, index};
use super::table::Table;
use super::walk::Walked;
use field::State;
use heap::{FieldKey, Heap};
use known::Known;
use worth::{Asked, Candidate};

use crate::artifact::dex::Dex;

/// Ours: instructions of one call, with what they do. A text of 60 characters takes 1 000; AES in Java, 40 000.
const MAX_CALL: u64 = 50_000;
/// Ours: the same of one initialiser, which may decrypt a whole table.
const MAX_INITIALISER: u64 = 200_000;
/// Ours: the same of all calls of one package, a quarter of a second.
const MAX_PACKAGE: u64 = 4_000_000;
/// Calls within calls.
const MAX_DEPTH: u32 = 16;
/// Classes that one call initialises, and initialisers within one another.
const MAX_CLASSES: u32 = 16;
const MAX_NESTED: u32 = 4;
/// What a call costs at least: it is looked up and kept.
const CALL: u64 = 32;
/// Calls of a method that give nothing, before it is not asked again.
const MAX_FAILURES: u32 = 16;

/// Why an execution ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Something is not known, not modelled, or too much.
    Unknown,
    /// A class must be initialised first, by its number.
    Class(u32),
}

/// Executes methods of a package.
pub(crate) struct Executor<'a, 'p> {
    package: &'p Package<'a>,
    tables: &'p [Table],
    walked: &'p [Walked],
    /// Whether a text may be, or begin, an endpoint.
    hot: &'p dyn Fn(&[u8]) -> bool,
    heap: Heap,
    classes: FxHashMap<u32, State>,
    /// The class whose initialiser runs.
    running: Option<u32>,
    fields: FxHashMap<(u16, u32), Option<(u32, FieldKey)>>,
    settled: FxHashMap<FieldKey, bool>,
    /// By file and method: whether it may be one that computes a text.
    asked: Vec<Vec<Asked>>,
    /// The same of prototypes.
    protos: Vec<Vec<Asked>>,
    candidates: FxHashMap<(u16, u32), Rc<Candidate>>,
    computing: FxHashMap<(u16, u32), bool>,
    targets: FxHashMap<(u16, u32, u32), Option<(u16, u32)>>,
    results: FxHashMap<((u16, u32), Box<[Known]>), Option<Known>>,
    failures: FxHashMap<(u16, u32), u32>,
    /// Steps that the package, and that this call may still take.
    left: u64,
    call_left: u64,
}

impl<'a, 'p> Executor<'a, 'p> {
    pub(crate) fn new(
        package: &'p Package<'a>,
        tables: &'p [Table],
        walked: &'p [Walked],
        hot: &'p dyn Fn(&[u8]) -> bool,
    ) -> Self {
        Self {
            package,
            tables,
            walked,
            hot,
            heap: Heap::default(),
            classes: FxHashMap::default(),
            running: None,
            fields: FxHashMap::default(),
            settled: FxHashMap::default(),
            asked: not_yet(package, |dex| dex.method_count()),
            protos: not_yet(package, |dex| dex.proto_count()),
            candidates: FxHashMap::default(),
            computing: FxHashMap::default(),
            targets: FxHashMap::default(),
            results: FxHashMap::default(),
            failures: FxHashMap::default(),
            left: MAX_PACKAGE,
            call_left: 0,
        }
    }

    /// What a method returns for these arguments, one per parameter.
    fn result(&mut self, candidate: &Candidate, arguments: Vec<Known>) -> Option<Known> {
        let method = candidate.method;
        let key = (method, arguments.into_boxed_slice());
        if let Some(known) = self.results.get(&key) {
            return known.clone();
        }
        if self.left == 0 || self.failures.get(&method).is_some_and(|n| *n >= MAX_FAILURES) {
            return None;
        }
        self.left = self.left.saturating_sub(CALL);
        let result = self.execute(candidate, &key.1);
        if result.is_none() {
            let failures = self.failures.entry(method).or_default();
            *failures = failures.saturating_add(1);
        }
        self.results.insert(key, result.clone());
        result
    }

    fn execute(&mut self, candidate: &Candidate, arguments: &[Known]) -> Option<Known> {
        for _ in 0..MAX_CLASSES {
            self.begin(MAX_CALL);
            let result = self
                .enter(candidate, arguments)
                .and_then(|ins| self.run(candidate.method, &ins, 0));
            let result = result.map(|slot| self.leave(slot, candidate.result));
            self.heap.undo();
            match result {
                Ok(result) => return result,
                Err(Stop::Class(class)) => self.initialise(class, 0),
                Err(Stop::Unknown) => return None,
            }
        }
        None
    }

    fn begin(&mut self, steps: u64) {
        self.heap.begin();
        self.call_left = steps;
    }

    /// Takes steps of what is left.
    fn spend(&mut self, steps: u64) -> Result<(), Stop> {
        self.left = self.left.saturating_sub(steps);
        self.call_left = self.call_left.saturating_sub(steps);
        if self.left == 0 || self.call_left == 0 {
            return Err(Stop::Unknown);
        }
        Ok(())
    }

    /// Takes what it costs to look at so many characters or elements.
    fn spend_on(&mut self, items: usize) -> Result<(), Stop> {
        self.spend(u64::try_from(items >> 3).unwrap_or(u64::MAX).saturating_add(1))
    }
}

/// Of each file, so many that were not asked yet.
fn not_yet(package: &Package<'_>, count: impl Fn(&Dex<'_>) -> u32) -> Vec<Vec<Asked>> {
    let files = package.numbered();
    files
        .map(|(_, dex)| vec![Asked::NotYet; index(count(&dex))])
        .collect()
}
