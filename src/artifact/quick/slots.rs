//! The table of virtual methods of a class.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::class_path::Class;
use super::layout::{Layout, Layouts, MAX_DEPTH, Rules, Signature, Slot};

const ACC_PUBLIC: u32 = 0x1;
const ACC_PRIVATE: u32 = 0x2;
const ACC_PROTECTED: u32 = 0x4;
const ACC_ABSTRACT: u32 = 0x400;

impl<'a> Layouts<'a> {
    /// The parent's table with these methods in it: each overrides the first slot that it may, the others
    /// are added.
    pub(super) fn override_slots(
        &mut self,
        parent: &Layout<'a>,
        declared: &[Slot<'a>],
    ) -> Option<Vec<Slot<'a>>> {
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
    pub(super) fn interfaces_of(
        &mut self,
        class: &Class<'a>,
        parent: &Layout<'a>,
    ) -> Option<(Vec<&'a [u8]>, Vec<&'a [u8]>)> {
        let mut all = parent.interfaces.clone();
        let mut new = Vec::new();
        let mut seen: FxHashSet<&[u8]> = all.iter().copied().collect();
        for name in class.interfaces()? {
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
            let class = self.find(name);
            let direct = class.and_then(|class| Some(class.interfaces()?.collect::<Vec<_>>()));
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
    pub(super) fn add_mirandas(
        &mut self,
        class: &'a [u8],
        slots: &mut Vec<Slot<'a>>,
        new: &[&'a [u8]],
    ) -> Option<()> {
        let mut seen: Option<FxHashSet<Signature<'a>>> = None;
        for interface in new {
            for method in self.find(interface)?.methods()? {
                self.charge(1)?;
                if method.access & ACC_ABSTRACT == 0 {
                    return None;
                }
                let signature = self.signature(method.name, method.proto)?;
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
