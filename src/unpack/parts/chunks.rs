//! Images and packages that were cut into numbered files.
//!
//! No specification, but what tools and makers write:
//!
//! | names | what they are |
//! | --- | --- |
//! | `X.img_sparsechunk.N`, `X.img_sparsechunkN` | Motorola: sparse images over one address space |
//! | `X.img.N` | Xiaomi: the same; or an image that was cut |
//! | `X.N.img`, `X.N.HASH.img` | Oppo, Realme: sparse images |
//! | `X.NNN` | a file that was cut, `split -d -a 3`, 7-Zip; Sony: sparse images |
//!
//! Each sparse part says the length of the whole, and has chunks at their places in it (`libsparse`,
//! `sparse_file_resparse`): they are laid over each other. Others stand one after another. Parts are in the
//! order of their numbers. What would have been in a part that is missing is lost; no other moves.

use std::collections::BTreeMap;

use crate::bytes::{Blob, Budget, Extents, Fill, Gap};

use super::super::image::sparse;
use super::super::registry::{self, Entry};
use super::super::serial::Packing;
use super::{Joined, OPEN, concat, number, packing, split_path, wide};

const NAME: &str = "split";
/// `SPARSE_HEADER_MAGIC`.
const SPARSE: [u8; 4] = 0xed26_ff3a_u32.to_le_bytes();
/// Bytes that tell a container: ext4's magic is at 1080, the super partition's at 8192.
const HEAD: usize = 8192 + 4;

/// How a set is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// `X.img_sparsechunk.N`, `X.img.N`.
    Behind,
    /// `X.N.img`.
    Within,
    /// `X.NNN`.
    Cut,
}

/// The parts of one image, by number: index of the entry.
pub(super) struct Set {
    name: String,
    form: Form,
    packing: Packing,
    parts: BTreeMap<u32, usize>,
}

/// The sets among the entries that are not taken.
pub(super) fn find(entries: &[Entry], taken: &[bool]) -> Vec<Set> {
    let mut sets: BTreeMap<(String, Form, Packing), BTreeMap<u32, usize>> = BTreeMap::new();
    for ((i, entry), taken) in entries.iter().enumerate().zip(taken) {
        if *taken {
            continue;
        }
        if let Some((name, form, packing, number)) = part(&entry.name) {
            let parts = sets.entry((name, form, packing)).or_default();
            parts.entry(number).or_insert(i);
        }
    }
    let sets = sets.into_iter().map(|((name, form, packing), parts)| Set {
        name,
        form,
        packing,
        parts,
    });
    sets.filter(|set| set.is_one(entries)).collect()
}

/// The image that a file of this name is a part of, and its number.
fn part(path: &str) -> Option<(String, Form, Packing, u32)> {
    let (folder, file) = split_path(path);
    let (stem, ending) = file.rsplit_once('.')?;
    if let Some(packing) = packing(ending) {
        let (name, n) = behind(stem)?;
        return Some((format!("{folder}{name}"), Form::Behind, packing, n));
    }
    if let Some((name, n)) = behind(file) {
        return Some((format!("{folder}{name}"), Form::Behind, Packing::Plain, n));
    }
    if ending == "img" {
        let mut words = stem.split('.');
        let (name, n, hash, end) = (words.next()?, number(words.next()?)?, words.next(), words.next());
        let sound = hash.is_none_or(|hash| hash.len() > 4 && hash.bytes().all(|b| b.is_ascii_alphanumeric()));
        return (sound && end.is_none())
            .then(|| (format!("{folder}{name}.img"), Form::Within, Packing::Plain, n));
    }
    let n = number(ending).filter(|_| ending.len() == 3)?;
    (!stem.is_empty()).then(|| (format!("{folder}{stem}"), Form::Cut, Packing::Plain, n))
}

/// `X.img_sparsechunk.N`, `X.img_sparsechunkN` and `X.img.N`: `X.img` and N.
fn behind(file: &str) -> Option<(&str, u32)> {
    if let Some((name, n)) = file.rsplit_once("_sparsechunk") {
        return Some((name, number(n.strip_prefix('.').unwrap_or(n))?));
    }
    let (name, n) = file.rsplit_once('.')?;
    name.ends_with(".img").then_some(())?;
    Some((name, number(n)?))
}

impl Set {
    /// Whether these are the parts of one image: numbers behind names may mean anything.
    fn is_one(&self, entries: &[Entry]) -> bool {
        let mut heads = self.parts.values().filter_map(|i| entries.get(*i)).map(|entry| {
            let mut head = vec![0; HEAD];
            let got = entry.data.head(&mut head);
            head.truncate(got);
            head
        });
        let Some(first) = heads.next() else { return false };
        let sparse = |head: &[u8]| head.starts_with(&SPARSE);
        let known = |head: &[u8]| registry::sniff(head).is_some() || registry::unread(head).is_some();
        let several = self.parts.len() > 1;
        match self.form {
            // Whatever is packed is not looked at: no name is like this by chance.
            Form::Behind if several && self.packing != Packing::Plain => true,
            // One alone is a set where others are missing before it.
            Form::Behind if !several => sparse(&first) && !self.parts.contains_key(&0),
            // Two images are not one that was cut.
            Form::Behind => heads.all(|head| sparse(&head) || !known(&head)),
            Form::Within => several && sparse(&first) && heads.all(|head| sparse(&head)),
            Form::Cut => {
                let heads: Vec<Vec<u8>> = heads.collect();
                let layered = sparse(&first) && heads.iter().all(|head| sparse(head));
                layered || several && known(&first) && !heads.iter().any(|head| known(head))
            }
        }
    }

