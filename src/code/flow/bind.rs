//! What the symbols of a method called stand for, for one call.

use super::super::hierarchy::{Hierarchy, M, Type};
use super::super::interest::Interest;
use super::super::value::{Atom, Val, Why};
use super::domain::{Domain, Key, Obj, ObjId, Objs, Root, RootId, Step, Taint, V, Way};
use super::heap::Heap;
use super::noted::Noted;
use super::summary::Known;

/// What was found out for one call.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    objects: Noted<V>,
    /// Origins by symbol, and those of all that it holds.
    origins: Noted<Taint>,
    wholes: Noted<Taint>,
    taints: Noted<Taint>,
}

/// What the symbols of a method called stand for.
#[derive(Debug)]
pub(crate) struct Binding<'h, 'a> {
    hierarchy: &'h Hierarchy<'a>,
    interest: &'h Interest<'h>,
    args: &'h [V],
    /// The cells before the call.
    heap: &'h Heap,
    at: M,
    pc: u32,
}

impl<'h, 'a> Binding<'h, 'a> {
    pub(crate) fn new(
        domain: &mut Domain<'_>,
        (hierarchy, interest): Known<'h, 'a>,
        args: &'h [V],
        heap: &'h Heap,
        at: M,
        pc: u32,
    ) -> Self {
        domain.bound.objects.forget();
        domain.bound.origins.forget();
        domain.bound.wholes.forget();
        domain.bound.taints.forget();
        Self {
            hierarchy,
            interest,
            args,
            heap,
            at,
            pc,
        }
    }

    /// What an object of the method called is to the caller.
    pub(crate) fn object(&mut self, domain: &mut Domain<'_>, obj: ObjId) -> V {
        if let Some(known) = domain.bound.objects.get(obj.0) {
            return known;
        }
        let v = match domain.what(obj) {
            Obj::Param(i) => self.args.get(usize::from(i)).copied().unwrap_or(V::UNSET),
            Obj::Load(base, key) => {
                let from = self.object(domain, base);
                let key = self.key(domain, base, key);
                if from.objs == Objs::NONE {
                    // A text stands for itself; of anything else all is known that went into it.
                    match key {
                        Key::Content => from,
                        _ => V {
                            objs: Objs::NONE,
                            val: domain.values.unknown(Why::Object),
                            taint: from.taint,
                        },
                    }
                } else {
                    let type_ = domain.type_of(obj);
                    let mut v = domain.read_all(self.heap, from.objs, key, type_);
                    // What is tainted as a whole is so in each of its parts.
                    if domain.has_source(from.taint) {
                        let sources = domain.filtered(from.taint, |root| matches!(root, Root::Source(..)));
                        v.taint = domain.mix(v.taint, sources);
                    }
                    if key == Key::Content && v == V::UNSET {
                        v = V {
                            objs: Objs::NONE,
                            ..from
                        };
                    }
                    v
                }
            }
            Obj::As(base, m) => {
                let mut v = self.object(domain, base);
                let mut objs = Objs::NONE;
                for obj in domain.each(v.objs) {
                    let one = if domain.is_exact(obj) {
                        if !self.hierarchy.runs(domain.type_of(obj), m) {
                            continue;
                        }
                        obj
                    } else if domain.is_symbol(obj) {
                        domain.obj(Obj::As(obj, m), Type::UNKNOWN)
                    } else {
                        obj
                    };
                    let one = domain.one(one);
                    objs = domain.union(objs, one);
                }
                v.objs = objs;
                v
            }
            Obj::Statics(_) | Obj::World | Obj::Component(_) | Obj::Given(..) => domain.object(obj),
            Obj::New(..) | Obj::Handed(..) | Obj::Within(..) => {
                let mine = domain.within(obj, self.at, self.pc);
                domain.object(mine)
            }
        };
        domain.bound.objects.put(obj.0, v);
        v
    }

    fn way(&self, domain: &mut Domain<'_>, outer: Way, inner: Way) -> Way {
        if inner == Way::START && outer == Way::START {
            return Way::START;
        }
        domain.way(Step::Through(outer, self.at, self.pc, inner))
    }

    /// What went into a symbol.
    fn origin(&mut self, domain: &mut Domain<'_>, obj: ObjId) -> Taint {
        if let Some(known) = domain.bound.origins.get(obj.0) {
            return known;
        }
        let taint = self.object(domain, obj).taint;
        domain.bound.origins.put(obj.0, taint);
        taint
    }

