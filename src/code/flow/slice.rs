//! Which methods may matter: those by which an identifier can come from where it is read to where data
//! leaves. All others are left to what is said of any method that nobody knows.
//!
//! An identifier goes up to who calls the method that reads it, down to whom these call, and through
//! fields to whoever reads them. So of most packages a small part is looked at.

use rustc_hash::FxHashSet;

use super::super::hierarchy::M;
use super::super::package::{count, index};
use super::order::{Seen, Slot};
use super::trace::Tracer;
use crate::rule::model::{Member, Model};

/// Code units of a method that is looked at where it is called, even if it leads nowhere: what it does to
/// a value may matter.
const MAX_SMALL: u32 = 64;

/// Fields that an identifier is put into one after the other.
const MAX_HOPS: u32 = 4;

/// Code units of an initialiser that is looked at for what it puts into fields.
pub(super) const MAX_INITIALISER: u32 = 512;

/// Methods by number, with those that each calls.
type Edges = [Option<Vec<M>>];

impl Tracer<'_, '_> {
    /// Whether a method is left aside.
    pub(super) fn is_aside(&self, m: M) -> bool {
        self.aside.get(index(m.0)).copied().unwrap_or(false)
    }

    /// Finds the methods that cannot matter.
    pub(super) fn set_aside(&mut self, edges: &Edges, seen: &[Seen], entries: &[M]) {
        let edges = &self.with_callbacks(edges, seen);
        let callers = reversed(edges);
        let up = |from: Vec<M>| closure(from, edges.len(), |m| list(&callers, m).to_vec());
        let reflecting = self.reflecting();
        let (mut reading, leaving) = (self.marked(true, &reflecting), self.marked(false, &reflecting));
        reading.extend(named_readers(seen));
        let handed = seen.iter().filter(|s| s.is_handed).map(|s| s.m);
        let handing = seen.iter().filter(|s| s.hands_over).map(|s| s.m);
        let ends = up(leaving.iter().copied().chain(handing).collect());
        let begins = up(reading.iter().copied().chain(handed).collect());
        let runs = |set: &[bool]| {
            edges
                .iter()
                .zip(set)
                .any(|(targets, has)| *has && targets.is_some())
        };
        if !runs(&ends) || !runs(&begins) {
            self.aside = vec![true; edges.len()];
            return;
        }
        let readers = up(reading);
        let leavers = up(leaving);
        let small: Vec<bool> = (0..count(edges.len()))
            .map(|n| self.units(M(n)) <= MAX_SMALL)
            .collect();
        let small = |m: M| has(&small, m);
        let by_name: FxHashSet<M> = seen.iter().filter(|s| s.reads_by_name).map(|s| s.m).collect();
        let down = |from: &[bool]| {
            closure(numbers(from), edges.len(), |m| {
                let keep =
                    |m: &&M| has(&leavers, **m) || has(&readers, **m) || small(**m) || by_name.contains(*m);
                targets(edges, m).iter().filter(keep).copied().collect()
            })
        };
        let relays: Vec<&Seen> = seen.iter().filter(|s| has(&leavers, s.m) || small(s.m)).collect();
        // Fields that what is put into may get from to where data leaves.
        let last = down(&ends);
        let mut wanted: FxHashSet<Slot> = FxHashSet::default();
        wanted.extend(seen.iter().filter(|s| has(&last, s.m)).flat_map(|s| &s.reads));
        // Who waits in a field may be given to the system.
        wanted.extend(relays.iter().flat_map(|s| &s.listens));
        for _ in 0..MAX_HOPS {
            let before = wanted.len();
            for s in &relays {
                if s.writes.iter().any(|field| wanted.contains(field)) {
                    wanted.extend(&s.reads);
                }
            }
            if wanted.len() == before {
                break;
            }
        }
        // Of these the fields that an identifier may be put into, and who leads from them to where data leaves.
        let below = down(&readers);
        let mut fields: FxHashSet<Slot> = FxHashSet::default();
        for s in seen.iter().filter(|s| has(&below, s.m)) {
            fields.extend(s.writes.iter().filter(|field| wanted.contains(*field)));
            if has(&readers, s.m) {
                fields.extend(s.holds.iter().filter(|field| wanted.contains(*field)));
            }
        }
        let mut takers: Vec<M> = Vec::new();
        for _ in 0..MAX_HOPS {
            let taking: Vec<&&Seen> = relays
                .iter()
                .filter(|s| s.reads.iter().any(|field| fields.contains(field)))
                .collect();
            let more = taking.len() > takers.len();
            takers = taking.iter().map(|s| s.m).collect();
            if !more {
                break;
            }
            // Who takes something out of one field may put it into another.
            for s in taking {
                fields.extend(s.writes.iter().filter(|field| wanted.contains(*field)));
            }
        }
        // A getter matters to whoever asks it on the way out.
        let askers: Vec<M> = takers
            .iter()
            .filter(|m| !has(&leavers, **m))
            .flat_map(|m| list(&callers, *m))
            .filter(|m| has(&leavers, **m))
            .copied()
            .collect();
        // A small method that hands nothing on matters to whoever calls it alone.
        let hands_on = relays.iter().filter(|s| {
            let mut both = s.writes.iter().chain(&s.listens);
            both.any(|field| fields.contains(field))
        });
        let hands_on: FxHashSet<M> = hands_on.map(|s| s.m).collect();
        let mut more = takers;
        more.retain(|m| has(&leavers, *m) || hands_on.contains(m));
        more.extend(askers);
        let above = closure(more, edges.len(), |m| {
            let leads = |m: &&M| has(&leavers, **m);
            list(&callers, m).iter().filter(leads).copied().collect()
        });
        // Of those that read, the ones below somebody who lets it leave, puts it where it is found again, or gives it
        // back to the system.
        let puts = |s: &&Seen| {
            let both = || s.writes.iter().chain(&s.holds);
            has(&below, s.m) && both().any(|field| fields.contains(field))
        };
        let giving = entries
            .iter()
            .copied()
            .filter(|m| has(&readers, *m) && self.gives_back(*m));
        let puts: Vec<M> = seen.iter().filter(puts).map(|s| s.m).chain(giving).collect();
        let puts = closure(puts, edges.len(), |m| {
            let near = |m: &&M| has(&below, **m);
            list(&callers, m).iter().filter(near).copied().collect()
        });
        let tops: Vec<M> = numbers(&readers)
            .into_iter()
            .filter(|m| has(&ends, *m) || has(&puts, *m))
            .collect();
        let mut core = closure(tops, edges.len(), |m| {
            let reads = |m: &&M| has(&readers, **m);
            targets(edges, m).iter().filter(reads).copied().collect()
        });
        for (slot, more) in core.iter_mut().zip(&above) {
            *slot |= more;
        }
        // What a component is made of may be given away later.
        for m in entries {
            let (name, _) = self.hierarchy.selector_text(self.selector_of(*m));
            if name == b"<init>"
                && small(*m)
                && let Some(slot) = core.get_mut(index(m.0))
            {
                *slot = true;
            }
        }
        let mut near = down(&core);
        self.add_initialisers(seen, &mut near);
        self.aside = near.iter().map(|near| !near).collect();
        self.fields.extend(fields.iter().map(|(_, name)| *name));
    }

