//! Tables are written by `tests/build/res.rs`; what is wrong in one is patched into its bytes.
#![expect(clippy::arithmetic_side_effects, reason = "offsets of a table built here")]

use proptest::prelude::*;

use super::*;
use crate::artifact::build::{Layout, Pool, TableBuilder, Val};

fn small() -> TableBuilder {
    let mut t = TableBuilder::new(0x7f, "com.example");
    let host = t.add("string", "host", "http://x".into());
    t.add_for("zh-CN", "string", "host", "http://x.cn".into());
    t.add("string", "alias", Val::Ref(host));
    t.add("bool", "on", true.into());
    t
}

fn put32(data: &mut [u8], at: usize, value: u32) {
    data[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

fn strings(table: &Table<'_>) -> Vec<(String, String)> {
    table
        .each_string()
        .map(|(s, named)| (named.entry(), s.text().into_owned()))
        .collect()
}

/// Offset of the first chunk of a kind inside the package.
fn find(data: &[u8], kind: u16) -> usize {
    (0..data.len() - 8)
        .step_by(4)
        .find(|at| u16_at(data, *at) == Some(kind) && *at > 400)
        .unwrap()
}

#[test]
fn strings_come_once_with_the_first_resource_that_has_them() {
    let mut t = small();
    t.add("string", "same", "http://x".into());
    let data = t.build();
    let table = Table::open(&data);
    assert_eq!(table.gaps(), []);
    let expect = [("string/host", "http://x"), ("string-zh-rCN/host", "http://x.cn")];
    assert_eq!(strings(&table), expect.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn every_layout_of_entries_is_read() {
    for layout in [Layout::Plain, Layout::Sparse, Layout::Offset16, Layout::Compact] {
        let mut t = small();
        t.layout = layout;
        let id = t.add("string", "last", "z".into());
        let data = t.build();
        let table = Table::open(&data);
        assert_eq!(table.gaps(), [], "{layout:?}");
        assert_eq!(table.text(Value { kind: 1, data: id }), "z", "{layout:?}");
        assert_eq!(table.name(id).as_deref(), Some("string/last"));
        assert_eq!(strings(&table).len(), 3, "{layout:?}");
    }
}

#[test]
fn a_lookup_gives_every_configuration_and_prefers_the_default() {
    let mut t = TableBuilder::new(0x7f, "a");
    let id = t.add_for("zh", "string", "s", "zh".into());
    t.add("string", "s", "default".into());
    let data = t.build();
    let table = Table::open(&data);
    let all: Vec<_> = table.lookup(id).map(|(c, _)| c.qualifier()).collect();
    assert_eq!(all, ["", "zh"]);
    assert_eq!(table.text(Value { kind: 1, data: id }), "default");
}

#[test]
fn references_are_followed_twenty_deep_and_no_further() {
    let chain = |n: u32| {
        let mut t = TableBuilder::new(0x7f, "a");
        for i in 0..n {
            let value = if i + 1 == n {
                Val::Int(5)
            } else {
                Val::Ref(0x7f01_0001 + i)
            };
            t.add("integer", &format!("i{i}"), value);
        }
        t.build()
    };
    let first = Value {
        kind: 1,
        data: 0x7f01_0000,
    };
    assert_eq!(Table::open(&chain(20)).text(first), "5");
    assert_eq!(Table::open(&chain(22)).text(first), "@0x7f010014");
}

#[test]
fn a_circle_and_a_way_out_of_the_table_are_given_back() {
    let mut t = TableBuilder::new(0x7f, "a");
    t.add("string", "self", Val::Ref(0x7f01_0000));
    t.add("string", "other", Val::Ref(0x1003_0005));
    let data = t.build();
    let table = Table::open(&data);
    assert_eq!(
        table.text(Value {
            kind: 1,
            data: 0x7f01_0000
        }),
        "@0x7f010000"
    );
    assert_eq!(
        table.text(Value {
            kind: 1,
            data: 0x7f01_0001
        }),
        "@0x10030005"
    );
}

#[test]
fn any_package_id_is_a_package() {
    for id in [0, 1, 2, 6, 16, 0x80, 0xff] {
        let mut t = TableBuilder::new(id, "a");
        let res = t.add("string", "s", "v".into());
        let data = t.build();
        let table = Table::open(&data);
        assert_eq!(table.gaps(), []);
        assert_eq!(table.text(Value { kind: 1, data: res }), "v");
    }
}

#[test]
fn a_shared_library_is_found_under_the_id_that_it_has_here() {
    let mut t = small();
    t.library(2, "com.shared");
    let data = t.build();
    let table = Table::open(&data);
    assert_eq!(table.packages()[0].libraries, [(2, "com.shared".to_owned())]);
    assert_eq!(table.packages()[0].name, "com.example");
}

#[test]
fn a_dynamic_reference_to_package_zero_stays_at_home() {
    let data = small().build();
    let table = Table::open(&data);
    assert_eq!(
        table.text(Value {
            kind: 7,
            data: 0x0001_0000
        }),
        "http://x"
    );
}

#[test]
fn the_values_of_a_bag_are_named_by_it() {
    let mut t = TableBuilder::new(0x7f, "a");
    t.bag(
        "array",
        "hosts",
        &[(0x0200_0000, "one".into()), (0x0200_0001, "two".into())],
    );
    let data = t.build();
    let expect = [("array/hosts", "one"), ("array/hosts", "two")];
    assert_eq!(
        strings(&Table::open(&data)),
        expect.map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
}

#[test]
fn the_first_global_pool_wins() {
    let mut data = small().build();
    let first = Chunk::read("t", &data, 12, data.len(), 8).unwrap().next();
    let mut decoy = Pool::default();
    decoy.add("decoy");
    data.splice(first..first, decoy.build());
    let size = u32::try_from(data.len()).unwrap();
    put32(&mut data, 4, size);
    let table = Table::open(&data);
    assert_eq!(strings(&table)[0].1, "http://x");
    assert_eq!(table.gaps()[0].what, "second global string pool");
    assert!(!table.gaps()[0].is_loss());
}

#[test]
fn the_package_count_is_only_compared() {
    let mut data = small().build();
    put32(&mut data, 8, 4096);
    let table = Table::open(&data);
    assert_eq!(table.packages().len(), 1);
    let gap = "arsc: packageCount at 0x8: odd value 0x1000, read as Android reads it";
    assert_eq!(table.gaps()[0].to_string(), gap);
}

#[test]
fn a_bad_entry_does_not_hide_the_others() {
    let mut data = small().build();
    let chunk = find(&data, chunk::TABLE_TYPE);
    let header = usize::from(u16_at(&data, chunk + 2).unwrap());
    put32(&mut data, chunk + header, 0x7fff_fffc);
    let table = Table::open(&data);
    let mut all = table.each_string();
    assert_eq!(
        all.by_ref()
            .map(|(s, _)| s.text().into_owned())
            .collect::<Vec<_>>(),
        ["http://x.cn"]
    );
    assert_eq!(all.gaps()[0].what, "entry");
    assert_eq!(
        all.rest().map(|s| s.text().into_owned()).collect::<Vec<_>>(),
        ["http://x"]
    );
}

#[test]
fn entries_that_are_all_the_same_bag_end() {
    let mut t = TableBuilder::new(0x7f, "a");
    let items: Vec<_> = (0..2000).map(|i| (i, Val::Int(i))).collect();
    for i in 0..2000 {
        t.bag("array", &format!("a{i}"), if i == 0 { &items } else { &[] });
    }
    let mut data = t.build();
    let chunk = find(&data, chunk::TABLE_TYPE);
    let header = usize::from(u16_at(&data, chunk + 2).unwrap());
    for i in 0..2000 {
        put32(&mut data, chunk + header + 4 * i, 0);
    }
    let table = Table::open(&data);
    let mut values = table.values();
    assert!(values.by_ref().count() <= data.len());
    assert_eq!(values.gaps()[0].what, "values in overlapping entries");
}

#[test]
fn a_table_cut_short_keeps_what_was_there() {
    let mut data = small().build();
    let len = data.len();
    data.truncate(len - 4);
    let table = Table::open(&data);
    assert!(
        table.gaps()[0]
            .to_string()
            .starts_with("arsc: table at 0x0: truncated")
    );
    assert_eq!(table.each_string().rest().count(), 2);
    assert_eq!(
        Table::open(b"").gaps()[0].to_string(),
        "arsc: table at 0x0: truncated, needs 12 bytes, 0 left"
    );
}

#[test]
fn qualifiers_read_as_folder_names() {
    let config = |fields: &[(usize, u8)]| {
        let mut data = vec![0; 56];
        data[0] = 56;
        for (at, value) in fields {
            data[*at] = *value;
        }
        Config::new(&data).qualifier()
    };
    assert_eq!(config(&[]), "");
    assert_eq!(config(&[(4, 0xcc), (5, 1), (6, 1)]), "mcc460-mnc1");
    assert_eq!(
        config(&[(8, b'e'), (9, b'n'), (10, b'U'), (11, b'S'), (12, 2), (24, 21)]),
        "en-rUS-land-v21"
    );
    assert_eq!(config(&[(14, 0x40), (15, 1), (29, 0x20)]), "night-xhdpi");
    // Three letters, five bits each.
    assert_eq!(config(&[(8, 0xad), (9, 0x05)]), "fil");
    assert_eq!(config(&[(45, 1)]), "other");
}

/// Reads all there is.
fn exhaust(data: &[u8]) {
    let table = Table::open(data);
    for named in table.values() {
        let _ = (named.entry(), table.text(named.value), table.name(named.id));
    }
    let mut strings = table.each_string();
    while strings.next().is_some() {}
    let _ = strings.rest().count();
}

proptest! {
    #[test]
    fn no_flip_and_no_cut_panics(flips in prop::collection::vec((0_usize..1200, any::<u8>()), 1..4), cut in 0_usize..1200) {
        for layout in [Layout::Plain, Layout::Sparse, Layout::Offset16, Layout::Compact] {
            let mut t = small();
            t.layout = layout;
            t.bag("array", "a", &[(1, "x".into())]);
            let mut data = t.build();
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
