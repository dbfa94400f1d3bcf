//! What the string methods of the platform do to values.
//!
//! Java SE `String`, `StringBuilder`, `java.util.Formatter`; Android `Uri`, `Uri.Builder`. Only what
//! decides an endpoint, a key or a path is modelled; the rest is a hole with its reason.

use super::value::{Atom, AtomId, MAX_MADE, MAX_PARTS, Val, Values, Why};

/// How a value is written when it becomes text, by the type of the parameter that takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    /// `byte`, `short`, `int`, `long`: decimal.
    Int,
    /// `char`: one UTF-16 unit.
    Char,
    /// `boolean`: `true` or `false`.
    Bool,
    /// An object: strings are themselves, `null` is `null`.
    Object,
}

impl As {
    /// By the first letter of a type descriptor.
    pub(crate) fn of_descriptor(first: u8) -> Self {
        match first {
            b'Z' => Self::Bool,
            b'C' => Self::Char,
            b'L' | b'[' => Self::Object,
            _ => Self::Int,
        }
    }
}

/// A value as text. Strings stay, numbers are written, holes stay holes.
pub(crate) fn of(values: &mut Values<'_>, val: Val, how: As) -> Val {
    values.map(val, |values, id| match (values.atom(id), how) {
        (Atom::Int(0), As::Object) => Val::one(values.made(b"null")),
        (Atom::Int(n), As::Bool) => Val::one(values.made(if n == 0 { b"false" } else { b"true" })),
        (Atom::Int(n), As::Char) => {
            let unit = u32::try_from(n)
                .ok()
                .and_then(char::from_u32)
                .unwrap_or(char::REPLACEMENT_CHARACTER);
            Val::one(values.made(unit.encode_utf8(&mut [0; 4]).as_bytes()))
        }
        (Atom::Int(n), As::Int | As::Object) => Val::one(values.made(n.to_string().as_bytes())),
        (Atom::Array(_) | Atom::Element(..), _) => values.unknown(Why::Element),
        _ => Val::one(id),
    })
}

/// The bytes of a string without holes, when they are few enough to work on.
pub(crate) fn whole(values: &Values<'_>, id: AtomId) -> Option<Vec<u8>> {
    if !values.is_text(id) {
        return None;
    }
    let mut parts = [id; MAX_PARTS];
    let n = values.parts(id, &mut parts);
    let mut out = Vec::new();
    for part in parts.get(..n).unwrap_or_default() {
        let bytes = values.bytes(*part)?;
        if out.len().saturating_add(bytes.len()) > MAX_MADE {
            return None;
        }
        out.extend_from_slice(bytes);
    }
    Some(out)
}

/// Applies a function to each alternative that is a string without holes; the rest is computed.
fn each(values: &mut Values<'_>, val: Val, f: impl Fn(&[u8]) -> Vec<u8>) -> Val {
    values.map(val, |values, id| match whole(values, id) {
        Some(bytes) => Val::one(values.made(&f(&bytes))),
        None => values.unknown(Why::Computed),
    })
}

/// Applies a function to each literal part, where it does the same to the parts as to the whole.
fn each_part(values: &mut Values<'_>, val: Val, f: impl Fn(&[u8]) -> Vec<u8>) -> Val {
    values.map(val, |values, id| {
        let mut parts = [id; MAX_PARTS];
        let n = values.parts(id, &mut parts);
        let mut out = Val::UNSET;
        for part in parts.get(..n).unwrap_or_default() {
            // What is too long to work on is too long to be a host or a key.
            let mapped = values
                .bytes(*part)
                .filter(|bytes| bytes.len() <= MAX_MADE)
                .map(&f);
            let part = match mapped {
                Some(bytes) => values.made(&bytes),
                None => *part,
            };
            out = if out == Val::UNSET {
                Val::one(part)
            } else {
                values.concat(out, Val::one(part))
            };
        }
        out
    })
}

/// `toLowerCase`. ASCII only: hosts and keys are.
pub(crate) fn lower(values: &mut Values<'_>, val: Val) -> Val {
    each_part(values, val, <[u8]>::to_ascii_lowercase)
}

