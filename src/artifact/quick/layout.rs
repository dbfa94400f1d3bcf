//! Where a class has its virtual methods and fields: slots and offsets, as the device assigns them.
//!
//! Spec: for Dalvik, AOSP `dalvik/vm/oo/Class.cpp` (`createVtable`, `createIftable`, `computeFieldOffsets`,
//! Android 4.2 to 4.4); for ART, `art/runtime/class_linker.cc` (`LinkVirtualMethods`,
//! `LinkInterfaceMethods`, `LinkFields`, Android 5 to 7).
//!
//! A class's table of virtual methods is that of its superclass, with overridden slots replaced, then the
//! methods that are new, then those that an abstract class inherits from interfaces without declaring them.
//! Fields follow those of the superclass, references first. So nothing is known of a class unless all its
//! superclasses are; `java.lang.Object` alone is known by heart.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::artifact::dex::{ClassDef, Dex};

/// `java.lang.Object`.
pub(super) const OBJECT: &[u8] = b"Ljava/lang/Object;";
/// Its virtual methods, the same in every version: name and prototype.
const OBJECT_METHODS: [(&[u8], &[u8]); 11] = [
    (b"clone", b"()Ljava/lang/Object;"),
    (b"equals", b"(Ljava/lang/Object;)Z"),
    (b"finalize", b"()V"),
    (b"getClass", b"()Ljava/lang/Class;"),
    (b"hashCode", b"()I"),
    (b"notify", b"()V"),
    (b"notifyAll", b"()V"),
    (b"toString", b"()Ljava/lang/String;"),
    (b"wait", b"()V"),
    (b"wait", b"(J)V"),
    (b"wait", b"(JI)V"),
];
/// Bytes of an object before its fields: its class and its lock.
const OBJECT_SIZE: u32 = 8;
/// Dalvik keeps a class of its own in front of the fields of this one.
const CLASS: &[u8] = b"Ljava/lang/Class;";

/// Ours: superclasses of a class. The deepest real ones have about a dozen.
const MAX_DEPTH: usize = 256;
/// Ours: slots of all tables together, members and interfaces read. What one app sees of a framework has
/// some hundred thousand.
const MAX_SLOTS: usize = 2 << 20;

/// Ours: bytes of a name that is compared with others. The longest real ones have some three hundred.
pub(super) const MAX_NAME: usize = 512;
/// Ours: bytes of all names that are read for one file, and of one dex of a class path. A dex of 65 536
/// methods has six million; a hostile one has as many references to one huge string.
const MAX_NAMES: usize = 64 << 20;

const ACC_PUBLIC: u32 = 0x1;
const ACC_PRIVATE: u32 = 0x2;
const ACC_PROTECTED: u32 = 0x4;
const ACC_INTERFACE: u32 = 0x200;
const ACC_ABSTRACT: u32 = 0x400;

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::artifact) enum Rules {
    Dalvik,
    /// Android 5: every field takes four bytes at least.
    Art5,
    /// Android 6.
    Art6,
    /// Android 7: interfaces are listed after their own superinterfaces, and looked at from the last one.
    Art7,
}

/// The classes that an app sees besides its own: what the files of the boot class path define. The first
/// definition counts.
#[derive(Debug, Default)]
pub struct ClassPath<'a> {
    dexes: Vec<Dex<'a>>,
    /// By descriptor: number of the dex, number of the class in it.
    classes: FxHashMap<&'a [u8], (usize, u32)>,
}

impl<'a> ClassPath<'a> {
    /// The classes of these files, in this order.
    pub fn new(dexes: impl IntoIterator<Item = Dex<'a>>) -> Self {
        let mut this = Self::default();
        for dex in dexes {
            let number = this.dexes.len();
            let mut left = MAX_NAMES;
            for class in dex.classes() {
                let name = dex.type_descriptor(class.class).unwrap_or_default();
                let Some(rest) = left.checked_sub(name.len()) else {
                    break;
                };
                left = rest;
                if !name.is_empty() && name.len() <= MAX_NAME {
                    this.classes.entry(name).or_insert((number, class.index));
                }
            }
            this.dexes.push(dex);
        }
        this
    }

