//! Preference screens: the keys that an app stores its settings under, with their defaults.
//!
//! Spec: AOSP `frameworks/base/core/res/res/values/attrs.xml`, `Preference`. Makers and libraries have
//! preference classes and attributes of their own, so that any element with a key counts, and an
//! attribute without a framework id counts by its name.

use super::attr::{self, Reader};
use crate::artifact::arsc::Table;
use crate::artifact::axml::{Element, Event, Xml};
use crate::bytes::Gap;

const FORMAT: &str = "preferences";
/// Rows taken out of one screen. The largest real one met has 150.
const MAX_ROWS: usize = 10_000;

/// An element of a preference screen that has a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preference {
    /// Tag, `CheckBoxPreference`, `miui.preference.…`.
    pub tag: String,
    /// `android:key`.
    pub key: String,
    /// `android:defaultValue`, resolved: `true`, `3`, a string; `@0x…` where it leads out of the table.
    pub default: Option<String>,
    /// Whether the default is a boolean value, not a string that looks like one.
    pub boolean: bool,
    /// `android:title`, resolved.
    pub title: Option<String>,
    /// `android:dependency`: the key that has to be on first.
    pub dependency: Option<String>,
}

/// The elements with a key of a compiled preference screen, in document order. Other documents have
/// none.
pub fn preferences(xml: &Xml<'_>, table: Option<&Table<'_>>) -> (Vec<Preference>, Vec<Gap>) {
    let mut rows = Vec::new();
    let mut reader = Reader::new(FORMAT, xml, table);
    let mut more = 0_u64;
    for event in xml.events() {
        let Event::Start(element) = event else { continue };
        let Some(key) = text(&mut reader, &element, attr::KEY, "key").filter(|k| !k.is_empty()) else {
            continue;
        };
        if rows.len() >= MAX_ROWS {
            more = more.saturating_add(1);
            continue;
        }
        let default = find(&reader, &element, attr::DEFAULT_VALUE, "defaultValue");
        let boolean = default.is_some_and(|d| match table {
            Some(table) => table.resolve(d.value).boolean().is_some(),
            None => d.value.boolean().is_some(),
        });
        rows.push(Preference {
            tag: element.name().and_then(|n| reader.string(n)).unwrap_or_default(),
            key,
            default: default.and_then(|d| reader.value(&d)),
            boolean,
            title: text(&mut reader, &element, attr::TITLE, "title"),
            dependency: text(&mut reader, &element, attr::DEPENDENCY, "dependency"),
        });
    }
    let mut gaps: Vec<Gap> = reader.into_gap().into_iter().collect();
    if more > 0 {
        let limit = u64::try_from(MAX_ROWS).unwrap_or(u64::MAX);
        gaps.push(Gap::over(
            FORMAT,
            0,
            "preferences",
            limit.saturating_add(more),
            limit,
            "",
        ));
    }
    (rows, gaps)
}

/// The framework's attribute, or one of a library with the same name.
fn find<'x>(
    reader: &Reader<'_, '_>,
    element: &Element<'x>,
    attr: attr::Attr,
    name: &str,
) -> Option<crate::artifact::axml::Attribute<'x>> {
    reader.find(element, attr).or_else(|| element.named(name))
}

fn text(reader: &mut Reader<'_, '_>, element: &Element<'_>, attr: attr::Attr, name: &str) -> Option<String> {
    let attribute = find(reader, element, attr, name)?;
    reader.value(&attribute)
}
