//! One type table for all dex files of a package: who extends whom, and which method a call reaches.
//!
//! Types are numbered by descriptor, methods by number over all files (those with code), signatures by
//! name and descriptor. A type that no file defines is *outside*: its ancestors are not known, so a class
//! that extends it may be called by whoever knows it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::package::{NONE, Package, count, index};
use super::table::descriptor;
use super::walk::Walked;

/// Methods that one call may reach, beyond which it is as good as unknown.
const MAX_TARGETS: usize = 6;
/// Types looked at for one call.
const MAX_SUBTYPES: usize = 256;
/// Steps up a chain of superclasses.
const MAX_CHAIN: usize = 64;

/// A type, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Type(pub(crate) u32);

impl Type {
    /// A type that is not known.
    pub(crate) const UNKNOWN: Self = Self(NONE);
}

/// Name and descriptor of a method, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Selector(pub(crate) u32);

/// A method with code, by number over all files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct M(pub(crate) u32);

#[derive(Debug, Default)]
struct Row<'a> {
    name: &'a [u8],
    /// Defined in the package.
    inside: bool,
    /// Number of its definition.
    home: Option<u32>,
    superclass: Option<Type>,
    interfaces: Vec<Type>,
    children: Vec<Type>,
    /// Its methods with code.
    methods: Vec<(Selector, M)>,
}

/// The types and methods of one package.
#[derive(Debug, Default)]
pub(crate) struct Hierarchy<'a> {
    rows: Vec<Row<'a>>,
    by_name: FxHashMap<&'a [u8], Type>,
    /// By file and type index.
    types: Vec<Vec<Type>>,
    /// By file and method index.
    selectors: Vec<Vec<Selector>>,
    selector_names: Vec<(&'a [u8], Box<[u8]>)>,
    methods: FxHashMap<(Type, Selector), M>,
    /// File and number among the methods of that file, by number.
    places: Vec<(u16, u32)>,
    /// First number of each file.
    first: Vec<u32>,
    owners: Vec<(Type, Selector)>,
    /// A type and all below it, of those that were asked for.
    below: FxHashMap<Type, Box<[Type]>>,
}

impl<'a> Hierarchy<'a> {
    /// Reads the types of a package. Of classes for which `foreign` holds, the code is not looked at: they
    /// are libraries that belong to the platform, packed with the app.
    pub(crate) fn new(package: &Package<'a>, walked: &[Walked], foreign: impl Fn(&[u8]) -> bool) -> Self {
        let mut all = Self::default();
        all.read_types(package);
        all.read_selectors(package);
        all.read_classes(package, &foreign);
        all.read_methods(package, walked);
        all
    }

    fn read_types(&mut self, package: &Package<'a>) {
        for (dex_no, dex) in package.numbered() {
            let mut types = Vec::new();
            for type_ in 0..dex.type_count() {
                let name = package.type_name(dex_no, type_).unwrap_or_default();
                types.push(self.type_of_name(name));
            }
            self.types.push(types);
        }
    }

    fn type_of_name(&mut self, name: &'a [u8]) -> Type {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let type_ = Type(count(self.rows.len()));
        self.rows.push(Row {
            name,
            ..Row::default()
        });
        self.by_name.insert(name, type_);
        type_
    }

