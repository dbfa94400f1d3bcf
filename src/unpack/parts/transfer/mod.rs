//! Transfer lists: which blocks of an image a block-based OTA writes, and with what.
//!
//! Spec: AOSP `bootable/recovery/updater/blockimg.cpp` (versions 3 and 4, Android 6 and later),
//! `build/tools/releasetools/blockimgdiff.py` of Android 5 (versions 1 and 2). Text, one command a line.
//! Blocks are of 4096 bytes; a range set is `N,a0,b0,a1,b1…`, N numbers, each pair half-open.
//!
//! | line | |
//! | --- | --- |
//! | 1 | version |
//! | 2 | blocks that are written, erased ones not counted; some tools do not count zeros |
//! | 3, 4 | stash entries and blocks at a time, version 2 and later |
//! | `new R` | the next bytes of the new data, in the order of the commands |
//! | `zero R`, `erase R` | zeros; what is discarded reads as zeros on all flash that was met |
//! | `move`, `bsdiff`, `imgdiff`, `stash`, `free` | change blocks of the build that is replaced, see [`change`] |
//! | `compute_hash_tree R …` | version 4: the device makes R from other blocks; no file is in it |

mod change;
mod ranges;
#[cfg(test)]
mod tests;

use crate::bytes::{Gap, wide};

pub(super) use change::{Change, Kind, Sources, Sum};
use ranges::{Lines, many};
pub(super) use ranges::{Ranges, blocks, ranges, sum};

pub(super) const NAME: &str = "block-ota";
/// Bytes of a block.
pub(super) const BLOCK: u64 = 4096;
/// Ours: gaps that are told of one list; a thousand are one story.
const GAPS: usize = 16;

/// What a list says.
#[derive(Debug, Default)]
pub(super) struct Transfer {
    pub(super) version: u64,
    /// Blocks of the image: the end of the last range.
    pub(super) blocks: u64,
    /// In the order of the commands.
    pub(super) steps: Vec<Step>,
    /// Blocks of new data that the commands take.
    pub(super) new: u64,
    /// Blocks that are made from those of the old build, and where in the list that begins.
    pub(super) old: Option<(u64, u64)>,
    /// What is wrong with the list.
    pub(super) gaps: Vec<Gap>,
    /// Why blocks that no command writes may have been meant to be written.
    pub(super) broken: Option<Gap>,
    /// Why the new data of later commands cannot be told any more.
    adrift: Option<Gap>,
    /// Ranges of all commands so far.
    ranges: usize,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Write(Write),
    Change(Box<Change>),
    /// Keeps what these blocks hold now under a name.
    Stash(Box<[u8]>, Ranges),
    Free(Box<[u8]>),
}

/// Blocks that are written. All numbers are in blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Write {
    pub(super) at: u64,
    pub(super) len: u64,
    pub(super) what: What,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// New data, from this block of it on.
    New(u64),
    Zero,
    /// Nobody knows.
    Lost(Gap),
}

/// Reads a list. Without a version there is none.
pub(super) fn read(text: &[u8]) -> Result<Transfer, Gap> {
    let mut lines = Lines::new(text);
    let version = lines.number("version")?;
    if !(1..=4).contains(&version) {
        return Err(Gap::unsupported(NAME, 0, "version", version));
    }
    let mut all = Transfer {
        version,
        ..Transfer::default()
    };
    let stashes: &[&str] = if version > 1 {
        &["stash entries", "stash blocks"]
    } else {
        &[]
    };
    let mut header = |what| {
        lines.number(what).map_err(|gap| {
            // A list without this line goes on with a command, which must not be taken for it.
            all.tell(gap);
            lines.back();
        })
    };
    let total = header("total blocks").ok();
    if total.is_some() {
        let _ = stashes.iter().try_for_each(|what| header(what).map(|_| ()));
    }
    let mut written = 0_u64;
    while lines.next() {
        let words = lines.line.split(|b| *b == b' ').filter(|word| !word.is_empty());
        let words: Vec<&[u8]> = words.collect();
        let Some((verb, words)) = words.split_first() else {
            continue;
        };
        if let Some(gap) = many(all.ranges, lines.at) {
            all.lose(gap, true);
            break;
        }
        written = written.saturating_add(all.command(version, verb, words, lines.at));
    }
    let bytes = |blocks: u64| blocks.saturating_mul(BLOCK);
    match total {
        Some(total) if written < total && all.broken.is_none() => {
            let (need, have) = (bytes(total), bytes(written));
            all.lose(
                Gap::truncated(NAME, wide(text.len()), "transfer list", need, have),
                false,
            );
        }
        // The device takes it for an update that has nothing to do.
        Some(0) if written > 0 => all.tell(Gap::odd(NAME, 2, "total blocks", written)),
        _ => {}
    }
    Ok(all)
}