    fn find(&self, name: &[u8]) -> Option<(Dex<'a>, ClassDef)> {
        let (number, index) = self.classes.get(name)?;
        let dex = self.dexes.get(*number)?;
        Some((*dex, dex.class(*index)?))
    }
}

/// A method as tables compare them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Signature<'a> {
    pub(super) name: &'a [u8],
    /// Number of the prototype's text.
    pub(super) proto: u32,
}

/// A slot of a table of virtual methods.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<'a> {
    pub(super) signature: Signature<'a>,
    access: u32,
    /// The class that defines what is in it.
    class: &'a [u8],
}

/// An instance field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) name: &'a [u8],
    pub(super) type_: &'a [u8],
    /// Bytes from the start of the object.
    pub(super) offset: u32,
}

/// What is where in a class.
#[derive(Debug, Default)]
pub(super) struct Layout<'a> {
    pub(super) superclass: Option<&'a [u8]>,
    pub(super) slots: Vec<Slot<'a>>,
    /// Its own fields; their offsets mean something only where the size is known.
    pub(super) fields: Vec<Field<'a>>,
    /// Bytes of an object; `None` where that is not known.
    pub(super) size: Option<u32>,
    /// Interfaces, those of superclasses first.
    interfaces: Vec<&'a [u8]>,
}

/// Layouts of the classes of a class path and of one file, computed as they are asked for.
pub(in crate::artifact) struct Layouts<'p, 'a> {
    boot: &'p ClassPath<'a>,
    own: &'p ClassPath<'a>,
    rules: Rules,
    known: FxHashMap<&'a [u8], Option<Rc<Layout<'a>>>>,
    interfaces: FxHashMap<&'a [u8], Option<Rc<[&'a [u8]]>>>,
    protos: FxHashMap<Vec<u8>, u32>,
    object: Rc<Layout<'a>>,
    /// Slots that may still be filled.
    budget: usize,
    /// Bytes of names that may still be read.
    names: usize,
}

impl<'p, 'a> Layouts<'p, 'a> {
    pub(in crate::artifact) fn new(boot: &'p ClassPath<'a>, own: &'p ClassPath<'a>, rules: Rules) -> Self {
        let mut this = Self {
            boot,
            own,
            rules,
            known: FxHashMap::default(),
            interfaces: FxHashMap::default(),
            protos: FxHashMap::default(),
            object: Rc::default(),
            budget: MAX_SLOTS,
            names: MAX_NAMES.saturating_mul(4),
        };
        let slots = this.object_slots().unwrap_or_else(|| {
            let slots = OBJECT_METHODS.map(|(name, proto)| Slot {
                signature: Signature {
                    name,
                    proto: this.proto(proto.to_vec()),
                },
                access: ACC_PUBLIC,
                class: OBJECT,
            });
            slots.to_vec()
        });
        this.object = Rc::new(Layout {
            slots,
            size: Some(OBJECT_SIZE),
            ..Layout::default()
        });
        this
    }

