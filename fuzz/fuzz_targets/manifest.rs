//! A manifest and the resource table that it refers to; the first four bytes say where one ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::arsc::Table;
use phonehome::artifact::axml::Xml;
use phonehome::artifact::manifest::{Manifest, preferences};

fuzz_target!(|data: &[u8]| {
    let Some((len, rest)) = data.split_first_chunk::<4>() else {
        return;
    };
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    let (xml, table) = rest.split_at_checked(len).unwrap_or((rest, &[]));
    let (xml, table) = (Xml::open(xml), Table::open(table));
    let _ = Manifest::read(&xml, None).effective_target();
    let _ = Manifest::read(&xml, Some(&table)).effective_target();
    let _ = preferences(&xml, Some(&table));
});