    /// Whether a method gives back an object.
    fn gives_back(&self, m: M) -> bool {
        !matches!(self.hierarchy.name(self.result_type(m)), [_])
    }

    /// What is read on the way may be the address, and set before anything runs. Of these initialisers only the
    /// texts count: which object a field holds, a method that was set aside may decide, too.
    fn add_initialisers(&mut self, seen: &[Seen], near: &mut [bool]) {
        let reads = seen.iter().filter(|s| has(near, s.m));
        let reads: FxHashSet<Slot> = reads.flat_map(|s| s.reads.iter().copied()).collect();
        for s in seen {
            let sets = s.writes.iter().any(|field| reads.contains(field));
            if sets
                && self.is_initialiser(s.m)
                && self.units(s.m) <= MAX_INITIALISER
                && let Some(slot) = near.get_mut(index(s.m.0)).filter(|near| !**near)
            {
                *slot = true;
                self.texts_only.insert(s.m);
            }
        }
    }

    /// Of a package that others see: sets aside what leads from none of these methods to where data leaves or to an
    /// identifier, initialisers apart.
    pub(super) fn set_aside_within(&mut self, edges: &Edges, seen: &[Seen], entries: &[M]) {
        let edges = &self.with_callbacks(edges, seen);
        let callers = reversed(edges);
        let reflecting = self.reflecting();
        let up = |from: Vec<M>| closure(from, edges.len(), |m| list(&callers, m).to_vec());
        let mut reading = self.marked(true, &reflecting);
        reading.extend(named_readers(seen));
        let readers = up(reading);
        let leavers = up(self.marked(false, &reflecting));
        let leads = |m: M| has(&leavers, m) || has(&readers, m);
        let from: Vec<M> = entries
            .iter()
            .filter(|m| leads(**m) || self.is_initialiser(**m) || self.fills_container(**m))
            .copied()
            .collect();
        let near = closure(from, edges.len(), |m| {
            let keep = |m: &&M| leads(**m) || self.units(**m) <= MAX_SMALL;
            targets(edges, m).iter().filter(keep).copied().collect()
        });
        let mut fields: FxHashSet<Slot> = FxHashSet::default();
        fields.extend(seen.iter().filter(|s| has(&near, s.m)).flat_map(|s| &s.writes));
        let mut read: FxHashSet<Slot> = FxHashSet::default();
        read.extend(seen.iter().filter(|s| has(&near, s.m)).flat_map(|s| &s.reads));
        fields.retain(|field| read.contains(field));
        self.aside = near.iter().map(|near| !near).collect();
        self.fields.extend(fields.iter().map(|(_, name)| *name));
    }

