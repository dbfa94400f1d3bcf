//! Layouts: which views a user types into, and what.
//!
//! Spec: AOSP `frameworks/base/core/res/res/values/attrs.xml` (`inputType`, `password`) and
//! `core/java/android/text/InputType.java`. A value that a style gives is not looked for.

use super::attr::{self, Reader};
use crate::artifact::arsc::Table;
use crate::artifact::axml::{Event, Xml};

const FORMAT: &str = "layout";
/// Views taken out of one layout. A long form has 50.
const MAX_INPUTS: usize = 1000;
/// `TYPE_MASK_CLASS` and `TYPE_MASK_VARIATION`; flags do not change what is typed.
const MASK: u32 = 0xfff;

/// Values of `inputType` that say what is typed, as `attrs.xml` names them.
const TYPES: [(u32, &str); 8] = [
    (0x003, "phone"),
    (0x012, "numberPassword"),
    (0x021, "textEmailAddress"),
    (0x061, "textPersonName"),
    (0x071, "textPostalAddress"),
    (0x081, "textPassword"),
    (0x091, "textVisiblePassword"),
    (0x0e1, "textWebPassword"),
];

/// A view of a layout that a user types into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Input {
    /// Its resource id, by which code finds it.
    pub id: u32,
    /// What is typed, as `inputType` says it: `textPassword`.
    pub kind: &'static str,
}

/// The views of a compiled layout of which it is known what is typed, in document order. Other documents
/// have none.
pub fn inputs(xml: &Xml<'_>, table: Option<&Table<'_>>) -> Vec<Input> {
    let mut all = Vec::new();
    // Most layouts have none: then the elements need not be looked at.
    if !xml.has_id(attr::INPUT_TYPE.id()) && !xml.has_id(attr::PASSWORD.id()) {
        return all;
    }
    let mut reader = Reader::new(FORMAT, xml, table);
    for event in xml.events() {
        let Event::Start(element) = event else { continue };
        let id = reader.find(&element, attr::ID);
        let Some(id) = id.and_then(|id| id.value.reference()) else {
            continue;
        };
        let kind = match reader.number(&element, attr::INPUT_TYPE) {
            Some(bits) => TYPES.iter().find(|(value, _)| *value == bits & MASK),
            None if reader.boolean(&element, attr::PASSWORD) == Some(true) => {
                TYPES.iter().find(|(_, name)| *name == "textPassword")
            }
            None => None,
        };
        if let Some((_, kind)) = kind
            && all.len() < MAX_INPUTS
        {
            all.push(Input { id, kind });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifact::build::{Val, XmlBuilder};

    #[test]
    fn a_view_with_an_id_is_told_with_what_is_typed_into_it() {
        let mut xml = XmlBuilder::new().open("LinearLayout", &[]);
        for (id, attribute, value) in [
            (1, "android:inputType", Val::Int(0x81)),
            // TYPE_TEXT_FLAG_NO_SUGGESTIONS
            (2, "android:inputType", Val::Int(0x8_0091)),
            (3, "android:inputType", Val::Int(0x1)),
            (4, "android:password", Val::Bool(true)),
            (5, "android:password", Val::Bool(false)),
        ] {
            xml = xml.empty(
                "EditText",
                &[("android:id", Val::Ref(0x7f01_0000 + id)), (attribute, value)],
            );
        }
        let data = xml.close().build();
        let found: Vec<(u32, &str)> = inputs(&Xml::open(&data), None)
            .iter()
            .map(|input| (input.id & 0xff, input.kind))
            .collect();
        assert_eq!(
            found,
            [
                (1, "textPassword"),
                (2, "textVisiblePassword"),
                (4, "textPassword")
            ]
        );
    }
}
