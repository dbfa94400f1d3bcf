//! Oat: code that was compiled when the ROM was built, in an ELF file, and until Android 7 the dex files that
//! it was compiled from.
//!
//! Spec: AOSP `art/runtime/oat.h` and `oat_file.cc`. All fields are little-endian; offsets count from
//! `oatdata`, the start of `.rodata`. Versions: 039 (Android 5.0) to 088 (7.1) hold the dex files; from 124
//! (8.0) on they are in the vdex beside, and the offsets are offsets into that. Later versions add fields at
//! the end of the record of a dex file, so the next record is looked for where one may be.
//! The machine code itself is not read.

use rustc_hash::FxHashSet;

use crate::bytes::{Cursor, Gap, wide};

use super::dex::{Dex, Opened};
use super::elf::Elf;
use super::preopt;

/// The name under which gaps of this reader are reported.
pub const FORMAT: &str = "oat";

const MAGIC: &[u8; 4] = b"oat\n";
/// First version whose header tells where the records of dex files are.
const OFFSET_IN_HEADER: u32 = 127;
/// First version whose dex files are in a vdex.
const DEX_IN_VDEX: u32 = 124;
/// First version whose records have an offset of the table of classes instead of the table.
const CLASSES_ELSEWHERE: u32 = 79;
/// Bytes before the key-value store.
const HEADER: usize = 72;
/// The same where the header has three offsets for a compiler that never came (039, 045).
const HEADER_PORTABLE: usize = 84;
/// Ours: dex files of one oat. The boot image of Android 7 has some thirty.
const MAX_FILES: usize = 1024;
/// Ours: bytes of a location. Real ones are paths.
const MAX_LOCATION: u32 = 4096;
/// Ours: 32-bit fields at the end of a record. The latest version met has nine.
const MAX_FIELDS: u32 = 16;

/// An oat file, borrowed.
#[derive(Debug, Default)]
pub struct Oat<'a> {
    data: &'a [u8],
    /// Bytes from the start of the ELF file to `oatdata`.
    pub start: usize,
    /// The three digits, 64 for `064`.
    pub version: u32,
    /// The dex files, in the order of the file.
    pub files: Vec<File<'a>>,
    /// What could not be read. Offsets count from the start of the ELF file.
    pub gaps: Vec<Gap>,
}

/// `OatDexFile`: a dex file and where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File<'a> {
    /// The package or jar on the device; from the second dex on with `:classes2.dex` or `!classes2.dex`.
    pub location: &'a [u8],
    /// CRC-32 of the entry of the package.
    pub checksum: u32,
    /// Bytes to the dex, from `oatdata` or from the start of the vdex; 0 where it was left in the package.
    pub offset: u32,
    /// Bytes from the start of the ELF file to the dex and to its end, where it is in here.
    pub range: Option<(usize, usize)>,
}

impl<'a> Oat<'a> {
    /// Whether this is an ELF file that holds an oat.
    pub fn sniff(data: &[u8]) -> bool {
        Elf::sniff(data) && find(data).is_some()
    }

    /// Finds the dex files; `None` where the ELF file holds no oat. What is broken is in
    /// [`gaps`](Self::gaps).
    pub fn open(data: &'a [u8]) -> Option<Self> {
        let mut this = Self {
            data,
            start: find(data)?,
            ..Self::default()
        };
        if let Err(gap) = this.read() {
            this.gaps.push(gap);
        }
        Some(this)
    }

