//! Strings that no instruction loads: initial values of static fields, and annotations.

use rustc_hash::FxHashMap;

use crate::artifact::dex::{self, mutf8};

use super::super::package::index;
use super::super::table::string;
use super::{Reading, StaticString, is_told};

impl Reading<'_> {
    /// Strings of interest among the initial values; returns the fields that hold the hot ones.
    pub(super) fn read_statics(&mut self) -> Vec<(u16, u32)> {
        let mut seeds = Vec::new();
        let mut told = FxHashMap::default();
        for ((dex_no, dex), table) in self.package.numbered().zip(&self.tables) {
            let mut used = vec![false; table.strings.len()];
            for item in dex.all_static_values() {
                let (class, item) = match item {
                    Ok(item) => item,
                    Err(gap) => {
                        self.gaps.push((dex_no, gap));
                        continue;
                    }
                };
                let dex::Value::String(at) = item.value else {
                    continue;
                };
                let bits = table.string(at);
                if bits == 0 {
                    continue;
                }
                if let Some(used) = used.get_mut(index(at)) {
                    *used = true;
                }
                let members = dex.members(&class).ok();
                let field =
                    members.and_then(|m| m.static_fields().filter_map(Result::ok).nth(index(item.slot)));
                let name = field
                    .and_then(|field| dex.field(field.index))
                    .and_then(|id| self.package.text(dex_no, id.name));
                let hot = bits & string::HOT != 0;
                seeds.extend(
                    field
                        .filter(|_| hot && item.depth == 0)
                        .map(|field| (dex_no, field.index)),
                );
                let bytes = self.package.text(dex_no, at).unwrap_or_default();
                if !is_told(&mut told, dex_no, at, bytes) {
                    continue;
                }
                self.statics.push(StaticString {
                    dex: dex_no,
                    class: dex.type_text(class.class),
                    field: name.map(|name| mutf8(name).into_owned()).unwrap_or_default(),
                    bytes,
                    hot,
                });
            }
            self.used.push(used);
        }
        for (walked, used) in self.walked.iter().zip(&mut self.used) {
            for string in &walked.strings {
                if let Some(used) = used.get_mut(index(string.what)) {
                    *used = true;
                }
            }
        }
        self.read_annotations();
        seeds
    }

    /// Endpoints in annotations, such as the paths of a REST client. Only looked for where a string of
    /// the table is left that nothing else uses.
    fn read_annotations(&mut self) {
        for ((dex_no, dex), (table, used)) in self
            .package
            .numbered()
            .zip(self.tables.iter().zip(&mut self.used))
        {
            let left = table
                .strings
                .iter()
                .zip(used.iter())
                .any(|(bits, used)| bits & string::HOT != 0 && !used);
            if !left {
                continue;
            }
            for annotation in dex.all_annotations() {
                let annotation = match annotation {
                    Ok(annotation) => annotation,
                    Err(gap) => {
                        self.gaps.push((dex_no, gap));
                        continue;
                    }
                };
                let (class, type_) = (annotation.class.class, annotation.type_);
                for item in annotation.elements.filter_map(Result::ok) {
                    let dex::Value::String(at) = item.value else {
                        continue;
                    };
                    let hot = table.string(at) & string::HOT != 0;
                    let Some(used) = used.get_mut(index(at)).filter(|used| hot && !**used) else {
                        continue;
                    };
                    *used = true;
                    self.statics.push(StaticString {
                        dex: dex_no,
                        class: dex.type_text(class),
                        field: format!("@{}", dex.type_text(type_)),
                        bytes: self.package.text(dex_no, at).unwrap_or_default(),
                        hot,
                    });
                }
            }
        }
    }
}
