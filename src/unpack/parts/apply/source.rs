//! What a command starts from, put together of what is there when its turn comes, and what it makes of that.

use std::sync::{Arc, OnceLock};

use super::super::made::Made;
use super::super::transfer::{Change, Kind, NAME, Ranges, Sources};
use super::{Content, Device, Of, bytes};
use crate::bytes::{Blob, Extents, Fill, Gap, Overlay};

/// Ours: pieces that all sources together are made of. In packages as they are made, each has a few.
const PIECES: u64 = 1 << 20;
/// Ours: commands on what commands have made. In packages as they are made, all start from the old image.
const DEPTH: u32 = 16;

/// A source as it is put together.
struct Source {
    blob: Blob,
    cost: u64,
    depth: u32,
}

impl<'a> Device<'a> {
    /// What a command makes of what is there now.
    pub(super) fn made(&mut self, change: &'a Change, out: u64) -> Result<Content, Gap> {
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
    pub(super) fn image(&mut self, ranges: &Ranges, at: u64) -> Result<Overlay<Content>, Gap> {
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
}

/// Counts a piece of a source.
fn count(read: &mut u64, at: u64) -> Result<(), Gap> {
    *read = read.saturating_add(1);
    if *read > PIECES {
        return Err(Gap::over(NAME, at, "pieces of sources", *read, PIECES, ""));
    }
    Ok(())
}
