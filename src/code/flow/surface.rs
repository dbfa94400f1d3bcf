//! What packages that every app loads, the jars of the framework, offer to them: methods that let what they are given
//! leave, methods that return an identifier, and the texts of static fields.
//!
//! The signatures describe the methods of AOSP; what a maker put beside them is read from the build itself. A jar is
//! looked at before the apps, with every public method as an entry point, and of each only this much is kept.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::super::hierarchy::{M, Type};
use super::super::value::Val;
use super::call::Call;
use super::domain::{Key, Obj, ObjId, Root, Taint, V, What};
use super::run::{Frame, Here};
use super::slice::MAX_INITIALISER;
use super::summary::{Event, Summary};
use super::trace::Tracer;

/// Superclasses that are asked for a method.
const MAX_ABOVE: usize = 64;
/// Parameters of a method that are told apart.
const MAX_PARAMETERS: u8 = 64;
/// Rows of places where data leaves, and addresses, that are kept of one method.
const MAX_EXITS: usize = 4;
const MAX_ADDRESSES: usize = 8;
/// Code units of a method that fills its object.
const MAX_FILLER: u32 = 64;

/// What packages offer to others, by class descriptor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surface(FxHashMap<Box<[u8]>, Class>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Class {
    above: Option<Box<[u8]>>,
    /// By name and descriptor, one behind the other.
    methods: FxHashMap<Box<[u8]>, Offer>,
    /// Texts that a static field may hold, by name.
    texts: FxHashMap<Box<[u8]>, Vec<Box<[u8]>>>,
}

/// What a method does with what it is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offer {
    exits: Vec<Exit>,
    /// Row of an identifier that it returns.
    pub(super) returns: Option<u16>,
    /// Parameters that its object holds afterwards, a bit each, and whether it gives back its object.
    fills: u64,
    gives_itself: bool,
}

impl Offer {
    /// Whether something that it is given leaves.
    pub(super) fn leaves(&self) -> bool {
        !self.exits.is_empty()
    }
}

/// Something that a method is given leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Exit {
    /// Row of the signatures.
    row: u16,
    /// Which parameters, a bit each, the object being the first.
    given: u64,
    /// Which of them tell where to.
    addressed: u64,
    /// Where to, as far as the method itself knows.
    addresses: Vec<Box<[u8]>>,
}

impl Offer {
    /// Rows by which something that it is given leaves.
    pub(super) fn rows(&self) -> impl Iterator<Item = u16> + '_ {
        self.exits.iter().map(|exit| exit.row)
    }
}

impl Surface {
    /// Adds what another package offers. Of two classes with one name the first counts, as on the device.
    pub fn merge(&mut self, other: Self) {
        let other: BTreeMap<Box<[u8]>, Class> = other.0.into_iter().collect();
        for (name, class) in other {
            self.0.entry(name).or_insert(class);
        }
    }

