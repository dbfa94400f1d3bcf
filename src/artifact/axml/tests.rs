//! Documents are written by `tests/build/res.rs`; what is wrong in one is patched into its bytes.
#![expect(clippy::arithmetic_side_effects, reason = "offsets of a document built here")]

use proptest::prelude::*;

use super::*;
use crate::artifact::build::{Pool, XmlBuilder, chunk as raw_chunk};
use crate::artifact::chunk as kinds;

const NAME: u32 = 0x0101_0003;
const VALUE: u32 = 0x0101_0024;

fn meta() -> XmlBuilder {
    XmlBuilder::new()
        .open("manifest", &[("package", "a.b".into())])
        .open(
            "meta-data",
            &[
                ("android:name", "key".into()),
                ("android:value", "http://x".into()),
            ],
        )
}

/// Offset of the first chunk of a kind.
fn find(data: &[u8], kind: u16) -> usize {
    let mut at = 8;
    loop {
        let c = Chunk::read("t", data, at, data.len(), 8).unwrap();
        if c.kind == kind {
            return at;
        }
        at = c.next();
    }
}

fn put16(data: &mut [u8], at: usize, value: u16) {
    data[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

fn put32(data: &mut [u8], at: usize, value: u32) {
    data[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Puts bytes into a document and makes its size right.
fn splice(data: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    data.splice(at..at, bytes.iter().copied());
    let size = u32::try_from(data.len()).unwrap();
    put32(data, 4, size);
}

/// The value of `<meta-data>`, and what is wrong with the document.
#[track_caller]
fn check(data: &[u8], value: Option<&str>, gaps: &[&str]) {
    let xml = Xml::open(data);
    let found = xml.events().find_map(|e| match e {
        Event::Start(e) if e.is("meta-data") => Some(e.by_id(VALUE)?.string()?.text().into_owned()),
        _ => None,
    });
    assert_eq!(found.as_deref(), value);
    assert_eq!(
        xml.gaps().iter().map(ToString::to_string).collect::<Vec<_>>(),
        gaps
    );
}

#[test]
fn elements_attributes_and_text_come_in_order() {
    for builder in [meta(), meta().utf16()] {
        let data = builder.text("grüß").build();
        let events: Vec<String> = Xml::open(&data)
            .events()
            .map(|e| match e {
                Event::Start(e) => format!("<{}>", e.name().unwrap().text()),
                Event::End(name) => format!("</{}>", name.unwrap().text()),
                Event::Text(t) => t.text().into_owned(),
            })
            .collect();
        assert_eq!(
            events,
            ["<manifest>", "<meta-data>", "grüß", "</meta-data>", "</manifest>"]
        );
        check(&data, Some("http://x"), &[]);
    }
}

#[test]
fn header_sizes_are_honoured() {
    let mut data = meta().build();
    let pool = find(&data, kinds::STRING_POOL);
    // Eight bytes more in the pool's header, and eight before the pool.
    let (size, start) = (
        u32_at(&data, pool + 4).unwrap(),
        u32_at(&data, pool + 20).unwrap(),
    );
    put16(&mut data, pool + 2, 36);
    put32(&mut data, pool + 4, size + 8);
    put32(&mut data, pool + 20, start + 8);
    splice(&mut data, pool + 28, &[0xee; 8]);
    put16(&mut data, 2, 16);
    splice(&mut data, 8, &[0xee; 8]);
    check(&data, Some("http://x"), &[]);
}

#[test]
fn a_resource_id_beats_the_name() {
    let mut data = meta().build();
    let map = find(&data, kinds::XML_RESOURCE_MAP);
    // What is called name is the value, and the other way round.
    put32(&mut data, map + 8, VALUE);
    put32(&mut data, map + 12, NAME);
    check(&data, Some("key"), &[]);
}

#[test]
fn a_typed_value_beats_the_raw_text() {
    let data = XmlBuilder::new().open("a", &[("x", "text".into())]).build();
    let node = find(&data, kinds::XML_START_ELEMENT);
    let attribute = |data: &[u8]| {
        let Some(Event::Start(e)) = Xml::open(data).events().next() else {
            panic!("an element")
        };
        let a = e.plain("x").unwrap();
        (a.string().map(|s| s.text().into_owned()), a.value.to_string())
    };
    let mut typed = data.clone();
    typed[node + 16 + 20 + 15] = 0x10;
    assert_eq!(attribute(&typed).0, None);
    // Nothing typed: the raw text is all there is.
    let mut raw = data.clone();
    raw[node + 16 + 20 + 15] = 0;
    assert_eq!(attribute(&raw), (Some("text".to_owned()), "@null".to_owned()));
}

#[test]
fn the_last_pool_before_the_nodes_wins() {
    let mut data = meta().build();
    let mut decoy = Pool::default();
    decoy.add("decoy");
    splice(&mut data, 8, &decoy.build());
    let gaps = ["axml: second string pool at 0x30: odd value 0x2, read as Android reads it"];
    check(&data, Some("http://x"), &gaps);
}

#[test]
fn unknown_chunks_are_skipped_and_named() {
    let decoy = raw_chunk(0x555, 16, &[0; 24]);
    let mut data = XmlBuilder::new()
        .open("manifest", &[])
        .chunk(decoy.clone())
        .open("meta-data", &[("android:value", "v".into())])
        .build();
    splice(&mut data, 8, &decoy);
    let xml = Xml::open(&data);
    let named: Vec<_> = xml.gaps().into_iter().map(|g| g.what).collect();
    assert_eq!(named, ["unknown chunk", "unknown node"]);
    assert_eq!(xml.events().count(), 4);
}

#[test]
fn the_stride_is_the_elements_attribute_size() {
    let mut data = meta().build();
    let first = find(&data, kinds::XML_START_ELEMENT);
    let node = Chunk::read("t", &data, first, data.len(), 8).unwrap().next();
    let size = u32_at(&data, node + 4).unwrap();
    put32(&mut data, node + 4, size + 8);
    put16(&mut data, node + 16 + 10, 24);
    let attributes = node + 16 + 20;
    splice(&mut data, attributes + 20, &[0xff; 4]);
    splice(&mut data, attributes + 44, &[0xff; 4]);
    check(&data, Some("http://x"), &[]);
}

#[test]
fn a_node_of_no_or_an_odd_size_ends_the_document() {
    let mut data = meta().build();
    let node = find(&data, kinds::XML_END_ELEMENT);
    for (size, gap) in [(0, "invalid value 0x0"), (25, "invalid value 0x19")] {
        put32(&mut data, node + 4, size);
        check(
            &data,
            Some("http://x"),
            &[&format!("axml: chunk size at {node:#x}: {gap}")],
        );
    }
    put32(&mut data, node + 4, 0x1000);
    let left = data.len() - node;
    let gap = format!("axml: chunk at {node:#x}: truncated, needs 4096 bytes, {left} left");
    check(&data, Some("http://x"), &[&gap]);
}

#[test]
fn more_strings_than_there_are_do_no_harm() {
    let mut data = meta().build();
    let pool = find(&data, kinds::STRING_POOL);
    let count = u32_at(&data, pool + 8).unwrap();
    put32(&mut data, pool + 8, count + 1);
    let odd = format!(
        "axml: stringCount at 0x8: odd value {:#x}, read as Android reads it",
        count + 1
    );
    check(&data, Some("http://x"), &[&odd]);
    // Android refuses this one; the strings are still there.
    put32(&mut data, pool + 8, u32::MAX);
    check(
        &data,
        Some("http://x"),
        &["axml: stringCount at 0x8: invalid value 0xffffffff"],
    );
}

#[test]
fn a_string_that_nobody_asks_for_is_not_looked_at() {
    let mut data = meta().build();
    let xml = Xml::open(&data);
    let unused = (0..xml.strings().len())
        .find(|i| xml.strings().get(*i).unwrap().is("name"))
        .unwrap();
    let at = find(&data, kinds::STRING_POOL) + 28 + usize::try_from(unused).unwrap() * 4;
    put32(&mut data, at, 0x7fff_ffff);
    check(&data, Some("http://x"), &[]);
}

#[test]
fn every_value_is_given_once_with_its_place() {
    let data = meta()
        .empty("x", &[("android:key", "k".into()), ("a", "http://x".into())])
        .text("t")
        .build();
    let strings: Vec<_> = Xml::open(&data)
        .each_string()
        .map(|(s, at)| (s.text().into_owned(), at.entry()))
        .collect();
    let expect = [
        ("a.b", "manifest:package"),
        ("key", "meta-data:name"),
        ("http://x", "meta-data[key]:value"),
        ("k", "x:key"),
        ("t", "text"),
    ];
    assert_eq!(strings, expect.map(|(s, at)| (s.to_owned(), at.to_owned())));
}

#[test]
fn text_is_named_and_not_read() {
    check(
        b"<?xml version='1.0'?><manifest/>",
        None,
        &["axml: text where compiled XML is expected at 0x0: invalid value 0x3f3c"],
    );
    check(
        b"",
        None,
        &["axml: root chunk at 0x0: truncated, needs 8 bytes, 0 left"],
    );
}

#[test]
fn a_million_indices_of_one_long_string_cost_nothing() {
    let long = "x".repeat(30_000);
    let mut pool = Pool::default();
    pool.add(&long);
    let pool = pool.build();
    // The one offset a million times, then the string.
    let count = 1_000_000_u32;
    let mut rest: Vec<u8> = [count, 0, 0x100, 28 + 4 * count, 0]
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    rest.resize(rest.len() + 4_000_000, 0);
    rest.extend(&pool[32..]);
    let data = raw_chunk(
        kinds::XML,
        8,
        &[raw_chunk(kinds::STRING_POOL, 28, &rest), vec![]].concat(),
    );
    let xml = Xml::open(&data);
    assert_eq!(xml.strings().get(999_999).unwrap().size(), 30_000);
    assert_eq!(xml.each_string().rest().count(), 1);
}

#[test]
fn overlapping_strings_are_cut_off() {
    let long = "x".repeat(20_000);
    let mut pool = Pool::default();
    pool.add(&long);
    let pool = pool.build();
    // Each index begins one byte further on: two bytes of the string are its lengths.
    let count = 20_000_u32;
    let mut rest: Vec<u8> = [count, 0, 0x100, 28 + 4 * count, 0]
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect();
    rest.extend((0..count).flat_map(u32::to_le_bytes));
    rest.extend(&pool[32..]);
    let data = raw_chunk(kinds::XML, 8, &raw_chunk(kinds::STRING_POOL, 28, &rest));
    let xml = Xml::open(&data);
    let given: usize = xml.each_string().rest().map(|s| s.size()).sum();
    assert!(given <= 8 * xml.strings().bytes());
}

#[test]
fn a_stride_of_zero_is_one_attribute() {
    let mut data = meta().build();
    let node = find(&data, kinds::XML_START_ELEMENT);
    put16(&mut data, node + 16 + 10, 0);
    put16(&mut data, node + 16 + 12, 0xffff);
    let Some(Event::Start(e)) = Xml::open(&data).events().next() else {
        panic!("an element")
    };
    assert_eq!(e.attributes().count(), 1);
}

/// Reads all there is.
fn exhaust(data: &[u8]) {
    let xml = Xml::open(data);
    for (string, at) in xml.each_string() {
        let _ = (string.text(), at.entry());
    }
    let _ = (xml.gaps(), xml.each_string().rest().count());
}

proptest! {
    #[test]
    fn no_flip_and_no_cut_panics(flips in prop::collection::vec((0_usize..900, any::<u8>()), 1..4), cut in 0_usize..900) {
        for builder in [meta(), meta().utf16()] {
            let mut data = builder.text("t").build();
            for (at, byte) in &flips {
                if let Some(b) = data.get_mut(*at) {
                    *b = *byte;
                }
            }
            exhaust(&data);
            data.truncate(cut);
            exhaust(&data);
        }
    }

    #[test]
    fn no_bytes_panic(data: Vec<u8>) {
        exhaust(&data);
    }
}
