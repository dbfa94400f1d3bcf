//! The engine: what is known of a package, and the order of the work.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::cfg::Graph;
use super::super::engine::Found;
use super::super::hierarchy::{Hierarchy, M, Selector, Type};
use super::super::interest::Interest;
use super::super::live::Live;
use super::super::package::{Package, index};
use super::super::table::Table;
use super::super::walk::Walked;
use super::call::Callee;
use super::domain::Domain;
use super::summary::Summary;
use super::surface::Surface;
use super::{App, Asked, Component, Leak, Questions};

/// Instructions, and what is done for each of them, in one package: some three seconds. The largest app of the
/// corpus takes half of it.
const MAX_STEPS: u64 = 40_000_000;
/// Times round methods that call each other.
const MAX_TURNS: u32 = 3;

/// Follows flows through one package.
pub(super) struct Tracer<'a, 'p> {
    pub(super) package: &'p Package<'a>,
    pub(super) tables: &'p [Table],
    pub(super) walked: &'p [Walked],
    pub(super) interest: &'p Interest<'p>,
    pub(super) found: &'p Found<'a>,
    pub(super) hierarchy: Hierarchy<'a>,
    pub(super) domain: Domain<'a>,
    pub(super) summaries: Vec<Option<Rc<Summary>>>,
    /// Classes of which there are objects.
    pub(super) made: FxHashSet<Type>,
    /// What calls may reach, while there are objects of so many classes.
    pub(super) targets: (usize, FxHashMap<(Type, Selector), Vec<M>>),
    /// Channels by which data leaves.
    pub(super) channels: &'p [&'p str],
    /// Large methods that lead neither to an identifier nor to a place where data leaves.
    pub(super) aside: Vec<bool>,
    /// Initialisers of which only the texts count that they put into static fields.
    pub(super) texts_only: FxHashSet<M>,
    /// Fields, by the number of their name, that an identifier may be put into.
    pub(super) fields: FxHashSet<u32>,
    /// Rows of what is typed into views, by the views' resource ids.
    pub(super) typed: FxHashMap<i64, u16>,
    /// Fields that the package declares, and those that its code uses, by file and index.
    pub(super) declared: FxHashSet<(Type, &'a [u8])>,
    pub(super) used_fields: FxHashMap<(u16, u32), super::order::Used>,
    /// Whether the system may call objects of a class, or of one below it.
    pub(super) listening: FxHashMap<Type, bool>,
    /// Which class declares a static field, by the class that it is asked of.
    pub(super) declaring: FxHashMap<(Type, super::domain::Key), Type>,
    /// Whether to look for what lets one guess.
    pub(super) guesses: bool,
    /// Initialisers that change more than their class, by class.
    pub(super) initialisers: FxHashMap<Type, Option<M>>,
    /// Cells for what was handed to a setter, by the number of their name.
    pub(super) setters: FxHashSet<u32>,
    /// Cells that are asked for at every call, by what they are for; see [`Tracer::kept`].
    pub(super) cells: [Option<super::domain::Key>; 2],
    pub(super) callees: FxHashMap<(u16, u32), Rc<Callee>>,
    /// Whether objects of a class lead to all of an app.
    pub(super) holders: FxHashMap<Type, bool>,
    /// Cells for objects that the system may call back.
    pub(super) waiting: Vec<super::domain::Key>,
    /// What packages offer that this one does not hold.
    pub(super) beyond: &'p Surface,
    pub(super) graph: Graph<'a>,
    pub(super) live: Live,
    pub(super) left: u64,
    /// Something was left out.
    pub(super) cut: bool,
    /// The method that is being looked at, and whether it called itself.
    pub(super) current: M,
    pub(super) recursive: bool,
}

/// What was found, and whether something had to be left out.
#[derive(Debug, Default)]
pub struct Traced {
    /// Identifiers that reach a place where data leaves.
    pub leaks: Vec<Leak>,
    /// What may be asked before data leaves, sorted.
    pub asked: Vec<Asked>,
    /// Something had to be left out.
    pub cut: bool,
    /// Instructions that were looked at.
    pub steps: u64,
}

/// What a trace needs to know of a package and of what is around it.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a, 'p> {
    pub(crate) package: &'p Package<'a>,
    pub(crate) tables: &'p [Table],
    pub(crate) walked: &'p [Walked],
    pub(crate) interest: &'p Interest<'p>,
    /// What was found of each method for itself.
    pub(crate) found: &'p Found<'a>,
    /// Channels by which data leaves.
    pub(crate) channels: &'p [&'p str],
    /// What packages offer that this one does not hold.
    pub(crate) beyond: &'p Surface,
}

