//! Block-based OTA: `P.transfer.list` beside `P.new.dat` is the image of the partition P.
//!
//! Spec: see [`transfer`]; the names, AOSP `build/tools/releasetools/common.py` (`BlockDifference`): new data
//! as it is, or brotli in `P.new.dat.br` since Android 8. Not from AOSP: other packings, parts
//! `P.new.dat.0`, `.1` … to be put one after another (some before, some after packing), and a number
//! before the ending where a package holds one partition for several carriers (`my_x.00011011.new.dat.br`).
//!
//! New data that is stored is read in place; what is packed decodes from its start only, and is decoded
//! once.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use crate::bytes::{Blob, Budget, Fill, Gap};

use super::super::leaf::Data;
use super::super::registry::{Entry, Format, Listing};
use super::super::serial::Packing;
use super::apply::{Inputs, apply};
use super::dynamic::{self, LIST};
use super::old::{self, Old, SCRIPT};
use super::transfer::{self, BLOCK, NAME, Transfer};
use super::{Joined, concat, number, packing, split_path, wide};

/// Block-based OTAs. No file is one: the set of files in a container is, see [`super::join`].
pub(in crate::unpack) struct BlockOta;

/// What blocks are called that are made from those of an old build, where it is not there.
const OLD: &str = "blocks made from those of the old build, see --base";
/// Ours: bytes of a list. The largest met has 5 KB; changes have some hundred bytes for each file.
const LARGEST: u64 = 16 << 20;

impl Format for BlockOta {
    fn name(&self) -> &'static str {
        NAME
    }

    fn about(&self) -> &'static str {
        "block-based OTA, versions 1 to 4: transfer list and new data, also packed or in parts; changes of an old build with --base"
    }

    fn sniff(&self, _: &[u8]) -> bool {
        false
    }

    fn endings(&self) -> &'static [&'static str] {
        &[]
    }

    fn list(&self, _: &Blob, _: &str, _: &Budget) -> Listing {
        Listing::default()
    }
}

/// What is behind `P.new.dat` in a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    /// `.N`: one of several parts.
    part: bool,
    /// `.br.N`: packed before it was cut, so that the parts are one stream.
    together: bool,
    packing: Packing,
}

/// Where the new data may be: by form, parts by their number.
type Forms = BTreeMap<Form, BTreeMap<u32, usize>>;

/// The files of one partition, by their indices.
pub(super) struct Set {
    /// Path of the image.
    name: String,
    list: usize,
    patch: Option<usize>,
    script: Option<usize>,
    /// The sizes of dynamic partitions.
    sizes: Option<usize>,
    new: Forms,
}

impl Set {
    /// The image, or why there is none.
    pub(super) fn join(&self, entries: &[Entry], budget: &Budget) -> Joined {
        let mut joined = Joined {
            name: self.name.clone(),
            ..Joined::default()
        };
        let missing = || Gap::truncated(NAME, 0, "transfer list", 1, 0);
        let list = entries.get(self.list).ok_or_else(missing);
        let text = list.and_then(|list| text(&list.data, "transfer list", &mut joined, budget));
        let transfer = match text.and_then(|text| transfer::read(&text)) {
            Ok(transfer) => transfer,
            Err(gap) => {
                joined.remark(gap, 0);
                return joined;
            }
        };
        let need = transfer.new.saturating_mul(BLOCK);
        let new = self.new_data(entries, need, &mut joined, budget);
        let have = new.blob.len();
        let short = || Gap::truncated(NAME, have, "new data", need, have);
        let end = new.end.clone().unwrap_or_else(short);
        if have < need || new.end.is_some() {
            joined.remark(end.clone(), need.saturating_sub(have));
        } else if have > need && transfer.broken.is_none() {
            let more = have.saturating_sub(need);
            joined.remark(Gap::odd(NAME, need, "new data after the last command", more), 0);
        }
        let old = self.old(&transfer, entries, &mut joined, budget);
        // With an old image, what no command writes stays as it was.
        let missing = match (&old, transfer.old) {
            (None, Some((blocks, at))) => Some(Gap::unsupported(NAME, at, OLD, blocks)),
            _ => None,
        };
        let size = old.is_some().then(|| self.size(entries, &mut joined, budget));
        let patch = self.patch_data(&transfer, old.is_some(), entries, &mut joined, budget);
        let (is_there, blocks) = (old.is_some(), transfer.blocks);
        let laid = apply(&Inputs {
            transfer: &transfer,
            new: &new.blob,
            end: &end,
            patch,
            old,
            size: size.flatten(),
            missing: missing.clone(),
            budget,
        });
        let mut lost = laid.lost;
        for gap in &transfer.gaps {
            joined.remark(gap.clone(), std::mem::take(&mut lost));
        }
        for (gap, lost) in laid.faults {
            joined.remark(gap, lost);
        }
        if let Some(gap) = missing {
            let lost = |fill: &Fill| matches!(fill, Fill::Lost(why) if *why == gap);
            let lost = laid.image.sum(lost);
            joined.remark(gap, lost);
        }
        if blocks == 0 && !is_there && joined.remarks.is_empty() {
            // The partition is as it was.
            joined.remark(Gap::unsupported(NAME, 0, OLD, 0), 0);
        }
        if (blocks == 0 || (have == 0 && need > 0)) && !is_there {
            return joined;
        }
        joined.image = Some(laid.image.into_blob());
        joined.entries = new.entries;
        joined.entries.push(self.list);
        let idle = |patch: &usize| entries.get(*patch).is_some_and(|entry| entry.size == 0);
        joined
            .entries
            .extend(self.patch.filter(|patch| idle(patch) || transfer.old.is_some()));
        joined
    }

