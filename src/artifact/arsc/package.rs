//! Packages of a resource table, and the chunks in which a type's entries lie.

use super::entry::Entry;
use super::{Config, FORMAT};
use crate::artifact::chunk::{self, Chunk, index, u16_at, u32_at, wide};
use crate::artifact::string_pool::{PoolStr, StringPool};
use crate::bytes::{Gap, Kind};

/// Bytes of a `ResTable_package` without `typeIdOffset`, which old tables lack.
const PACKAGE: usize = 284;
/// UTF-16 units of a package's name.
const NAME: usize = 128;
/// Bytes of a `ResTable_type` before its configuration.
const TYPE: usize = 20;
/// Bytes of a `ResTable_lib_entry`.
const LIBRARY: usize = 260;
/// Entries of one type: their number is 16 bits of the resource id.
const MAX_ENTRIES: u32 = 1 << 16;

const FLAG_SPARSE: u8 = 1;
const FLAG_OFFSET16: u8 = 2;

/// A package of the table.
#[derive(Debug, Clone)]
pub struct Package<'a> {
    /// Package id: 0x7f for an app, 0x01 for the framework, 0x00 for a shared library, anything for a
    /// maker's framework.
    pub id: u32,
    /// Package name, as the table gives it.
    pub name: String,
    /// Shared libraries that dynamic references go to: the package id used here and the name.
    pub libraries: Vec<(u32, String)>,
    types: StringPool<'a>,
    keys: StringPool<'a>,
    /// `typeIdOffset`: what is to be taken off a type id to get the index of its name.
    type_offset: u32,
    /// By type id, otherwise in file order.
    chunks: Vec<TypeChunk<'a>>,
}

impl<'a> Package<'a> {
    /// Reads a package's header and the headers of the chunks in it.
    pub(super) fn read(package: &Chunk<'a>) -> (Option<Self>, Vec<Gap>) {
        let mut gaps = Vec::new();
        let data = package.data;
        let invalid = |what: &'static str, got: u64| Gap::invalid(FORMAT, wide(package.at), what, got);
        if data.len() < PACKAGE {
            gaps.push(invalid("package size", wide(data.len())));
            return (None, gaps);
        }
        if package.header < PACKAGE {
            gaps.push(invalid("package header size", wide(package.header)));
        }
        let word = |at| u32_at(data, at).unwrap_or_default();
        let (id, type_strings, key_strings) = (word(8), index(word(268)), index(word(276)));
        let mut this = Self {
            id,
            name: name(data.get(12..).unwrap_or_default()),
            libraries: Vec::new(),
            types: StringPool::default(),
            keys: StringPool::default(),
            type_offset: if package.header >= PACKAGE.saturating_add(4) {
                word(PACKAGE)
            } else {
                0
            },
            chunks: Vec::new(),
        };
        if id > 0xff {
            gaps.push(invalid("package id", u64::from(id)));
        }
        let (mut types, mut keys) = (false, false);
        let mut at = package.at.saturating_add(package.header.max(PACKAGE));
        // A chunk's offset counts from the table's start, its bytes are this package's.
        let base = package.at;
        while at < package.next() {
            let c = match Chunk::read(FORMAT, data, at.saturating_sub(base), data.len(), chunk::HEADER) {
                Ok(c) => Chunk { at, ..c },
                Err(gap) => {
                    gaps.push(Gap {
                        at: gap.at.saturating_add(wide(base)),
                        ..gap
                    });
                    break;
                }
            };
            match c.kind {
                chunk::STRING_POOL if !types && at.saturating_sub(base) == type_strings => {
                    types = true;
                    this.types = StringPool::read(FORMAT, &c, &mut gaps);
                }
                chunk::STRING_POOL if !keys && at.saturating_sub(base) == key_strings => {
                    keys = true;
                    this.keys = StringPool::read(FORMAT, &c, &mut gaps);
                }
                chunk::STRING_POOL => gaps.push(Gap::odd(
                    FORMAT,
                    wide(at),
                    "string pool that nothing refers to",
                    0,
                )),
                chunk::TABLE_TYPE => match TypeChunk::read(&c, id, &mut gaps) {
                    Ok(chunk) => this.chunks.push(chunk),
                    Err(gap) => gaps.push(gap),
                },
                chunk::TABLE_TYPE_SPEC => spec(&c, &mut gaps),
                chunk::TABLE_LIBRARY => this.library(&c, &mut gaps),
                chunk::TABLE_OVERLAYABLE..=chunk::TABLE_STAGED_ALIAS => {}
                kind => gaps.push(Gap::odd(FORMAT, wide(at), "unknown chunk", u64::from(kind))),
            }
            at = c.next();
        }
        if !types {
            gaps.push(invalid("typeStrings", wide(type_strings)));
        }
        if !keys {
            gaps.push(invalid("keyStrings", wide(key_strings)));
        }
        this.chunks.sort_by_key(|c| c.id);
        (Some(this), gaps)
    }