    /// Number of methods that are known.
    pub fn len(&self) -> usize {
        self.0
            .values()
            .fold(0, |sum, class| sum.saturating_add(class.methods.len()))
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A class and those above it.
    fn line(&self, class: &[u8]) -> impl Iterator<Item = &Class> {
        std::iter::successors(self.0.get(class), |class| self.0.get(class.above.as_deref()?)).take(MAX_ABOVE)
    }

    pub(super) fn method(&self, class: &[u8], name: &[u8], descriptor: &[u8]) -> Option<&Offer> {
        let mut line = self.line(class).peekable();
        line.peek()?;
        let key = [name, descriptor].concat();
        line.find_map(|class| class.methods.get(key.as_slice()))
    }

    fn texts(&self, class: &[u8], field: &[u8]) -> &[Box<[u8]>] {
        self.line(class)
            .find_map(|class| class.texts.get(field))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

impl Tracer<'_, '_> {
    /// Looks at a package as others see it.
    pub(super) fn surface(&mut self) -> Surface {
        let entries = self.open_methods();
        let (mut edges, seen) = self.edges(&entries);
        self.set_aside_within(&edges, &seen, &entries);
        for targets in edges.iter_mut().flatten() {
            targets.retain(|m| !self.is_aside(*m));
        }
        let entries: Vec<M> = entries.into_iter().filter(|m| !self.is_aside(*m)).collect();
        self.look_at(&super::order::components(&entries, &edges));
        let mut surface = Surface::default();
        for m in entries {
            let Some(summary) = self.summary(m) else { continue };
            self.offer(m, &summary, &mut surface);
        }
        surface
    }

    /// Public methods of classes that the signatures do not describe, and the initialisers of these classes.
    fn open_methods(&mut self) -> Vec<M> {
        let mut all = Vec::new();
        for class in &self.package.classes {
            let type_ = self.hierarchy.type_at(class.dex, class.def.class);
            if !self.hierarchy.is_inside(type_) {
                continue;
            }
            self.made.insert(type_);
            let methods = self.hierarchy.methods(type_).iter().map(|(_, m)| *m);
            // ACC_PUBLIC
            all.extend(methods.filter(|m| self.access(*m) & 1 != 0));
            let initialiser = self.initialiser(type_);
            all.extend(initialiser.filter(|m| self.units(*m) <= MAX_INITIALISER));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn offer(&mut self, m: M, summary: &Summary, surface: &mut Surface) {
        let (type_, selector) = self.hierarchy.owner(m);
        let (name, descriptor) = self.hierarchy.selector_text(selector);
        let (name, key) = (name.to_vec(), [name, descriptor].concat());
        if name == b"<clinit>" {
            let texts = self.static_texts(type_, summary);
            if !texts.is_empty() {
                self.class(type_, surface).texts.extend(texts);
            }
            return;
        }
        let mut exits: Vec<Exit> = Vec::new();
        for event in &summary.events {
            let given = self.given(event.taint);
            if given == 0 {
                continue;
            }
            let addressed = self.addressed(event.address);
            let mut addresses = self.texts_of(event.address);
            match exits.iter_mut().find(|exit| exit.row == event.row) {
                Some(exit) => {
                    exit.given |= given;
                    exit.addressed |= addressed;
                    exit.addresses.append(&mut addresses);
                    exit.addresses.sort();
                    exit.addresses.dedup();
                    exit.addresses.truncate(MAX_ADDRESSES);
                }
                None => exits.push(Exit {
                    row: event.row,
                    given,
                    addressed,
                    addresses,
                }),
            }
        }
        exits.sort_by_key(|exit| exit.row);
        exits.truncate(MAX_EXITS);
        let returns = summary.result.and_then(|v| self.source_row(v.taint));
        let fills = if self.fills_container(m) {
            self.fills(summary)
        } else {
            0
        };
        if !exits.is_empty() || returns.is_some() || fills != 0 {
            let offer = Offer {
                exits,
                returns,
                fills,
                gives_itself: fills != 0 && self.gives_itself(summary),
            };
            self.class(type_, surface).methods.insert(key.into(), offer);
        }
    }

    /// Whether a method may fill its object, one of a class below one that the signatures describe: a map of a maker's
    /// own, with a `put` of another name.
    pub(super) fn fills_container(&self, m: M) -> bool {
        let sinks = &self.interest.rules().sinks;
        let above = |type_| {
            let mut above = self.hierarchy.ancestors(type_).into_iter().skip(1);
            above.any(|type_| sinks.describes(self.hierarchy.name(type_)))
        };
        !self.is_static(m) && self.units(m) <= MAX_FILLER && above(self.hierarchy.owner(m).0)
    }

    /// Parameters that the object of a method holds afterwards.
    fn fills(&self, summary: &Summary) -> u64 {
        let mut all = 0;
        for ((obj, key), v) in &summary.cells {
            if self.domain.what(*obj) == Obj::Param(0) && !matches!(key, Key::Address | Key::Field(_)) {
                all |= self.given(v.taint);
            }
        }
        // Its own are there before.
        all & !1
    }

    fn gives_itself(&self, summary: &Summary) -> bool {
        let given = summary.result.map(|v| self.domain.objs(v.objs));
        matches!(given, Some([one]) if self.domain.what(*one) == Obj::Param(0))
    }

    fn class<'s>(&self, type_: Type, surface: &'s mut Surface) -> &'s mut Class {
        // Classes between that offer nothing of their own lead on to those that do.
        let mut below = type_;
        for _ in 0..MAX_ABOVE {
            let Some(above) = self.hierarchy.superclass(below) else {
                break;
            };
            let name = self.hierarchy.name(below);
            if surface.0.get(name).is_some_and(|class| class.above.is_some()) {
                break;
            }
            surface.0.entry(name.into()).or_default().above = Some(self.hierarchy.name(above).into());
            below = above;
        }
        surface.0.entry(self.hierarchy.name(type_).into()).or_default()
    }

    /// What the initialiser of a class leaves in its static fields.
    fn static_texts(&self, type_: Type, summary: &Summary) -> FxHashMap<Box<[u8]>, Vec<Box<[u8]>>> {
        let mut all = FxHashMap::default();
        for ((obj, key), v) in &summary.cells {
            let Key::Field(name) = key else { continue };
            if self.domain.what(*obj) != Obj::Statics(type_) {
                continue;
            }
            let texts = self.texts_of(v.val);
            if !texts.is_empty() {
                all.insert(self.domain.text_of(*name).into(), texts);
            }
        }
        all
    }

    /// Texts that may be the beginning of an address.
    fn texts_of(&self, val: Val) -> Vec<Box<[u8]>> {
        let mut all: Vec<Box<[u8]>> = self.rendered(val).into_iter().map(Into::into).collect();
        all.truncate(MAX_ADDRESSES);
        all
    }

    /// Parameters that something is made of.
    fn given(&self, taint: Taint) -> u64 {
        let mut all = 0;
        for (root, _) in self.domain.roots(taint) {
            if let Root::Symbol(obj) | Root::Whole(obj) = self.domain.root_of(*root) {
                all |= self.parameter(obj);
            }
        }
        all
    }

    fn addressed(&self, address: Val) -> u64 {
        let symbols = self.domain.values.symbols(address);
        symbols
            .into_iter()
            .fold(0, |all, obj| all | self.parameter(ObjId(obj)))
    }

    /// The bit of the parameter that a symbol is, or is a part of.
    fn parameter(&self, mut obj: ObjId) -> u64 {
        for _ in 0..usize::from(MAX_PARAMETERS) {
            match self.domain.what(obj) {
                Obj::Param(n) if n < MAX_PARAMETERS => return 1_u64.wrapping_shl(u32::from(n)),
                Obj::Load(base, _) | Obj::As(base, _) => obj = base,
                _ => return 0,
            }
        }
        0
    }

    fn source_row(&self, taint: Taint) -> Option<u16> {
        let rows = self.domain.roots(taint).iter();
        rows.filter_map(|(root, _)| match self.domain.root_of(*root) {
            Root::Source(_, _, row) => Some(row),
            _ => None,
        })
        .min()
    }
}

impl<'a> Tracer<'a, '_> {
    /// A call of a method that is known by what its package offers.
    pub(super) fn hand_over(&mut self, here: &mut Here<'a>, frame: &Frame, call: &Call<'_>, args: &[V]) {
        let Some(offer) = &call.callee.offer else { return };
        for exit in &offer.exits {
            if self
                .interest
                .sink(exit.row)
                .is_none_or(|sink| !self.channels.contains(&&*sink.channel))
            {
                continue;
            }
            let mut taint = Taint::NONE;
            let mut address = Val::UNSET;
            for text in &exit.addresses {
                let made = Val::one(self.domain.values.made(text));
                address = self.domain.values.join(address, made);
            }
            for (n, v) in (0_u32..).zip(args) {
                let bit = 1_u64.checked_shl(n).unwrap_or(0);
                let n = usize::try_from(n).unwrap_or(usize::MAX);
                if exit.given & bit != 0 && !self.leads_to_all(call, n, *v) {
                    let whole = self.domain.whole(&frame.heap, *v);
                    taint = self.domain.mix(taint, whole);
                }
                if exit.addressed & bit != 0 {
                    let known = self.addresses(frame, &[*v], true);
                    address = self.domain.values.join(address, known);
                }
            }
            if taint == Taint::NONE {
                continue;
            }
            let event = Event {
                m: here.m,
                pc: call.pc,
                row: exit.row,
                taint: self.domain.stepped(taint, here.m, call.pc, What::Leaves),
                address,
            };
            self.event(here, call.pc, event);
        }
    }

    /// What a call comes to that fills its object, of a class that is known by what its package offers.
    pub(super) fn filled(
        &mut self,
        here: &Here<'a>,
        frame: &mut Frame,
        call: &Call<'_>,
        args: &[V],
    ) -> Option<V> {
        let offer = call.callee.offer.as_ref().filter(|offer| offer.fills != 0)?;
        let this = *args.first()?;
        let mut taint = Taint::NONE;
        for (n, v) in (0_u32..).zip(args) {
            if offer.fills & 1_u64.checked_shl(n).unwrap_or(0) != 0 {
                let whole = self.domain.whole(&frame.heap, *v);
                taint = self.domain.mix(taint, whole);
            }
        }
        let v = V {
            taint: self.domain.stepped(taint, here.m, call.pc, What::Stored),
            ..self.domain.unknown()
        };
        self.fill(frame, this.objs, v);
        offer.gives_itself.then_some(this)
    }

    /// What a static field of a class outside may hold.
    pub(super) fn static_beyond(&mut self, class: Type, key: Key) -> Option<Val> {
        let Key::Field(name) = key else { return None };
        let beyond = self.beyond;
        let texts = beyond.texts(self.hierarchy.name(class), self.domain.text_of(name));
        let mut all = None;
        for text in texts {
            let made = Val::one(self.domain.values.made(text));
            all = Some(self.domain.values.join(all.unwrap_or(Val::UNSET), made));
        }
        all
    }
}
