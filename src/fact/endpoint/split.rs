//! A hit, taken apart.
//!
//! Spec: RFC 3986 section 3 for the parts, section 2.1 for percent-encoding; `java.util.Formatter`
//! and common template syntaxes for the holes.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Form, Hit, HitKind, MAX_URL};
use crate::fact::HostKind;

/// The parts of a URL, a host or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// Lower-case, empty when there is none or when it is a hole.
    pub(super) scheme: String,
    /// As written before the host, with its `@`.
    pub(super) user: String,
    /// Lower-case name or address; `{}` for unknown labels; empty when nothing of it is known.
    pub(super) host: String,
    pub(super) host_kind: HostKind,
    pub(super) port: Option<u16>,
    /// From the first `/`, `?` or `#` on.
    pub(super) path: String,
    bare: bool,
}

impl Parts {
    /// Splits a hit; `None` when it has no host and nothing else that says anything.
    pub(super) fn of(text: &[u8], hit: &Hit) -> Option<Self> {
        let raw = text.get(hit.range.clone())?;
        let plain = plain(raw, hit.form);
        let text = holes(&plain);
        let text = trim(&text);
        let (scheme, rest, bare) = match text.split_once("://") {
            Some((scheme, rest)) if hit.kind == HitKind::Url => (scheme, rest, false),
            _ => match text.strip_prefix("//") {
                Some(rest) if hit.kind == HitKind::Url => ("", rest, false),
                _ => ("", text, true),
            },
        };
        let scheme = if scheme.contains('{') {
            String::new()
        } else {
            scheme.to_ascii_lowercase()
        };
        // Some servers are written with three slashes, `http:///host`; browsers take it.
        let rest = rest.trim_start_matches('/');
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        // What cannot be part of a host begins the path, unless it is before an `@`.
        let user = rest
            .get(..end)
            .and_then(|authority| authority.rfind('@'))
            .unwrap_or(0);
        let odd = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !".-_:%@{}[]".contains(c);
        let end = rest
            .get(user..end)
            .and_then(|host| host.find(odd))
            .map_or(end, |n| user.saturating_add(n));
        let (authority, path) = rest.split_at_checked(end)?;
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (format!("{user}@"), host),
            None => (String::new(), authority),
        };
        let (host, port, path) = host_and_port(host, path)?;
        let (host, host_kind, path) = host_of(host, path)?;
        let known = path.chars().filter(char::is_ascii_alphanumeric).count();
        if host.is_empty() && known < 2 {
            return None;
        }
        Some(Self {
            scheme,
            user,
            host,
            host_kind,
            port,
            path,
            bare,
        })
    }

    /// The whole again, with `{}` for what is not known.
    pub(super) fn url(&self) -> String {
        let mut url = String::new();
        if !self.bare {
            url.push_str(if self.scheme.is_empty() { "" } else { &self.scheme });
            url.push_str(if self.scheme.is_empty() { "//" } else { "://" });
        }
        url.push_str(&self.user);
        let six = self.host.contains(':') && !(self.bare && self.port.is_none());
        if six {
            url.push('[');
        }
        url.push_str(if self.host.is_empty() { "{}" } else { &self.host });
        if six {
            url.push(']');
        }
        if let Some(port) = self.port {
            url.push(':');
            url.push_str(&port.to_string());
        }
        url.push_str(&self.path);
        url
    }
}

/// The bytes as text: decoded by form, `\/` undone, cut at the first byte that is no text.
fn plain(raw: &[u8], form: Form) -> Cow<'_, str> {
    let decoded: Cow<'_, [u8]> = match form {
        Form::Plain => Cow::Borrowed(raw),
        Form::Wide => Cow::Owned(
            raw.chunks(2)
                .filter_map(|pair| pair.first().copied())
                .take(MAX_URL)
                .collect(),
        ),
        Form::Percent => percent_encoding::percent_decode(raw).into(),
    };
    let text = match decoded {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    };
    if text.contains("\\/") {
        Cow::Owned(text.replace("\\/", "/"))
    } else {
        text
    }
}

