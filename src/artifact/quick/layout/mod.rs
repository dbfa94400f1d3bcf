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

use std::borrow::Cow;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::class_path::{Class, ClassPath, MAX_NAME, MAX_NAMES};
use super::fields::place;
use crate::artifact::dex::Dex;

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
pub(super) const MAX_DEPTH: usize = 256;
/// Ours: slots of all tables together, members and interfaces read. What one app sees of a framework has
/// some hundred thousand.
const MAX_SLOTS: usize = 2 << 20;

const ACC_PUBLIC: u32 = 0x1;

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
    pub(super) access: u32,
    /// The class that defines what is in it.
    pub(super) class: &'a [u8],
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
    pub(super) interfaces: Vec<&'a [u8]>,
}

/// Layouts of the classes of a class path and of one file, computed as they are asked for.
pub(in crate::artifact) struct Layouts<'a> {
    boot: &'a ClassPath,
    own: &'a ClassPath,
    pub(super) rules: Rules,
    known: FxHashMap<&'a [u8], Option<Rc<Layout<'a>>>>,
    pub(super) interfaces: FxHashMap<&'a [u8], Option<Rc<[&'a [u8]]>>>,
    protos: FxHashMap<Cow<'a, [u8]>, u32>,
    object: Rc<Layout<'a>>,
    /// Slots that may still be filled.
    budget: usize,
    /// Bytes of names that may still be read.
    names: usize,
}

impl<'a> Layouts<'a> {
    pub(in crate::artifact) fn new(boot: &'a ClassPath, own: &'a ClassPath, rules: Rules) -> Self {
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
                    proto: this.proto(Cow::Borrowed(proto)),
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
        let class = self.find(OBJECT)?;
        self.declared(OBJECT, &class)
    }

    /// The virtual methods that a class defines itself.
    fn declared(&mut self, name: &'a [u8], class: &Class<'a>) -> Option<Vec<Slot<'a>>> {
        let mut declared = Vec::new();
        for method in class.methods()? {
            self.charge(1)?;
            declared.push(Slot {
                signature: self.signature(method.name, method.proto)?,
                access: method.access,
                class: name,
            });
        }
        Some(declared)
    }

    pub(super) fn rules(&self) -> Rules {
        self.rules
    }

    /// The number of a prototype's text.
    pub(super) fn proto(&mut self, text: Cow<'a, [u8]>) -> u32 {
        let next = u32::try_from(self.protos.len()).unwrap_or(u32::MAX);
        *self.protos.entry(text).or_insert(next)
    }

    /// A name that was read: counts it, and refuses what is too long to be one.
    pub(super) fn name(&mut self, name: Option<&'a [u8]>) -> Option<&'a [u8]> {
        let name = name?;
        // One more, since even nothing takes a step.
        self.names = self.names.checked_sub(name.len().saturating_add(1))?;
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
        Some(self.proto(Cow::Owned(text)))
    }

    /// Name and prototype of a method of a class path.
    pub(super) fn signature(&mut self, name: &'a [u8], proto: &'a [u8]) -> Option<Signature<'a>> {
        self.names = self.names.checked_sub(name.len().saturating_add(proto.len()))?;
        Some(Signature {
            name,
            proto: self.proto(Cow::Borrowed(proto)),
        })
    }

    /// The definition of a class that counts on the device.
    pub(super) fn find(&self, name: &[u8]) -> Option<Class<'a>> {
        let hidden = self.boot.is_empty() && is_platform(name);
        self.boot
            .find(name)
            .or_else(|| self.own.find(name).filter(|_| !hidden))
    }

    /// The superclass of a class that is known; `None` for the others and for `java.lang.Object`.
    pub(super) fn superclass(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.find(name)?.superclass()
    }

    /// Whether the class is known, and an interface.
    pub(super) fn is_interface(&self, name: &[u8]) -> Option<bool> {
        if name == OBJECT {
            return Some(false);
        }
        Some(self.find(name)?.is_interface())
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
            if found.is_some_and(|class| class.is_interface()) {
                break Some(Rc::clone(&self.object));
            }
            missing.push(at);
            let parent = found.and_then(|class| class.superclass());
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
        let class = self.find(name)?;
        let mut fields = Vec::new();
        for (name, type_) in class.fields()? {
            self.charge(1)?;
            fields.push(Field {
                name,
                type_,
                offset: 0,
            });
        }
        let declared = self.declared(name, &class)?;
        let mut slots = self.override_slots(parent, &declared)?;
        let (interfaces, mut new) = self.interfaces_of(&class, parent)?;
        if self.rules == Rules::Art7 {
            new.reverse();
        }
        self.add_mirandas(name, &mut slots, &new)?;
        let known = parent
            .size
            .filter(|_| self.rules != Rules::Dalvik || name != CLASS);
        let size = known.map(|start| place(&mut fields, start, self.rules));
        Some(Layout {
            superclass: Some(class.superclass()?),
            slots,
            fields,
            size,
            interfaces,
        })
    }

    /// Counts `n` slots, which are about to be filled.
    pub(super) fn charge(&mut self, n: usize) -> Option<()> {
        self.budget = self.budget.checked_sub(n)?;
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

#[cfg(test)]
mod tests;
