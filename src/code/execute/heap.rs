//! Objects and static fields while code is executed, and how what one call did is undone.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::package::{count, index};
use super::Stop;
use super::charset::Charset;
use super::cipher::{Cipher, Digest};

/// Ours: bytes of what one call allocates. A table of texts has some 50 KiB.
const MAX_HEAP: usize = 256 << 10;
/// Ours: bytes that the initialisers of one package leave behind.
const MAX_KEPT: usize = 4 << 20;
/// Bytes that an object costs beside what is in it.
const OBJECT: usize = 32;

/// What a register, a field or an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// Not known. What is done with it is not known either; no branch is taken on it.
    Unknown,
    /// A number of 32 bits or fewer, a boolean; 0 is `null`, too.
    Int(i32),
    Long(i64),
    /// An object, by number.
    Ref(u32),
}

/// A field by file and index, where its class is defined.
pub(super) type FieldKey = (u16, u32);

#[derive(Debug, Clone)]
pub(super) enum Object {
    /// UTF-16 units.
    Text(Rc<[u16]>),
    Builder(Vec<u16>),
    /// An array of numbers: the letter of their type, and each as that type has it.
    Numbers(u8, Vec<i64>),
    /// An array of objects.
    Refs(Vec<Slot>),
    /// An object of the package's own class, by its number.
    Instance(u32, Vec<(FieldKey, Slot)>),
    /// A number in an object, with the letter of its type.
    Boxed(u8, Slot),
    Charset(Charset),
    /// The bytes of a key, and of an IV.
    Key(Rc<[u8]>),
    Iv(Rc<[u8]>),
    Cipher(Cipher),
    Digest(Digest),
    /// A `ByteArrayOutputStream`, and what was written.
    Stream(Vec<u8>),
    /// A decoder of Base64, and whether it is for URLs.
    Decoder(bool),
    /// A text (or else a builder) whose constructor has not run.
    Fresh(bool),
    /// Nothing is known of what it holds.
    Opaque,
}

impl Object {
    fn size(&self) -> usize {
        let inner = match self {
            Self::Text(units) => units.len().saturating_mul(2),
            Self::Builder(units) => units.len().saturating_mul(2),
            Self::Numbers(_, cells) => cells.len().saturating_mul(8),
            Self::Refs(slots) => slots.len().saturating_mul(size_of::<Slot>()),
            Self::Instance(_, fields) => fields.len().saturating_mul(size_of::<(FieldKey, Slot)>()),
            Self::Key(bytes) | Self::Iv(bytes) => bytes.len(),
            Self::Cipher(cipher) => cipher.size(),
            Self::Digest(digest) => digest.data.len(),
            Self::Stream(bytes) => bytes.len(),
            _ => 0,
        };
        inner.saturating_add(OBJECT)
    }
}

/// All objects. Those of initialisers stay; what a call does to them is undone when it ends.
#[derive(Debug, Default)]
pub(super) struct Heap {
    objects: Vec<Object>,
    statics: FxHashMap<FieldKey, Slot>,
    /// Objects that stay.
    kept: usize,
    /// Bytes of them.
    kept_bytes: usize,
    /// What objects and static fields were before this call.
    changed: Vec<(u32, Object)>,
    touched: FxHashSet<u32>,
    set: Vec<(FieldKey, Option<Slot>)>,
    /// Bytes that this call may still allocate.
    left: usize,
}

impl Heap {
    /// Begins a call.
    pub(super) fn begin(&mut self) {
        self.left = MAX_HEAP;
    }

    /// Ends a call: all is as it was.
    pub(super) fn undo(&mut self) {
        while let Some((at, object)) = self.changed.pop() {
            if let Some(slot) = self.objects.get_mut(index(at)) {
                *slot = object;
            }
        }
        while let Some((key, slot)) = self.set.pop() {
            match slot {
                Some(slot) => self.statics.insert(key, slot),
                None => self.statics.remove(&key),
            };
        }
        self.touched.clear();
        self.objects.truncate(self.kept);
    }

