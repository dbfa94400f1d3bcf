//! Optimised instructions, written back as they were.
//!
//! Spec: AOSP `art/runtime/dex_to_dex_decompiler.cc` and `quicken_info.h` (Android 8.0 to 11). ART replaces
//! the field or method of an instruction by what it found: the offset in the object, the slot in the table
//! of virtual methods. It keeps the opcode's kind and all registers, so the original is the same length and
//! can be put back in place, given the index. The index is in a table of the vdex.

mod class_path;
mod fields;
mod form;
mod info;
mod kind;
mod layout;
mod restore;
mod slots;
mod types;

pub use class_path::ClassPath;
pub use form::is_form_of;
pub(super) use info::{Info, leb};
use kind::Kind;
pub(super) use kind::needs_classes;
pub(super) use layout::{Layouts, Rules};
pub use restore::Restored;
pub(super) use restore::Restorer;

/// What an instruction was: opcode and index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Real {
    op: u8,
    index: u32,
}

/// Code units in bytes.
fn bytes(pc: u32) -> usize {
    usize::try_from(pc).unwrap_or(usize::MAX).saturating_mul(2)
}