/// What stands for a part that is not known becomes `{}`: `%s`, `%1$s`, `%02x`, `{host}`, `${host}`,
/// `#{host}`, `%{host}`.
fn holes(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '{']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['%', '{']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let length = if from.starts_with('%') {
            format_length(from.as_bytes())
        } else {
            braces(from.as_bytes())
        };
        match length {
            Some(length) => {
                out.push_str(
                    before
                        .strip_suffix(['$', '#'])
                        .filter(|_| from.starts_with('{'))
                        .unwrap_or(before),
                );
                out.push_str("{}");
                rest = from.get(length..).unwrap_or_default();
            }
            None => {
                out.push_str(before);
                out.push_str(from.get(..1).unwrap_or_default());
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Length of a `{…}` at the start; its name is at most 64 bytes of a word.
fn braces(text: &[u8]) -> Option<usize> {
    let end = text.iter().take(66).position(|b| *b == b'}')?;
    let name = text.get(1..end)?;
    let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$' | b' ');
    name.iter().all(word).then(|| end.saturating_add(1))
}

/// Length of a format specifier at the start: `%[index$][flags][width][.precision]conversion`. Two
/// hexadecimal digits after `%` are percent-encoding, unless they are zero padding (`%02x`).
fn format_length(text: &[u8]) -> Option<usize> {
    if text.get(1) == Some(&b'{') {
        return braces(text.get(1..)?).map(|n| n.saturating_add(1));
    }
    let hex = |i: usize| text.get(i).is_some_and(u8::is_ascii_hexdigit);
    let padded = text.get(1) == Some(&b'0') && matches!(text.get(3), Some(b'x' | b'X' | b'd'));
    if hex(1) && hex(2) && !padded {
        return None;
    }
    let digits = |mut i: usize| {
        while text.get(i).is_some_and(u8::is_ascii_digit) && i < 8 {
            i = i.saturating_add(1);
        }
        i
    };
    let mut i = digits(1);
    if text.get(i) == Some(&b'$') {
        i = i.saturating_add(1);
    } else {
        i = 1;
    }
    while matches!(text.get(i), Some(b'-' | b'+' | b'0' | b'#' | b',')) && i < 12 {
        i = i.saturating_add(1);
    }
    i = digits(i);
    if text.get(i) == Some(&b'.') {
        i = digits(i.saturating_add(1));
    }
    while matches!(text.get(i), Some(b'l' | b'h' | b'z' | b'q')) && i < 16 {
        i = i.saturating_add(1);
    }
    matches!(
        text.get(i),
        Some(b's' | b'S' | b'd' | b'i' | b'u' | b'x' | b'X' | b'c' | b'f' | b'p' | b'@' | b'b')
    )
    .then(|| i.saturating_add(1))
}

/// Without the punctuation of the sentence around it. Brackets go when they are closed but not opened.
fn trim(text: &str) -> &str {
    let mut text = text.trim_start();
    loop {
        let Some(last) = text.chars().next_back() else {
            return text;
        };
        let drop = match last {
            '.' | ',' | ';' | ':' | '!' | '\'' | '"' | '*' | '$' | '(' | '[' => true,
            ')' => text.matches(')').count() > text.matches('(').count(),
            ']' => text.matches(']').count() > text.matches('[').count(),
            '}' => text.matches('}').count() > text.matches('{').count(),
            c => c.is_whitespace() || c.is_control(),
        };
        if !drop {
            return text;
        }
        text = text.strip_suffix(last).unwrap_or_default();
    }
}

/// Parts `host:port`. A hole or a word where the port should be is no port; a hole glued to it is path.
fn host_and_port<'a>(authority: &'a str, path: &str) -> Option<(&'a str, Option<u16>, String)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return Some((
            host,
            rest.strip_prefix(':').and_then(|p| p.parse().ok()),
            path.to_owned(),
        ));
    }
    if authority.matches(':').count() > 1 && authority.parse::<Ipv6Addr>().is_ok() {
        return Some((authority, None, path.to_owned()));
    }
    let Some((host, port)) = authority.split_once(':') else {
        return Some((authority, None, path.to_owned()));
    };
    let digits = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
    let (number, rest) = port.split_at_checked(digits)?;
    let path = if rest.starts_with("{}") && !number.is_empty() {
        format!("{rest}{path}")
    } else {
        path.to_owned()
    };
    Some((host, number.parse().ok(), path))
}

/// A valid host, its kind, and the path, which takes what is glued to the host's end: a hole after a
/// whole name (`https://api.example.com{}`), or text in another script right behind it.
fn host_of(host: &str, path: String) -> Option<(String, HostKind, String)> {
    let mut host = host.trim_end_matches('.').to_ascii_lowercase();
    let mut path = path;
    if host.parse::<Ipv6Addr>().is_ok() {
        return Some((host, HostKind::Address, path));
    }
    if let Some(address) = ipv4(&host) {
        return Some((address.to_string(), HostKind::Address, path));
    }
    if host.contains('%') {
        host = percent_encoding::percent_decode_str(&host)
            .decode_utf8()
            .ok()?
            .to_ascii_lowercase();
    }
    if let Some(at) = host.find(|c: char| !c.is_ascii()) {
        let (name, _) = host.split_at_checked(at)?;
        if super::name::is_public(name.as_bytes()) {
            host = name.to_owned();
        }
    }
    while let Some(name) = host.strip_suffix("{}") {
        if name.is_empty() || !super::name::is_public(name.as_bytes()) {
            break;
        }
        path = format!("{{}}{path}");
        host = name.to_owned();
    }
    if host.contains("{}") {
        let known = host.replace("{}", "");
        if known
            .chars()
            .any(|c| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':')))
        {
            return None;
        }
        let says = known.split('.').filter(|label| label.len() > 1).count();
        return Some((
            if says == 0 { String::new() } else { host },
            HostKind::Template,
            path,
        ));
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(label) {
        return None;
    }
    Some((host, HostKind::Name, path))
}

/// An IPv4 address as browsers read it: dotted, or one number of at least eight digits.
fn ipv4(host: &str) -> Option<Ipv4Addr> {
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    let one = host.len() >= 8 && host.bytes().all(|b| b.is_ascii_digit());
    one.then(|| host.parse::<u32>().ok().map(Ipv4Addr::from_bits))
        .flatten()
}
