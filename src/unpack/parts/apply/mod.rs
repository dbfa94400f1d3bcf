//! The commands of a transfer list, laid one over another.
//!
//! The device executes them one after another on one partition: what a command reads is what the commands before
//! it have left there. Nothing is read for that here; each piece of the image remembers where its bytes come
//! from, so that the source of a command is the pieces that are there when its turn comes, and a stash is those
//! that were there before.

mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bytes::{Blob, Budget, Cut, Extents, Fill, Gap, Overlay};

use super::made::Store;
use super::old::Old;
use super::transfer::{BLOCK, Change, NAME, Step, Transfer, What, blocks};

/// Ours: how many times the bytes of a package and of the old image may be read to make new ones, where nothing is
/// kept.
const SHARED: u64 = 16;
/// Ours: as many bytes may be read for any package, however small.
const FREE: u64 = 16 << 20;

/// What the commands work on.
pub(super) struct Inputs<'a> {
    pub(super) transfer: &'a Transfer,
    pub(super) new: &'a Blob,
    /// Why new data is missing, where it is.
    pub(super) end: &'a Gap,
    pub(super) patch: Blob,
    pub(super) old: Option<Arc<Old>>,
    /// Bytes of the partition once the update is done, where the package says so.
    pub(super) size: Option<u64>,
    /// What blocks are called that need the old image, where there is none.
    pub(super) missing: Option<Gap>,
    pub(super) budget: &'a Budget,
}

/// The image, and what is wrong with it, with the bytes that are lost by that.
pub(super) struct Laid {
    pub(super) image: Extents,
    pub(super) faults: Vec<(Gap, u64)>,
    /// Bytes that a command writes nobody knows what to.
    pub(super) lost: u64,
}

/// What stands somewhere in the image.
#[derive(Clone)]
struct Content {
    fill: Fill,
    of: Of,
    /// Bytes that are read to make it, where nothing is kept; for each time that it is asked for.
    cost: u64,
    depth: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// As it was before the first command.
    Before,
    New,
    Made,
    Nothing,
}

impl Cut for Content {
    fn cut(&self, skip: u64) -> Self {
        Self {
            fill: self.fill.cut(skip),
            ..self.clone()
        }
    }
}

impl Content {
    fn new(fill: Fill, of: Of) -> Self {
        Self {
            fill,
            of,
            cost: 0,
            depth: 0,
        }
    }
}

/// The partition while the commands are executed.
struct Device<'a> {
    inputs: &'a Inputs<'a>,
    /// In bytes.
    pieces: Overlay<Content>,
    stashes: BTreeMap<&'a [u8], Overlay<Content>>,
    store: Arc<Store>,
    units: u64,
    /// Pieces and bytes of all sources so far.
    read: u64,
    cost: u64,
    limit: u64,
    faults: Vec<(Gap, u64)>,
    lost: u64,
}

fn bytes(blocks: u64) -> u64 {
    blocks.saturating_mul(BLOCK)
}

/// Lays out what the commands write.
pub(super) fn apply(inputs: &Inputs<'_>) -> Laid {
    let transfer = inputs.transfer;
    let len = bytes(transfer.blocks);
    let old = inputs.old.as_ref().map(|old| &old.blob);
    let whole = old.map_or(len, |old| len.max(old.len()));
    let mut device = Device {
        inputs,
        pieces: Overlay::default(),
        stashes: BTreeMap::new(),
        store: Store::new(inputs.budget),
        units: 0,
        read: 0,
        cost: 0,
        limit: [whole, inputs.patch.len()]
            .into_iter()
            .fold(0, u64::saturating_add)
            .saturating_mul(SHARED)
            .max(FREE),
        faults: Vec::new(),
        lost: 0,
    };
    let under = match (&transfer.broken, &inputs.missing, old) {
        (Some(gap), ..) | (None, Some(gap), _) => gap.clone(),
        (None, None, Some(old)) => Gap::truncated(NAME, 0, "old image", whole, old.len()),
        (None, None, None) => Gap::invalid(NAME, 0, "block that no command writes", 0),
    };
    let under = Fill::Lost(under);
    device.pieces.write(0, whole, Content::new(under, Of::Before));
    if let Some(old) = &inputs.old {
        // Without hashes of their own, commands start from an image that is right as a whole, or not at all.
        let hashed = transfer.version > 2;
        let blob = if hashed { old.blob.clone() } else { old.checked() };
        let before = Content::new(Fill::From(blob), Of::Before);
        device.pieces.write(0, old.blob.len(), before);
    }
    for step in &transfer.steps {
        device.step(step);
    }
    // The commands see all of the old partition; it is cut after the last of them. What they have written is never
    // cut off: a size that has no room for it is not believed.
    let end = inputs.size.map_or(whole, |size| whole.min(size.max(len)));
    device.finish(end)
}

