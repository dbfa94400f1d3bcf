//! The resource table, `resources.arsc`.
//!
//! Spec: `ResTable_*` of AOSP `frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h`, read
//! as `LoadedArsc.cpp` does (Android 14): the first global string pool wins, the declared package count
//! is only compared, sparse, 16-bit-offset and compact entries exist, every entry is checked when it is
//! looked up and not before, references are followed [`MAX_REFERENCES`] deep.
//!
//! A package id may be any byte: 0x7f is an app, 0x01 the framework, 0x00 a shared library, and makers
//! number their framework packages as they like. Ids of packages that are not in the table stay
//! unresolved.

mod config;
mod entry;
mod package;
mod walk;

use std::borrow::Cow;

pub use config::Config;
pub use entry::{Bag, Body, Entry};
pub use package::{Package, TypeChunk};
pub use walk::{Named, Strings, Values};

use super::chunk::{self, Chunk, index, u16_at, u32_at, wide};
pub use super::res_value::Value;
pub use super::string_pool::{PoolStr, StringPool};
use crate::bytes::Gap;

const FORMAT: &str = "arsc";
/// Bytes of a `ResTable_header`.
const HEADER: usize = 12;
/// References followed from one value, `kMaxIterations` of androidfw.
pub const MAX_REFERENCES: usize = 20;
/// Configurations looked at for one id. The framework's own strings come in about 150.
const MAX_CONFIGS: usize = 1024;

/// A resource table. Opening reads chunk headers only.
#[derive(Debug, Clone, Default)]
pub struct Table<'a> {
    strings: StringPool<'a>,
    packages: Vec<Package<'a>>,
    len: usize,
    gaps: Vec<Gap>,
}

impl<'a> Table<'a> {
    /// Opens a table. Never fails as a whole: what could not be read is in [`gaps`](Self::gaps).
    pub fn open(data: &'a [u8]) -> Self {
        let mut table = Self {
            len: data.len(),
            ..Self::default()
        };
        if let Err(gap) = table.chunks(data) {
            table.note(gap);
        }
        table
    }

    fn chunks(&mut self, data: &'a [u8]) -> Result<(), Gap> {
        let (Some(kind), Some(header), Some(size)) = (u16_at(data, 0), u16_at(data, 2), u32_at(data, 4))
        else {
            return Err(Gap::truncated(FORMAT, 0, "table", wide(HEADER), wide(data.len())));
        };
        if kind != chunk::TABLE {
            return Err(Gap::invalid(FORMAT, 0, "table chunk type", u64::from(kind)));
        }
        let mut end = index(size);
        if end > data.len() {
            self.note(Gap::truncated(
                FORMAT,
                0,
                "table",
                u64::from(size),
                wide(data.len()),
            ));
            end = data.len();
        }
        if end < HEADER {
            self.note(Gap::invalid(FORMAT, 4, "table size", u64::from(size)));
            end = data.len();
        }
        let mut at = usize::from(header);
        if at < HEADER || at > end {
            self.note(Gap::invalid(FORMAT, 2, "table header size", u64::from(header)));
            at = HEADER;
        }
        let declared = u32_at(data, 8).unwrap_or_default();
        let mut pools = 0_u32;
        while at < end {
            let c = Chunk::read(FORMAT, data, at, end, chunk::HEADER)?;
            match c.kind {
                chunk::STRING_POOL => {
                    pools = pools.saturating_add(1);
                    if pools == 1 {
                        let mut gaps = Vec::new();
                        self.strings = StringPool::read(FORMAT, &c, &mut gaps);
                        gaps.into_iter().for_each(|gap| self.note(gap));
                    } else {
                        self.note(Gap::odd(
                            FORMAT,
                            wide(at),
                            "second global string pool",
                            u64::from(pools),
                        ));
                    }
                }
                chunk::TABLE_PACKAGE => {
                    let (package, gaps) = Package::read(&c);
                    self.packages.extend(package);
                    gaps.into_iter().for_each(|gap| self.note(gap));
                }
                kind => self.note(Gap::odd(FORMAT, wide(at), "unknown chunk", u64::from(kind))),
            }
            at = c.next();
        }
        if index(declared) != self.packages.len() {
            self.note(Gap::odd(FORMAT, 8, "packageCount", u64::from(declared)));
        }
        Ok(())
    }

