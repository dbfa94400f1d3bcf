//! The header of a dex, and where its tables are.
//!
//! Spec: Android *Dalvik executable format*, "header_item" (0x70 bytes; 0x78 from version 041 on, where
//! several logical files share one container and all offsets count from the container's start). A compact
//! dex goes on with six fields of its own: see [`super::compact`].
//!
//! A table that the header places outside the file is put back where the format would have it: tables
//! follow each other in a fixed order, so one wrong number does not hide the rest.

use crate::bytes::{Cursor, Gap};

use super::compact::CompactHeader;
use super::{FORMAT, size, wide};

/// `endian_tag` as it must be: nobody ever wrote the other order.
const ENDIAN_CONSTANT: u32 = 0x1234_5678;
/// Versions that Android loads. 036 was skipped: an old Dalvik took it for an odex.
const VERSIONS: [&[u8; 3]; 6] = [b"035", b"037", b"038", b"039", b"040", b"041"];
/// Bytes of a header before version 041.
const SHORT: u32 = 0x70;
/// Bytes of a header from version 041 on.
const LONG: u32 = 0x78;
/// Bytes of the header of a compact dex.
const COMPACT: u32 = 0x88;

/// Size and offset of a table or section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Section {
    /// Number of items (bytes for `data` and `link`).
    pub size: u32,
    /// Bytes from the start of the container, 0 where there is none.
    pub off: u32,
}

/// `header_item`, with the names of the specification. Values are as in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub struct Header {
    /// The three digits, 35 for `035`; 0 when they are not digits. 1 for a compact dex.
    pub version: u32,
    /// Adler-32 of everything after this field.
    pub checksum: u32,
    pub signature: [u8; 20],
    /// Bytes of this logical file, header included.
    pub file_size: u32,
    pub header_size: u32,
    pub endian_tag: u32,
    pub link: Section,
    pub map_off: u32,
    pub string_ids: Section,
    pub type_ids: Section,
    pub proto_ids: Section,
    pub field_ids: Section,
    pub method_ids: Section,
    pub class_defs: Section,
    pub data: Section,
    /// Bytes of the container; 0 before version 041.
    pub container_size: u32,
    /// Bytes from the container's start to this header.
    pub header_offset: u32,
    /// What the header of a compact dex has besides; `None` in a dex.
    pub compact: Option<CompactHeader>,
}

impl Header {
    /// Reads the header at byte `at` of `data` and notes what Android would not accept in it.
    pub(super) fn read(data: &[u8], at: usize, gaps: &mut Vec<Gap>) -> Result<Self, Gap> {
        let mut c = Cursor::at(FORMAT, data, at);
        let magic: [u8; 4] = c.array("magic")?;
        let digits: [u8; 4] = c.array("magic")?;
        let from = wide(at);
        let compact = magic == *b"cdex";
        if magic != *b"dex\n" && !compact {
            let got = u64::from(u32::from_le_bytes(magic));
            return Err(Gap::invalid(FORMAT, from, "magic", got));
        }
        let version = match compact {
            true => u32::from(digits == *b"001\0"),
            false => version(digits),
        };
        if version == 0 {
            let got = u64::from(u32::from_le_bytes(digits));
            gaps.push(Gap::odd(FORMAT, from.saturating_add(4), "version", got));
        }
        let mut h = Self {
            version,
            checksum: c.u32("checksum")?,
            ..Self::default()
        };
        h.signature = c.array("signature")?;
        h.file_size = c.u32("file_size")?;
        h.header_size = c.u32("header_size")?;
        h.endian_tag = c.u32("endian_tag")?;
        h.link = section(&mut c, "link_size", "link_off")?;
        h.map_off = c.u32("map_off")?;
        h.string_ids = section(&mut c, "string_ids_size", "string_ids_off")?;
        h.type_ids = section(&mut c, "type_ids_size", "type_ids_off")?;
        h.proto_ids = section(&mut c, "proto_ids_size", "proto_ids_off")?;
        h.field_ids = section(&mut c, "field_ids_size", "field_ids_off")?;
        h.method_ids = section(&mut c, "method_ids_size", "method_ids_off")?;
        h.class_defs = section(&mut c, "class_defs_size", "class_defs_off")?;
        h.data = section(&mut c, "data_size", "data_off")?;
        if compact {
            h.compact = Some(CompactHeader::read(&mut c)?);
        } else if version >= 41 && h.header_size >= LONG {
            h.container_size = c.u32("container_size")?;
            h.header_offset = c.u32("header_offset")?;
        }
        h.check(data, from, gaps);
        Ok(h)
    }

    /// Whether this is one of several logical files in a container.
    pub fn in_container(&self) -> bool {
        self.container_size != 0
    }