    fn is_initialiser(&self, m: M) -> bool {
        self.hierarchy.selector_text(self.selector_of(m)).0 == b"<clinit>"
    }

    /// Who makes an object leads to what the system calls of it.
    fn with_callbacks(&self, edges: &Edges, seen: &[Seen]) -> Vec<Option<Vec<M>>> {
        let mut edges = edges.to_vec();
        for s in seen {
            let Some(Some(targets)) = edges.get_mut(index(s.m.0)) else {
                continue;
            };
            for type_ in s.made.iter().filter(|type_| self.hierarchy.is_inside(**type_)) {
                targets.extend(self.callbacks(*type_));
            }
        }
        edges
    }

    /// Methods that read an identifier, or those that let data leave.
    fn marked(&self, reads: bool, reflecting: &[M]) -> Vec<M> {
        let mut all = reflecting.to_vec();
        for (dex_no, (walked, table)) in (0_u16..).zip(self.walked.iter().zip(self.tables)) {
            let counts = |method: u32| {
                let Some(member) = table.mark(method).map(|mark| mark.member) else {
                    return false;
                };
                let sink = member.sink.and_then(|row| self.interest.sink(row));
                if reads {
                    member.identifier.is_some()
                } else {
                    sink.is_some_and(|sink| self.channels.contains(&&*sink.channel))
                }
            };
            let sites = walked.sites.iter().filter(|site| counts(site.what));
            let fields = walked.reads.iter().filter(|_| reads);
            for site in sites.chain(fields) {
                all.extend(self.hierarchy.at(dex_no, site.by));
            }
        }
        if reads {
            all.extend(self.handed());
            all.extend(self.finding());
        }
        all
    }