    /// Ends an initialiser: what it did stays, unless there is too much of it.
    pub(super) fn keep(&mut self) -> bool {
        let bytes = self.kept_bytes.saturating_add(MAX_HEAP.saturating_sub(self.left));
        if bytes > MAX_KEPT {
            self.undo();
            return false;
        }
        self.kept_bytes = bytes;
        self.kept = self.objects.len();
        self.changed.clear();
        self.touched.clear();
        self.set.clear();
        true
    }

    /// Takes bytes of what may be allocated.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), Stop> {
        self.left = self.left.checked_sub(bytes).ok_or(Stop::Unknown)?;
        Ok(())
    }

    pub(super) fn allocate(&mut self, object: Object) -> Result<Slot, Stop> {
        self.charge(object.size())?;
        Ok(self.push(object))
    }

    fn push(&mut self, object: Object) -> Slot {
        self.objects.push(object);
        Slot::Ref(count(self.objects.len()).saturating_sub(1))
    }

    /// An array of zeros, or of `null`; charged before it is made.
    pub(super) fn array(&mut self, letter: u8, len: i32) -> Result<Slot, Stop> {
        let len = usize::try_from(len).map_err(|_| Stop::Unknown)?;
        // Nothing larger fits, so nothing larger is asked for.
        if len > MAX_HEAP {
            return Err(Stop::Unknown);
        }
        self.charge(len.saturating_mul(size_of::<Slot>()).saturating_add(OBJECT))?;
        let object = match letter {
            b'L' | b'[' => Object::Refs(vec![Slot::Int(0); len]),
            letter => Object::Numbers(letter, vec![0; len]),
        };
        Ok(self.push(object))
    }

    pub(super) fn text(&mut self, units: &[u16]) -> Result<Slot, Stop> {
        self.charge(units.len().saturating_mul(2).saturating_add(OBJECT))?;
        Ok(self.push(Object::Text(units.into())))
    }

    pub(super) fn get(&self, slot: Slot) -> Option<&Object> {
        match slot {
            Slot::Ref(at) => self.objects.get(index(at)),
            _ => None,
        }
    }

    /// An object that is about to change.
    pub(super) fn get_mut(&mut self, slot: Slot) -> Result<&mut Object, Stop> {
        let Slot::Ref(at) = slot else {
            return Err(Stop::Unknown);
        };
        if index(at) < self.kept && self.touched.insert(at) {
            let old = self.objects.get(index(at)).cloned().ok_or(Stop::Unknown)?;
            self.charge(old.size())?;
            self.changed.push((at, old));
        }
        self.objects.get_mut(index(at)).ok_or(Stop::Unknown)
    }

    /// Forgets what objects hold, and those that they lead to: somebody else had them.
    pub(super) fn forget(&mut self, slots: &[Slot]) -> Result<(), Stop> {
        let mut waiting = slots.to_vec();
        while let Some(slot) = waiting.pop() {
            match self.get(slot) {
                Some(Object::Refs(inner)) => waiting.extend(inner),
                Some(Object::Instance(_, fields)) => waiting.extend(fields.iter().map(|(_, slot)| *slot)),
                Some(
                    Object::Numbers(..)
                    | Object::Builder(_)
                    | Object::Fresh(_)
                    | Object::Cipher(_)
                    | Object::Digest(_)
                    | Object::Stream(_),
                ) => {}
                _ => continue,
            }
            *self.get_mut(slot)? = Object::Opaque;
        }
        Ok(())
    }

    pub(super) fn field(&self, key: FieldKey) -> Option<Slot> {
        self.statics.get(&key).copied()
    }

    pub(super) fn set_field(&mut self, key: FieldKey, slot: Slot) {
        let old = self.statics.insert(key, slot);
        self.set.push((key, old));
    }
}
