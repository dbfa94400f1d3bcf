//! Texts put together from others: `String.format` and what `a + b` is compiled to, a child below a base, a
//! URL resolved, a query.

use super::super::value::{Atom, MAX_MADE, MAX_PARTS, Val, Values, Why};
use super::{As, of, whole};

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
