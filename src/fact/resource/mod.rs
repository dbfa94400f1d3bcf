//! What resources say: strings that may be an address or a key, and switches with their defaults.
//!
//! Strings are handed out one by one, borrowed, each once per file; who takes them decides what they
//! are. Switches are collected by [`Switches`]: preferences by the screen that shows them, resources,
//! meta-data and application attributes as far as the signatures know them.

mod switches;

use crate::artifact::arsc::Table;
use crate::artifact::axml::Xml;

use crate::bytes::Gap;
pub use switches::Switches;

/// What stands for a resource's name where only the string could be saved from a damaged file.
const SALVAGED: &str = "string pool (salvaged)";

/// Hands out every string that an entry of the table refers to, once, with a function that names the
/// resource: `string/server`, `string-zh-rCN/host`. When entries could not be read, what is left
/// in the pool follows. Returns what could not be read, the table's structure included.
pub fn table_strings(table: &Table<'_>, visit: &mut dyn FnMut(&[u8], &dyn Fn() -> String)) -> Vec<Gap> {
    let mut scratch = Vec::new();
    let mut strings = table.each_string();
    let mut broken = 0;
    for (string, named) in &mut strings {
        broken = u64::from(!string.is_sound()).saturating_add(broken);
        visit(string.utf8(&mut scratch), &|| named.entry());
    }
    let mut gaps = table.gaps().to_vec();
    gaps.extend(not_text("arsc", broken));
    gaps.extend(strings.gaps().iter().cloned());
    if gaps.iter().any(Gap::is_loss) {
        for string in strings.rest() {
            visit(string.utf8(&mut scratch), &|| SALVAGED.to_owned());
        }
    }
    gaps
}

/// Hands out every string of a compiled document that is the value of an attribute or a text, once,
/// with a function that names the place: `meta-data[com.example.KEY]:value`. When the document could
/// not be read to its end, what is left in its pool follows. Returns what could not be read.
pub fn xml_strings(xml: &Xml<'_>, visit: &mut dyn FnMut(&[u8], &dyn Fn() -> String)) -> Vec<Gap> {
    let mut scratch = Vec::new();
    let mut strings = xml.each_string();
    let mut broken = 0;
    for (string, spot) in &mut strings {
        broken = u64::from(!string.is_sound()).saturating_add(broken);
        visit(string.utf8(&mut scratch), &|| spot.entry());
    }
    let mut gaps = strings.gaps().to_vec();
    gaps.extend(not_text("axml", broken));
    if gaps.iter().any(Gap::is_loss) {
        for string in strings.rest() {
            visit(string.utf8(&mut scratch), &|| SALVAGED.to_owned());
        }
    }
    gaps
}

/// Strings that say they are text and are not, counted.
fn not_text(format: &'static str, broken: u64) -> Option<Gap> {
    (broken > 0).then(|| Gap::odd(format, 0, "strings that are not UTF-8", broken))
}

#[cfg(test)]
mod tests;