    fn read_selectors(&mut self, package: &Package<'a>) {
        let mut known: FxHashMap<(&'a [u8], Box<[u8]>), Selector> = FxHashMap::default();
        for (dex_no, dex) in package.numbered() {
            let mut near: FxHashMap<(u32, u32), Selector> = FxHashMap::default();
            let mut selectors = Vec::new();
            for method in 0..dex.method_count() {
                let Some(id) = dex.method(method) else {
                    selectors.push(Selector(NONE));
                    continue;
                };
                let selector = *near.entry((id.name, id.proto)).or_insert_with(|| {
                    let name = package.text(dex_no, id.name).unwrap_or_default();
                    let key = (name, descriptor(&dex, id).into_boxed_slice());
                    if let Some(selector) = known.get(&key) {
                        return *selector;
                    }
                    let selector = Selector(count(self.selector_names.len()));
                    self.selector_names.push(key.clone());
                    known.insert(key, selector);
                    selector
                });
                selectors.push(selector);
            }
            self.selectors.push(selectors);
        }
    }

    fn read_classes(&mut self, package: &Package<'a>, foreign: &impl Fn(&[u8]) -> bool) {
        for (number, class) in (0_u32..).zip(&package.classes) {
            let Some(dex) = package.dex(class.dex) else {
                continue;
            };
            let type_ = self.type_at(class.dex, class.def.class);
            let superclass = class.def.superclass.map(|s| self.type_at(class.dex, s));
            let interfaces = dex.interfaces(&class.def).ok();
            let interfaces: Vec<Type> = interfaces
                .into_iter()
                .flat_map(|list| list.iter())
                .map(|i| self.type_at(class.dex, i))
                .collect();
            for parent in superclass.iter().chain(&interfaces) {
                if let Some(row) = self.rows.get_mut(index(parent.0)) {
                    row.children.push(type_);
                }
            }
            if let Some(row) = self.rows.get_mut(index(type_.0)) {
                row.inside = !foreign(row.name);
                row.home = Some(number);
                row.superclass = superclass;
                row.interfaces = interfaces;
            }
        }
    }

    fn read_methods(&mut self, package: &Package<'a>, walked: &[Walked]) {
        for (dex_no, walked) in (0_u16..).zip(walked) {
            self.first.push(count(self.places.len()));
            for (number, method) in (0_u32..).zip(&walked.methods) {
                let m = M(count(self.places.len()));
                let type_ = self.type_at(dex_no, method.type_);
                let selector = self.selector(dex_no, method.method);
                self.places.push((dex_no, number));
                self.owners.push((type_, selector));
                let home = package.home(dex_no, method.type_);
                if home != Some(method.class)
                    || !self.is_inside(type_)
                    || self.methods.contains_key(&(type_, selector))
                {
                    continue;
                }
                self.methods.insert((type_, selector), m);
                if let Some(row) = self.rows.get_mut(index(type_.0)) {
                    row.methods.push((selector, m));
                }
            }
        }
    }

    /// The type of a type index.
    pub(crate) fn type_at(&self, dex: u16, type_: u32) -> Type {
        let types = self.types.get(usize::from(dex));
        types
            .and_then(|types| types.get(index(type_)))
            .copied()
            .unwrap_or(Type::UNKNOWN)
    }

    /// The type of this descriptor, when some file names it.
    pub(crate) fn named(&self, name: &[u8]) -> Option<Type> {
        self.by_name.get(name).copied()
    }

    /// Its descriptor.
    pub(crate) fn name(&self, type_: Type) -> &'a [u8] {
        self.rows
            .get(index(type_.0))
            .map(|row| row.name)
            .unwrap_or_default()
    }

    /// Name and descriptor of the method that an index names.
    pub(crate) fn selector(&self, dex: u16, method: u32) -> Selector {
        let selectors = self.selectors.get(usize::from(dex));
        selectors
            .and_then(|selectors| selectors.get(index(method)))
            .copied()
            .unwrap_or(Selector(NONE))
    }

    /// Name and descriptor.
    pub(crate) fn selector_text(&self, selector: Selector) -> (&'a [u8], &[u8]) {
        match self.selector_names.get(index(selector.0)) {
            Some((name, descriptor)) => (name, descriptor),
            None => (&[], &[]),
        }
    }

    /// File and number of a method there.
    pub(crate) fn place(&self, m: M) -> Option<(u16, u32)> {
        self.places.get(index(m.0)).copied()
    }

    /// The method with this number in a file.
    pub(crate) fn at(&self, dex: u16, number: u32) -> Option<M> {
        let first = *self.first.get(usize::from(dex))?;
        Some(M(first.saturating_add(number)))
    }

    /// Class and signature of a method.
    pub(crate) fn owner(&self, m: M) -> (Type, Selector) {
        self.owners
            .get(index(m.0))
            .copied()
            .unwrap_or((Type::UNKNOWN, Selector(NONE)))
    }

    /// How many methods there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether the package defines a type.
    pub(crate) fn is_inside(&self, type_: Type) -> bool {
        self.rows.get(index(type_.0)).is_some_and(|row| row.inside)
    }