/// `toUpperCase`. ASCII only.
pub(crate) fn upper(values: &mut Values<'_>, val: Val) -> Val {
    each_part(values, val, <[u8]>::to_ascii_uppercase)
}

/// `trim`. Of an assembled string only the outer parts lose anything; those are left as they are.
pub(crate) fn trim(values: &mut Values<'_>, val: Val) -> Val {
    values.map(val, |values, id| {
        match values
            .bytes(id)
            .filter(|b| b.len() <= MAX_MADE)
            .map(|b| b.trim_ascii().to_vec())
        {
            Some(bytes) => Val::one(values.made(&bytes)),
            None => Val::one(id),
        }
    })
}

/// `replace(from, to)` with strings or chars. In an assembled string, a match across two parts would be
/// missed: then the pattern holds no hole and each literal part is replaced for itself.
pub(crate) fn replace(values: &mut Values<'_>, val: Val, from: Val, to: Val) -> Val {
    let single = |values: &Values<'_>, v: Val| match values.alternatives(v).as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let pattern = single(values, from)
        .and_then(|id| whole(values, id))
        .filter(|p| !p.is_empty());
    let with = single(values, to).map(|id| (id, whole(values, id)));
    match (pattern, with) {
        (Some(pattern), Some((_, Some(with)))) => {
            each_part(values, val, |b| replace_bytes(b, &pattern, &with))
        }
        (Some(pattern), Some((hole, None))) => split_by(values, val, &pattern, hole),
        _ => values.unknown(Why::Computed),
    }
}

/// Replaces a placeholder by a hole: `"http://host/{id}".replace("{id}", id)`.
fn split_by(values: &mut Values<'_>, val: Val, pattern: &[u8], hole: AtomId) -> Val {
    values.map(val, |values, id| {
        let Some(bytes) = whole(values, id) else {
            return values.unknown(Why::Computed);
        };
        let mut out = Val::one(values.made(b""));
        let mut at = 0_usize;
        for found in memchr::memmem::find_iter(&bytes, pattern).take(MAX_PARTS) {
            let piece = values.made(bytes.get(at..found).unwrap_or_default());
            out = values.concat(out, Val::one(piece));
            out = values.concat(out, Val::one(hole));
            at = found.saturating_add(pattern.len());
        }
        let rest = values.made(bytes.get(at..).unwrap_or_default());
        values.concat(out, Val::one(rest))
    })
}