    /// The slots of `java.lang.Object`, where it is on the class path.
    fn object_slots(&mut self) -> Option<Vec<Slot<'a>>> {
        let (dex, class) = self.find(OBJECT)?;
        let mut slots = Vec::new();
        for method in dex.members(&class).ok()?.methods() {
            let method = method.ok()?;
            self.charge(1)?;
            if method.is_virtual {
                slots.push(Slot {
                    signature: self.signature(&dex, method.index)?,
                    access: method.access,
                    class: OBJECT,
                });
            }
        }
        Some(slots)
    }

    pub(super) fn rules(&self) -> Rules {
        self.rules
    }

    /// The number of a prototype's text.
    pub(super) fn proto(&mut self, text: Vec<u8>) -> u32 {
        let next = u32::try_from(self.protos.len()).unwrap_or(u32::MAX);
        *self.protos.entry(text).or_insert(next)
    }

    /// A name that was read: counts it, and refuses what is too long to be one.
    pub(super) fn name(&mut self, name: Option<&'a [u8]>) -> Option<&'a [u8]> {
        let name = name?;
        self.names = self.names.checked_sub(name.len())?;
        (name.len() <= MAX_NAME).then_some(name)
    }

    /// The number of prototype `i` of `dex`.
    pub(super) fn proto_of(&mut self, dex: &Dex<'a>, i: u32) -> Option<u32> {
        let proto = dex.proto(i)?;
        let mut text = vec![b'('];
        for parameter in proto.parameters.iter() {
            text.extend(self.name(dex.type_descriptor(parameter))?);
        }
        text.push(b')');
        text.extend(self.name(dex.type_descriptor(proto.return_type))?);
        Some(self.proto(text))
    }

    /// Name and prototype of method `i` of `dex`.
    pub(super) fn signature(&mut self, dex: &Dex<'a>, i: u32) -> Option<Signature<'a>> {
        let method = dex.method(i)?;
        Some(Signature {
            proto: self.proto_of(dex, method.proto)?,
            name: self.name(dex.string(method.name))?,
        })
    }

    /// The definition of a class that counts on the device.
    fn find(&self, name: &[u8]) -> Option<(Dex<'a>, ClassDef)> {
        let hidden = self.boot.dexes.is_empty() && is_platform(name);
        self.boot
            .find(name)
            .or_else(|| self.own.find(name).filter(|_| !hidden))
    }

    /// The superclass of a class that is known; `None` for the others and for `java.lang.Object`.
    pub(super) fn superclass(&self, name: &[u8]) -> Option<&'a [u8]> {
        let (dex, class) = self.find(name)?;
        dex.type_descriptor(class.superclass?)
    }

    /// Whether the class is known, and an interface.
    pub(super) fn is_interface(&self, name: &[u8]) -> Option<bool> {
        if name == OBJECT {
            return Some(false);
        }
        Some(self.find(name)?.1.access & ACC_INTERFACE != 0)
    }

    /// The layout of a class, of an array (that of an object) or of an interface (the same); `None` where
    /// something that it depends on is not known.
    pub(super) fn of(&mut self, name: &'a [u8]) -> Option<Rc<Layout<'a>>> {
        if name == OBJECT || name.first() == Some(&b'[') {
            return Some(Rc::clone(&self.object));
        }
        // The superclasses that are not laid out yet, the class itself first.
        let mut missing = Vec::new();
        let mut at = name;
        let mut layout = loop {
            if at == OBJECT {
                break Some(Rc::clone(&self.object));
            }
            if let Some(known) = self.known.get(at) {
                break known.clone();
            }
            let found = self.find(at);
            if found
                .as_ref()
                .is_some_and(|(_, class)| class.access & ACC_INTERFACE != 0)
            {
                break Some(Rc::clone(&self.object));
            }
            missing.push(at);
            let parent = found.and_then(|(dex, class)| dex.type_descriptor(class.superclass?));
            match parent.filter(|_| missing.len() < MAX_DEPTH) {
                Some(parent) => at = parent,
                None => break None,
            }
        };
        while let Some(name) = missing.pop() {
            layout = layout.and_then(|parent| self.lay_out(name, &parent)).map(Rc::new);
            self.known.insert(name, layout.clone());
        }
        layout
    }

    fn lay_out(&mut self, name: &'a [u8], parent: &Layout<'a>) -> Option<Layout<'a>> {
        let (dex, class) = self.find(name)?;
        let members = dex.members(&class).ok()?;
        let mut fields = Vec::new();
        for field in members.fields() {
            let field = field.ok()?;
            self.charge(1)?;
            let id = dex.field(field.index).filter(|_| !field.is_static);
            if let Some(id) = id {
                fields.push(Field {
                    name: self.name(dex.string(id.name))?,
                    type_: self.name(dex.type_descriptor(id.type_))?,
                    offset: 0,
                });
            }
        }
        let mut declared = Vec::new();
        for method in members.methods() {
            let method = method.ok()?;
            self.charge(1)?;
            if method.is_virtual {
                declared.push(Slot {
                    signature: self.signature(&dex, method.index)?,
                    access: method.access,
                    class: name,
                });
            }
        }
        let mut slots = self.override_slots(parent, &declared)?;
        let (interfaces, mut new) = self.interfaces_of(&dex, &class, parent)?;
        if self.rules == Rules::Art7 {
            new.reverse();
        }
        self.add_mirandas(name, &mut slots, &new)?;
        let known = parent
            .size
            .filter(|_| self.rules != Rules::Dalvik || name != CLASS);
        let size = known.map(|start| place(&mut fields, start, self.rules));
        Some(Layout {
            superclass: dex.type_descriptor(class.superclass?),
            slots,
            fields,
            size,
            interfaces,
        })
    }

    /// Counts `n` slots, which are about to be filled.
    fn charge(&mut self, n: usize) -> Option<()> {
        self.budget = self.budget.checked_sub(n)?;
        Some(())
    }

    /// The parent's table with these methods in it: each overrides the first slot that it may, the others
    /// are added.
    fn override_slots(&mut self, parent: &Layout<'a>, declared: &[Slot<'a>]) -> Option<Vec<Slot<'a>>> {
        self.charge(parent.slots.len().saturating_add(declared.len()))?;
        let mut slots = parent.slots.clone();
        let mut open: FxHashMap<Signature<'a>, Slot<'a>> =
            declared.iter().map(|slot| (slot.signature, *slot)).collect();
        for slot in &mut slots {
            let Some(over) = open.get(&slot.signature) else {
                continue;
            };
            if self.rules == Rules::Dalvik || may_override(slot, over) {
                let signature = slot.signature;
                *slot = *over;
                open.remove(&signature);
            }
        }
        slots.extend(
            declared
                .iter()
                .filter(|slot| open.remove(&slot.signature).is_some()),
        );
        Some(slots)
    }

    /// All interfaces of a class, and those of them that its superclass does not have.
    fn interfaces_of(
        &mut self,
        dex: &Dex<'a>,
        class: &ClassDef,
        parent: &Layout<'a>,
    ) -> Option<(Vec<&'a [u8]>, Vec<&'a [u8]>)> {
        let mut all = parent.interfaces.clone();
        let mut new = Vec::new();
        let mut seen: FxHashSet<&[u8]> = all.iter().copied().collect();
        for interface in dex.interfaces(class).ok()?.iter() {
            let name = dex.type_descriptor(interface)?;
            for name in self.with_superinterfaces(name)?.iter() {
                if seen.insert(name) {
                    new.push(*name);
                }
            }
        }
        self.charge(all.len().saturating_add(new.len()))?;
        all.extend(&new);
        Some((all, new))
    }

    /// An interface and its superinterfaces, in the order in which their methods are looked at.
    fn with_superinterfaces(&mut self, name: &'a [u8]) -> Option<Rc<[&'a [u8]]>> {
        let mut open: Vec<(&'a [u8], bool)> = vec![(name, false)];
        let mut path: Vec<&[u8]> = Vec::new();
        while let Some((name, entered)) = open.pop() {
            if self.interfaces.contains_key(name) {
                continue;
            }
            let direct = self.find(name).and_then(|(dex, class)| {
                let list = dex.interfaces(&class).ok()?;
                list.iter()
                    .map(|i| dex.type_descriptor(i))
                    .collect::<Option<Vec<_>>>()
            });
            if !entered {
                let Some(direct) = &direct else {
                    self.interfaces.insert(name, None);
                    continue;
                };
                if path.contains(&name) || path.len() >= MAX_DEPTH {
                    self.interfaces.insert(name, None);
                    continue;
                }
                path.push(name);
                open.push((name, true));
                open.extend(direct.iter().map(|name| (*name, false)));
                continue;
            }
            path.pop();
            let list = direct.and_then(|direct| self.flatten(name, &direct));
            self.interfaces.insert(name, list);
        }
        self.interfaces.get(name)?.clone()
    }

    fn flatten(&mut self, name: &'a [u8], direct: &[&'a [u8]]) -> Option<Rc<[&'a [u8]]>> {
        let mut list = Vec::new();
        let mut seen = FxHashSet::default();
        let superinterfaces_first = self.rules == Rules::Art7;
        if !superinterfaces_first {
            list.push(name);
        }
        for direct in direct {
            let inner = self.interfaces.get(direct)?.clone()?;
            list.extend(inner.iter().filter(|name| seen.insert(**name)));
        }
        if superinterfaces_first {
            list.push(name);
        }
        self.charge(list.len())?;
        Some(list.into())
    }

    /// Adds a slot for each method of the new interfaces that the class neither has nor inherits. A method
    /// with code in an interface makes the order of slots another one: then nothing is known.
    fn add_mirandas(&mut self, class: &'a [u8], slots: &mut Vec<Slot<'a>>, new: &[&'a [u8]]) -> Option<()> {
        let mut seen: Option<FxHashSet<Signature<'a>>> = None;
        for interface in new {
            let (dex, def) = self.find(interface)?;
            for method in dex.members(&def).ok()?.methods() {
                let method = method.ok()?;
                self.charge(1)?;
                if !method.is_virtual {
                    continue;
                }
                if method.access & ACC_ABSTRACT == 0 {
                    return None;
                }
                let signature = self.signature(&dex, method.index)?;
                let seen = seen.get_or_insert_with(|| slots.iter().map(|slot| slot.signature).collect());
                if seen.insert(signature) {
                    slots.push(Slot {
                        signature,
                        access: method.access,
                        class,
                    });
                }
            }
        }
        Some(())
    }
}