    fn library(&mut self, c: &Chunk<'a>, gaps: &mut Vec<Gap>) {
        let count = u32_at(c.data, chunk::HEADER).unwrap_or_default();
        let entries = c.body().chunks_exact(LIBRARY);
        if index(count) > entries.len() {
            gaps.push(Gap::invalid(
                FORMAT,
                wide(c.at),
                "library count",
                u64::from(count),
            ));
        }
        for entry in entries.take(index(count)) {
            let id = u32_at(entry, 0).unwrap_or_default();
            self.libraries
                .push((id, name(entry.get(4..).unwrap_or_default())));
        }
    }

    /// Whether a resource id with this package byte may mean this package. Byte 0 is "the package that
    /// says so": dynamic references are written that way.
    pub(super) fn is(&self, byte: u8) -> bool {
        byte == 0 || self.id == u32::from(byte)
    }

    /// Name of a type, `string`.
    pub fn type_name(&self, type_id: u8) -> Option<PoolStr<'a>> {
        self.types
            .get(u32::from(type_id).checked_sub(1)?.checked_sub(self.type_offset)?)
    }

    /// Name of an entry by the index in it.
    pub fn key_name(&self, key: u32) -> Option<PoolStr<'a>> {
        self.keys.get(key)
    }

    /// Names of entries.
    pub fn keys(&self) -> &StringPool<'a> {
        &self.keys
    }

    /// All chunks of entries, by type, otherwise in file order.
    pub fn chunks(&self) -> &[TypeChunk<'a>] {
        &self.chunks
    }

    /// The chunks of one type, one for each configuration, in file order.
    pub fn chunks_of(&self, type_id: u8) -> impl Iterator<Item = &TypeChunk<'a>> {
        let start = self.chunks.partition_point(|c| c.id < type_id);
        self.chunks
            .iter()
            .skip(start)
            .take_while(move |c| c.id == type_id)
    }
}

/// A type specification says which configurations an entry differs in; only its shape is checked.
fn spec(c: &Chunk<'_>, gaps: &mut Vec<Gap>) {
    let id = c.data.get(8).copied().unwrap_or_default();
    let count = u32_at(c.data, 12).unwrap_or_default();
    if id == 0 {
        gaps.push(Gap::invalid(FORMAT, wide(c.at), "type spec id", 0));
    }
    if count > MAX_ENTRIES || index(count).saturating_mul(4) > c.body().len() {
        gaps.push(Gap::invalid(
            FORMAT,
            wide(c.at),
            "type spec entryCount",
            u64::from(count),
        ));
    }
}

/// A name of at most 128 UTF-16 units, ended by a zero.
fn name(data: &[u8]) -> String {
    let units = data
        .as_chunks::<2>()
        .0
        .iter()
        .take(NAME)
        .map(|u| u16::from_le_bytes(*u));
    char::decode_utf16(units.take_while(|u| *u != 0))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// The entries of one type in one configuration.
#[derive(Debug, Clone, Copy)]
pub struct TypeChunk<'a> {
    /// Type id, from 1.
    pub id: u8,
    package: u32,
    flags: u8,
    /// Entries that have an offset, bounded by the chunk's bytes.
    count: u32,
    /// Two or four bytes for each entry.
    offsets: &'a [u8],
    entries: &'a [u8],
    /// Offset in bytes of `entries` from the start of the table.
    at: usize,
    config: Config<'a>,
}