    /// What went into a symbol and into all that it holds.
    fn whole(&mut self, domain: &mut Domain<'_>, obj: ObjId) -> Taint {
        if let Some(known) = domain.bound.wholes.get(obj.0) {
            return known;
        }
        let v = self.object(domain, obj);
        let taint = domain.whole(self.heap, v);
        domain.bound.wholes.put(obj.0, taint);
        taint
    }

    /// Origins as the caller knows them.
    pub(crate) fn taint(&mut self, domain: &mut Domain<'_>, taint: Taint) -> Taint {
        if taint == Taint::NONE {
            return taint;
        }
        if let Some(known) = domain.bound.taints.get(taint.0) {
            return known;
        }
        let mut all: Vec<(RootId, Way)> = Vec::new();
        for n in 0..domain.roots(taint).len() {
            let Some((id, inner)) = domain.roots(taint).get(n).copied() else {
                break;
            };
            let root = domain.root_of(id);
            let outer = match root {
                Root::Source(..) | Root::Guess(..) => {
                    let way = self.way(domain, Way::START, inner);
                    all.push((id, way));
                    continue;
                }
                Root::Named(m, pc, place, texts) => {
                    let texts = self.val(domain, texts);
                    let (rows, rest) = place.rows(domain, self.interest, texts);
                    let read = rows.into_iter().map(|row| Root::Source(m, pc, row));
                    let asked = rest.map(|texts| Root::Named(m, pc, place, texts));
                    let way = self.way(domain, Way::START, inner);
                    all.extend(read.chain(asked).map(|root| (domain.root(root), way)));
                    continue;
                }
                Root::Symbol(obj) | Root::GuessOf(obj) => self.origin(domain, obj),
                Root::Whole(obj) => self.whole(domain, obj),
            };
            let guess = matches!(root, Root::GuessOf(_));
            for n in 0..domain.roots(outer).len() {
                let Some((mut id, outer)) = domain.roots(outer).get(n).copied() else {
                    break;
                };
                if guess {
                    id = match domain.root_of(id) {
                        Root::Source(m, pc, row) => domain.root(Root::Guess(m, pc, row)),
                        Root::Symbol(obj) | Root::Whole(obj) => domain.root(Root::GuessOf(obj)),
                        _ => id,
                    };
                }
                let way = self.way(domain, outer, inner);
                all.push((id, way));
            }
        }
        let mapped = domain.collect(all);
        domain.bound.taints.put(taint.0, mapped);
        mapped
    }

    /// A value as the caller knows it.
    pub(crate) fn value(&mut self, domain: &mut Domain<'_>, v: V) -> V {
        let mut objs = Objs::NONE;
        for obj in domain.each(v.objs) {
            let mapped = self.object(domain, obj);
            objs = domain.union(objs, mapped.objs);
        }
        V {
            objs,
            val: self.val(domain, v.val),
            taint: self.taint(domain, v.taint),
        }
    }

    /// A key of an object as the caller knows it.
    pub(crate) fn key(&mut self, domain: &mut Domain<'_>, obj: ObjId, key: Key) -> Key {
        match key {
            Key::Of(symbol) => {
                let val = self.text_of(domain, symbol);
                let key = domain.key(val);
                domain.key_of(obj, key)
            }
            known => known,
        }
    }

    fn text_of(&mut self, domain: &mut Domain<'_>, obj: ObjId) -> Val {
        let v = self.object(domain, obj);
        if v.val == Val::UNSET {
            domain.values.unknown(Why::Object)
        } else {
            v.val
        }
    }

    /// A text or number as the caller knows it.
    pub(crate) fn val(&mut self, domain: &mut Domain<'_>, val: Val) -> Val {
        if !domain.values.is_symbolic(val) {
            return val;
        }
        // Most often it is the symbol itself.
        if let Some(Atom::Root(obj)) = domain.values.single(val) {
            return self.text_of(domain, ObjId(obj));
        }
        let mut known: Vec<(u32, Val)> = Vec::new();
        for obj in domain.values.symbols(val) {
            let val = self.text_of(domain, ObjId(obj));
            known.push((obj, val));
        }
        domain.values.fill(val, &mut |_, atom| match atom {
            Atom::Root(obj) => known.iter().find(|(o, _)| *o == obj).map(|(_, val)| *val),
            _ => None,
        })
    }
}
