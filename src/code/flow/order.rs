//! Which methods are looked at, and in which order: those that are called before those that call.

use rustc_hash::FxHashSet;

use super::super::hierarchy::{M, Type};
use super::super::package::index;
use super::reflect::descriptor;
use super::trace::Tracer;
use crate::artifact::dex::{Dex, Insn};
use crate::rule::model::{Member, Model};
use crate::rule::{Cell, Place, Spot};

/// Times over all calls, for objects that are made in what was found last.
const MAX_SCANS: u32 = 8;

/// What a method has to do with others.
pub(super) struct Seen {
    pub(super) m: M,
    /// Calls by opcode and method index.
    calls: Vec<(u8, u32)>,
    /// Classes that it knows by their names: reflection may call any method of them.
    named: Vec<Type>,
    /// Classes that it makes objects of.
    pub(super) made: Vec<Type>,
    /// Initialisers of classes that may run first here.
    first: Vec<M>,
    pub(super) reads: Vec<Slot>,
    pub(super) writes: Vec<Slot>,
    /// Fields that it reads and that hold an object of the platform, which something may be put into.
    pub(super) holds: Vec<Slot>,
    /// Fields that it reads and that hold something which the system may call, once it is given that.
    pub(super) listens: Vec<Slot>,
    /// By what other packages offer, something leaves here, or is read.
    pub(super) hands_over: bool,
    pub(super) is_handed: bool,
    /// It knows a text under which an identifier is kept.
    pub(super) names: bool,
    /// It reads something by its name.
    pub(super) reads_by_name: bool,
}

/// A field that an instruction uses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    slot: Slot,
    /// What it is declared as is an object of the platform, or an array.
    holds: bool,
    /// What it is declared as may be an object that the system calls.
    listens: bool,
}

/// A field: the class that declares it, where the package holds that, and the number of its name.
pub(super) type Slot = (Type, u32);