/// Follows what an app does.
pub(crate) fn trace(around: &Around<'_, '_>, app: &App, questions: &Questions) -> Traced {
    let mut tracer = Tracer::new(around, |name| around.interest.rules().lifecycles.is_library(name));
    tracer.typed = super::typed::rows(&app.fields, around.interest);
    tracer.guesses = app.guesses;
    tracer.run(&app.components, questions)
}

/// What a package offers to others, and whether something had to be left out.
pub(crate) fn offered(around: &Around<'_, '_>) -> (Surface, Traced) {
    // What the platform's own classes do, the signatures say, here as in the apps.
    let lifecycles = &around.interest.rules().lifecycles;
    let mut tracer = Tracer::new(around, |name| {
        lifecycles.is_library(name) || lifecycles.is_platform(name)
    });
    let surface = tracer.surface();
    let traced = tracer.traced(Vec::new());
    (surface, traced)
}

impl<'a, 'p> Tracer<'a, 'p> {
    /// For a package of which the classes for which `foreign` holds are left to the signatures.
    fn new(around: &Around<'a, 'p>, foreign: impl Fn(&[u8]) -> bool) -> Self {
        let hierarchy = Hierarchy::new(around.package, around.walked, foreign);
        let mut tracer = Self {
            package: around.package,
            tables: around.tables,
            walked: around.walked,
            interest: around.interest,
            found: around.found,
            summaries: vec![None; hierarchy.len()],
            hierarchy,
            domain: Domain::new(),
            made: FxHashSet::default(),
            targets: (0, FxHashMap::default()),
            channels: around.channels,
            aside: Vec::new(),
            texts_only: FxHashSet::default(),
            fields: FxHashSet::default(),
            typed: FxHashMap::default(),
            declared: FxHashSet::default(),
            used_fields: FxHashMap::default(),
            listening: FxHashMap::default(),
            declaring: FxHashMap::default(),
            guesses: false,
            initialisers: FxHashMap::default(),
            setters: FxHashSet::default(),
            cells: [None; 2],
            callees: FxHashMap::default(),
            holders: FxHashMap::default(),
            waiting: Vec::new(),
            beyond: around.beyond,
            graph: Graph::default(),
            live: Live::default(),
            left: MAX_STEPS,
            cut: false,
            current: M(u32::MAX),
            recursive: false,
        };
        tracer.waiting = tracer.waiting_cells();
        tracer
    }
}

impl Tracer<'_, '_> {
    fn run(&mut self, components: &[Component], questions: &Questions) -> Traced {
        let lives = self.lives(components);
        let entries = self.entries(&lives);
        let (methods, groups) = self.groups(&entries);
        self.look_at(&groups);
        let mut leaks = self.play(&lives);
        let asked = self.guards(questions, &methods, &lives, &mut leaks);
        Traced {
            asked,
            ..self.traced(leaks)
        }
    }

    /// Looks at groups of methods, those that call nobody first.
    pub(super) fn look_at(&mut self, groups: &[Vec<M>]) {
        for group in groups {
            let near: Vec<M> = group.iter().copied().filter(|m| !self.is_aside(*m)).collect();
            self.group(&near);
        }
    }

    fn traced(&self, leaks: Vec<Leak>) -> Traced {
        Traced {
            leaks,
            asked: Vec::new(),
            cut: self.cut || self.is_spent(),
            steps: MAX_STEPS.saturating_sub(self.left),
        }
    }

    /// Whether the budget of the package is spent.
    pub(super) fn is_spent(&self) -> bool {
        self.left == 0 || self.domain.is_full()
    }

    /// Looks at methods that call each other until nothing new is found.
    fn group(&mut self, group: &[M]) {
        for _ in 0..MAX_TURNS {
            let mut changed = false;
            self.recursive = false;
            for m in group {
                self.current = *m;
                if self.is_spent() {
                    return;
                }
                let summary = self.analyse(*m);
                let Some(slot) = self.summaries.get_mut(index(m.0)) else {
                    continue;
                };
                if slot.as_ref().is_none_or(|old| **old != summary) {
                    changed = true;
                    *slot = Some(Rc::new(summary));
                }
            }
            if !changed || group.len() == 1 && !self.recursive {
                break;
            }
        }
    }
}