    /// The number of its definition.
    pub(crate) fn home(&self, type_: Type) -> Option<u32> {
        self.rows.get(index(type_.0))?.home
    }

    /// Whether a call on an object of exactly this type reaches a method.
    pub(crate) fn runs(&self, type_: Type, m: M) -> bool {
        let (_, selector) = self.owner(m);
        self.resolve(type_, selector) == Some(m)
    }

    /// The methods with code that a class defines itself.
    pub(crate) fn methods(&self, type_: Type) -> &[(Selector, M)] {
        self.rows
            .get(index(type_.0))
            .map(|row| row.methods.as_slice())
            .unwrap_or_default()
    }

    /// The superclass, where it is known.
    pub(crate) fn superclass(&self, type_: Type) -> Option<Type> {
        self.rows.get(index(type_.0))?.superclass
    }

    /// A type, its superclasses and all their interfaces, nearest first.
    pub(crate) fn ancestors(&self, type_: Type) -> Vec<Type> {
        let mut all = vec![type_];
        let mut next = 0_usize;
        while let Some(at) = all.get(next).copied() {
            next = next.saturating_add(1);
            let Some(row) = self.rows.get(index(at.0)) else {
                continue;
            };
            for parent in row.superclass.iter().chain(&row.interfaces) {
                if all.len() < MAX_CHAIN && !all.contains(parent) {
                    all.push(*parent);
                }
            }
        }
        all
    }

    /// The method that an object of exactly this type runs.
    pub(crate) fn resolve(&self, type_: Type, selector: Selector) -> Option<M> {
        let mut at = Some(type_);
        for _ in 0..MAX_CHAIN {
            let Some(class) = at else { break };
            if let Some(m) = self.methods.get(&(class, selector)) {
                return Some(*m);
            }
            at = self.rows.get(index(class.0)).and_then(|row| row.superclass);
        }
        // Default methods of interfaces.
        self.ancestors(type_)
            .into_iter()
            .find_map(|class| self.methods.get(&(class, selector)).copied())
    }

    /// The methods that a call on a receiver of this declared type may reach. `made` tells the classes of
    /// which there are objects.
    pub(crate) fn targets(&mut self, type_: Type, selector: Selector, made: &FxHashSet<Type>) -> Vec<M> {
        let mut targets: Vec<M> = Vec::new();
        let mut add = |m: Option<M>| {
            if let Some(m) = m
                && targets.len() <= MAX_TARGETS
                && !targets.contains(&m)
            {
                targets.push(m);
            }
        };
        if self.has_children(type_) {
            if !self.below.contains_key(&type_) {
                let all = self.subtypes(type_).into();
                self.below.insert(type_, all);
            }
            let any = self.below.get(&type_).map(AsRef::as_ref).unwrap_or_default();
            if any.len() >= MAX_SUBTYPES {
                return Vec::new();
            }
            for sub in any.iter().filter(|sub| made.contains(*sub)) {
                add(self.resolve(*sub, selector));
            }
        }
        if targets.is_empty() {
            // Objects that the system or a library makes.
            if let Some(m) = self.resolve(type_, selector) {
                targets.push(m);
            }
        }
        // An interface that everybody implements says nothing.
        if targets.len() > MAX_TARGETS {
            targets.clear();
        }
        targets
    }

    fn has_children(&self, type_: Type) -> bool {
        let row = self.rows.get(index(type_.0));
        row.is_some_and(|row| !row.children.is_empty())
    }

    /// A type and all below it.
    pub(crate) fn subtypes(&self, type_: Type) -> Vec<Type> {
        let mut all = vec![type_];
        let mut seen: FxHashSet<Type> = all.iter().copied().collect();
        let mut next = 0_usize;
        while let Some(at) = all.get(next).copied() {
            next = next.saturating_add(1);
            let Some(row) = self.rows.get(index(at.0)) else {
                continue;
            };
            for child in &row.children {
                if all.len() < MAX_SUBTYPES && seen.insert(*child) {
                    all.push(*child);
                }
            }
        }
        all
    }
}