impl<'a> Device<'a> {
    fn step(&mut self, step: &'a Step) {
        match step {
            Step::Write(write) => self.write(bytes(write.at), bytes(write.len), &write.what),
            Step::Change(change) => self.change(change),
            Step::Stash(name, ranges) => {
                if self.inputs.old.is_some() {
                    match self.image(ranges, 0) {
                        Ok(kept) => drop(self.stashes.insert(name, kept)),
                        // Whoever asks for it does not get it.
                        Err(gap) => self.fault(gap, 0),
                    }
                }
            }
            Step::Free(name) => drop(self.stashes.remove(&**name)),
        }
    }

    fn write(&mut self, at: u64, len: u64, what: &What) {
        let content = match what {
            What::New(from) => {
                let from = bytes(*from);
                let data = self.inputs.new.slice(from..from.saturating_add(len));
                let (have, end) = (data.len(), self.inputs.end.clone());
                let rest = Content::new(Fill::Lost(end), Of::Nothing);
                self.pieces
                    .write(at.saturating_add(have), len.saturating_sub(have), rest);
                return self
                    .pieces
                    .write(at, have, Content::new(Fill::From(data), Of::New));
            }
            What::Zero => Fill::Zero,
            What::Lost(gap) => {
                self.lost = self.lost.saturating_add(len);
                Fill::Lost(gap.clone())
            }
        };
        self.pieces.write(at, len, Content::new(content, Of::Nothing));
    }

    /// Of each kind of fault the first, and the bytes that are lost by all of it.
    fn fault(&mut self, gap: Gap, lost: u64) {
        match self.faults.iter_mut().find(|(first, _)| first.what == gap.what) {
            Some((_, sum)) => *sum = sum.saturating_add(lost),
            None => self.faults.push((gap, lost)),
        }
    }

    fn change(&mut self, change: &'a Change) {
        let out = bytes(blocks(&change.target));
        let made = match &self.inputs.missing {
            Some(gap) => Err(gap.clone()),
            None => self
                .made(change, out)
                .inspect_err(|gap| self.fault(gap.clone(), out)),
        };
        let content = match made {
            Ok(content) => content,
            Err(gap) => Content::new(Fill::Lost(gap), Of::Nothing),
        };
        let mut skip = 0_u64;
        for (start, end) in &change.target {
            let len = bytes(end.saturating_sub(*start));
            self.pieces.write(bytes(*start), len, content.cut(skip));
            skip = skip.saturating_add(len);
        }
    }

    fn finish(self, len: u64) -> Laid {
        let Self {
            inputs,
            pieces,
            mut faults,
            lost,
            ..
        } = self;
        let checked = inputs.old.as_ref().map(Old::checked);
        let mut image = Extents::new(NAME, len);
        let (mut kept, mut given) = (0_u64, 0_u64);
        for step in &inputs.transfer.steps {
            if let Step::Write(write) = step
                && let What::New(from) = write.what
            {
                let data = inputs.new.len().saturating_sub(bytes(from));
                given = given.saturating_add(bytes(write.len).min(data));
            }
        }
        for (at, len, content) in pieces.into_pieces() {
            let before = content.of == Of::Before;
            if content.of == Of::New {
                kept = kept.saturating_add(len);
            }
            let fill = match (&inputs.transfer.broken, &checked, content.fill) {
                (Some(gap), ..) if before => Fill::Lost(gap.clone()),
                (None, Some(old), Fill::From(_)) if before => {
                    Fill::From(old.slice(at..at.saturating_add(len)))
                }
                (.., fill) => fill,
            };
            image.push(at, len, fill);
        }
        if kept < given {
            let gone = given.saturating_sub(kept);
            let what = "new data that a later command overwrites";
            faults.push((Gap::odd(NAME, 0, what, gone), 0));
        }
        Laid { image, faults, lost }
    }
}

#[cfg(test)]
mod tests;
