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
//! | `move`, `bsdiff`, `imgdiff`, `stash`, `free` | change blocks of the build that is replaced |
//! | `compute_hash_tree R …` | version 4: the device makes R from other blocks; no file is in it |

use crate::bytes::{Gap, wide};

pub(super) const NAME: &str = "block-ota";
/// Bytes of a block.
pub(super) const BLOCK: u64 = 4096;
/// Highest block number (`INT_MAX`, `RangeSet::Parse`).
const LAST: u64 = 0x7fff_ffff;
/// Ours: ranges of one list. The most met are 300, of a full image; changes have some for each file.
const RANGES: usize = 1 << 18;
/// Ours: gaps that are told of one list; a thousand are one story.
const GAPS: usize = 16;

/// What a list says.
#[derive(Debug, Default)]
pub(super) struct Transfer {
    /// Blocks of the image: the end of the last range.
    pub(super) blocks: u64,
    /// In the order of the commands.
    pub(super) writes: Vec<Write>,
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
    /// What only the old build can tell.
    Old,
    /// Nobody knows.
    Lost(Gap),
}

/// Reads a list. Without a version there is none.
pub(super) fn read(text: &[u8]) -> Result<Transfer, Gap> {
    let mut lines = Lines {
        text,
        next: 0,
        line: &[],
        at: 0,
    };
    let version = lines.number("version")?;
    if !(1..=4).contains(&version) {
        return Err(Gap::unsupported(NAME, 0, "version", version));
    }
    let mut all = Transfer::default();
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
        let mut words = lines.line.split(|b| *b == b' ').filter(|word| !word.is_empty());
        let Some(verb) = words.next() else { continue };
        if let Some(gap) = many(all.writes.len(), lines.at) {
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
    fn command<'a>(
        &mut self,
        version: u64,
        verb: &[u8],
        mut words: impl Iterator<Item = &'a [u8]>,
        at: u64,
    ) -> u64 {
        // Where the blocks that it writes stand among its words.
        let target = match (verb, version) {
            (b"new" | b"zero" | b"erase" | b"compute_hash_tree", _) => 0,
            (b"move", 2) => 0,
            (b"move", _) => 1,
            (b"bsdiff" | b"imgdiff", 1) => 3,
            (b"bsdiff" | b"imgdiff", 2) => 2,
            (b"bsdiff" | b"imgdiff", _) => 4,
            (b"stash" | b"free", _) => return 0,
            _ => {
                let first = verb.first().copied().unwrap_or(0);
                self.lose(Gap::unsupported(NAME, at, "command", first.into()), true);
                return 0;
            }
        };
        let ranges = match words.nth(target) {
            Some(word) => ranges(word, at),
            None => Err(Gap::invalid(NAME, at, "range set", 0)),
        };
        let ranges = match ranges {
            Ok(ranges) => ranges,
            Err(gap) => {
                self.lose(gap, verb == b"new");
                return 0;
            }
        };
        let mut blocks = 0_u64;
        for (start, end) in ranges {
            let len = end.saturating_sub(start);
            let what = match (verb, &self.adrift) {
                (b"new", None) => What::New(self.new),
                (b"new", Some(gap)) => What::Lost(gap.clone()),
                (b"zero" | b"erase", _) => What::Zero,
                (b"compute_hash_tree", _) => What::Lost(Gap::unsupported(NAME, at, "hash tree", len)),
                _ => What::Old,
            };
            match what {
                What::New(_) => self.new = self.new.saturating_add(len),
                What::Old => {
                    let (all, _) = self.old.get_or_insert((0, at));
                    *all = all.saturating_add(len);
                }
                _ => {}
            }
            self.write(start, len, what);
            blocks = blocks.saturating_add(len);
        }
        if matches!(verb, b"erase" | b"compute_hash_tree") {
            0
        } else {
            blocks
        }
    }

    fn write(&mut self, at: u64, len: u64, what: What) {
        self.blocks = self.blocks.max(at.saturating_add(len));
        // Long runs are split into commands of 1024 blocks each: they are one piece again.
        if let (What::New(from), Some(last)) = (&what, self.writes.last_mut())
            && let What::New(first) = last.what
            && last.at.saturating_add(last.len) == at
            && first.saturating_add(last.len) == *from
        {
            last.len = last.len.saturating_add(len);
            return;
        }
        self.writes.push(Write { at, len, what });
    }
}

/// The gap of a list with more ranges than any has.
fn many(ranges: usize, at: u64) -> Option<Gap> {
    let (got, limit) = (wide(ranges), wide(RANGES));
    (got > limit).then(|| Gap::over(NAME, at, "ranges", got, limit, ""))
}

