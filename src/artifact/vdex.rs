//! Vdex: the dex files of a package or a jar, checked and optimised when the ROM was built.
//!
//! Spec: AOSP `art/runtime/vdex_file.h`. The versions that were released, each with a header of its own:
//! 006 (Android 8.0), 010 (8.1), 019 (9), 021 (10 and 11), 027 (12 and later). All fields are little-endian
//! and in bytes. The dex files follow each other, aligned to four; before each of them stands, in 019 and
//! 021, where its table of optimised instructions starts. A compact dex keeps its items behind the last dex.
//! What the verifier found out about classes is not read: it repeats what the code says.
//!
//! A vdex without a dex section is whole: the package beside it was left as it is.

use rustc_hash::FxHashMap;

use crate::bytes::{Cursor, Gap, wide};

use super::dex::compact::OffsetTable;
use super::dex::{Body, Dex, Opened};
use super::preopt;
use super::quick::Info;

/// The name under which gaps of this reader are reported.
pub const FORMAT: &str = "vdex";

/// Dex files follow each other at multiples of it.
const ALIGNMENT: usize = 4;
/// Ours: dex files of one vdex. A package has as many as `classes*.dex`, 36 at most were met.
const MAX_FILES: usize = 1024;
/// Ours: compact dex files of one vdex. They may all refer to the same data, so a walk over all of them
/// costs the product.
const MAX_COMPACT: usize = 64;
/// Ours: sections of version 027 that are looked at; there are four.
const MAX_SECTIONS: u32 = 64;

/// A vdex, borrowed.
#[derive(Debug)]
pub struct Vdex<'a> {
    data: &'a [u8],
    /// The three digits, 10 for `010`; 0 when they are not digits.
    pub version: u32,
    /// The dex files, in the order of the file.
    pub files: Vec<File>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    quickening: Quickening<'a>,
}

/// Where a dex file is in a vdex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Bytes from the start of the vdex to the dex.
    pub start: usize,
    /// Bytes from the start of the vdex to the dex's end; of a compact dex, to the end of all data.
    pub end: usize,
    /// CRC-32 of the entry of the package that it was; `None` where the table of them is cut off.
    pub checksum: Option<u32>,
    /// Whether it is a compact dex.
    pub compact: bool,
    /// Bytes from the start of the quickening info to this dex's part of it, in 019 and 021.
    table: u32,
}

