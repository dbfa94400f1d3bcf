//! The chunk that binary XML and resource tables are made of.
//!
//! Spec: AOSP `frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h`, `ResChunk_header`,
//! and `validate_chunk` of `ResourceTypes.cpp` (Android 14). All fields little-endian; `headerSize`
//! and `size` are in bytes, both count the eight bytes of the chunk header itself.

pub(super) use crate::bytes::wide;
use crate::bytes::{Cursor, Gap, Kind};

/// Bytes of a `ResChunk_header`: type, headerSize, size.
pub(super) const HEADER: usize = 8;

pub(super) const STRING_POOL: u16 = 0x0001;
pub(super) const TABLE: u16 = 0x0002;
pub(super) const XML: u16 = 0x0003;
pub(super) const XML_FIRST: u16 = 0x0100;
pub(super) const XML_START_NAMESPACE: u16 = 0x0100;
pub(super) const XML_END_NAMESPACE: u16 = 0x0101;
pub(super) const XML_START_ELEMENT: u16 = 0x0102;
pub(super) const XML_END_ELEMENT: u16 = 0x0103;
pub(super) const XML_CDATA: u16 = 0x0104;
pub(super) const XML_LAST: u16 = 0x017f;
pub(super) const XML_RESOURCE_MAP: u16 = 0x0180;
pub(super) const TABLE_PACKAGE: u16 = 0x0200;
pub(super) const TABLE_TYPE: u16 = 0x0201;
pub(super) const TABLE_TYPE_SPEC: u16 = 0x0202;
pub(super) const TABLE_LIBRARY: u16 = 0x0203;
/// `RES_TABLE_OVERLAYABLE_TYPE`, `…_POLICY_TYPE` and `RES_TABLE_STAGED_ALIAS_TYPE`: known, and of no
/// interest here.
pub(super) const TABLE_OVERLAYABLE: u16 = 0x0204;
pub(super) const TABLE_STAGED_ALIAS: u16 = 0x0206;

/// A chunk whose header passed `validate_chunk`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunk<'a> {
    /// `type`.
    pub(super) kind: u16,
    /// Offset in bytes from the start of the file.
    pub(super) at: usize,
    /// `headerSize`: 8 at least, at most the chunk.
    pub(super) header: usize,
    /// The whole chunk, header included.
    pub(super) data: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// Reads the chunk at byte `at` of `file`; it must end by `end`, and its header must hold `least`
    /// bytes.
    pub(super) fn read(
        format: &'static str,
        file: &'a [u8],
        at: usize,
        end: usize,
        least: usize,
    ) -> Result<Self, Gap> {
        let area = file.get(..end).unwrap_or(file);
        let mut c = Cursor::at(format, area, at);
        let kind = c.u16("chunk type")?;
        let header = c.u16("chunk header size")?;
        let size = c.u32("chunk size")?;
        let bad = |what: &'static str, got: u64| Gap::invalid(format, wide(at), what, got);
        let (header_len, size_len) = (usize::from(header), index(size));
        if header_len < least.max(HEADER) {
            return Err(bad("chunk header size", u64::from(header)));
        }
        if size_len < header_len || (size | u32::from(header)) & 3 != 0 {
            return Err(bad("chunk size", u64::from(size)));
        }
        let data = area.get(at..at.saturating_add(size_len)).ok_or_else(|| Gap {
            format,
            at: wide(at),
            what: "chunk".into(),
            kind: Kind::Truncated {
                need: u64::from(size),
                have: wide(area.len().saturating_sub(at)),
            },
        })?;
        Ok(Self {
            kind,
            at,
            header: header_len,
            data,
        })
    }

    /// What follows the header.
    pub(super) fn body(&self) -> &'a [u8] {
        self.data.get(self.header..).unwrap_or_default()
    }

    /// Offset in bytes from the start of the file of the chunk after this one.
    pub(super) fn next(&self) -> usize {
        self.at.saturating_add(self.data.len())
    }
}

/// A 32-bit field as an index into memory. Never loses a bit where `usize` has 32 bits or more.
pub(super) fn index(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// The unsigned 16-bit field at byte `at`.
pub(super) fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

/// The unsigned 32-bit field at byte `at`.
pub(super) fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}
