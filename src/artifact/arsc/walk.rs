//! Every value of a table in order, and every string of it once.

use super::{Body, Config, FORMAT, Package, PoolStr, Table, TypeChunk, Value};
use crate::artifact::chunk::wide;
use crate::artifact::string_pool::Once;
use crate::bytes::Gap;

/// A value with the names of the resource that it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a, 't> {
    package: &'t Package<'a>,
    chunk: &'t TypeChunk<'a>,
    /// Resource id.
    pub id: u32,
    key: u32,
    /// The value itself, its references not followed.
    pub value: Value,
    /// Whether it lies in a bag, and under which name there.
    pub item: Option<u32>,
}

impl<'a, 't> Named<'a, 't> {
    /// Name of its type, `string`, `bool`, `array` …
    pub fn type_name(&self) -> Option<PoolStr<'a>> {
        self.package.type_name(self.chunk.id)
    }

    /// Name of the resource.
    pub fn name(&self) -> Option<PoolStr<'a>> {
        self.package.key_name(self.key)
    }

    /// Index of the resource's name in [`Package::keys`].
    pub fn key(&self) -> u32 {
        self.key
    }

    /// The configuration that it is for.
    pub fn config(&self) -> Config<'a> {
        self.chunk.config()
    }

    /// The package that it is in.
    pub fn package(&self) -> &'t Package<'a> {
        self.package
    }

    /// `string/app_name`, `string-zh-rCN/app_name`; the id where the table has no names.
    pub fn entry(&self) -> String {
        let qualifier = self.config().qualifier();
        let dash = if qualifier.is_empty() { "" } else { "-" };
        match (self.type_name(), self.name()) {
            (Some(kind), Some(name)) => format!("{}{dash}{qualifier}/{}", kind.label(), name.label()),
            _ => format!("@0x{:08x}{dash}{qualifier}", self.id),
        }
    }
}

/// See [`Table::values`].
#[derive(Debug, Clone)]
pub struct Values<'a, 't> {
    table: &'t Table<'a>,
    package: usize,
    chunk: usize,
    slot: u32,
    bag: Option<(Named<'a, 't>, super::Bag<'a>, usize)>,
    /// Values in bags that may still be given. Entries may overlap, so that the same bytes are a bag
    /// a million times; what a sound table holds is bounded by its size.
    left: usize,
    gaps: Vec<Gap>,
}

impl<'a, 't> Values<'a, 't> {
    pub(super) fn new(table: &'t Table<'a>) -> Self {
        Self {
            table,
            package: 0,
            chunk: 0,
            slot: 0,
            bag: None,
            left: table.len,
            gaps: Vec::new(),
        }
    }

    /// What could not be read so far: the first of each kind.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    fn note(&mut self, gap: Gap) {
        if !self.gaps.iter().any(|g| g.what == gap.what) {
            self.gaps.push(gap);
        }
    }
}

impl<'a, 't> Iterator for Values<'a, 't> {
    type Item = Named<'a, 't>;

    fn next(&mut self) -> Option<Named<'a, 't>> {
        loop {
            if let Some((named, bag, i)) = self.bag.take()
                && let Some((name, value)) = bag.item(i)
            {
                if self.left == 0 {
                    let limit = wide(self.table.len);
                    self.note(Gap::over(
                        FORMAT,
                        0,
                        "values in overlapping entries",
                        limit.saturating_add(1),
                        limit,
                        "",
                    ));
                    continue;
                }
                self.left = self.left.saturating_sub(1);
                self.bag = Some((named, bag, i.saturating_add(1)));
                return Some(Named {
                    value,
                    item: Some(name),
                    ..named
                });
            }
            let table = self.table;
            let package = table.packages.get(self.package)?;
            let Some(chunk) = package.chunks().get(self.chunk) else {
                self.package = self.package.saturating_add(1);
                self.chunk = 0;
                continue;
            };
            if self.slot >= chunk.len() {
                self.chunk = self.chunk.saturating_add(1);
                self.slot = 0;
                continue;
            }
            let slot = self.slot;
            self.slot = self.slot.saturating_add(1);
            let entry = match chunk.slot(slot) {
                Ok(Some((_, entry))) => entry,
                Ok(None) => continue,
                Err(gap) => {
                    self.note(gap);
                    continue;
                }
            };
            let named = Named {
                package,
                chunk,
                id: entry.id,
                key: entry.key,
                value: Value::default(),
                item: None,
            };
            match entry.body {
                Body::Value(value) => return Some(Named { value, ..named }),
                Body::Bag(bag) => {
                    if bag.cut {
                        self.note(Gap::invalid(FORMAT, 0, "bag count", u64::from(entry.id)));
                    }
                    self.bag = Some((named, bag, 0));
                }
            }
        }
    }
}

/// See [`Table::each_string`].
#[derive(Debug, Clone)]
pub struct Strings<'a, 't> {
    values: Values<'a, 't>,
    once: Once<'a>,
}

impl<'a, 't> Strings<'a, 't> {
    pub(super) fn new(table: &'t Table<'a>) -> Self {
        Self {
            values: Values::new(table),
            once: Once::new(*table.strings()),
        }
    }

    /// What could not be read so far: the first of each kind.
    pub fn gaps(&self) -> &[Gap] {
        self.values.gaps()
    }

    /// The strings that were not given yet, whether or not a value refers to them: what is left to look
    /// at when entries cannot be read.
    pub fn rest(mut self) -> impl Iterator<Item = PoolStr<'a>> {
        (0..self.values.table.strings().len()).filter_map(move |i| self.once.take(FORMAT, i)?.ok())
    }
}

impl<'a, 't> Iterator for Strings<'a, 't> {
    type Item = (PoolStr<'a>, Named<'a, 't>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let named = self.values.next()?;
            let Some(i) = named.value.string() else { continue };
            match self.once.take(FORMAT, i) {
                Some(Ok(string)) => return Some((string, named)),
                Some(Err(gap)) => self.values.note(gap),
                None => {}
            }
        }
    }
}