/// How a version tells what the optimised instructions were.
#[derive(Debug, Clone, Copy)]
enum Quickening<'a> {
    /// It has none.
    None,
    /// 006: of each method that has code a size in four bytes and that many bytes, in the order of classes
    /// and their methods.
    Sequence(&'a [u8]),
    /// 010: of each dex pairs of a code offset and where its info is; at the very end, where the pairs of
    /// each dex start.
    Pairs(&'a [u8]),
    /// 019, 021: of each dex a table by method index.
    Tables(&'a [u8]),
}

impl<'a> Vdex<'a> {
    /// Whether these bytes claim to be a vdex.
    pub fn sniff(head: &[u8]) -> bool {
        head.starts_with(b"vdex")
    }

    /// Finds the dex files. Never fails: what is broken is in [`gaps`](Self::gaps).
    pub fn open(data: &'a [u8]) -> Self {
        let mut this = Self {
            data,
            version: 0,
            files: Vec::new(),
            gaps: Vec::new(),
            quickening: Quickening::None,
        };
        if let Err(gap) = this.read() {
            this.gaps.push(gap);
        }
        this
    }

    /// The dex files themselves; offsets in gaps count from the start of each.
    pub fn dexes(&self) -> Opened<'a> {
        let mut all = Opened::default();
        for file in &self.files {
            let Opened { dexes, gaps } = self.dex(file);
            all.dexes.extend(dexes);
            all.gaps.extend(gaps);
        }
        all
    }

    pub(super) fn dex(&self, file: &File) -> Opened<'a> {
        Dex::open(self.data.get(file.start..file.end).unwrap_or_default())
    }

    /// Whether some of the instructions may be optimised: where there is no quickening info, none are.
    pub(super) fn may_be_quickened(&self) -> bool {
        let known = matches!(self.version, 6 | 10 | 19 | 21 | 27);
        !known || !matches!(self.quickening, Quickening::None)
    }

    /// What the optimised instructions of all methods were. Ask for dex after dex, method after method,
    /// in the order of the file.
    pub(super) fn infos(&self) -> Infos<'a> {
        Infos {
            quickening: self.quickening,
            files: self.files.len(),
            pairs: FxHashMap::default(),
            table: None,
            broken: false,
        }
    }

    fn read(&mut self) -> Result<(), Gap> {
        let mut c = Cursor::new(FORMAT, self.data);
        let magic: [u8; 4] = c.array("magic")?;
        if magic != *b"vdex" {
            let got = u64::from(u32::from_le_bytes(magic));
            return Err(Gap::invalid(FORMAT, 0, "magic", got));
        }
        let digits = c.array("version")?;
        self.version = preopt::number(digits).unwrap_or(0);
        match self.version {
            6 | 10 => self.flat(c),
            19 | 21 => self.split(c),
            27 => self.sections(c),
            _ => {
                let got = u64::from(u32::from_le_bytes(digits));
                self.search();
                Err(Gap::unsupported(FORMAT, 4, "version", got))
            }
        }
    }

    /// `Header` of 006 and 010.
    fn flat(&mut self, mut c: Cursor<'a>) -> Result<(), Gap> {
        let count = c.u32("number_of_dex_files")?;
        let dex_size = c.u32("dex_size")?;
        let verifier_deps_size = c.u32("verifier_deps_size")?;
        let quickening_info_size = c.u32("quickening_info_size")?;
        let checksums = self.checksums(&mut c, count);
        let start = c.position();
        self.part(&mut c, "dex_size", dex_size);
        self.dex_section(start, c.position(), 0, count, checksums);
        self.part(&mut c, "verifier_deps_size", verifier_deps_size);
        let info = self.part(&mut c, "quickening_info_size", quickening_info_size);
        if !info.is_empty() {
            self.quickening = match self.version {
                6 => Quickening::Sequence(info),
                _ => Quickening::Pairs(info),
            };
        }
        Ok(())
    }

    /// `VerifierDepsHeader` and `DexSectionHeader` of 019 and 021.
    fn split(&mut self, mut c: Cursor<'a>) -> Result<(), Gap> {
        let dex_section_version: [u8; 4] = c.array("dex_section_version")?;
        let count = c.u32("number_of_dex_files")?;
        let verifier_deps_size = c.u32("verifier_deps_size")?;
        if self.version >= 21 {
            // Which boot class path and which class loaders the verifier saw: text at the end.
            c.u32("bootclasspath_checksums_size")?;
            c.u32("class_loader_context_size")?;
        }
        let checksums = self.checksums(&mut c, count);
        match &dex_section_version {
            b"000\0" => return Ok(()),
            b"002\0" => {}
            other => {
                self.search();
                let got = u64::from(u32::from_le_bytes(*other));
                return Err(Gap::unsupported(FORMAT, 8, "dex_section_version", got));
            }
        }
        let dex_size = c.u32("dex_size")?;
        let dex_shared_data_size = c.u32("dex_shared_data_size")?;
        let quickening_info_size = c.u32("quickening_info_size")?;
        let start = c.position();
        self.part(&mut c, "dex_size", dex_size);
        let end = c.position();
        let shared = self.part(&mut c, "dex_shared_data_size", dex_shared_data_size);
        self.dex_section(start, end, shared.len(), count, checksums);
        self.part(&mut c, "verifier_deps_size", verifier_deps_size);
        let info = self.part(&mut c, "quickening_info_size", quickening_info_size);
        if !info.is_empty() {
            self.quickening = Quickening::Tables(info);
        }
        Ok(())
    }

    /// `VdexFileHeader` and `VdexSectionHeader`s of 027: checksums are section 0, dex files section 1.
    /// Nothing is optimised in it.
    fn sections(&mut self, mut c: Cursor<'a>) -> Result<(), Gap> {
        let number_of_sections = c.u32("number_of_sections")?;
        if number_of_sections > MAX_SECTIONS {
            let (got, limit) = (u64::from(number_of_sections), u64::from(MAX_SECTIONS));
            self.gaps
                .push(Gap::over(FORMAT, 8, "number_of_sections", got, limit, ""));
        }
        let (mut checksums, mut dexes): (&[[u8; 4]], _) = (&[], None);
        let mut count = 0;
        for _ in 0..number_of_sections.min(MAX_SECTIONS) {
            let at = wide(c.position());
            let kind = c.u32("section_kind")?;
            let offset = c.u32("section_offset")?;
            let section_size = c.u32("section_size")?;
            let (start, end) = (size(offset), size(offset).saturating_add(size(section_size)));
            let found = self.data.get(start..end);
            if found.is_none() {
                let have = wide(self.data.len().saturating_sub(start));
                let need = u64::from(section_size);
                self.gaps
                    .push(Gap::truncated(FORMAT, at, "section_size", need, have));
            }
            let end = end.min(self.data.len());
            match kind {
                0 => {
                    checksums = found.unwrap_or_default().as_chunks().0;
                    count = section_size.wrapping_shr(2);
                }
                1 => dexes = (start < end).then_some((start, end)),
                // What the verifier found, and tables that a class is looked up in.
                2 | 3 => {}
                _ => self
                    .gaps
                    .push(Gap::unsupported(FORMAT, at, "section_kind", u64::from(kind))),
            }
        }
        if let Some((start, end)) = dexes {
            self.dex_section(start, end, 0, count, checksums);
        }
        Ok(())
    }

    /// The checksums behind the first header, as many as there are.
    fn checksums(&mut self, c: &mut Cursor<'a>, count: u32) -> &'a [[u8; 4]] {
        let size = u32::checked_mul(count, 4).unwrap_or(u32::MAX);
        self.part(c, "number_of_dex_files", size).as_chunks().0
    }

    /// A part of the file. What is missing of it is a gap.
    fn part(&mut self, c: &mut Cursor<'a>, what: &'static str, len: u32) -> &'a [u8] {
        let (at, have) = (c.position(), c.left());
        if size(len) > have {
            self.gaps
                .push(Gap::truncated(FORMAT, wide(at), what, u64::from(len), wide(have)));
        }
        c.take(what, size(len).min(have)).unwrap_or_default()
    }

    /// The dex files between `start` and `end`; `shared` bytes of data for compact ones follow.
    fn dex_section(&mut self, start: usize, end: usize, shared: usize, count: u32, checksums: &[[u8; 4]]) {
        let prefix = if matches!(self.version, 19 | 21) { 4 } else { 0 };
        let mut at = start;
        for i in 0..size(count) {
            if at >= end {
                // Where a package's dex files were left in it there is not one of them here.
                if i > 0 || start < end {
                    let left = u64::from(count).saturating_sub(wide(i));
                    self.gaps
                        .push(Gap::invalid(FORMAT, wide(at), "dex files missing", left));
                }
                return;
            }
            if i >= MAX_FILES {
                let (got, limit) = (u64::from(count), wide(MAX_FILES));
                self.gaps
                    .push(Gap::over(FORMAT, wide(at), "number_of_dex_files", got, limit, ""));
                return;
            }
            let table = match prefix {
                0 => 0,
                _ => word(self.data, at),
            };
            let found = self.file(at.saturating_add(prefix), end, shared);
            let (mut file, next) = match found {
                Ok(found) => found,
                Err(gap) => return self.gaps.push(gap),
            };
            file.checksum = checksums.get(i).map(|sum| u32::from_le_bytes(*sum));
            file.table = table;
            self.files.push(file);
            at = next;
        }
        let data_follows = self.files.iter().any(|file| file.compact);
        let left_over = at.checked_next_multiple_of(16).is_some_and(|at| at < end);
        if left_over && !data_follows {
            // More than padding: what was the count for?
            let left = wide(end.saturating_sub(at));
            self.gaps
                .push(Gap::invalid(FORMAT, wide(at), "bytes after the last dex", left));
        }
    }

    /// The dex at `start`, and where the next one starts.
    fn file(&self, start: usize, end: usize, shared: usize) -> Result<(File, usize), Gap> {
        let mut c = Cursor::at(FORMAT, self.data, start);
        let magic: [u8; 4] = c.array("dex")?;
        let compact = magic == *b"cdex";
        if magic != *b"dex\n" && !compact {
            let got = u64::from(u32::from_le_bytes(magic));
            return Err(Gap::invalid(FORMAT, wide(start), "dex magic", got));
        }
        if compact && self.files.len() >= MAX_COMPACT {
            let limit = wide(MAX_COMPACT);
            let got = limit.saturating_add(1);
            return Err(Gap::over(
                FORMAT,
                wide(start),
                "compact dex files",
                got,
                limit,
                "",
            ));
        }
        let len = size(word(self.data, start.saturating_add(0x20)));
        let own = start.saturating_add(len);
        let next = own.checked_next_multiple_of(ALIGNMENT).unwrap_or(usize::MAX);
        let last = if compact {
            end.saturating_add(shared)
        } else {
            own.min(end)
        };
        let file = File {
            start,
            end: last,
            checksum: None,
            compact,
            table: 0,
        };
        // A size of nothing would have the next one at the same place; the dex reader tells what is wrong.
        Ok((file, if len == 0 { usize::MAX } else { next }))
    }

    /// Looks for dex files where the version does not tell where they are.
    fn search(&mut self) {
        let mut at = 0;
        while let Some(found) = self
            .data
            .get(at..)
            .and_then(|rest| memchr::memmem::find(rest, b"dex\n0"))
        {
            let start = at.saturating_add(found);
            at = start.saturating_add(5);
            let len = size(word(self.data, start.saturating_add(0x20)));
            let endian = word(self.data, start.saturating_add(0x28));
            let end = start.saturating_add(len);
            if endian != 0x1234_5678 || len < 0x70 || end > self.data.len() || self.files.len() >= MAX_FILES {
                continue;
            }
            self.files.push(File {
                start,
                end,
                checksum: None,
                compact: false,
                table: 0,
            });
            at = end;
        }
    }
}