    /// Methods that look up methods by name: what they call is not known yet.
    fn reflecting(&self) -> Vec<M> {
        let mut all = Vec::new();
        for (dex_no, (walked, table)) in (0_u16..).zip(self.walked.iter().zip(self.tables)) {
            for (number, method) in (0_u32..).zip(&walked.methods) {
                if method.calls & super::super::table::method::ARGS == 0 {
                    continue;
                }
                let Some(dex) = self.package.dex(dex_no) else {
                    continue;
                };
                let Ok(code) = dex.code(method.code_off) else {
                    continue;
                };
                let looks_up = code.insns().any(|insn| {
                    let model = insn
                        .method()
                        .and_then(|method| table.mark(method))
                        .and_then(|mark| mark.member.model);
                    matches!(model, Some(Model::Member(Member::Method)))
                });
                if looks_up {
                    all.extend(self.hierarchy.at(dex_no, number));
                }
            }
        }
        all
    }

    /// Methods that the system hands an identifier to.
    fn handed(&self) -> Vec<M> {
        let mut all = Vec::new();
        for (dex_no, (walked, table)) in (0_u16..).zip(self.walked.iter().zip(self.tables)) {
            for (number, method) in (0_u32..).zip(&walked.methods) {
                let mark = table.mark(method.method);
                if mark.is_some_and(|mark| mark.member.identifier.is_some()) {
                    all.extend(self.hierarchy.at(dex_no, number));
                }
            }
        }
        all
    }

    /// Code units of a method.
    pub(super) fn units(&self, m: M) -> u32 {
        self.hierarchy
            .place(m)
            .and_then(|(dex_no, number)| {
                let method = self.walked.get(usize::from(dex_no))?.method(number)?;
                Some(self.package.dex(dex_no)?.code(method.code_off).ok()?.units())
            })
            .unwrap_or(0)
    }
}

/// Methods that know by which text an identifier is read, or find such a text in a field.
fn named_readers(seen: &[Seen]) -> impl Iterator<Item = M> + '_ {
    let written = seen
        .iter()
        .filter(|s| s.names)
        .flat_map(|s| s.writes.iter().copied());
    let fields: FxHashSet<Slot> = written.collect();
    let finds = move |s: &&Seen| s.reads.iter().any(|field| fields.contains(field));
    seen.iter()
        .filter(move |s| s.names || s.reads_by_name && finds(s))
        .map(|s| s.m)
}

fn has(set: &[bool], m: M) -> bool {
    set.get(index(m.0)).copied().unwrap_or(false)
}

/// Whom a method calls.
fn targets(edges: &Edges, m: M) -> &[M] {
    edges
        .get(index(m.0))
        .and_then(Option::as_deref)
        .unwrap_or_default()
}

fn list(callers: &[Vec<M>], m: M) -> &[M] {
    callers.get(index(m.0)).map(Vec::as_slice).unwrap_or_default()
}

fn numbers(set: &[bool]) -> Vec<M> {
    (0_u32..)
        .zip(set)
        .filter(|(_, has)| **has)
        .map(|(n, _)| M(n))
        .collect()
}

fn reversed(edges: &Edges) -> Vec<Vec<M>> {
    let mut callers: Vec<Vec<M>> = vec![Vec::new(); edges.len()];
    for (n, targets) in (0_u32..).zip(edges) {
        for target in targets.iter().flatten() {
            if let Some(list) = callers.get_mut(index(target.0)) {
                list.push(M(n));
            }
        }
    }
    callers
}

/// All that is reached from some by going on.
fn closure(from: Vec<M>, len: usize, on: impl Fn(M) -> Vec<M>) -> Vec<bool> {
    let mut reached = vec![false; len];
    let mut waiting = from;
    while let Some(m) = waiting.pop() {
        let Some(slot) = reached.get_mut(index(m.0)).filter(|reached| !**reached) else {
            continue;
        };
        *slot = true;
        waiting.extend(on(m));
    }
    reached
}
