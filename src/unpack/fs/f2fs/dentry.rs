//! Entries of directories.

use crate::bytes::{Cursor, Gap};

use super::{BLOCK, NAME, wide};

/// Bytes of an entry, and of a slot for eight bytes of a name.
const ENTRY: usize = 11;
const SLOT: usize = 8;
/// Entries of a block (`NR_DENTRY_IN_BLOCK`).
const IN_BLOCK: usize = 214;
/// Longest name.
const LONGEST: usize = 255;

/// Names and inode numbers. A gap, which is at an offset in the area, is the last.
pub(super) struct Dentries<'a> {
    bitmap: &'a [u8],
    entries: &'a [u8],
    names: &'a [u8],
    /// Slots.
    count: usize,
    next: usize,
}

/// The entries of a block.
pub(super) fn block(area: &[u8]) -> Dentries<'_> {
    let area = area.get(..usize::try_from(BLOCK).unwrap_or(0)).unwrap_or(area);
    Dentries::new(area, IN_BLOCK)
}

/// The entries in an inode: as many as have room.
pub(super) fn inline(area: &[u8]) -> Dentries<'_> {
    let count = area.len().saturating_mul(8) / ((ENTRY + SLOT) * 8 + 1);
    Dentries::new(area, count)
}

impl<'a> Dentries<'a> {
    /// A bit for each slot, what is left over, the entries, the slots.
    fn new(area: &'a [u8], count: usize) -> Self {
        let names = area.len().saturating_sub(count.saturating_mul(SLOT));
        let entries = names.saturating_sub(count.saturating_mul(ENTRY));
        let (bitmap, rest) = area.split_at_checked(entries).unwrap_or_default();
        let (entries, names) = rest
            .split_at_checked(count.saturating_mul(ENTRY))
            .unwrap_or_default();
        Self {
            bitmap,
            entries,
            names,
            count,
            next: 0,
        }
    }
}

impl<'a> Iterator for Dentries<'a> {
    type Item = Result<(&'a [u8], u32), Gap>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.next < self.count {
            let slot = self.next;
            self.next = slot.saturating_add(1);
            let bits = self.bitmap.get(slot >> 3).copied().unwrap_or(0);
            if bits >> (slot & 7) & 1 == 0 {
                continue;
            }
            let at = slot.saturating_mul(ENTRY);
            let mut c = Cursor::at(NAME, self.entries, at);
            let mut fields = || {
                c.u32("hash_code")?;
                Ok((c.u32("ino")?, usize::from(c.u16("name_len")?)))
            };
            let (number, len) = match fields() {
                Ok(fields) => fields,
                Err(gap) => return Some(Err(gap)),
            };
            if len == 0 {
                // Left behind by an old kernel, which today's passes over.
                continue;
            }
            let slots = len.div_ceil(SLOT);
            let start = slot.saturating_mul(SLOT);
            let name = self.names.get(start..start.saturating_add(len));
            let Some(name) = name.filter(|_| len <= LONGEST) else {
                self.next = self.count;
                let at = self.bitmap.len().saturating_add(at).saturating_add(8);
                return Some(Err(Gap::invalid(NAME, wide(at), "name_len", wide(len))));
            };
            self.next = slot.saturating_add(slots);
            return Some(Ok((name, number)));
        }
        None
    }
}
