//! Values of all kinds, nested values, values that nest without end.

use super::super::build::{Annotation, DexBuilder, Value as V};
use super::*;

fn items(bytes: &[u8]) -> Vec<(u32, u32, Value)> {
    let opened = Dex::open(bytes);
    let dex = opened.dexes[0];
    dex.all_static_values()
        .map(|i| i.unwrap().1)
        .map(|i| (i.slot, i.depth, i.value))
        .collect()
}

#[test]
fn every_kind_of_value_comes_back() {
    let mut dex = DexBuilder::new();
    let class = dex.class("La;");
    class.static_field("a", "B", Some(V::Byte(-1)));
    class.static_field("b", "S", Some(V::Short(-300)));
    class.static_field("c", "C", Some(V::Char(0xfffe)));
    class.static_field("d", "I", Some(V::Int(i32::MIN)));
    class.static_field("e", "J", Some(V::Long(-2)));
    class.static_field("f", "F", Some(V::Float(1.5)));
    class.static_field("g", "D", Some(V::Double(-0.1)));
    class.static_field("h", "Ljava/lang/String;", Some(V::string("http://x")));
    class.static_field("i", "Z", Some(V::Boolean(true)));
    class.static_field("j", "Ljava/lang/Object;", Some(V::Null));
    let bytes = dex.build();
    let dex = Dex::open(&bytes).dexes[0];
    let values: Vec<Value> = items(&bytes).into_iter().map(|i| i.2).collect();
    let Value::String(string) = values[7] else {
        panic!("{values:?}")
    };
    assert_eq!(dex.string(string), Some(&b"http://x"[..]));
    let expect = [
        Value::Byte(-1),
        Value::Short(-300),
        Value::Char(0xfffe),
        Value::Int(i32::MIN),
        Value::Long(-2),
        Value::Float(1.5),
        Value::Double(-0.1),
        Value::String(string),
        Value::Boolean(true),
        Value::Null,
    ];
    // The table sorts fields by name and then type, so the order is that of the letters.
    assert_eq!(values, expect);
}

#[test]
fn a_shortened_float_is_filled_with_zeros_on_the_right() {
    assert_eq!(left(&[0x80, 0x3f]), 0x3f80_0000_0000_0000);
    assert_eq!(signed(&[0xff]), -1);
    assert_eq!(signed(&[]), 0);
}

#[test]
fn nested_lists_are_flat_and_keep_their_slot() {
    let inner = V::Annotation(Annotation {
        type_: "LA;".into(),
        elements: vec![("x".into(), V::Array(vec![V::Int(1), V::Int(2)]))],
    });
    let mut dex = DexBuilder::new();
    let class = dex.class("La;");
    class.static_field("a", "[I", Some(V::Array(vec![V::Array(vec![]), V::Int(7)])));
    class.static_field("b", "LA;", Some(inner));
    class.static_field("c", "I", Some(V::Int(9)));
    let items: Vec<_> = items(&dex.build())
        .into_iter()
        .filter(|i| !matches!(i.2, Value::Annotation { .. }))
        .collect();
    assert_eq!(
        items,
        [
            (0, 0, Value::Array(2)),
            (0, 1, Value::Array(0)),
            (0, 1, Value::Int(7)),
            (1, 1, Value::Array(2)),
            (1, 2, Value::Int(1)),
            (1, 2, Value::Int(2)),
            (2, 0, Value::Int(9)),
        ]
    );
}

#[test]
fn two_hundred_thousand_arrays_in_each_other_are_walked_without_recursion() {
    let mut value = vec![0x1c, 1];
    value = value.repeat(200_000);
    value.extend([0x1c, 0]);
    let mut bytes = vec![1];
    bytes.extend(value);
    let leb = Leb::at(&bytes, 1);
    let values = Values {
        leb,
        current: Frame {
            left: 1,
            named: false,
        },
        outer: Vec::new(),
        slot: 0,
    };
    assert_eq!(values.map(|v| v.unwrap().depth).max(), Some(200_000));
}