    /// The dex files that are in here; offsets in gaps count from the start of each.
    pub fn dexes(&self) -> Opened<'a> {
        let mut all = Opened::default();
        for file in &self.files {
            let Opened { dexes, gaps } = self.dex(file);
            all.dexes.extend(dexes);
            all.gaps.extend(gaps);
        }
        all
    }

    /// One of them.
    pub(super) fn dex(&self, file: &File<'_>) -> Opened<'a> {
        match file.range {
            Some((start, end)) => Dex::open(self.data.get(start..end).unwrap_or_default()),
            None => Opened::default(),
        }
    }

    fn read(&mut self) -> Result<(), Gap> {
        let mut c = Cursor::at(FORMAT, self.data, self.start);
        c.skip("magic", 4)?;
        let digits: [u8; 4] = c.array("version")?;
        let Some(version) = preopt::number(digits) else {
            let got = u64::from(u32::from_le_bytes(digits));
            return Err(Gap::unsupported(FORMAT, self.offset(4), "version", got));
        };
        self.version = version;
        c.skip("checksum", 4)?;
        c.skip("instruction_set", 8)?;
        let count = c.u32("dex_file_count")?;
        let mut at = match version {
            OFFSET_IN_HEADER.. => {
                let off = c.u32("oat_dex_files_offset")?;
                self.start.saturating_add(size(off))
            }
            _ => self.behind_store()?,
        };
        // Of a dex that is there twice, the second is not read; and many that overlap cost their sum.
        let mut seen = FxHashSet::default();
        let mut budget = self.data.len().saturating_mul(2);
        for i in 0..size(count) {
            if i >= MAX_FILES {
                let (got, limit) = (u64::from(count), wide(MAX_FILES));
                return Err(Gap::over(
                    FORMAT,
                    self.offset(20),
                    "dex_file_count",
                    got,
                    limit,
                    "",
                ));
            }
            let Some((mut file, end)) = self.record(at) else {
                let left = u64::from(count).saturating_sub(wide(i));
                return Err(Gap::invalid(FORMAT, wide(at), "dex file records missing", left));
            };
            if version < DEX_IN_VDEX && seen.insert(file.offset) {
                match self.embedded(&file) {
                    Ok((start, end)) => {
                        let len = end.saturating_sub(start);
                        let Some(left) = budget.checked_sub(len) else {
                            let (got, limit) = (wide(len), wide(budget));
                            return Err(Gap::over(
                                FORMAT,
                                wide(start),
                                "dex files that overlap",
                                got,
                                limit,
                                "",
                            ));
                        };
                        budget = left;
                        file.range = Some((start, end));
                    }
                    Err(gap) => self.gaps.push(gap),
                }
            }
            at = self.next(&file, end);
            self.files.push(file);
        }
        Ok(())
    }

    /// Where the first record is: behind the key-value store, whose place depends on the version and was
    /// not the same in all builds of Android 5.
    fn behind_store(&self) -> Result<usize, Gap> {
        for header in [HEADER, HEADER_PORTABLE] {
            let store = self.start.saturating_add(header);
            let len = word(self.data, store.saturating_sub(4));
            let at = len.and_then(|len| store.checked_add(size(len)));
            if let Some(at) = at.filter(|at| self.record(*at).is_some()) {
                return Ok(at);
            }
        }
        let at = self.start.saturating_add(HEADER).saturating_sub(4);
        let got = word(self.data, at).unwrap_or(0);
        Err(Gap::invalid(
            FORMAT,
            wide(at),
            "key_value_store_size",
            u64::from(got),
        ))
    }

    /// The record at `at`, and where its fixed part ends; `None` where there can be none.
    fn record(&self, at: usize) -> Option<(File<'a>, usize)> {
        let mut c = Cursor::at(FORMAT, self.data, at);
        let len = c.u32("dex_file_location_size").ok()?;
        if len == 0 || len > MAX_LOCATION {
            return None;
        }
        let location = c.take("dex_file_location", size(len)).ok()?;
        // A path; bytes beyond ASCII may be in one.
        if location.iter().any(|&byte| byte < b' ' || byte == 0x7f) {
            return None;
        }
        let first: [u8; 4] = c.array("dex_file_location_checksum").ok()?;
        let checksum = match &first {
            // Since Android 14 the magic of the dex comes first and its SHA-1 after the checksum.
            b"dex\n" | b"cdex" => {
                c.skip("dex_file_magic", 4).ok()?;
                let checksum = c.u32("dex_file_location_checksum").ok()?;
                c.skip("dex_file_sha1", 20).ok()?;
                checksum
            }
            _ => u32::from_le_bytes(first),
        };
        let offset = c.u32("dex_file_offset").ok()?;
        let file = File {
            location,
            checksum,
            offset,
            range: None,
        };
        Some((file, c.position()))
    }

    /// Where a dex that is in here starts and ends.
    fn embedded(&self, file: &File<'_>) -> Result<(usize, usize), Gap> {
        let start = self.start.saturating_add(size(file.offset));
        let mut c = Cursor::at(FORMAT, self.data, start);
        let magic: [u8; 4] = c.array("dex")?;
        if magic != *b"dex\n" {
            let got = u64::from(u32::from_le_bytes(magic));
            return Err(Gap::invalid(FORMAT, wide(start), "dex magic", got));
        }
        let file_size = word(self.data, start.saturating_add(0x20)).unwrap_or(0);
        let end = start.saturating_add(size(file_size)).min(self.data.len());
        Ok((start, end))
    }

    /// Where the record after that of `file` is, whose fixed part ends at `end`.
    fn next(&self, file: &File<'_>, end: usize) -> usize {
        let at = |fields: u32| end.saturating_add(size(fields).saturating_mul(4));
        let classes = file
            .range
            .filter(|_| self.version < CLASSES_ELSEWHERE)
            .and_then(|(start, _)| word(self.data, start.saturating_add(0x60)));
        let mut places = classes.into_iter().chain(0..=MAX_FIELDS).map(at);
        places.find(|&at| self.record(at).is_some()).unwrap_or(end)
    }

    fn offset(&self, at: usize) -> u64 {
        wide(self.start.saturating_add(at))
    }
}