/// Longest name of a class that is looked for in a text.
const MAX_NAME: usize = 256;
impl<'a> Tracer<'a, '_> {
    /// All methods that may run, and groups of those that may matter and call each other, from those that call nobody
    /// on.
    pub(super) fn groups(&mut self, entries: &[M]) -> (Vec<M>, Vec<Vec<M>>) {
        let (mut edges, seen) = self.edges(entries);
        self.set_aside(&edges, &seen, entries);
        for targets in edges.iter_mut().flatten() {
            targets.retain(|m| !self.is_aside(*m));
        }
        let methods = (0_u32..).zip(&edges).filter(|(_, edges)| edges.is_some());
        let methods = methods.map(|(n, _)| M(n)).collect();
        (methods, components(entries, &edges))
    }

    /// All methods that these may reach, with those that each calls. Which classes have objects is found
    /// on the way, so once more is looked at what was found with fewer.
    pub(super) fn edges(&mut self, entries: &[M]) -> (Vec<Option<Vec<M>>>, Vec<Seen>) {
        self.read_fields();
        let mut edges: Vec<Option<Vec<M>>> = vec![None; self.hierarchy.len()];
        let mut waiting: Vec<M> = entries.to_vec();
        let mut known: FxHashSet<M> = waiting.iter().copied().collect();
        let mut open: Vec<Seen> = Vec::new();
        // Of how many classes there were objects when the calls of each were looked at.
        let mut made: Vec<usize> = Vec::new();
        let mut scans = 0_u32;
        while !waiting.is_empty() && scans < MAX_SCANS {
            scans = scans.saturating_add(1);
            while let Some(m) = waiting.pop() {
                open.push(self.seen(m));
                let Some(seen) = open.last() else { continue };
                self.made.extend(seen.made.iter().copied());
                made.push(self.made.len());
                let targets = self.call_targets(seen);
                for target in &targets {
                    if known.insert(*target) {
                        waiting.push(*target);
                    }
                }
                if let Some(slot) = edges.get_mut(index(m.0)) {
                    *slot = Some(targets);
                }
            }
            // Objects made later may be reached by calls seen before.
            for (seen, made) in open.iter().zip(&mut made) {
                if std::mem::replace(made, self.made.len()) == self.made.len() {
                    continue;
                }
                let targets = self.call_targets(seen);
                for target in &targets {
                    if known.insert(*target) {
                        waiting.push(*target);
                    }
                }
                if let Some(slot) = edges.get_mut(index(seen.m.0)) {
                    *slot = Some(targets);
                }
            }
        }
        self.cut |= !waiting.is_empty();
        (edges, open)
    }

    /// What a method has to do with others.
    fn seen(&mut self, m: M) -> Seen {
        let mut all = Seen {
            m,
            calls: Vec::new(),
            named: Vec::new(),
            made: Vec::new(),
            first: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            holds: Vec::new(),
            listens: Vec::new(),
            hands_over: false,
            is_handed: false,
            names: false,
            reads_by_name: false,
        };
        let Some((dex_no, number)) = self.hierarchy.place(m) else {
            return all;
        };
        let Some(dex) = self.package.dex(dex_no).copied() else {
            return all;
        };
        let method = self
            .walked
            .get(usize::from(dex_no))
            .and_then(|w| w.method(number));
        let Some(code) = method.and_then(|method| dex.code(method.code_off).ok()) else {
            return all;
        };
        let pair = |insn: &Insn<'_>| Some((u8::try_from(insn.op.0).ok()?, insn.index()?));
        for insn in code.insns() {
            if let Some(class) = self.uses(dex_no, &insn) {
                all.first.extend(self.telling(class));
            }
            all.names |= self.names_row(dex_no, &insn);
            match insn.op.0 {
                0x22 => all
                    .made
                    .push(self.hierarchy.type_at(dex_no, insn.index().unwrap_or_default())),
                0x6e..=0x72 | 0x74..=0x78 => all.calls.extend(pair(&insn)),
                0x52..=0x6d => {
                    let Some(field) = insn
                        .index()
                        .and_then(|field| self.used_field(dex_no, &dex, field))
                    else {
                        continue;
                    };
                    // iget-object, iput-object, sget-object, sput-object
                    let plain = !matches!(insn.op.0, 0x54 | 0x5b | 0x62 | 0x69);
                    self.domain.use_field(field.slot.1, plain);
                    if matches!(insn.op.0, 0x59..=0x5f | 0x67..=0x6d) {
                        all.writes.push(field.slot);
                    } else {
                        all.reads.push(field.slot);
                        let object = Some(field.slot).filter(|_| !plain);
                        all.holds.extend(object.filter(|_| field.holds));
                        all.listens.extend(object.filter(|_| field.listens));
                    }
                }
                // A class that is known by its name may be made by its name.
                0x1a | 0x1b => {
                    let text = insn.string().and_then(|at| self.package.text(dex_no, at));
                    let named = text.and_then(|text| self.spelt(text));
                    all.named.extend(named);
                    all.made.extend(named);
                }
                _ => {}
            }
        }
        all.calls.sort_unstable();
        all.calls.dedup();
        all.reads_by_name = all
            .calls
            .iter()
            .any(|(_, method)| self.reads_by_name(dex_no, *method));
        // Who looks up members may do so in its own class.
        let table = self.tables.get(usize::from(dex_no));
        let looks_up = |(_, method): &(u8, u32)| {
            let model = table.and_then(|table| table.mark(*method)?.member.model);
            matches!(model, Some(Model::Member(Member::Method)))
        };
        if all.calls.iter().any(looks_up) {
            all.named.push(self.hierarchy.owner(m).0);
        }
        let world = (Type::UNKNOWN, self.domain.text(b"@world"));
        // What another part of the app left may come with an intent, or with a message, and be left in one.
        let given = self.parameters(m);
        if given.iter().any(|(type_, _)| {
            self.interest
                .rules()
                .lifecycles
                .carries(self.hierarchy.name(*type_))
        }) {
            all.reads.push(world);
            all.writes.push(world);
        }
        for list in [&mut all.reads, &mut all.writes, &mut all.holds, &mut all.listens] {
            list.sort_unstable();
            list.dedup();
        }
        for n in 0..all.calls.len() {
            let Some((_, method)) = all.calls.get(n).copied() else {
                break;
            };
            let Some(callee) = self.callee(dex_no, method) else {
                continue;
            };
            if let Some(offer) = &callee.offer {
                all.hands_over |= offer.leaves();
                all.is_handed |= offer.returns.is_some();
            }
            let shares = |place: &Place| place.spot == Spot::World || matches!(place.cell, Cell::Named(_));
            for flow in callee.flows.iter().flatten() {
                if shares(&flow.from) {
                    all.reads.push(world);
                }
                if shares(&flow.to) {
                    all.writes.push(world);
                }
            }
        }
        all
    }

    /// The field that an index names.
    fn used_field(&mut self, dex_no: u16, dex: &Dex<'a>, field: u32) -> Option<Used> {
        if let Some(known) = self.used_fields.get(&(dex_no, field)) {
            return Some(*known);
        }
        let id = dex.field(field)?;
        let name = self.package.text(dex_no, id.name)?;
        let class = self.hierarchy.type_at(dex_no, id.class);
        let above = self.hierarchy.ancestors(class).into_iter();
        let declaring = above
            .into_iter()
            .find(|class| self.declared.contains(&(*class, name)));
        let type_ = self.hierarchy.type_at(dex_no, id.type_);
        let used = Used {
            slot: (declaring.unwrap_or(Type::UNKNOWN), self.domain.text(name)),
            holds: !self.hierarchy.is_inside(type_) && self.hierarchy.name(type_) != b"Ljava/lang/String;",
            listens: self.listens(type_),
        };
        self.used_fields.insert((dex_no, field), used);
        Some(used)
    }

    /// Whether an object of a class, or of one below it, may be called by the system.
    fn listens(&mut self, type_: Type) -> bool {
        if self.hierarchy.name(type_) == b"Ljava/lang/Object;" {
            return false;
        }
        if let Some(known) = self.listening.get(&type_) {
            return *known;
        }
        let below = self.hierarchy.subtypes(type_).into_iter();
        let is = below
            .filter(|class| self.hierarchy.is_inside(*class))
            .any(|class| !self.callbacks(class).is_empty());
        self.listening.insert(type_, is);
        is
    }

    /// All fields that classes of the package declare.
    fn read_fields(&mut self) {
        for class in &self.package.classes {
            let Some(dex) = self.package.dex(class.dex) else {
                continue;
            };
            let type_ = self.hierarchy.type_at(class.dex, class.def.class);
            let fields = dex
                .members(&class.def)
                .into_iter()
                .flat_map(|members| members.fields());
            for field in fields.filter_map(Result::ok) {
                let name = dex
                    .field(field.index)
                    .and_then(|id| self.package.text(class.dex, id.name));
                self.declared.extend(name.map(|name| (type_, name)));
            }
        }
    }

    /// The class of the package that a text names.
    fn spelt(&self, text: &[u8]) -> Option<Type> {
        if !text.contains(&b'.') || text.len() > MAX_NAME || text.contains(&b' ') {
            return None;
        }
        self.hierarchy
            .named(&descriptor(text))
            .filter(|type_| self.hierarchy.is_inside(*type_))
    }

    fn call_targets(&mut self, seen: &Seen) -> Vec<M> {
        let m = seen.m;
        let Some((dex_no, _)) = self.hierarchy.place(m) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        all.extend(&seen.first);
        for named in &seen.named {
            all.extend(self.hierarchy.methods(*named).iter().map(|(_, m)| *m));
        }
        for (op, method) in &seen.calls {
            let Some(id) = self.package.dex(dex_no).and_then(|dex| dex.method(*method)) else {
                continue;
            };
            let class = self.hierarchy.type_at(dex_no, id.class);
            let selector = self.hierarchy.selector(dex_no, *method);
            match op {
                0x71 | 0x77 | 0x70 | 0x76 => all.extend(self.hierarchy.resolve(class, selector)),
                0x6f | 0x75 => {
                    let above = self.hierarchy.superclass(self.hierarchy.owner(m).0);
                    all.extend(above.and_then(|above| self.hierarchy.resolve(above, selector)));
                }
                _ => all.extend_from_slice(self.declared_targets(class, selector)),
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// Strongly connected components, in the order in which Tarjan's algorithm finds them: what is called
/// comes first. With a stack of our own.
pub(super) fn components(entries: &[M], edges: &[Option<Vec<M>>]) -> Vec<Vec<M>> {
    const UNSEEN: u32 = u32::MAX;
    let mut order = vec![UNSEEN; edges.len()];
    let mut low = vec![UNSEEN; edges.len()];
    let mut on_stack = vec![false; edges.len()];
    let mut stack: Vec<M> = Vec::new();
    let mut all = Vec::new();
    let mut next = 0_u32;
    let mut work: Vec<(M, u32)> = Vec::new();
    let get = |list: &[u32], m: M| list.get(index(m.0)).copied().unwrap_or(UNSEEN);
    for entry in entries {
        if get(&order, *entry) != UNSEEN {
            continue;
        }
        work.push((*entry, 0));
        while let Some((m, at)) = work.pop() {
            let i = index(m.0);
            if at == 0 {
                if let (Some(order), Some(low), Some(on)) =
                    (order.get_mut(i), low.get_mut(i), on_stack.get_mut(i))
                {
                    *order = next;
                    *low = next;
                    *on = true;
                }
                next = next.saturating_add(1);
                stack.push(m);
            }
            let callees = edges.get(i).and_then(Option::as_deref).unwrap_or_default();
            if let Some(last) = at.checked_sub(1).and_then(|last| callees.get(index(last))) {
                let below = get(&low, *last);
                if let Some(low) = low.get_mut(i) {
                    *low = (*low).min(below);
                }
            }
            let mut down = None;
            let mut n = at;
            while let Some(callee) = callees.get(index(n)) {
                n = n.saturating_add(1);
                let seen = get(&order, *callee);
                if seen == UNSEEN {
                    down = Some(*callee);
                    break;
                }
                if on_stack.get(index(callee.0)).copied().unwrap_or(false)
                    && let Some(low) = low.get_mut(i)
                {
                    *low = (*low).min(seen);
                }
            }
            if let Some(callee) = down {
                work.push((m, n));
                work.push((callee, 0));
                continue;
            }
            if get(&low, m) == get(&order, m) {
                let mut group = Vec::new();
                while let Some(top) = stack.pop() {
                    if let Some(on) = on_stack.get_mut(index(top.0)) {
                        *on = false;
                    }
                    if let Some(low) = low.get_mut(index(top.0)) {
                        *low = UNSEEN;
                    }
                    group.push(top);
                    if top == m {
                        break;
                    }
                }
                group.sort_unstable();
                all.push(group);
            }
        }
    }
    all
}