    /// The image that is changed: of `--base`, by the partition's name.
    fn old(
        &self,
        transfer: &Transfer,
        entries: &[Entry],
        joined: &mut Joined,
        budget: &Budget,
    ) -> Option<Arc<Old>> {
        let name = split_path(&self.name).1.strip_suffix(".img")?;
        let blob = budget.base.get(name)?;
        let mut sums = Vec::new();
        if let Some(script) = self.script.and_then(|script| entries.get(script)) {
            match text(&script.data, "updater-script", joined, budget) {
                Ok(script) => sums = old::sums(&String::from_utf8_lossy(&script), name, blob.len()),
                Err(gap) => joined.remark(gap, 0),
            }
        }
        // A full package changes nothing, and checks nothing before it starts.
        let changes = transfer.old.is_some() || transfer.blocks == 0 || !sums.is_empty();
        changes.then(|| Old::new(blob.clone(), sums))
    }

    /// What the partition is resized to.
    fn size(&self, entries: &[Entry], joined: &mut Joined, budget: &Budget) -> Option<u64> {
        let name = split_path(&self.name).1.strip_suffix(".img")?;
        let list = self.sizes.and_then(|list| entries.get(list))?;
        match text(&list.data, LIST, joined, budget) {
            Ok(text) => dynamic::size(&String::from_utf8_lossy(&text), name),
            Err(gap) => {
                joined.remark(gap, 0);
                None
            }
        }
    }

    /// The patches of all commands, where they are wanted.
    fn patch_data(
        &self,
        transfer: &Transfer,
        wanted: bool,
        entries: &[Entry],
        joined: &mut Joined,
        budget: &Budget,
    ) -> Blob {
        let entry = self.patch.and_then(|patch| entries.get(patch));
        let Some(entry) = entry.filter(|_| wanted && transfer.old.is_some()) else {
            return Blob::from(Vec::new());
        };
        let (mut blobs, cut) = joined.open(NAME, &[&entry.data], Packing::Plain, u64::MAX, budget);
        if let Some(gap) = cut {
            joined.remark(gap, 0);
        }
        blobs.pop().unwrap_or_else(|| Blob::from(Vec::new()))
    }

    /// The new data: `need` bytes, and one more if there is more.
    fn new_data(&self, entries: &[Entry], need: u64, joined: &mut Joined, budget: &Budget) -> New {
        let mut new = New::default();
        let size = |i: &usize| entries.get(*i).map_or(0, |entry| entry.size);
        let empty = |parts: &BTreeMap<u32, usize>| parts.values().all(|i| size(i) == 0);
        let most = |(form, parts): &(&Form, &BTreeMap<u32, usize>)| {
            // As it is before what was unpacked from it; all parts before some.
            (!empty(parts), !form.part, parts.len(), std::cmp::Reverse(**form))
        };
        let Some((form, parts)) = self.new.iter().max_by_key(most) else {
            return new;
        };
        let mut from: Vec<usize> = parts.values().copied().collect();
        let mut until = from.len();
        if !form.part && form.packing == Packing::Plain {
            // A file as it is and parts may be one after another, or the parts were put together already.
            let more = self.new.get(&Form { part: true, ..*form });
            let given = from.iter().map(size).fold(0, u64::saturating_add);
            if let Some(more) = more.filter(|_| given < need) {
                from.extend(more.values().copied());
                until = until.saturating_add(whole(more, &mut new.end));
            }
        } else if form.part {
            until = whole(parts, &mut new.end);
        }
        new.entries.clone_from(&from);
        from.truncate(until);
        let data: Vec<&Data> = from
            .iter()
            .filter_map(|i| entries.get(*i))
            .map(|entry| &entry.data)
            .collect();
        let enough = need.saturating_add(1);
        let (blobs, cut) = if form.together {
            let (raw, cut) = joined.open(NAME, &data, Packing::Plain, u64::MAX, budget);
            let raw = Data::Plain(concat(NAME, raw));
            let (blobs, end) = joined.open(NAME, &[&raw], form.packing, enough, budget);
            (blobs, cut.or(end))
        } else {
            joined.open(NAME, &data, form.packing, enough, budget)
        };
        new.blob = concat(NAME, blobs);
        new.end = cut.or(new.end);
        new
    }
}