    /// Keeps the first gap of each kind: a million equal oddities are one.
    fn note(&mut self, gap: Gap) {
        if !self
            .gaps
            .iter()
            .any(|g| g.what == gap.what && g.is_loss() == gap.is_loss())
        {
            self.gaps.push(gap);
        }
    }

    /// What could not be read of the table's structure, and what is odd in it: the first of each kind.
    /// [`Values::gaps`] has those of the entries.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// The global string pool, which string values point into.
    pub fn strings(&self) -> &StringPool<'a> {
        &self.strings
    }

    /// The packages in file order.
    pub fn packages(&self) -> &[Package<'a>] {
        &self.packages
    }

    /// All entries with the resource id `id`, one for each configuration that has it, in file order.
    /// Entries that cannot be read are left out.
    pub fn lookup(&self, id: u32) -> impl Iterator<Item = (Config<'a>, Entry<'a>)> + '_ {
        let [_, _, type_id, package_id] = id.to_le_bytes();
        let number = id & 0xffff;
        self.packages
            .iter()
            .filter(move |p| p.is(package_id))
            .flat_map(move |p| p.chunks_of(type_id))
            .take(MAX_CONFIGS)
            .filter_map(move |c| Some((c.config(), c.entry(number).ok()??)))
    }

    /// The entry of `id` for the default configuration, or the first there is.
    pub fn best(&self, id: u32) -> Option<Entry<'a>> {
        let mut first = None;
        for (config, entry) in self.lookup(id) {
            if config.is_default() {
                return Some(entry);
            }
            first = first.or(Some(entry));
        }
        first
    }

    /// Name of a resource, `string/app_name`, when the table has it.
    pub fn name(&self, id: u32) -> Option<String> {
        let [_, _, type_id, package_id] = id.to_le_bytes();
        self.packages.iter().filter(|p| p.is(package_id)).find_map(|p| {
            let entry = p.chunks_of(type_id).find_map(|c| c.entry(id & 0xffff).ok()?)?;
            Some(format!(
                "{}/{}",
                p.type_name(type_id)?.text(),
                p.key_name(entry.key)?.text()
            ))
        })
    }

    /// Follows references from `value` to what they stand for in the default configuration. A
    /// reference that leads out of the table, or in a circle, is given back as it is.
    pub fn resolve(&self, value: Value) -> Value {
        let mut value = value;
        for _ in 0..MAX_REFERENCES {
            let Some(id) = value.reference() else { return value };
            match self.best(id).map(|e| e.body) {
                Some(Body::Value(next)) if next != value => value = next,
                _ => return value,
            }
        }
        value
    }

    /// The string that a value of this table stands for, after its references.
    pub fn string(&self, value: Value) -> Option<PoolStr<'a>> {
        self.strings.get(self.resolve(value).string()?)
    }

    /// A value of this table as text, after its references: a string as it is, anything else as
    /// [`Value`] prints.
    pub fn text(&self, value: Value) -> Cow<'a, str> {
        let value = self.resolve(value);
        match value.string() {
            Some(i) => self.strings.get(i).map(|s| s.text()).unwrap_or_default(),
            None => Cow::Owned(value.to_string()),
        }
    }

    /// Every value of every entry in every configuration, values inside bags too.
    pub fn values(&self) -> Values<'a, '_> {
        Values::new(self)
    }

    /// Every string that an entry refers to, once, with the first entry that does.
    pub fn each_string(&self) -> Strings<'a, '_> {
        Strings::new(self)
    }
}

#[cfg(test)]
mod tests;
