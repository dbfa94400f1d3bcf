//! Each string method on the smallest text that shows it.

use super::super::value::tests::{made, show};
use super::*;

#[track_caller]
fn check(values: &Values<'_>, val: Val, expect: &[&str]) {
    assert_eq!(show(values, val), expect);
}

fn args(values: &mut Values<'_>, all: &[Val]) -> Val {
    let mut array = values.array(u32::try_from(all.len()).ok());
    for (n, val) in all.iter().enumerate() {
        let index = values.int(i64::try_from(n).unwrap());
        array = values.set_element(array, index, *val);
    }
    array
}

#[test]
fn format_fills_strings_numbers_and_positions() {
    let mut v = Values::new();
    let (host, n) = (made(&mut v, "a.com"), v.int(80));
    let all = args(&mut v, &[host, n]);
    let f = made(&mut v, "http://%1$s:%2$d/%s?x=100%%");
    let out = format(&mut v, f, all);
    check(&v, out, &["http://a.com:80/a.com?x=100%"]);
}

#[test]
fn format_with_an_unknown_argument_leaves_a_hole() {
    let mut v = Values::new();
    let p = v.val(Atom::Param(1));
    let all = args(&mut v, &[p]);
    let f = made(&mut v, "http://%1$s/v1/report");
    let out = format(&mut v, f, all);
    check(&v, out, &["http://{}/v1/report"]);
}

#[test]
fn format_with_a_width_does_not_guess() {
    let mut v = Values::new();
    let n = v.int(7);
    let all = args(&mut v, &[n]);
    let f = made(&mut v, "a%05db");
    let out = format(&mut v, f, all);
    check(&v, out, &["a{}b"]);
}

#[test]
fn format_that_ends_in_a_percent_sign_is_read_to_its_end() {
    let mut v = Values::new();
    let all = args(&mut v, &[]);
    let f = made(&mut v, "a%");
    let out = format(&mut v, f, all);
    check(&v, out, &["a%"]);
}

#[test]
fn a_replaced_placeholder_becomes_a_hole() {
    let mut v = Values::new();
    let url = made(&mut v, "http://a/{id}/x");
    let (from, to) = (made(&mut v, "{id}"), v.val(Atom::Param(0)));
    let out = replace(&mut v, url, from, to);
    check(&v, out, &["http://a/{}/x"]);
    let (http, https) = (made(&mut v, "http:"), made(&mut v, "https:"));
    let out = replace(&mut v, url, http, https);
    check(&v, out, &["https://a/{id}/x"]);
}

#[test]
fn a_relative_url_is_joined_to_its_base() {
    let mut v = Values::new();
    let base = made(&mut v, "http://a.com/x/y");
    for (spec, whole) in [
        ("/z", "http://a.com/z"),
        ("z", "http://a.com/x/z"),
        ("https://b/", "https://b/"),
    ] {
        let spec = made(&mut v, spec);
        let out = resolve(&mut v, base, spec);
        check(&v, out, &[whole]);
    }
}

#[test]
fn a_child_has_one_slash_before_it() {
    let mut v = Values::new();
    for (base, child) in [
        ("/data/system", "x"),
        ("/data/system/", "x"),
        ("/data/system", "/x"),
    ] {
        let (base, child) = (made(&mut v, base), made(&mut v, child));
        let out = below(&mut v, base, child);
        check(&v, out, &["/data/system/x"]);
    }
}

#[test]
fn a_boolean_is_a_word_and_an_int_is_a_number() {
    let mut v = Values::new();
    let one = v.int(1);
    let (b, i, c) = (of(&mut v, one, As::Bool), of(&mut v, one, As::Int), v.int(0x41));
    let c = of(&mut v, c, As::Char);
    check(&v, b, &["true"]);
    check(&v, i, &["1"]);
    check(&v, c, &["A"]);
}

#[test]
fn query_parameters_follow_one_question_mark() {
    let mut v = Values::new();
    let uri = made(&mut v, "http://a/");
    let (k, p) = (made(&mut v, "k"), v.val(Atom::Param(0)));
    let out = query(&mut v, uri, k, p);
    let out = query(&mut v, out, k, k);
    check(&v, out, &["http://a/?k={}&k=k"]);
}