/// A text that is read whole.
fn text(data: &Data, what: &'static str, joined: &mut Joined, budget: &Budget) -> Result<Vec<u8>, Gap> {
    let (mut serial, mut gaps) = data.serial(budget)?;
    let mut text = Vec::new();
    let most = LARGEST.saturating_add(1);
    let end = serial.by_ref().take(most).read_to_end(&mut text);
    // What there is of it may still be read; a list's total tells whether that is all.
    gaps.extend(end.err().map(|e| Gap::of(e, NAME, 0)));
    gaps.extend(serial.notes());
    for gap in gaps {
        joined.remark(gap, 0);
    }
    let len = wide(text.len());
    if len > LARGEST {
        return Err(Gap::over(NAME, 0, what, len, LARGEST, ""));
    }
    Ok(text)
}

/// New data, as far as it could be had.
struct New {
    blob: Blob,
    /// Why it ends where it does.
    end: Option<Gap>,
    /// What it is in.
    entries: Vec<usize>,
}

impl Default for New {
    fn default() -> Self {
        Self {
            blob: Blob::from(Vec::new()),
            end: None,
            entries: Vec::new(),
        }
    }
}

/// How many of these parts follow one another from the first, 0 or 1, on; `end` says which one does not.
fn whole(parts: &BTreeMap<u32, usize>, end: &mut Option<Gap>) -> usize {
    let first = parts.keys().next().map_or(0, |first| (*first).min(1));
    let count = parts
        .keys()
        .zip(first..)
        .take_while(|(have, want)| *have == want)
        .count();
    if count < parts.len() {
        let number = wide(count).saturating_add(first.into());
        *end = Some(Gap::invalid(NAME, 0, "number of a part that is missing", number));
    }
    count
}

/// The sets among these entries.
pub(super) fn find(entries: &[Entry]) -> Vec<Set> {
    let mut lists = BTreeMap::new();
    let mut patches = BTreeMap::new();
    let mut data: BTreeMap<&str, Forms> = BTreeMap::new();
    let script = entries.iter().position(|entry| entry.name.ends_with(SCRIPT));
    let mut sizes = BTreeMap::new();
    for (i, entry) in entries.iter().enumerate() {
        let (folder, file) = split_path(&entry.name);
        if file == LIST {
            sizes.entry(folder).or_insert(i);
        }
        // Of two entries with the same name, the first is taken.
        if let Some(stem) = entry.name.strip_suffix(".transfer.list") {
            lists.entry(stem).or_insert(i);
        } else if let Some(stem) = entry.name.strip_suffix(".patch.dat") {
            patches.entry(stem).or_insert(i);
        } else if let Some((stem, form, part)) = new_data(&entry.name) {
            let parts = data.entry(stem).or_default().entry(form).or_default();
            parts.entry(part).or_insert(i);
        }
    }
    let mut shorts: BTreeMap<&str, u32> = BTreeMap::new();
    for stem in lists.keys() {
        let count = shorts.entry(partition(stem)).or_default();
        *count = count.saturating_add(1);
    }
    let sets = lists.iter().map(|(stem, list)| {
        let short = partition(stem);
        let alone = shorts.get(short) == Some(&1);
        Set {
            name: format!("{}.img", if alone { short } else { stem }),
            list: *list,
            patch: patches.get(stem).copied(),
            script,
            sizes: sizes.get(split_path(stem).0).copied(),
            new: data.remove(stem).unwrap_or_default(),
        }
    });
    sets.collect()
}

/// The stem of a name of new data, its form, and its number where it is a part.
fn new_data(name: &str) -> Option<(&str, Form, u32)> {
    const MARK: &str = ".new.dat";
    let (_, file) = split_path(name);
    let (_, rest) = file.rsplit_once(MARK)?;
    let stem = name.strip_suffix(rest)?.strip_suffix(MARK)?;
    let words = rest.strip_prefix('.').map(|rest| match rest.split_once('.') {
        Some((first, second)) => (first, Some(second)),
        None => (rest, None),
    });
    let (part, together, packing) = match words {
        None if rest.is_empty() => (None, false, Packing::Plain),
        None => return None,
        Some((word, None)) => match number(word) {
            Some(n) => (Some(n), false, Packing::Plain),
            None => (None, false, packing(word)?),
        },
        Some((first, Some(second))) => match number(first) {
            Some(n) => (Some(n), false, packing(second)?),
            None => (Some(number(second)?), true, packing(first)?),
        },
    };
    let form = Form {
        part: part.is_some(),
        together,
        packing,
    };
    Some((stem, form, part.unwrap_or(0)))
}

/// A stem without the number of a carrier, eight digits.
fn partition(stem: &str) -> &str {
    let (_, file) = split_path(stem);
    match file.rsplit_once('.') {
        Some((_, digits)) if digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()) => stem
            .split_at_checked(stem.len().saturating_sub(9))
            .map_or(stem, |(name, _)| name),
        _ => stem,
    }
}
