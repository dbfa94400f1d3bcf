//! A node of an extent tree: its header and its entries, and what they must obey.

use std::ops::Range;

use super::super::{NAME, wide};
use crate::bytes::{Cursor, Gap};

/// `eh_magic`.
const MAGIC: u16 = 0xf30a;
/// Levels of an extent tree, as the kernel has it.
const DEEPEST: u16 = 5;
/// Bytes of a header, and of an entry.
pub(super) const ENTRY: usize = 12;
/// From here on, `ee_len` counts blocks that were reserved and not written: zeros.
const UNWRITTEN: u16 = 0x8000;

/// An entry of a node: blocks of the file, and the block that has them or leads to them.
pub(super) struct Entry {
    pub(super) range: Range<u64>,
    pub(super) block: u64,
    pub(super) written: bool,
    /// Where it is, in bytes of the image.
    pub(super) at: u64,
}

/// The entries of a node, and the levels below it. What breaks a rule spoils the whole node, as it does
/// for the kernel.
pub(super) fn entries(
    node: &[u8],
    at: u64,
    range: Range<u64>,
    depth: Option<u16>,
) -> Result<(u16, Vec<Entry>), Gap> {
    let (count, depth) = header(node, at, depth)?;
    let entries = node.get(ENTRY..).unwrap_or_default();
    let entries = entries.chunks_exact(ENTRY).take(count);
    let found = if depth == 0 {
        leaves(entries, at, range)?
    } else {
        branches(entries, at, range, depth)?
    };
    Ok((depth, found))
}

/// A node's header: the number of its entries, and levels below it.
fn header(node: &[u8], at: u64, expect: Option<u16>) -> Result<(usize, u16), Gap> {
    let bad = |field: u64, what: &'static str, got: u16| {
        Err(Gap::invalid(NAME, at.saturating_add(field), what, got.into()))
    };
    let mut c = Cursor::new(NAME, node);
    let magic = c.u16("eh_magic")?;
    if magic != MAGIC {
        return bad(0, "eh_magic", magic);
    }
    let entries = c.u16("eh_entries")?;
    let most = c.u16("eh_max")?;
    let room = node.len().saturating_sub(ENTRY) / ENTRY;
    if entries > most || usize::from(entries) > room {
        return bad(2, "eh_entries", entries);
    }
    let depth = c.u16("eh_depth")?;
    if depth > DEEPEST || expect.is_some_and(|expect| depth != expect) {
        return bad(6, "eh_depth", depth);
    }
    Ok((entries.into(), depth))
}

/// The entries of a leaf, which must be in order, without overlaps, and within `range`.
fn leaves<'a>(
    entries: impl Iterator<Item = &'a [u8]>,
    at: u64,
    range: Range<u64>,
) -> Result<Vec<Entry>, Gap> {
    let mut found = Vec::new();
    let (mut free, mut at) = (range.start, at);
    for entry in entries {
        at = at.saturating_add(wide(ENTRY));
        let mut c = Cursor::new(NAME, entry);
        let first = u64::from(c.u32("ee_block")?);
        let len = c.u16("ee_len")?;
        let high = c.u16("ee_start_hi")?;
        let low = c.u32("ee_start_lo")?;
        let written = len <= UNWRITTEN;
        let count = if written { len } else { len & !UNWRITTEN };
        let end = first.saturating_add(count.into());
        if count == 0 || end > range.end {
            return Err(Gap::invalid(NAME, at.saturating_add(4), "ee_len", len.into()));
        }
        if first < free {
            return Err(Gap::invalid(NAME, at, "ee_block", first));
        }
        free = end;
        found.push(Entry {
            range: first..end,
            block: u64::from(low) | (u64::from(high) << 32),
            written,
            at,
        });
    }
    Ok(found)
}

/// The entries of an index node: each is about the blocks up to the next.
fn branches<'a>(
    entries: impl Iterator<Item = &'a [u8]>,
    at: u64,
    range: Range<u64>,
    depth: u16,
) -> Result<Vec<Entry>, Gap> {
    let mut found: Vec<Entry> = Vec::new();
    let (mut free, mut at) = (range.start, at);
    for entry in entries {
        at = at.saturating_add(wide(ENTRY));
        let mut c = Cursor::new(NAME, entry);
        let first = u64::from(c.u32("ei_block")?);
        let low = c.u32("ei_leaf_lo")?;
        let high = c.u16("ei_leaf_hi")?;
        if first < free || first >= range.end {
            return Err(Gap::invalid(NAME, at, "ei_block", first));
        }
        free = first.saturating_add(1);
        if let Some(last) = found.last_mut() {
            last.range.end = first;
        }
        found.push(Entry {
            range: first..range.end,
            block: u64::from(low) | (u64::from(high) << 32),
            written: true,
            at,
        });
    }
    if found.is_empty() {
        return Err(Gap::invalid(NAME, at.saturating_add(6), "eh_depth", depth.into()));
    }
    Ok(found)
}