/// The pairs of a range set.
fn ranges(word: &[u8], at: u64) -> Result<Vec<(u64, u64)>, Gap> {
    let mut numbers = word.split(|b| *b == b',').map(decimal);
    let mut next = |what: &'static str| match numbers.next() {
        None => Ok(None),
        Some(Some(number)) if number <= LAST => Ok(Some(number)),
        Some(number) => Err(Gap::invalid(NAME, at, what, number.unwrap_or(u64::MAX))),
    };
    let count = next("range count")?.unwrap_or(0);
    let mut pairs = Vec::new();
    while let Some(start) = next("range start")? {
        let Some(end) = next("range end")? else {
            return Err(Gap::invalid(NAME, at, "range count", count));
        };
        if end <= start {
            return Err(Gap::invalid(NAME, at, "range end", end));
        }
        pairs.push((start, end));
        if let Some(gap) = many(pairs.len(), at) {
            return Err(gap);
        }
    }
    if count == 0 || wide(pairs.len()).saturating_mul(2) != count {
        return Err(Gap::invalid(NAME, at, "range count", count));
    }
    Ok(pairs)
}

/// A decimal number and nothing else.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, b| {
        let digit = b.checked_sub(b'0').filter(|digit| *digit < 10)?;
        sum.checked_mul(10)?.checked_add(digit.into())
    })
}

/// Lines of a text, and where they begin.
struct Lines<'a> {
    text: &'a [u8],
    next: usize,
    line: &'a [u8],
    at: u64,
}

