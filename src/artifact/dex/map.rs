//! The map: what kinds of items are where.
//!
//! Spec: *Dalvik executable format*, "map_list". Nothing but call sites and method handles is found
//! through it, and kinds that are not known are passed over: device makers' tools add some. It says twice
//! what the header says once, though, so a file that was changed by hand disagrees with its map.

use crate::bytes::Gap;

use super::{Dex, FORMAT, Section, count, size, wide};

/// Ours: entries that are looked at. There are two dozen kinds, each is there once at most.
const MAX_ENTRIES: usize = 256;

/// `map_item`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// `TYPE_*`
    pub(super) kind: u16,
    /// Number of items.
    pub(super) size: u32,
    /// Bytes to the first one.
    pub(super) off: u32,
}

/// The entries of `map_list`.
pub(super) fn entries<'a>(dex: &Dex<'a>) -> Result<impl Iterator<Item = Entry> + use<'a>, Gap> {
    let off = dex.header().map_off;
    let at = u64::from(off);
    let rest = dex
        .data()
        .get(size(off)..)
        .filter(|_| off != 0)
        .unwrap_or_default();
    let Some((len, rest)) = rest.split_first_chunk::<4>() else {
        return Err(Gap::truncated(FORMAT, at, "map_list", 4, wide(rest.len())));
    };
    let need = size(u32::from_le_bytes(*len)).saturating_mul(12);
    let Some(items) = rest.get(..need) else {
        return Err(Gap::truncated(
            FORMAT,
            at,
            "map_list",
            wide(need),
            wide(rest.len()),
        ));
    };
    let items = items.as_chunks::<12>().0.iter().take(MAX_ENTRIES);
    Ok(items.map(|&[a, b, _, _, e, f, g, h, i, j, k, l]| Entry {
        kind: u16::from_le_bytes([a, b]),
        size: u32::from_le_bytes([e, f, g, h]),
        off: u32::from_le_bytes([i, j, k, l]),
    }))
}

/// Notes where the map is against itself, the header or the classes.
pub(super) fn check(dex: &Dex<'_>, gaps: &mut Vec<Gap>) {
    let entries = match entries(dex) {
        Ok(entries) => entries,
        Err(gap) => return gaps.push(gap),
    };
    let h = dex.header();
    let at = u64::from(h.map_off);
    let tables: [(u16, Section, &'static str); 6] = [
        (1, h.string_ids, "map_list: string_id_item"),
        (2, h.type_ids, "map_list: type_id_item"),
        (3, h.proto_ids, "map_list: proto_id_item"),
        (4, h.field_ids, "map_list: field_id_item"),
        (5, h.method_ids, "map_list: method_id_item"),
        (6, h.class_defs, "map_list: class_def_item"),
    ];
    let mut found = [0_u32; 6];
    let mut class_data = 0_u32;
    let mut last = None;
    let mut odd = |right: bool, what: &'static str, got: u64| {
        if !right {
            gaps.push(Gap::odd(FORMAT, at, what, got));
        }
    };
    // In a compact dex offsets of tables and of items count from two places.
    let compact = h.compact.is_some();
    for entry in entries {
        odd(
            compact || last < Some(entry.off),
            "map_list: offset out of order",
            u64::from(entry.off),
        );
        last = Some(entry.off);
        let known = matches!(entry.kind, 0..=8 | 0x1000..=0x1003 | 0x2000..=0x2006 | 0xf000);
        odd(known, "map_list: unknown type", u64::from(entry.kind));
        if entry.kind == 0x2000 {
            class_data = entry.size;
        }
        for ((kind, section, what), found) in tables.iter().zip(&mut found) {
            if entry.kind == *kind {
                *found = entry.size;
                odd(
                    entry.off == section.off || section.size == 0,
                    what,
                    u64::from(entry.off),
                );
            }
        }
    }
    for ((_, section, what), found) in tables.iter().zip(found) {
        odd(section.size == found, what, u64::from(found));
    }
    // In a container each header has a map of its own, but the data may be in one for all.
    if !h.in_container() && !compact {
        let with_data = count(dex.classes().filter(|class| class.class_data_off != 0).count());
        odd(
            class_data == with_data,
            "map_list: class_data_item",
            u64::from(class_data),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::DexBuilder;
    use super::*;

    #[track_caller]
    fn check_change(change: impl FnOnce(&mut [u8], usize), expect: &[&str]) {
        let mut dex = DexBuilder::new();
        dex.class("La;").instance_field("f", "I");
        let mut bytes = dex.build();
        let map = size(Dex::open(&bytes).dexes[0].header().map_off);
        change(&mut bytes, map);
        let mut gaps = Vec::new();
        super::check(&Dex::open(&bytes).dexes[0], &mut gaps);
        let found: Vec<_> = gaps.iter().map(|gap| gap.what.as_ref()).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_sound_map_agrees_with_the_header() {
        check_change(|_, _| {}, &[]);
    }

    #[test]
    fn a_class_whose_members_were_unlinked_is_noted() {
        check_change(
            |bytes, _| {
                let class_defs = u32::from_le_bytes(bytes[0x64..0x68].try_into().unwrap());
                let at = size(class_defs).saturating_add(24);
                bytes[at..][..4].fill(0);
            },
            &["map_list: class_data_item"],
        );
    }

    #[test]
    fn classes_that_the_header_hides_are_noted() {
        check_change(
            |bytes, _| bytes[0x60..0x64].fill(0),
            &["map_list: class_def_item", "map_list: class_data_item"],
        );
    }

    #[test]
    fn an_unknown_kind_is_noted_once() {
        check_change(
            |bytes, map| bytes[map.saturating_add(4)] = 0x77,
            &["map_list: unknown type"],
        );
    }
}