/// What the optimised instructions of each method were; see [`Vdex::infos`].
pub(super) struct Infos<'a> {
    quickening: Quickening<'a>,
    /// Number of dex files.
    files: usize,
    /// 010: where the info of the code at an offset is.
    pairs: FxHashMap<u32, u32>,
    /// 019, 021: the table of the dex.
    table: Option<OffsetTable<'a>>,
    /// 006: a method could not be read, so which info belongs to the next one is not known.
    broken: bool,
}

impl<'a> Infos<'a> {
    /// Goes on to dex number `i`, which is `file`.
    pub(super) fn dex(&mut self, i: usize, file: &File) -> Result<(), Gap> {
        self.table = None;
        match self.quickening {
            Quickening::None | Quickening::Sequence(_) => Ok(()),
            Quickening::Pairs(info) => self.read_pairs(info, i),
            Quickening::Tables(info) => {
                let at = size(file.table);
                self.table = info.get(at..).and_then(OffsetTable::read);
                match self.table {
                    Some(_) => Ok(()),
                    None => Err(lost("quicken_table_off", file.start, u64::from(file.table))),
                }
            }
        }
    }

    fn read_pairs(&mut self, info: &[u8], i: usize) -> Result<(), Gap> {
        let ends = info.len().checked_sub(self.files.saturating_mul(4));
        let start = |i: usize| match i < self.files {
            true => Some(size(word(info, ends?.saturating_add(i.saturating_mul(4))))),
            false => ends,
        };
        let range = start(i).zip(start(i.saturating_add(1)));
        let items = range.and_then(|(start, end)| info.get(start..end));
        self.pairs.clear();
        let Some(items) = items else {
            return Err(lost(
                "dex_file_indices",
                i,
                range.map_or(0, |(start, _)| wide(start)),
            ));
        };
        self.pairs
            .extend(items.as_chunks::<8>().0.iter().map(|[a, b, c, d, e, f, g, h]| {
                let code = u32::from_le_bytes([*a, *b, *c, *d]);
                (code, u32::from_le_bytes([*e, *f, *g, *h]))
            }));
        Ok(())
    }