fn replace_bytes(bytes: &[u8], pattern: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0_usize;
    for found in memchr::memmem::find_iter(bytes, pattern) {
        out.extend_from_slice(bytes.get(at..found).unwrap_or_default());
        out.extend_from_slice(with);
        at = found.saturating_add(pattern.len());
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}

/// `substring(begin)` and `substring(begin, end)` of strings without holes. Indices count UTF-16 units:
/// only ASCII strings are cut.
pub(crate) fn substring(values: &mut Values<'_>, val: Val, begin: Val, end: Option<Val>) -> Val {
    let bound = |values: &Values<'_>, v: Val| values.single_int(v).and_then(|n| usize::try_from(n).ok());
    let begin = bound(values, begin);
    let end = match end {
        None => Some(usize::MAX),
        Some(end) => bound(values, end),
    };
    let (Some(begin), Some(end)) = (begin, end) else {
        return values.unknown(Why::Computed);
    };
    let mut ascii = true;
    for id in values.alternatives(val).as_slice() {
        ascii &= values.bytes(*id).is_some_and(<[u8]>::is_ascii);
    }
    if !ascii {
        return values.unknown(Why::Computed);
    }
    each(values, val, |b| {
        b.get(begin..end.min(b.len())).unwrap_or_default().to_vec()
    })
}

/// `String.format(format, arguments)`: `%s`, `%d`, `%c`, `%b`, `%x`, `%n`, `%%`, positions `%1$s`. Flags
/// and widths make a number a hole, since they change how it is written.
pub(crate) fn format(values: &mut Values<'_>, format: Val, arguments: Val) -> Val {
    values.map(format, |values, id| match whole(values, id) {
        Some(bytes) => format_one(values, &bytes, arguments),
        None => Val::one(id),
    })
}

fn format_one(values: &mut Values<'_>, format: &[u8], arguments: Val) -> Val {
    let mut out = Val::one(values.made(b""));
    let mut at = 0_usize;
    let mut ordinary = 0_u8;
    for _ in 0..MAX_PARTS {
        let rest = format.get(at..).unwrap_or_default();
        let Some(percent) = memchr::memchr(b'%', rest) else {
            break;
        };
        let literal = values.made(rest.get(..percent).unwrap_or_default());
        out = values.concat(out, Val::one(literal));
        let spec = Specifier::parse(rest.get(percent.saturating_add(1)..).unwrap_or_default());
        at = at
            .saturating_add(percent)
            .saturating_add(1)
            .saturating_add(spec.len);
        let part = match spec.conversion {
            b'%' => Val::one(values.made(b"%")),
            b'n' => Val::one(values.made(b"\n")),
            conversion => {
                let index = spec.position.unwrap_or_else(|| {
                    let index = ordinary;
                    ordinary = ordinary.saturating_add(1);
                    index
                });
                let argument = values.element(arguments, index);
                convert(values, argument, conversion, spec.plain)
            }
        };
        out = values.concat(out, part);
    }
    let rest = values.made(format.get(at..).unwrap_or_default());
    values.concat(out, Val::one(rest))
}

fn convert(values: &mut Values<'_>, argument: Val, conversion: u8, plain: bool) -> Val {
    match conversion {
        b's' | b'S' if plain => of(values, argument, As::Object),
        b'd' if plain => of(values, argument, As::Int),
        b'c' if plain => of(values, argument, As::Char),
        b'b' if plain => of(values, argument, As::Bool),
        _ => values.map(argument, |values, id| match values.atom(id) {
            Atom::Int(_) | Atom::Lit(_) | Atom::Made(_) | Atom::Cat(..) => values.unknown(Why::Computed),
            _ => Val::one(id),
        }),
    }
}

/// `%[position$][flags][width][.precision]conversion`, without the percent sign.
struct Specifier {
    /// Argument, from 0, when it is named.
    position: Option<u8>,
    /// Neither flags nor width nor precision.
    plain: bool,
    conversion: u8,
    /// Bytes up to and with the conversion.
    len: usize,
}

impl Specifier {
    fn parse(bytes: &[u8]) -> Self {
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let number = bytes
            .get(..digits)
            .and_then(|d| std::str::from_utf8(d).ok())
            .and_then(|d| d.parse::<u8>().ok());
        let (position, mut at) = match (number, bytes.get(digits)) {
            (Some(n), Some(b'$')) => (n.checked_sub(1), digits.saturating_add(1)),
            _ => (None, 0),
        };
        let start = at;
        while bytes
            .get(at)
            .is_some_and(|b| matches!(b, b'0'..=b'9' | b'-' | b'#' | b'+' | b' ' | b',' | b'(' | b'.'))
        {
            at = at.saturating_add(1);
        }
        let plain = at == start;
        let conversion = bytes.get(at).copied().unwrap_or(b'%');
        Self {
            position,
            plain,
            conversion,
            len: at.saturating_add(1).min(bytes.len()),
        }
    }
}

/// A path below a base, as `File(parent, child)` and `Uri.withAppendedPath` join them.
pub(crate) fn below(values: &mut Values<'_>, base: Val, child: Val) -> Val {
    let base = values.map(base, |values, id| {
        let bytes = values.bytes(id).filter(|b| b.len() <= MAX_MADE);
        match bytes.and_then(|b| b.strip_suffix(b"/")).map(<[u8]>::to_vec) {
            Some(bytes) => Val::one(values.made(&bytes)),
            None => Val::one(id),
        }
    });
    let child = values.map(child, |values, id| match values.bytes(id) {
        Some(b) if b.starts_with(b"/") => Val::one(id),
        _ => {
            let slash = values.made(b"/");
            Val::one(values.cat(slash, id))
        }
    });
    values.concat(base, child)
}

/// `new URL(context, spec)`, RFC 3986 section 5 as far as URLs in code need it: an absolute spec stands
/// alone, one that begins with `/` keeps scheme and host, any other replaces what follows the last `/`.
pub(crate) fn resolve(values: &mut Values<'_>, context: Val, spec: Val) -> Val {
    values.map(spec, |values, spec| {
        let relative = values
            .parts_first_bytes(spec)
            .filter(|b| b.len() <= MAX_MADE)
            .map(<[u8]>::to_vec);
        let Some(relative) = relative else {
            return values.unknown(Why::Computed);
        };
        if memchr::memmem::find(&relative, b"://").is_some() {
            return Val::one(spec);
        }
        values.map(context, |values, base| {
            let Some(bytes) = whole(values, base) else {
                return Val::one(base);
            };
            let host = memchr::memmem::find(&bytes, b"://").map_or(0, |n| n.saturating_add(3));
            let after_host = bytes.get(host..).unwrap_or_default();
            let keep = if relative.starts_with(b"/") {
                memchr::memchr(b'/', after_host).map_or(bytes.len(), |n| host.saturating_add(n))
            } else {
                memchr::memrchr(b'/', after_host)
                    .map_or(bytes.len(), |n| host.saturating_add(n).saturating_add(1))
            };
            let kept = values.made(bytes.get(..keep).unwrap_or_default());
            Val::one(values.cat(kept, spec))
        })
    })
}

/// `Uri.Builder.appendQueryParameter(key, value)`.
pub(crate) fn query(values: &mut Values<'_>, uri: Val, key: Val, value: Val) -> Val {
    let uri = values.map(uri, |values, id| {
        let mut shown = Vec::new();
        let sep: &[u8] = match values.render(id, &mut shown) {
            Some(()) if shown.contains(&b'?') => b"&",
            _ => b"?",
        };
        let sep = values.made(sep);
        Val::one(values.cat(id, sep))
    });
    let equals = values.made(b"=");
    let out = values.concat(uri, key);
    let out = values.concat(out, Val::one(equals));
    values.concat(out, value)
}

/// `Integer.parseInt`, `Boolean.parseBoolean`.
pub(crate) fn parse(values: &mut Values<'_>, val: Val) -> Val {
    values.map(val, |values, id| {
        let number = match values.bytes(id) {
            Some(bytes) if bytes.eq_ignore_ascii_case(b"true") => Some(1),
            Some(bytes) if bytes.eq_ignore_ascii_case(b"false") => Some(0),
            Some(bytes) => std::str::from_utf8(bytes)
                .ok()
                .and_then(|s| s.parse::<i64>().ok()),
            None => None,
        };
        match number {
            Some(n) => values.int(n),
            None => values.unknown(Why::Computed),
        }
    })
}

/// `makeConcatWithConstants` (JEP 280): in the recipe, U+0001 takes the next argument and U+0002 the next
/// constant; the rest stands for itself.
pub(crate) fn recipe(values: &mut Values<'_>, recipe: &[u8], arguments: &[Val], constants: &[&[u8]]) -> Val {
    let mut out = Val::one(values.made(b""));
    let (mut arguments, mut constants) = (arguments.iter(), constants.iter());
    let mut rest = recipe;
    for _ in 0..MAX_PARTS {
        let Some(at) = memchr::memchr2(1, 2, rest) else {
            break;
        };
        let literal = values.made(rest.get(..at).unwrap_or_default());
        out = values.concat(out, Val::one(literal));
        let part = match rest.get(at) {
            Some(1) => arguments.next().copied(),
            _ => constants.next().map(|bytes| Val::one(values.made(bytes))),
        };
        let part = part.unwrap_or_else(|| values.unknown(Why::Computed));
        out = values.concat(out, part);
        rest = rest.get(at.saturating_add(1)..).unwrap_or_default();
    }
    let literal = values.made(rest);
    values.concat(out, Val::one(literal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(values: &mut Values<'_>, s: &str) -> Val {
        Val::one(values.made(s.as_bytes()))
    }

    #[track_caller]
    fn check(values: &Values<'_>, val: Val, expect: &[&str]) {
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
        assert_eq!(all, expect);
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
}