impl<'a> TypeChunk<'a> {
    fn read(c: &Chunk<'a>, package: u32, gaps: &mut Vec<Gap>) -> Result<Self, Gap> {
        let data = c.data;
        let invalid = |what: &'static str, got: u64| Gap::invalid(FORMAT, wide(c.at), what, got);
        if data.len() < TYPE {
            return Err(invalid("type size", wide(data.len())));
        }
        let id = data.get(8).copied().unwrap_or_default();
        let flags = data.get(9).copied().unwrap_or_default();
        let declared = u32_at(data, 12).unwrap_or_default();
        let start = u32_at(data, 16).unwrap_or_default();
        if id == 0 {
            // Android refuses the package; the entries are read all the same.
            gaps.push(invalid("type id", 0));
        }
        let config_size = u32_at(data, TYPE).unwrap_or_default();
        let config_end = TYPE.saturating_add(index(config_size));
        let config = match data.get(TYPE..config_end) {
            Some(config) if config_size >= 4 => Config::new(config),
            _ => {
                gaps.push(invalid("config size", u64::from(config_size)));
                Config::default()
            }
        };
        // Where the header does not count all of the configuration, the entry offsets follow the header.
        let width = if flags & (FLAG_SPARSE | FLAG_OFFSET16) == FLAG_OFFSET16 {
            2
        } else {
            4
        };
        let room = data
            .get(c.header..index(start).min(data.len()))
            .unwrap_or_default();
        let fit = u32::try_from(room.len().checked_div(width).unwrap_or_default()).unwrap_or(u32::MAX);
        let count = declared.min(fit).min(MAX_ENTRIES);
        if count < declared {
            gaps.push(invalid("entryCount", u64::from(declared)));
        }
        if index(start) > data.len() {
            return Err(Gap {
                format: FORMAT,
                at: wide(c.at),
                what: "entriesStart".into(),
                kind: Kind::Truncated {
                    need: u64::from(start),
                    have: wide(data.len()),
                },
            });
        }
        let entries = data.get(index(start)..).unwrap_or_default();
        if start & 3 != 0 {
            gaps.push(invalid("entriesStart", u64::from(start)));
        }
        let offsets = room.get(..index(count).saturating_mul(width)).unwrap_or_default();
        let at = c.at.saturating_add(index(start));
        Ok(Self {
            id,
            package,
            flags,
            count,
            offsets,
            entries,
            at,
            config,
        })
    }

    /// The configuration that the entries are for.
    pub fn config(&self) -> Config<'a> {
        self.config
    }

    /// Offsets of entries in the chunk. In a sparse chunk these are fewer than the ids span.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Entry `number`, the lower 16 bits of its resource id; `None` where this configuration has none.
    pub fn entry(&self, number: u32) -> Result<Option<Entry<'a>>, Gap> {
        let slot = if self.flags & FLAG_SPARSE == 0 {
            number
        } else {
            match self.sparse_slot(number) {
                Some(slot) => slot,
                None => return Ok(None),
            }
        };
        Ok(self.slot(slot)?.map(|(_, entry)| entry))
    }

    /// Entry in slot `slot` of the offsets, with its number.
    pub fn slot(&self, slot: u32) -> Result<Option<(u32, Entry<'a>)>, Gap> {
        let Some((number, offset)) = self.offset(slot) else {
            return Ok(None);
        };
        let id = (self.package << 24) | (u32::from(self.id) << 16) | (number & 0xffff);
        match self
            .entries
            .get(offset..)
            .filter(|_| offset & 3 == 0)
            .and_then(|data| Entry::read(id, data))
        {
            Some(entry) => Ok(Some((number, entry))),
            None => Err(Gap::invalid(
                FORMAT,
                wide(self.at.saturating_add(offset)),
                "entry",
                u64::from(id),
            )),
        }
    }

    /// Number and offset in bytes of the entry in a slot.
    pub(super) fn offset(&self, slot: u32) -> Option<(u32, usize)> {
        if slot >= self.count {
            return None;
        }
        if self.flags & FLAG_SPARSE != 0 {
            let at = index(slot).checked_mul(4)?;
            let number = u16_at(self.offsets, at)?;
            let quarter = u16_at(self.offsets, at.checked_add(2)?)?;
            return Some((u32::from(number), usize::from(quarter).checked_mul(4)?));
        }
        if self.flags & FLAG_OFFSET16 != 0 {
            let quarter = u16_at(self.offsets, index(slot).checked_mul(2)?)?;
            return Some((slot, usize::from(quarter).checked_mul(4)?)).filter(|_| quarter != u16::MAX);
        }
        let offset = u32_at(self.offsets, index(slot).checked_mul(4)?)?;
        Some((slot, index(offset))).filter(|_| offset != u32::MAX)
    }

    /// Slot of an entry in a sparse chunk: the offsets are sorted by number.
    fn sparse_slot(&self, number: u32) -> Option<u32> {
        let offsets = self.offsets.as_chunks::<4>().0;
        let key = u16::try_from(number).ok()?;
        let slot = offsets
            .binary_search_by_key(&key, |[a, b, ..]| u16::from_le_bytes([*a, *b]))
            .ok()?;
        u32::try_from(slot).ok()
    }
}