/// Whether a class belongs to the platform by its name. Apps bring stand-ins for such classes with members
/// of their own choice; what the device has counts, and is not known without its boot class path.
fn is_platform(name: &[u8]) -> bool {
    const PLATFORM: [&[u8]; 9] = [
        b"Landroid/",
        b"Lcom/android/",
        b"Ldalvik/",
        b"Ljava/",
        b"Ljavax/",
        b"Llibcore/",
        b"Lorg/apache/",
        b"Lorg/json/",
        b"Lsun/",
    ];
    const LIBRARIES: [&[u8]; 2] = [b"Landroid/support/", b"Landroid/arch/"];
    let among = |list: &[&[u8]]| list.iter().any(|prefix| name.starts_with(prefix));
    among(&PLATFORM) && !among(&LIBRARIES)
}

/// Whether ART lets a method override what is in a slot: a method without access of its own is only
/// overridden in its package.
fn may_override(slot: &Slot<'_>, by: &Slot<'_>) -> bool {
    if slot.access & (ACC_PUBLIC | ACC_PROTECTED) != 0 {
        return true;
    }
    slot.access & ACC_PRIVATE == 0 && package(slot.class) == package(by.class)
}

fn package(class: &[u8]) -> &[u8] {
    let end = memchr::memrchr(b'/', class).unwrap_or(0);
    class.get(..end).unwrap_or_default()
}