impl Lines<'_> {
    /// Goes to the next line; `false` at the end.
    fn next(&mut self) -> bool {
        let rest = self.text.get(self.next..).unwrap_or_default();
        if rest.is_empty() {
            return false;
        }
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.line = rest.get(..len).unwrap_or_default();
        self.line = self.line.strip_suffix(b"\r").unwrap_or(self.line);
        self.at = wide(self.next);
        self.next = self.next.saturating_add(len).saturating_add(1);
        true
    }

    /// Back to the start of this line.
    fn back(&mut self) {
        self.next = usize::try_from(self.at).unwrap_or(self.next);
    }

    fn number(&mut self, what: &'static str) -> Result<u64, Gap> {
        if !self.next() {
            let at = wide(self.text.len());
            self.at = at;
            return Err(Gap::truncated(NAME, at, what, 1, 0));
        }
        let first = self.line.first().copied().unwrap_or(0);
        decimal(self.line).ok_or_else(|| Gap::invalid(NAME, self.at, what, first.into()))
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test may overflow loudly")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn new(at: u64, len: u64, from: u64) -> Write {
        let what = What::New(from);
        Write { at, len, what }
    }

    fn zero(at: u64, len: u64) -> Write {
        let what = What::Zero;
        Write { at, len, what }
    }

    #[track_caller]
    fn check(text: &str, writes: &[Write], blocks: u64, gaps: &[&str]) -> Transfer {
        let got = read(text.as_bytes()).unwrap();
        assert_eq!(got.writes, writes);
        let told: Vec<String> = got.gaps.iter().map(ToString::to_string).collect();
        assert_eq!(
            (got.blocks, told),
            (blocks, gaps.iter().map(|gap| (*gap).into()).collect())
        );
        got
    }

    #[test]
    fn each_version_is_read() {
        let body = "erase 2,3,9\nnew 4,0,1,5,7\nzero 2,1,5\n";
        let writes = [zero(3, 6), new(0, 1, 0), new(5, 2, 1), zero(1, 4)];
        check(&format!("1\n7\n{body}"), &writes, 9, &[]);
        for version in 2..=4 {
            let got = check(&format!("{version}\n3\n0\n0\n{body}"), &writes, 9, &[]);
            assert_eq!((got.new, got.old), (3, None));
        }
    }

    #[test]
    fn new_data_is_taken_in_the_order_of_the_commands() {
        let text = "4\n7\n0\n0\nnew 2,8,10\nnew 4,0,2,2,3\nnew 2,10,12\n";
        check(text, &[new(8, 2, 0), new(0, 3, 2), new(10, 2, 5)], 12, &[]);
    }

    #[test]
    fn what_needs_the_old_build_is_counted_wherever_its_target_stands() {
        for text in [
            "1\n6\nmove 2,0,2 2,4,6\nbsdiff 0 9 2,0,9 2,6,7\nimgdiff 9 9 2,0,3 2,7,10\n",
            "2\n6\n1\n1\nmove 2,4,6 2 2,0,2\nstash 0 2,1,2\nbsdiff 0 9 2,6,7 9 2,0,9\nimgdiff 9 9 2,7,10 3 - 0:2,0,3\nfree 0\n",
            "3\n6\n1\n1\nmove aa 2,4,6 2 2,0,2\nbsdiff 0 9 bb cc 2,6,7 9 2,0,9\nimgdiff 9 9 bb cc 2,7,10 3 2,0,3\n",
        ] {
            let got = read(text.as_bytes()).unwrap();
            let ranges: Vec<(u64, u64)> = got.writes.iter().map(|w| (w.at, w.len)).collect();
            assert_eq!((ranges, got.blocks), (vec![(4, 2), (6, 1), (7, 3)], 10), "{text}");
            assert_eq!((got.old.unwrap().0, got.gaps), (6, vec![]));
        }
    }

    #[test]
    fn a_command_that_is_not_read_moves_all_new_data_after_it() {
        let lost = |text: &str, gap: &str| {
            let got =
                read(format!("4\n0\n0\n0\nnew 2,0,1\n{text}\nzero 2,3,4\nnew 2,4,5\n").as_bytes()).unwrap();
            assert_eq!(got.writes[..2], [new(0, 1, 0), zero(3, 1)]);
            assert_eq!(got.gaps[0].to_string(), gap);
            match &got.writes[2].what {
                What::Lost(why) => assert_eq!(why.to_string(), gap),
                what => panic!("{what:?}"),
            }
            assert_eq!(got.broken.unwrap().to_string(), gap);
        };
        lost("copy 2,1,3", "block-ota: command at 0x12: unsupported value 0x63");
        lost("new", "block-ota: range set at 0x12: invalid value 0x0");
        lost("new 4,1,3", "block-ota: range count at 0x12: invalid value 0x4");
        lost("new 2,1,3,5", "block-ota: range count at 0x12: invalid value 0x2");
        lost("new 0", "block-ota: range count at 0x12: invalid value 0x0");
        lost("new 2,3,3", "block-ota: range end at 0x12: invalid value 0x3");
        lost(
            "new 2,1,x",
            "block-ota: range end at 0x12: invalid value 0xffffffffffffffff",
        );
        let far = "new 2,0,1099511627776";
        lost(far, "block-ota: range end at 0x12: invalid value 0x10000000000");
    }

    #[test]
    fn a_command_that_takes_no_data_moves_none() {
        let text = "4\n0\n0\n0\nnew 2,0,1\nzero 3,1,2\nnew 2,4,5\n";
        let gaps = [
            "block-ota: range count at 0x12: invalid value 0x3",
            "block-ota: total blocks at 0x2: odd value 0x2, read as Android reads it",
        ];
        let got = check(text, &[new(0, 1, 0), new(4, 1, 1)], 5, &gaps);
        assert!(got.broken.is_some());
    }

    #[test]
    fn a_list_that_breaks_off_is_noticed_by_its_total() {
        let gap = "block-ota: transfer list at 0x11: truncated, needs 8192 bytes, 4096 left";
        check("4\n2\n0\n0\nnew 2,0,1", &[new(0, 1, 0)], 1, &[gap]);
    }

    #[test]
    fn a_list_without_all_lines_of_its_header_loses_no_command() {
        let gap = "block-ota: stash entries at 0x4: invalid value 0x6e";
        check(
            "4\n2\nnew 2,0,1\nnew 2,7,8\n",
            &[new(0, 1, 0), new(7, 1, 1)],
            8,
            &[gap],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_its_numbers_agree(
            lines in prop::collection::vec(
                (
                    prop::sample::select(vec!["new", "zero", "erase", "move a", "bsdiff 0 1 a b", "free", "x", ""]),
                    prop::collection::vec(prop::sample::select(vec![0_u64, 1, 2, 3, 9, LAST, LAST + 1, u64::MAX]), 0..6),
                ),
                0..12,
            ),
            version in 0..6,
        ) {
            let lines = lines.iter().map(|(verb, numbers)| {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                format!("{verb} {}\n", numbers.join(","))
            });
            let text = format!("{version}\n3\n0\n0\n{}", lines.collect::<String>());
            if let Ok(got) = read(text.as_bytes()) {
                let new = |write: &&Write| matches!(write.what, What::New(_));
                let sum = |of: Vec<&Write>| of.iter().map(|write| write.len).sum::<u64>();
                prop_assert_eq!(sum(got.writes.iter().filter(new).collect()), got.new);
                let end = got.writes.iter().map(|write| write.at + write.len).max();
                prop_assert_eq!(end.unwrap_or(0), got.blocks);
                prop_assert!(got.blocks <= LAST);
            }
        }
    }

    #[test]
    fn what_has_no_version_is_no_list() {
        for (text, gap) in [
            ("", "block-ota: version at 0x0: truncated, needs 1 bytes, 0 left"),
            ("5\n", "block-ota: version at 0x0: unsupported value 0x5"),
            ("four\n", "block-ota: version at 0x0: invalid value 0x66"),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err().to_string(), gap);
        }
    }
}