/// Bytes from the start of an ELF file to its oat.
fn find(data: &[u8]) -> Option<usize> {
    let is_oat = |at: &usize| data.get(*at..).is_some_and(|rest| rest.starts_with(MAGIC));
    // Nearly always the second page, of 4 or 16 KiB. Nearly no library has the magic anywhere: that saves
    // reading its symbols.
    if let Some(at) = [0x1000, 0x4000].into_iter().find(is_oat) {
        return Some(at);
    }
    memchr::memmem::find(data, MAGIC)?;
    let elf = Elf::open(data);
    let symbol = elf.exports().find(|symbol| symbol.name == b"oatdata");
    let named = symbol.and_then(|symbol| elf.file_offset(symbol.value));
    named.into_iter().chain(elf.loaded()).find(is_oat)
}

/// A 32-bit number at byte `at`.
fn word(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*bytes))
}

fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::dex::build::DexBuilder;
    use super::super::preopt::build::oat;
    use super::*;

    fn dex(text: &str) -> Vec<u8> {
        let mut dex = DexBuilder::new();
        dex.class("La;").method("f", "()V", 1, |m| {
            m.const_string(0, text).return_void();
        });
        dex.class("Lb;");
        dex.build()
    }

    #[test]
    fn every_version_lists_its_dex_files() {
        let dexes = [dex("one"), dex("two"), dex("three")];
        for version in [39, 45, 64, 79, 88, 124, 131, 138, 170, 183, 195, 225, 230, 244] {
            let bytes = oat(version, 0x1000, &dexes);
            let oat = Oat::open(&bytes).unwrap();
            assert_eq!(oat.gaps, [], "{version}");
            assert_eq!(oat.version, version);
            let listed: Vec<_> = oat
                .files
                .iter()
                .map(|file| (file.location, file.checksum))
                .collect();
            let expect: [(&[u8], u32); 3] = [
                (b"/a/b.apk", 1),
                (b"/a/b.apk:classes2.dex", 2),
                (b"/a/b.apk:classes3.dex", 3),
            ];
            assert_eq!(listed, expect, "{version}");
            let opened = oat.dexes();
            assert_eq!(opened.gaps, []);
            assert_eq!(opened.dexes.len(), if version < 124 { 3 } else { 0 });
            assert!(opened.dexes.iter().all(|dex| dex.checksum().is_ok()));
        }
    }

    #[test]
    fn the_oat_is_found_wherever_the_linker_put_it() {
        for start in [0x1000, 0x4000, 0x200] {
            let bytes = oat(64, start, &[dex("one")]);
            assert!(Oat::sniff(&bytes));
            assert_eq!(Oat::open(&bytes).unwrap().start, start);
        }
        assert!(!Oat::sniff(&oat(64, 0x1000, &[])[..0x1000]));
    }

    #[test]
    fn a_dex_that_is_not_where_it_should_be_is_a_gap_and_the_others_are_read() {
        let mut bytes = oat(88, 0x1000, &[dex("one"), dex("two")]);
        let (start, _) = Oat::open(&bytes).unwrap().files[0].range.unwrap();
        bytes[start] = b'x';
        let oat = Oat::open(&bytes).unwrap();
        assert_eq!(oat.gaps[0].what, "dex magic");
        assert_eq!(oat.dexes().dexes.len(), 1);
    }

    #[test]
    fn records_that_are_not_there_are_counted() {
        let mut bytes = oat(88, 0x1000, &[dex("one")]);
        bytes[0x1014..0x1018].fill(0xff);
        let oat = Oat::open(&bytes).unwrap();
        assert_eq!(
            oat.gaps[0].to_string(),
            "oat: dex file records missing at 0x1066: invalid value 0xfffffffe"
        );
        assert_eq!(oat.files.len(), 1);
    }

    #[test]
    fn dex_files_that_overlap_are_read_once() {
        let mut bytes = oat(88, 0x1000, &[dex("one"), dex("two")]);
        let oat = Oat::open(&bytes).unwrap();
        let offset = oat.files[0].offset;
        let second = bytes
            .windows(8)
            .rposition(|w| w[..4] == oat.files[1].offset.to_le_bytes())
            .unwrap();
        bytes[second..][..4].copy_from_slice(&offset.to_le_bytes());
        assert_eq!(Oat::open(&bytes).unwrap().dexes().dexes.len(), 1);
    }
}
