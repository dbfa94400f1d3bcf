//! Values joined, widened, concatenated and filled.

use super::*;

pub(crate) fn made(values: &mut Values<'_>, s: &str) -> Val {
    Val::one(values.made(s.as_bytes()))
}

pub(crate) fn show(values: &Values<'_>, val: Val) -> Vec<String> {
    let mut all: Vec<String> = values
        .alternatives(val)
        .as_slice()
        .iter()
        .map(|id| {
            let mut out = Vec::new();
            match values.render(*id, &mut out) {
                Some(()) => String::from_utf8(out).unwrap(),
                None => format!("{:?}", values.atom(*id)),
            }
        })
        .collect();
    all.sort();
    all
}

#[test]
fn both_arms_of_a_branch_are_kept() {
    let mut v = Values::new();
    let (a, b) = (v.int(0), v.int(1));
    let both = v.join(a, b);
    assert_eq!(show(&v, both), ["Int(0)", "Int(1)"]);
    assert_eq!(v.join(both, a), both);
    assert_eq!(v.join(b, a), both);
}

#[test]
fn a_register_never_written_adds_nothing_to_a_join() {
    let mut v = Values::new();
    let one = v.int(1);
    assert_eq!(v.join(Val::UNSET, one), one);
    assert_eq!(v.join(one, Val::UNSET), one);
}

#[test]
fn the_eighth_alternative_says_that_there_are_too_many() {
    let mut v = Values::new();
    let mut all = Val::UNSET;
    for n in 0..20 {
        let n = v.int(n);
        all = v.join(all, n);
    }
    let shown = show(&v, all);
    assert_eq!(shown.len(), MAX_ALTERNATIVES);
    assert!(shown.contains(&"Unknown(TooMany)".to_owned()), "{shown:?}");
}

#[test]
fn strings_are_joined_part_by_part_with_holes_between() {
    let mut v = Values::new();
    let (a, b) = (made(&mut v, "http://"), made(&mut v, "/x?id="));
    let host = v.val(Atom::Field(0, 7));
    let url = v.concat(a, host);
    let url = v.concat(url, b);
    let id = v.val(Atom::Param(1));
    let url = v.concat(url, id);
    assert_eq!(show(&v, url), ["http://{}/x?id={}"]);
}

#[test]
fn a_string_has_no_more_parts_than_are_allowed() {
    let mut v = Values::new();
    let mut url = made(&mut v, "a");
    for n in 0..100 {
        let part = made(&mut v, &format!("b{n}"));
        url = v.concat(url, part);
    }
    let Some(id) = v.alternatives(url).as_slice().first().copied() else {
        panic!()
    };
    assert_eq!(v.parts(id, &mut [AtomId(0); MAX_PARTS]), MAX_PARTS);
    assert!(show(&v, url)[0].ends_with("b29{}"));
}

#[test]
fn a_string_that_grows_in_a_loop_keeps_its_beginning() {
    let mut v = Values::new();
    let base = made(&mut v, "http://a/?");
    let more = made(&mut v, "x=");
    let grown = v.concat(base, more);
    let widened = v.widen(base, grown);
    assert_eq!(show(&v, widened), ["http://a/?", "http://a/?{}"]);
    let again = v.concat(widened, more);
    assert_eq!(v.widen(widened, again), widened);
}

#[test]
fn holes_are_filled_wherever_they_are() {
    let mut v = Values::new();
    let host = v.val(Atom::Param(0));
    let path = made(&mut v, "/p");
    let url = v.concat(host, path);
    let (a, b) = (made(&mut v, "http://a"), made(&mut v, "http://b"));
    let hosts = v.join(a, b);
    let filled = v.fill(url, &mut |_, atom| (atom == Atom::Param(0)).then_some(hosts));
    assert_eq!(show(&v, filled), ["http://a/p", "http://b/p"]);
}

#[test]
fn the_last_value_set_is_the_element() {
    let mut v = Values::new();
    let array = v.array(Some(2));
    let (zero, one) = (v.int(0), v.int(1));
    let (x, y) = (made(&mut v, "x"), made(&mut v, "y"));
    let array = v.set_element(array, zero, x);
    let array = v.set_element(array, one, x);
    let array = v.set_element(array, zero, y);
    assert_eq!((v.element(array, 0), v.element(array, 1)), (y, x));
    assert_eq!(v.array_len(array), Some(2));
}

#[test]
fn what_follows_too_many_alternatives_is_no_text_of_its_own() {
    let mut v = Values::new();
    let mut all = Val::UNSET;
    for n in 0..3 {
        let one = made(&mut v, &n.to_string());
        all = v.join(all, one);
    }
    let mut url = made(&mut v, "x");
    for n in 0..3 {
        let hole = v.val(Atom::Field(0, n));
        url = v.concat(url, hole);
    }
    let end = made(&mut v, "/z");
    let url = v.concat(url, end);
    let filled = v.fill(url, &mut |_, atom| matches!(atom, Atom::Field(..)).then_some(all));
    let shown = show(&v, filled);
    assert!(shown.contains(&"Unknown(TooMany)".to_owned()), "{shown:?}");
    assert!(shown.iter().all(|text| !text.starts_with("{}")), "{shown:?}");
}

#[test]
fn an_element_that_is_not_known_is_any_that_was_set() {
    let mut v = Values::new();
    let (a, b) = (made(&mut v, "a"), made(&mut v, "b"));
    let (zero, one) = (v.int(0), v.int(1));
    let array = v.array(Some(2));
    let array = v.set_element(array, zero, a);
    let any = v.element_at(array, None);
    assert_eq!(show(&v, any), ["Unknown(Element)", "a"]);
    let array = v.set_element(array, one, a);
    let array = v.set_element(array, one, b);
    let any = v.element_at(array, None);
    assert_eq!(show(&v, any), ["a", "b"]);
    let last = v.element_at(array, Some(1));
    assert_eq!(show(&v, last), ["b"]);
}