impl Transfer {
    fn tell(&mut self, gap: Gap) {
        if self.gaps.len() < GAPS {
            self.gaps.push(gap);
        }
    }

    /// A command that cannot be read. Where it may have taken new data, all data after it has moved.
    fn lose(&mut self, gap: Gap, takes: bool) {
        self.tell(gap.clone());
        if takes {
            self.adrift.get_or_insert_with(|| gap.clone());
        }
        self.broken.get_or_insert(gap);
    }

    /// One command; the blocks that it writes.
    fn command(&mut self, version: u64, verb: &[u8], words: &[&[u8]], at: u64) -> u64 {
        let read = match verb {
            b"new" | b"zero" | b"erase" | b"compute_hash_tree" => self.write(verb, words, at),
            b"move" => self.change(Kind::Move, version, words, at),
            b"bsdiff" => self.change(Kind::Bsdiff, version, words, at),
            b"imgdiff" => self.change(Kind::Imgdiff, version, words, at),
            b"stash" => self.stash(words, at),
            b"free" => {
                let name = words.first().copied().unwrap_or_default();
                self.step(Step::Free(name.into()), 1);
                Ok(0)
            }
            _ => {
                let first = verb.first().copied().unwrap_or(0);
                self.lose(Gap::unsupported(NAME, at, "command", first.into()), true);
                Ok(0)
            }
        };
        read.unwrap_or_else(|gap| {
            self.lose(gap, verb == b"new");
            0
        })
    }

    fn write(&mut self, verb: &[u8], words: &[&[u8]], at: u64) -> Result<u64, Gap> {
        let ranges = range_set(words, 0, at)?;
        for (start, end) in &ranges {
            let len = end.saturating_sub(*start);
            let what = match (verb, &self.adrift) {
                (b"new", None) => What::New(self.new),
                (b"new", Some(gap)) => What::Lost(gap.clone()),
                (b"compute_hash_tree", _) => What::Lost(Gap::unsupported(NAME, at, "hash tree", len)),
                _ => What::Zero,
            };
            if let What::New(_) = what {
                self.new = self.new.saturating_add(len);
            }
            self.blocks = self.blocks.max(*end);
            self.lay(Write {
                at: *start,
                len,
                what,
            });
        }
        Ok(match verb {
            b"erase" | b"compute_hash_tree" => 0,
            _ => blocks(&ranges),
        })
    }

    /// Long runs are split into commands of 1024 blocks each: they are one piece again.
    fn lay(&mut self, write: Write) {
        if let What::New(from) = &write.what
            && let Some(Step::Write(last)) = self.steps.last_mut()
            && let What::New(first) = last.what
            && last.at.saturating_add(last.len) == write.at
            && first.saturating_add(last.len) == *from
        {
            last.len = last.len.saturating_add(write.len);
            return;
        }
        self.step(Step::Write(write), 1);
    }

    fn change(&mut self, kind: Kind, version: u64, words: &[&[u8]], at: u64) -> Result<u64, Gap> {
        let change = Change::read(kind, version, words, at)?;
        let written = blocks(&change.target);
        let end = change.target.iter().map(|(_, end)| *end).max();
        self.blocks = self.blocks.max(end.unwrap_or(0));
        let (all, _) = self.old.get_or_insert((0, at));
        *all = all.saturating_add(written);
        let ranges = change.ranges();
        self.step(Step::Change(Box::new(change)), ranges);
        Ok(written)
    }

    fn stash(&mut self, words: &[&[u8]], at: u64) -> Result<u64, Gap> {
        let name = words.first().copied().unwrap_or_default();
        // One that cannot be read writes nothing; whoever asks for it does not get it.
        match range_set(words, 1, at) {
            Ok(ranges) => {
                let count = ranges.len();
                self.step(Step::Stash(name.into(), ranges), count);
            }
            Err(gap) => self.tell(gap),
        }
        Ok(0)
    }

    fn step(&mut self, step: Step, ranges: usize) {
        self.ranges = self.ranges.saturating_add(ranges);
        self.steps.push(step);
    }
}

/// The word of this number, a range set.
fn range_set(words: &[&[u8]], number: usize, at: u64) -> Result<Ranges, Gap> {
    match words.get(number) {
        Some(word) => ranges(word, at),
        None => Err(Gap::invalid(NAME, at, "range set", 0)),
    }
}