/// Bytes of a field's value; references have four.
pub(super) fn width(type_: &[u8]) -> u32 {
    match type_.first() {
        Some(b'J' | b'D') => 8,
        Some(b'S' | b'C') => 2,
        Some(b'Z' | b'B') => 1,
        _ => 4,
    }
}

fn is_reference(type_: &[u8]) -> bool {
    matches!(type_.first(), Some(b'L' | b'['))
}

/// Gives the fields of a class their offsets, from `start` on; returns where they end.
fn place(fields: &mut [Field<'_>], start: u32, rules: Rules) -> u32 {
    match rules {
        Rules::Dalvik => place_dalvik(fields, start),
        Rules::Art5 => place_art5(fields, start),
        Rules::Art6 | Rules::Art7 => place_art(fields, start),
    }
}

/// Dalvik moves as few fields as it can: it swaps one that is in the way with the last one that fits.
fn place_dalvik(fields: &mut [Field<'_>], start: u32) -> u32 {
    let is_wide = |field: &Field<'_>| width(field.type_) == 8;
    let mut offset = start;
    let mut next = 0;
    let mut last = fields.len();
    while next < fields.len() {
        if !swap_from_end(fields, next, &mut last, |field| is_reference(field.type_)) {
            break;
        }
        put(fields, next, &mut offset, 4);
        next = next.saturating_add(1);
    }
    if next < fields.len() && offset & 4 != 0 {
        // One narrow field, so that the wide ones are aligned; or nothing.
        let mut last = fields.len();
        if swap_from_end(fields, next, &mut last, |field| !is_wide(field)) {
            put(fields, next, &mut offset, 4);
            next = next.saturating_add(1);
        } else {
            offset = offset.saturating_add(4);
        }
    }
    let mut last = fields.len();
    while next < fields.len() {
        swap_from_end(fields, next, &mut last, is_wide);
        let size = if fields.get(next).is_some_and(is_wide) {
            8
        } else {
            4
        };
        put(fields, next, &mut offset, size);
        next = next.saturating_add(1);
    }
    offset
}

/// Makes field `at` one that `wanted` takes, by a swap with the last such before `last`; whether it is one.
fn swap_from_end(
    fields: &mut [Field<'_>],
    at: usize,
    last: &mut usize,
    wanted: impl Fn(&Field<'_>) -> bool,
) -> bool {
    if fields.get(at).is_some_and(&wanted) {
        return true;
    }
    while let Some(candidate) = last.checked_sub(1).filter(|candidate| *candidate > at) {
        *last = candidate;
        if fields.get(candidate).is_some_and(&wanted) {
            fields.swap(at, candidate);
            return true;
        }
    }
    false
}

fn put(fields: &mut [Field<'_>], at: usize, offset: &mut u32, size: u32) {
    if let Some(field) = fields.get_mut(at) {
        field.offset = *offset;
    }
    *offset = offset.saturating_add(size);
}

/// References, then by size and type; within each in the order of the file, which is by name.
fn sort(fields: &mut [Field<'_>]) {
    let rank = |type_: &[u8]| match type_.first() {
        Some(b'L' | b'[') => 0,
        Some(b'J') => 1,
        Some(b'D') => 2,
        Some(b'I') => 3,
        Some(b'F') => 4,
        Some(b'C') => 5,
        Some(b'S') => 6,
        Some(b'Z') => 7,
        _ => 8,
    };
    fields.sort_by_key(|field| rank(field.type_));
}

/// Android 5: one narrow field goes in front of the wide ones where that aligns them.
fn place_art5(fields: &mut [Field<'_>], start: u32) -> u32 {
    fields.sort_by_key(|field| match is_reference(field.type_) {
        true => 0,
        false if width(field.type_) == 8 => 1,
        false => 2,
    });
    let references = fields.iter().filter(|field| is_reference(field.type_)).count();
    let mut offset = start;
    for at in 0..references {
        put(fields, at, &mut offset, 4);
    }
    let mut next = references;
    if next < fields.len() && offset & 4 != 0 {
        let narrow = fields.iter().skip(next).position(|field| width(field.type_) != 8);
        if let Some(narrow) = narrow {
            if let Some(range) = fields.get_mut(next..=next.saturating_add(narrow)) {
                range.rotate_right(1);
            }
            put(fields, next, &mut offset, 4);
            next = next.saturating_add(1);
        } else {
            offset = offset.saturating_add(4);
        }
    }
    for at in next..fields.len() {
        let size = fields.get(at).map_or(4, |field| width(field.type_).max(4));
        put(fields, at, &mut offset, size);
    }
    offset
}

/// Since Android 6: by size, and what alignment leaves is filled, largest gap first.
fn place_art(fields: &mut [Field<'_>], start: u32) -> u32 {
    sort(fields);
    let mut gaps: Vec<(u32, u32)> = Vec::new();
    let mut offset = start;
    for field in fields {
        let size = width(field.type_);
        let aligned = offset.checked_next_multiple_of(size).unwrap_or(offset);
        if aligned != offset {
            add_gap(&mut gaps, offset, aligned);
            offset = aligned;
        }
        // References are never put into a gap.
        let gap = match is_reference(field.type_) {
            true => None,
            false => widest(&gaps, size),
        };
        match gap.map(|i| gaps.swap_remove(i)) {
            Some((at, wide)) => {
                field.offset = at;
                let (from, to) = (at.saturating_add(size), at.saturating_add(wide));
                add_gap(&mut gaps, from, to);
            }
            None => {
                field.offset = offset;
                offset = offset.saturating_add(size);
            }
        }
    }
    offset
}

/// The widest gap that holds `size` bytes, of those the first.
fn widest(gaps: &[(u32, u32)], size: u32) -> Option<usize> {
    let best = gaps
        .iter()
        .enumerate()
        .max_by_key(|(_, (at, wide))| (*wide, u32::MAX.saturating_sub(*at)));
    best.filter(|(_, (_, wide))| *wide >= size).map(|(i, _)| i)
}

/// Adds what is between two offsets, in pieces that are as wide as they are aligned.
fn add_gap(gaps: &mut Vec<(u32, u32)>, from: u32, to: u32) {
    let mut at = from;
    while at < to {
        let left = to.saturating_sub(at);
        let wide = match () {
            () if left >= 4 && at & 3 == 0 => 4,
            () if left >= 2 && at & 1 == 0 => 2,
            () => 1,
        };
        gaps.push((at, wide));
        at = at.saturating_add(wide);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::dex::build::{ABSTRACT, DexBuilder, INTERFACE, PUBLIC};

    #[track_caller]
    fn check_fields(rules: Rules, start: u32, types: &[&str], expect: &[(&str, u32)], end: u32) {
        let names: Vec<String> = (0..types.len()).map(|i| format!("f{i}")).collect();
        let mut fields: Vec<Field<'_>> = names
            .iter()
            .zip(types)
            .map(|(name, type_)| Field {
                name: name.as_bytes(),
                type_: type_.as_bytes(),
                offset: 0,
            })
            .collect();
        assert_eq!(place(&mut fields, start, rules), end);
        let mut found: Vec<_> = fields
            .iter()
            .map(|field| (std::str::from_utf8(field.name).unwrap(), field.offset))
            .collect();
        found.sort_unstable();
        assert_eq!(found, expect);
    }

    #[test]
    fn dalvik_swaps_references_to_the_front_and_aligns_what_is_wide() {
        check_fields(
            Rules::Dalvik,
            8,
            &["Z", "J", "La;", "I", "[I"],
            // The last reference comes first. The boolean was swapped with it, so it is the last.
            &[("f0", 28), ("f1", 16), ("f2", 12), ("f3", 24), ("f4", 8)],
            32,
        );
        check_fields(Rules::Dalvik, 12, &["J"], &[("f0", 16)], 24);
        check_fields(Rules::Dalvik, 12, &["J", "I"], &[("f0", 16), ("f1", 12)], 24);
    }

    #[test]
    fn android_5_gives_every_field_four_bytes_at_least() {
        check_fields(
            Rules::Art5,
            8,
            &["Z", "J", "La;", "B"],
            &[("f0", 12), ("f1", 16), ("f2", 8), ("f3", 24)],
            28,
        );
    }

    #[test]
    fn android_6_packs_by_size_and_fills_gaps() {
        check_fields(
            Rules::Art6,
            8,
            &["Z", "J", "La;", "B", "S", "I"],
            &[
                ("f0", 26),
                ("f1", 16),
                ("f2", 8),
                ("f3", 27),
                ("f4", 24),
                ("f5", 12),
            ],
            28,
        );
        // A superclass that ends at an odd place leaves gaps of one and two bytes.
        check_fields(
            Rules::Art7,
            13,
            &["Z", "La;", "C", "B", "Z"],
            &[("f0", 13), ("f1", 16), ("f2", 14), ("f3", 21), ("f4", 20)],
            22,
        );
    }

    fn names(layout: &Layout<'_>) -> Vec<String> {
        let own = layout.slots.iter().skip(OBJECT_METHODS.len());
        own.map(|slot| String::from_utf8_lossy(slot.signature.name).into_owned())
            .collect()
    }

    fn hierarchy() -> Vec<u8> {
        let mut dex = DexBuilder::new();
        for (name, methods) in [("LI;", &["i", "over"][..]), ("LJ;", &["j"])] {
            let interface = dex.class(name).access(PUBLIC | INTERFACE | ABSTRACT);
            for method in methods {
                interface.declare(method, "()V", PUBLIC | ABSTRACT);
            }
        }
        dex.class("LJ;").interface("LI;");
        let base = dex.class("La/Base;").access(PUBLIC | ABSTRACT).interface("LJ;");
        base.virtual_method("over", "()V", 1, |m| {
            m.return_void();
        });
        base.method_with("hidden", "()V", 0, 1, |m| {
            m.return_void();
        });
        for (name, superclass) in [
            ("La/Sub;", "La/Base;"),
            ("Lb/Sub;", "La/Base;"),
            ("Lc/Lost;", "Lc/Gone;"),
        ] {
            let class = dex.class(name).superclass(superclass);
            for method in ["hidden", "over", "sub"] {
                class.virtual_method(method, "()V", 1, |m| {
                    m.return_void();
                });
            }
        }
        dex.build()
    }

    #[test]
    fn slots_are_those_of_the_superclass_then_new_ones_then_those_of_interfaces() {
        let bytes = hierarchy();
        let own = ClassPath::new(Dex::open(&bytes).dexes);
        let none = ClassPath::default();
        for (rules, base, sub, other) in [
            (
                Rules::Dalvik,
                &["hidden", "over", "j", "i"][..],
                &["hidden", "over", "j", "i", "sub"][..],
                &["hidden", "over", "j", "i", "sub"][..],
            ),
            (
                Rules::Art6,
                &["hidden", "over", "j", "i"],
                &["hidden", "over", "j", "i", "sub"],
                // Another package cannot override what has no access of its own.
                &["hidden", "over", "j", "i", "hidden", "sub"],
            ),
            (
                Rules::Art7,
                &["hidden", "over", "j", "i"],
                &["hidden", "over", "j", "i", "sub"],
                &["hidden", "over", "j", "i", "hidden", "sub"],
            ),
        ] {
            let mut layouts = Layouts::new(&none, &own, rules);
            assert_eq!(names(&layouts.of(b"La/Base;").unwrap()), base, "{rules:?}");
            assert_eq!(names(&layouts.of(b"La/Sub;").unwrap()), sub, "{rules:?}");
            assert_eq!(names(&layouts.of(b"Lb/Sub;").unwrap()), other, "{rules:?}");
            assert_eq!(names(&layouts.of(b"LI;").unwrap()), [""; 0]);
            assert_eq!(layouts.of(b"[La/Sub;").unwrap().slots.len(), OBJECT_METHODS.len());
            assert!(layouts.of(b"Lc/Lost;").is_none());
            assert!(layouts.of(b"Lc/Gone;").is_none());
        }
    }

    #[test]
    fn the_boot_class_path_counts_first_and_stand_ins_for_it_do_not() {
        let build = |methods: &[&str]| {
            let mut dex = DexBuilder::new();
            let class = dex.class("Landroid/x/C;");
            for method in methods {
                class.virtual_method(method, "()V", 1, |m| {
                    m.return_void();
                });
            }
            dex.build()
        };
        let (app, device) = (build(&["b"]), build(&["a", "b"]));
        let own = ClassPath::new(Dex::open(&app).dexes);
        let boot = ClassPath::new(Dex::open(&device).dexes);
        let none = ClassPath::default();
        assert!(
            Layouts::new(&none, &own, Rules::Art6)
                .of(b"Landroid/x/C;")
                .is_none()
        );
        let layout = Layouts::new(&boot, &own, Rules::Art6).of(b"Landroid/x/C;");
        assert_eq!(names(&layout.unwrap()), ["a", "b"]);
    }

    #[test]
    fn classes_and_interfaces_that_are_their_own_parents_are_not_known() {
        let mut dex = DexBuilder::new();
        dex.class("La;").superclass("Lb;");
        dex.class("Lb;").superclass("La;");
        for (name, parent) in [("LI;", "LJ;"), ("LJ;", "LI;")] {
            dex.class(name)
                .access(PUBLIC | INTERFACE | ABSTRACT)
                .interface(parent);
        }
        dex.class("Lc;").interface("LI;");
        let bytes = dex.build();
        let own = ClassPath::new(Dex::open(&bytes).dexes);
        let none = ClassPath::default();
        let mut layouts = Layouts::new(&none, &own, Rules::Art6);
        assert!(layouts.of(b"La;").is_none());
        assert!(layouts.of(b"Lc;").is_none());
    }
}