    /// Notes what ART's `DexFileVerifier::CheckHeader` refuses. Tables are checked where they are cut.
    fn check(&self, data: &[u8], at: u64, gaps: &mut Vec<Gap>) {
        let mut odd = |right: bool, field: u64, what: &'static str, got: u32| {
            if !right {
                gaps.push(Gap::odd(FORMAT, at.saturating_add(field), what, u64::from(got)));
            }
        };
        let size = match self.compact {
            Some(_) => COMPACT,
            None if self.version >= 41 => LONG,
            None => SHORT,
        };
        odd(self.header_size == size, 0x24, "header_size", self.header_size);
        odd(
            self.endian_tag == ENDIAN_CONSTANT,
            0x28,
            "endian_tag",
            self.endian_tag,
        );
        let all = wide(data.len());
        let left = all.saturating_sub(at);
        if self.compact.is_some() {
            // The map, the links and where the data ends are checked where the data section is cut.
            return odd(
                u64::from(self.file_size) <= left,
                0x20,
                "file_size",
                self.file_size,
            );
        }
        if self.in_container() {
            odd(
                u64::from(self.file_size) <= left,
                0x20,
                "file_size",
                self.file_size,
            );
            odd(
                u64::from(self.container_size) == all,
                0x70,
                "container_size",
                self.container_size,
            );
            odd(
                u64::from(self.header_offset) == at,
                0x74,
                "header_offset",
                self.header_offset,
            );
        } else {
            odd(
                u64::from(self.file_size) == left,
                0x20,
                "file_size",
                self.file_size,
            );
            let end = u64::from(self.data.off).saturating_add(u64::from(self.data.size));
            odd(end <= all, 0x68, "data_size", self.data.size);
            let inside = self.data.size == 0 || self.data.off >= self.header_size;
            odd(
                inside && u64::from(self.data.off) <= all,
                0x6c,
                "data_off",
                self.data.off,
            );
        }
        let end = u64::from(self.link.off).saturating_add(u64::from(self.link.size));
        odd(end <= all, 0x2c, "link_size", self.link.size);
        odd(
            self.link.size != 0 || self.link.off == 0,
            0x30,
            "link_off",
            self.link.off,
        );
        let map = self.map_off >= size && u64::from(self.map_off).saturating_add(4) <= all;
        odd(map, 0x34, "map_off", self.map_off);
    }

    /// Bytes of the logical file: what the header says, cut to what is there.
    pub(super) fn len(&self, left: usize) -> usize {
        size(self.file_size).min(left)
    }
}

fn section(c: &mut Cursor<'_>, size: &'static str, off: &'static str) -> Result<Section, Gap> {
    Ok(Section {
        size: c.u32(size)?,
        off: c.u32(off)?,
    })
}

/// The version as a number, 0 where Android knows none such.
fn version(digits: [u8; 4]) -> u32 {
    let [a, b, c, nul] = digits;
    if nul != 0 || !VERSIONS.contains(&&[a, b, c]) {
        return 0;
    }
    [a, b, c].iter().fold(0_u32, |n, d| {
        n.saturating_mul(10)
            .saturating_add(u32::from(d.saturating_sub(b'0')))
    })
}

/// The tables of a dex, cut to what is in the file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tables<'a> {
    pub(super) string_ids: &'a [[u8; 4]],
    pub(super) type_ids: &'a [[u8; 4]],
    pub(super) proto_ids: &'a [[u8; 12]],
    pub(super) field_ids: &'a [[u8; 8]],
    pub(super) method_ids: &'a [[u8; 8]],
    pub(super) class_defs: &'a [[u8; 32]],
}

impl<'a> Tables<'a> {
    /// Finds the tables of `header` in `data`; what lies outside is a gap, and is looked for where the
    /// table before ends.
    pub(super) fn cut(data: &'a [u8], at: usize, header: &Header, gaps: &mut Vec<Gap>) -> Self {
        let starts = [
            header.string_ids.off,
            header.type_ids.off,
            header.proto_ids.off,
            header.field_ids.off,
            header.method_ids.off,
            header.class_defs.off,
            header.data.off,
            // Of a compact dex it counts from another place.
            if header.compact.is_some() {
                0
            } else {
                header.map_off
            },
        ];
        let header_size = match header.compact {
            Some(_) => COMPACT,
            None if header.in_container() => LONG,
            None => SHORT,
        };
        let mut cut = Cut {
            data,
            starts,
            gaps,
            header: wide(at),
            end: at.saturating_add(size(header_size)),
        };
        Self {
            string_ids: cut.table("string_ids", 0x38, header.string_ids),
            type_ids: cut.table("type_ids", 0x40, header.type_ids),
            proto_ids: cut.table("proto_ids", 0x48, header.proto_ids),
            field_ids: cut.table("field_ids", 0x50, header.field_ids),
            method_ids: cut.table("method_ids", 0x58, header.method_ids),
            class_defs: cut.table("class_defs", 0x60, header.class_defs),
        }
    }
}

struct Cut<'a, 'g> {
    data: &'a [u8],
    /// Where sections start, by the header.
    starts: [u32; 8],
    gaps: &'g mut Vec<Gap>,
    /// Where the header is.
    header: u64,
    /// Where the table before ends.
    end: usize,
}

impl<'a> Cut<'a, '_> {
    fn table<const N: usize>(&mut self, what: &'static str, field: u64, section: Section) -> &'a [[u8; N]] {
        if section.size == 0 {
            if section.off != 0 && size(section.off) > self.data.len() {
                let at = self.header.saturating_add(field).saturating_add(4);
                self.gaps
                    .push(Gap::invalid(FORMAT, at, what, u64::from(section.off)));
            }
            return &[];
        }
        let at = self.header.saturating_add(field);
        let mut off = size(section.off);
        if off < 8 || off > self.data.len() {
            let gap = Gap::invalid(FORMAT, at.saturating_add(4), what, u64::from(section.off));
            self.gaps.push(gap);
            off = self.end;
        }
        let need = size(section.size).saturating_mul(N);
        let rest = self.data.get(off..).unwrap_or_default();
        let bytes = rest.get(..need).unwrap_or_else(|| {
            self.gaps
                .push(Gap::truncated(FORMAT, at, what, wide(need), wide(rest.len())));
            rest.get(..self.next(off).saturating_sub(off)).unwrap_or(rest)
        });
        self.end = off.saturating_add(bytes.len());
        bytes.as_chunks::<N>().0
    }

    /// Where the next section starts after byte `off`.
    fn next(&self, off: usize) -> usize {
        let later = self
            .starts
            .iter()
            .map(|&start| size(start))
            .filter(|&start| start > off);
        later.min().unwrap_or(usize::MAX).min(self.data.len())
    }
}
