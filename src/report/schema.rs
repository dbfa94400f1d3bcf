//! JSON schemas of what is written, made from the types.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;

use crate::judge::{Diff, Verdict};

use super::{Explanation, Listing, Report};

/// The schemas by file name, `report-1.json`; `docs/schema/` holds them, and a test compares.
pub fn schemas() -> BTreeMap<&'static str, serde_json::Value> {
    fn of<T: schemars::JsonSchema>() -> serde_json::Value {
        SchemaSettings::draft2020_12()
            .into_generator()
            .into_root_schema_for::<T>()
            .to_value()
    }
    BTreeMap::from([
        ("report-1.json", of::<Report>()),
        ("diff-1.json", of::<Diff>()),
        ("gate-1.json", of::<Verdict>()),
        ("explain-1.json", of::<Explanation>()),
        ("ls-1.json", of::<Listing>()),
    ])
}