    /// The image, or why there is none.
    pub(super) fn join(&self, entries: &[Entry], budget: &Budget) -> Joined {
        let mut joined = Joined {
            name: self.name.clone(),
            entries: self.parts.values().copied().collect(),
            ..Joined::default()
        };
        let mut parts = Vec::new();
        for (number, i) in &self.parts {
            let Some(entry) = entries.get(*i) else { continue };
            let many = self.parts.len() > OPEN && self.packing == Packing::Plain;
            let (mut blobs, cut) = match entry.data.blob() {
                Some(blob) if many => (vec![blob], None),
                _ => joined.open(NAME, &[&entry.data], self.packing, u64::MAX, budget),
            };
            parts.push(Part {
                number: *number,
                blob: blobs.pop().unwrap_or_else(|| Blob::from(Vec::new())),
                cut,
            });
        }
        for gap in parts.iter().filter_map(|part| part.cut.clone()) {
            joined.remark(gap, 0);
        }
        let sparse = |part: &Part| {
            let mut head = [0; 4];
            part.blob.read_at(0, &mut head).is_ok() && head == SPARSE
        };
        // A sparse image that was cut has its header in the first part only.
        let layered = parts.iter().skip(usize::from(parts.len() > 1)).any(sparse);
        joined.image = if layered {
            layers(&parts, &mut joined, budget)
        } else {
            pieces(parts, &mut joined)
        };
        joined
    }
}

/// A part, as far as it could be had.
struct Part {
    number: u32,
    blob: Blob,
    /// Why that is not all.
    cut: Option<Gap>,
}

/// What is missing between two parts.
fn missing(number: u32, at: u64, len: u64) -> Gap {
    Gap::truncated(NAME, at, format!("part {number}"), len, 0)
}

/// Sparse images of one container laid over each other, none of which is missing; and what is wrong with
/// them, with the bytes that are lost.
pub(in crate::unpack) fn overlay(blobs: Vec<Blob>, budget: &Budget) -> (Option<Blob>, Vec<(Gap, u64)>) {
    let parts = (0..).zip(blobs).map(|(number, blob)| Part {
        number,
        blob,
        cut: None,
    });
    let parts: Vec<Part> = parts.collect();
    let mut joined = Joined::default();
    let image = layers(&parts, &mut joined, budget);
    (image, joined.remarks)
}

/// Sparse images laid over each other.
fn layers(parts: &[Part], joined: &mut Joined, budget: &Budget) -> Option<Blob> {
    let mut len = 0_u64;
    // What is lost of one part may be in another: it lies below.
    let (mut lost, mut given) = (Vec::new(), Vec::new());
    // Where the part before ended, the number that should come next, and why it does not.
    let (mut end, mut next) = (0_u64, 0_u32);
    let mut broken: Option<Gap> = None;
    for part in parts {
        let (whole, pieces) = match sparse::pieces(&part.blob, budget) {
            Ok(read) => read,
            Err(gap) => {
                joined.remark(gap.clone(), part.blob.len());
                broken.get_or_insert(gap);
                continue;
            }
        };
        len = len.max(whole);
        let first = pieces.first().map_or(whole, |piece| piece.0);
        let hole = first.saturating_sub(end);
        // Numbers begin with 0, or with 1 where that part begins with the first byte.
        if part.number > next && hole > 0 {
            let gap = broken.take().unwrap_or_else(|| {
                let gap = missing(next, end, hole);
                joined.remark(gap.clone(), hole);
                gap
            });
            lost.push((end, hole, Fill::Lost(gap)));
        }
        next = part.number.saturating_add(1);
        for (at, len, fill) in pieces {
            if let Fill::Lost(gap) = &fill {
                joined.remark(gap.clone(), len);
                lost.push((at, len, fill));
            } else {
                end = end.max(at.saturating_add(len));
                given.push((at, len, fill));
            }
        }
        broken = None;
        let (got, limit) = (wide(given.len()), budget.limits.listed);
        if got > limit {
            let gap = Gap::over(NAME, 0, "chunks", got, limit, "--max-entries-per-file");
            joined.remark(gap.clone(), 0);
            broken = Some(gap);
            break;
        }
    }
    if let Some(gap) = broken {
        lost.push((end, len.saturating_sub(end), Fill::Lost(gap)));
    }
    lost.append(&mut given);
    let mut image = Extents::new(NAME, len);
    image.overlay(lost);
    (image.count() > 0).then(|| image.into_blob())
}

/// Parts one after another, up to the first that is missing or cut.
fn pieces(parts: Vec<Part>, joined: &mut Joined) -> Option<Blob> {
    let first = parts.first().map_or(0, |part| part.number.min(1));
    let mut together = Vec::new();
    let (mut at, mut behind) = (0_u64, 0_u64);
    let mut gap = None;
    for (part, want) in parts.into_iter().zip(first..) {
        if part.number != want && gap.is_none() {
            gap = Some(missing(want, at, 1));
        }
        if gap.is_some() {
            behind = behind.saturating_add(part.blob.len());
            continue;
        }
        at = at.saturating_add(part.blob.len());
        together.push(part.blob);
        gap = part.cut;
    }
    if let Some(gap) = gap.filter(|_| behind > 0) {
        joined.remark(gap, behind);
    }
    (!together.is_empty()).then(|| concat(NAME, together))
}
