//! The commands of a transfer list, laid one over another.
//!
//! The device executes them one after another on one partition: what a command reads is what the commands before
//! it have left there. Nothing is read for that here; each piece of the image remembers where its bytes come
//! from, so that the source of a command is the pieces that are there when its turn comes, and a stash is those
//! that were there before.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::bytes::{Blob, Budget, Cut, Extents, Fill, Gap, Overlay};

use super::made::{Made, Store};
use super::old::Old;
use super::transfer::{BLOCK, Change, Kind, NAME, Ranges, Sources, Step, Transfer, What, blocks};

/// Ours: pieces that all sources together are made of. In packages as they are made, each has a few.
const PIECES: u64 = 1 << 20;
/// Ours: how many times the bytes of a package and of the old image may be read to make new ones, where nothing is
/// kept.
const SHARED: u64 = 16;
/// Ours: as many bytes may be read for any package, however small.
const FREE: u64 = 16 << 20;
/// Ours: commands on what commands have made. In packages as they are made, all start from the old image.
const DEPTH: u32 = 16;

/// What the commands work on.
pub(super) struct Inputs<'a> {
    pub(super) transfer: &'a Transfer,
    pub(super) new: &'a Blob,
    /// Why new data is missing, where it is.
    pub(super) end: &'a Gap,
    pub(super) patch: Blob,
    pub(super) old: Option<Arc<Old>>,
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

/// A source as it is put together.
struct Source {
    blob: Blob,
    cost: u64,
    depth: u32,
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
    device.finish(whole)
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

    /// What a command makes of what is there now.
    fn made(&mut self, change: &'a Change, out: u64) -> Result<Content, Gap> {
        let at = change.at;
        let from = change.from.as_ref().map_err(Gap::clone)?;
        let source = self.source(from, at)?;
        let mut patch = Blob::from(Vec::new());
        if change.kind == Kind::Move {
            if source.blob.len() != out {
                return Err(Gap::invalid(NAME, at, "source blocks", from.blocks));
            }
        } else {
            let (start, len) = from.patch;
            let end = start.saturating_add(len);
            let have = self.inputs.patch.len();
            if end > have {
                let have = have.saturating_sub(start);
                return Err(Gap::truncated(NAME, at, "patch data", len, have));
            }
            patch = self.inputs.patch.slice(start..end);
            let limit = self.inputs.budget.limits.item;
            for (what, len) in [
                ("old blocks", source.blob.len()),
                ("patch", len),
                ("new blocks", out),
            ] {
                if len > limit {
                    return Err(Gap::over(NAME, at, what, len, limit, "--max-item"));
                }
            }
        }
        let cost = [source.cost, source.blob.len(), patch.len(), out]
            .into_iter()
            .fold(0, u64::saturating_add);
        self.cost = self.cost.saturating_add(cost);
        if self.cost > self.limit {
            let (got, limit) = (self.cost, self.limit);
            return Err(Gap::over(NAME, at, "bytes read to make blocks", got, limit, ""));
        }
        let depth = source.depth.saturating_add(1);
        if depth > DEPTH {
            let (got, limit) = (depth.into(), DEPTH.into());
            return Err(Gap::over(
                NAME,
                at,
                "commands on what commands made",
                got,
                limit,
                "",
            ));
        }
        self.units = self.units.saturating_add(1);
        let made = Made {
            at,
            kind: change.kind,
            out,
            source: source.blob,
            patch,
            sums: from.sums,
            store: Arc::clone(&self.store),
            unit: self.units,
            kept: OnceLock::new(),
        };
        Ok(Content {
            fill: Fill::From(Blob::new(Arc::new(made))),
            of: Of::Made,
            // What is moved is checked once, and then read in place.
            cost: if change.kind == Kind::Move {
                source.cost
            } else {
                cost
            },
            depth,
        })
    }

    /// What a command starts from, put together.
    fn source(&mut self, from: &'a Sources, at: u64) -> Result<Source, Gap> {
        let len = bytes(from.blocks);
        let image = self.image(&from.image, at)?;
        let mut all = Overlay::default();
        match &from.places {
            Some(places) => self.place(&image, places, &mut all, at)?,
            None => all = image,
        }
        for (name, places) in &from.stashes {
            // Taken out while it is read; a name may be asked for again.
            let Some(stash) = self.stashes.remove(&**name) else {
                let number = u64::try_from(from.stashes.len()).unwrap_or(u64::MAX);
                return Err(Gap::invalid(NAME, at, "stash that is not there", number));
            };
            let placed = self.place(&stash, places, &mut all, at);
            self.stashes.insert(name, stash);
            placed?;
        }
        let mut source = Extents::new(NAME, len);
        let (mut cost, mut depth, mut free) = (0_u64, 0, 0_u64);
        for (start, size, content) in all.into_pieces() {
            let end = start.saturating_add(size);
            if start > free || end > len {
                break;
            }
            cost = cost.saturating_add(content.cost);
            depth = depth.max(content.depth);
            source.push(start, size, content.fill);
            free = end;
        }
        if free != len {
            return Err(Gap::invalid(NAME, at, "source blocks", from.blocks));
        }
        let blob = source.into_blob();
        Ok(Source { blob, cost, depth })
    }

    /// What these blocks hold now, one after another.
    fn image(&mut self, ranges: &Ranges, at: u64) -> Result<Overlay<Content>, Gap> {
        let mut all = Overlay::default();
        let mut skip = 0_u64;
        for (start, end) in ranges {
            let (start, end) = (bytes(*start), bytes(*end));
            for (piece, len, content) in self.pieces.read(start..end) {
                count(&mut self.read, at)?;
                let to = skip.saturating_add(piece.saturating_sub(start));
                all.write(to, len, content);
            }
            skip = skip.saturating_add(end.saturating_sub(start));
        }
        Ok(all)
    }

    /// Puts what is one after another in its places.
    fn place(
        &mut self,
        packed: &Overlay<Content>,
        places: &Ranges,
        to: &mut Overlay<Content>,
        at: u64,
    ) -> Result<(), Gap> {
        let mut skip = 0_u64;
        for (start, end) in places {
            let (start, len) = (bytes(*start), bytes(end.saturating_sub(*start)));
            for (piece, len, content) in packed.read(skip..skip.saturating_add(len)) {
                count(&mut self.read, at)?;
                to.write(start.saturating_add(piece.saturating_sub(skip)), len, content);
            }
            skip = skip.saturating_add(len);
        }
        Ok(())
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

/// Counts a piece of a source.
fn count(read: &mut u64, at: u64) -> Result<(), Gap> {
    *read = read.saturating_add(1);
    if *read > PIECES {
        return Err(Gap::over(NAME, at, "pieces of sources", *read, PIECES, ""));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