    /// What the optimised instructions of `body` were. Where a method of the dex could not be read, tell
    /// [`skip`](Self::skip).
    pub(super) fn of(&mut self, body: &Body<'a>) -> Info<'a> {
        match &mut self.quickening {
            Quickening::Sequence(rest) if !self.broken => match sized(rest, 0) {
                Some((info, after)) => {
                    *rest = after;
                    Info::Pairs(info)
                }
                None => {
                    self.broken = true;
                    Info::None
                }
            },
            Quickening::None | Quickening::Sequence(_) => Info::None,
            Quickening::Pairs(info) => {
                let at = self.pairs.get(&body.method.code_off);
                let found = at.and_then(|at| sized(info, size(*at)));
                found.map_or(Info::None, |(info, _)| Info::Indices(info.as_chunks().0))
            }
            Quickening::Tables(info) => {
                let at = self.table.and_then(|table| table.get(body.method.index));
                // One more than where it is, since 0 is none.
                let at = at.and_then(|at| at.checked_sub(1));
                let found = at.and_then(|at| counted(info.get(size(at)..)?));
                found.map_or(Info::None, Info::Indices)
            }
        }
    }

    /// A method was not read.
    pub(super) fn skip(&mut self) {
        self.broken = true;
    }
}

/// A size in four bytes and that many bytes at `at`, and what follows.
fn sized(data: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    let (len, rest) = data.get(at..)?.split_first_chunk::<4>()?;
    rest.split_at_checked(size(u32::from_le_bytes(*len)))
}

/// A number of indices as LEB128, and the indices.
fn counted(data: &[u8]) -> Option<&[[u8; 2]]> {
    let (count, rest) = super::quick::leb(data)?;
    Some(rest.get(..size(count).checked_mul(2)?)?.as_chunks().0)
}

fn lost(what: &'static str, at: usize, got: u64) -> Gap {
    Gap::invalid(FORMAT, wide(at), what, got)
}

/// A 32-bit number at byte `at`, 0 where the file ends before.
fn word(data: &[u8], at: usize) -> u32 {
    let bytes = data.get(at..).and_then(|rest| rest.first_chunk::<4>());
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::dex::build::DexBuilder;
    use super::super::preopt::build::{Part, vdex};
    use super::*;

    fn dex(text: &str) -> Vec<u8> {
        let mut dex = DexBuilder::new();
        dex.class("La;").method("f", "()V", 1, |m| {
            m.const_string(0, text).return_void();
        });
        dex.build()
    }

    #[track_caller]
    fn check(bytes: &[u8], files: usize, gaps: &[&str]) {
        let vdex = Vdex::open(bytes);
        let found: Vec<String> = vdex.gaps.iter().map(Gap::to_string).collect();
        assert_eq!(found, gaps);
        assert_eq!(vdex.files.len(), files);
    }

    fn has(dex: &Dex<'_>, text: &str) -> bool {
        dex.strings()
            .flatten()
            .any(|(_, string)| string == text.as_bytes())
    }

    #[test]
    fn every_version_holds_its_dex_files() {
        let (one, two) = (dex("one"), dex("second"));
        for version in [6, 10, 19, 21, 27] {
            let bytes = vdex(version, &[Part::plain(&one), Part::plain(&two)]);
            let vdex = Vdex::open(&bytes);
            assert_eq!(vdex.gaps, []);
            assert_eq!(vdex.version, version);
            let sums: Vec<_> = vdex.files.iter().map(|file| file.checksum).collect();
            assert_eq!(sums, [Some(1), Some(2)]);
            let opened = vdex.dexes();
            assert_eq!(opened.gaps, []);
            assert!(has(&opened.dexes[0], "one") && has(&opened.dexes[1], "second"));
            assert!(opened.dexes.iter().all(|dex| dex.checksum().is_ok()));
        }
    }

    #[test]
    fn compact_dex_files_share_their_data() {
        let one = dex("one");
        for version in [19, 21, 27] {
            let bytes = vdex(
                version,
                &[Part::compact(&one), Part::compact(&one), Part::plain(&one)],
            );
            let vdex = Vdex::open(&bytes);
            assert_eq!(vdex.gaps, []);
            let opened = vdex.dexes();
            assert_eq!(opened.gaps, []);
            assert!(
                opened
                    .dexes
                    .iter()
                    .all(|dex| has(dex, "one") && dex.bodies().flatten().count() == 1)
            );
        }
    }

    #[test]
    fn a_vdex_without_a_dex_section_is_whole() {
        let mut bytes = b"vdex021\x00000\0".to_vec();
        for n in [1_u32, 4, 0, 0, 0x1234, 0] {
            bytes.extend(n.to_le_bytes());
        }
        check(&bytes, 0, &[]);
        check(
            &vdex(27, &[])[..60],
            0,
            &["vdex: section_size at 0x24: truncated, needs 4 bytes, 0 left"],
        );
    }

    #[test]
    fn what_is_cut_off_is_told_and_the_rest_is_kept() {
        let bytes = vdex(10, &[Part::plain(&dex("one")), Part::plain(&dex("two"))]);
        let first = Vdex::open(&bytes).files[0].end;
        check(
            &bytes[..first],
            1,
            &[
                "vdex: dex_size at 0x20: truncated, needs 776 bytes, 388 left",
                "vdex: dex files missing at 0x1a4: invalid value 0x1",
                "vdex: verifier_deps_size at 0x1a4: truncated, needs 4 bytes, 0 left",
                "vdex: quickening_info_size at 0x1a4: truncated, needs 8 bytes, 0 left",
            ],
        );
        check(
            b"vdex010",
            0,
            &["vdex: version at 0x4: truncated, needs 4 bytes, 3 left"],
        );
    }

    #[test]
    fn a_count_that_is_too_large_or_too_small_is_told() {
        let mut bytes = vdex(10, &[Part::plain(&dex("one")), Part::plain(&dex("two"))]);
        bytes[8] = 1;
        let gaps = Vdex::open(&bytes).gaps;
        assert_eq!(gaps[0].what, "dex magic");
        bytes[8..12].fill(0xff);
        let vdex = Vdex::open(&bytes);
        assert_eq!(vdex.gaps[0].what, "number_of_dex_files");
        assert_eq!(vdex.files.len(), 0);
    }
}
