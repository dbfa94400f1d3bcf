//! What is asked before data leaves: a switch, a file, an account decides whether code is run that leads there.
//!
//! Which calls ask something is found beforehand ([`Questions`]). Here their answers are followed to the branches of
//! their own method, through fields, and to whoever calls a method whose result they decide (`track`). A branch
//! matters where one side of it leads to a place where data leaves and the other does not (`lead`). The way to such a
//! place goes through what is asked in one thread and done in another: messages for a handler, tasks, listeners.
//!
//! Two things are told. Of a place where data leaves, what *may* be asked first: on some road there, others may lead
//! there without. Of a flow, what *is* asked first: on every road that was seen.

mod lead;
mod shape;
mod skim;
mod track;

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::engine::At;
use super::super::hierarchy::{M, Type};
use super::domain::Key;
use super::life::Life;
use super::sets::Sets;
use super::trace::Tracer;
use super::{Asked, Leak};
use lead::Lead;
use shape::Shape;
use track::Held;

/// Questions of one package that are told apart.
pub const MAX_QUESTIONS: u8 = 64;
/// Rows of places where data leaves that are told apart.
const MAX_ROWS: usize = 128;
/// Leads of one package. The largest app of the corpus has some 300 000.
const MAX_LEADS: usize = 1 << 21;
/// Times that a method is looked at: an answer that is kept in a field, or is what a method returns, is there for
/// others.
const MAX_VISITS: u8 = 8;

/// What a package asks, found beforehand. A question is a number below [`MAX_QUESTIONS`].
#[derive(Debug, Clone, Default)]
pub struct Questions {
    /// The calls that ask.
    pub at: FxHashMap<At, u8>,
    /// Rows of identifiers of which it may be asked whether there is one.
    pub rows: FxHashMap<u16, u8>,
}

/// A set of questions, a bit each.
type Asks = u64;
/// A set of rows of places where data leaves, a bit each.
type Rows = u128;

/// What is known of all methods together.
struct Guards<'q> {
    questions: &'q Questions,
    lives: &'q [Life],
    /// Sets of classes.
    classes: Sets<Type>,
    /// What fields hold, by class and name.
    fields: FxHashMap<(Type, Key), Held>,
    /// What methods return.
    results: FxHashMap<M, Held>,
    /// Where instructions of a method lead to.
    leads: FxHashMap<M, Vec<(u32, Lead)>>,
    /// How many of these there are.
    size: usize,
    /// Methods that branch on what was asked, or on the kind of a message.
    shapes: FxHashMap<M, Shape>,
    /// Methods that may run by a call of which not all targets are known.
    open: FxHashSet<M>,
    /// Rows of places where data leaves by their bit.
    rows: Vec<u16>,
    /// Who reads a field, and who calls a method.
    readers: FxHashMap<(Type, Key), Vec<M>>,
    callers: FxHashMap<M, Vec<M>>,
    /// Methods to look at, those that wait and how often each was looked at.
    waiting: Vec<M>,
    waits: FxHashSet<M>,
    visits: FxHashMap<M, u8>,
    /// What the system calls of objects of a class, and whether they handle messages.
    callbacks: FxHashMap<Type, (Rc<[M]>, bool)>,
    /// What a call runs, as far as its own declaration tells.
    targets: FxHashMap<(u16, u32), Rc<[M]>>,
}

impl Guards<'_> {
    /// The bit of a row.
    fn row(&mut self, row: u16) -> Option<u8> {
        let at = match self.rows.iter().position(|known| *known == row) {
            Some(at) => at,
            None if self.rows.len() < MAX_ROWS => {
                self.rows.push(row);
                self.rows.len().saturating_sub(1)
            }
            None => return None,
        };
        u8::try_from(at).ok()
    }

    /// Looks at a method, again if need be.
    fn want(&mut self, m: M) {
        if self.waits.insert(m) {
            self.waiting.push(m);
        }
    }
}

impl Tracer<'_, '_> {
    /// What may be asked before data leaves, sorted; sets what is asked first of each flow. `methods` are all that may
    /// run.
    pub(super) fn guards(
        &mut self,
        questions: &Questions,
        methods: &[M],
        lives: &[Life],
        leaks: &mut [Leak],
    ) -> Vec<Asked> {
        if questions.at.is_empty() && questions.rows.is_empty() {
            return Vec::new();
        }
        let mut guards = Guards {
            questions,
            lives,
            classes: Sets::new(),
            fields: FxHashMap::default(),
            results: FxHashMap::default(),
            leads: FxHashMap::default(),
            size: 0,
            shapes: FxHashMap::default(),
            open: FxHashSet::default(),
            rows: Vec::new(),
            readers: FxHashMap::default(),
            callers: FxHashMap::default(),
            waiting: Vec::new(),
            waits: FxHashSet::default(),
            visits: FxHashMap::default(),
            callbacks: FxHashMap::default(),
            targets: FxHashMap::default(),
        };
        for m in methods {
            self.skim(&mut guards, *m);
            if guards.size > MAX_LEADS {
                return Vec::new();
            }
        }
        while let Some(m) = guards.waiting.pop() {
            guards.waits.remove(&m);
            let visits = guards.visits.entry(m).or_default();
            *visits = visits.saturating_add(1);
            if *visits <= MAX_VISITS {
                self.track(&mut guards, m);
            }
            if self.is_spent() {
                return Vec::new();
            }
        }
        let rows = self.closure(&guards, methods);
        let mut asked = self.decided_by(&guards, methods, &rows);
        asked.sort_unstable();
        asked.dedup();
        self.always(&guards, methods, leaks);
        if self.is_spent() {
            return Vec::new();
        }
        asked
    }
}

/// The numbers of the bits that are set.
fn bits(asks: Asks) -> impl Iterator<Item = u8> {
    (0..MAX_QUESTIONS).filter(move |n| asks.wrapping_shr(u32::from(*n)) & 1 != 0)
}
