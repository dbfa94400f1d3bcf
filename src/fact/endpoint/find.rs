//! The search: anchors first, then as far as the host or URL around an anchor goes.
//!
//! Every pass is linear: a token is left behind whole, and an extent that reaches over further
//! anchors is cut to [`MAX_URL`](super::MAX_URL).

use std::net::Ipv6Addr;

use memchr::{memchr, memchr_iter, memchr2, memmem};

use super::bare::Around;
use super::{Finder, Form, Hit, HitKind, name};

/// What raw bytes are searched for: the first five are a scheme's end in the forms it is written in,
/// the others suffixes under which most hosts are.
pub(super) const ANCHORS: [&[u8]; 9] = [
    b"://",
    b":\\/\\/",
    b"%3A%2F%2F",
    b"%3a%2f%2f",
    b":\0/\0/\0",
    b".com",
    b".net",
    b".cn",
    b".org",
];

/// Longest host name, RFC 1035.
pub(super) const MAX_NAME: usize = 253;

/// Classes of bytes.
#[derive(Debug)]
pub(super) struct Letters([u8; 256]);

/// May be part of a host name or address in a text.
pub(super) const NAME: u8 = 1;
/// Ends a URL.
pub(super) const END: u8 = 2;
/// May be part of a scheme.
pub(super) const SCHEME: u8 = 4;
/// An upper-case letter.
pub(super) const UPPER: u8 = 8;
/// Neither a digit nor a dot.
pub(super) const WORD: u8 = 16;

impl Letters {
    pub(super) fn new() -> Self {
        let mut table = [0; 256];
        for (byte, class) in (0_u8..=255).zip(table.iter_mut()) {
            if byte.is_ascii_alphanumeric() {
                *class |= NAME | SCHEME;
            }
            if byte.is_ascii_uppercase() {
                *class |= UPPER;
            }
            if !byte.is_ascii_digit() && byte != b'.' {
                *class |= WORD;
            }
            match byte {
                b'.' | b'-' => *class |= NAME | SCHEME,
                b'_' => *class |= NAME,
                b'+' => *class |= SCHEME,
                0..=0x20 | 0x7f | b'"' | b'\'' | b'<' | b'>' | b'`' | b'^' | b'|' | b'\\' => *class |= END,
                _ => {}
            }
        }
        Self(table)
    }

    #[inline]
    pub(super) fn is(&self, byte: u8, class: u8) -> bool {
        self.of(byte) & class != 0
    }

    #[inline]
    fn of(&self, byte: u8) -> u8 {
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }

    /// How many bytes in a row may be part of a name; `classes` gets all classes of these.
    #[inline]
    pub(super) fn run<'b>(&self, bytes: impl Iterator<Item = &'b u8>, classes: &mut u8) -> usize {
        let mut len = 0_usize;
        for byte in bytes {
            let class = self.of(*byte);
            if class & NAME == 0 {
                break;
            }
            *classes |= class;
            len = len.saturating_add(1);
        }
        len
    }
}

impl Finder<'_> {
    /// Endpoints in one string: a constant, a resource, a value of a configuration file, a template
    /// whose unknown parts are `{}`. In order of their place; no allocation when there is none.
    #[inline]
    pub fn text(&self, text: &[u8]) -> Vec<Hit> {
        if memchr2(b'.', b':', text).is_none() || self.is_package(text) {
            return Vec::new();
        }
        self.search(text, Around::Values)
    }

    /// Whether a string holds an endpoint, or what may be a part of one.
    #[inline]
    pub fn begins(&self, text: &[u8]) -> bool {
        let mut colon = false;
        let mut dot = false;
        for byte in text {
            colon |= *byte == b':';
            dot |= *byte == b'.';
        }
        if colon {
            return self.scheme_end.find(text).is_some() || !self.search(text, Around::Values).is_empty();
        }
        dot && !self.is_package(text) && !self.search(text, Around::Values).is_empty()
    }

    /// Whether a string is nothing but a dotted name under a root of packages or a source file, as most
    /// dotted strings of code are: no endpoint, see [`Finder::plausible`].
    fn is_package(&self, text: &[u8]) -> bool {
        let first = || text.split(|b| *b == b'.').next().unwrap_or_default();
        (text.ends_with(b".java") || self.words.package_roots.contains(first()))
            && text.len() <= MAX_NAME
            && text.iter().all(|b| self.letters.is(*b, NAME))
    }

    /// Endpoints in bytes of any kind: assets, scripts, databases, libraries. URLs are found wherever
    /// they are, also as UTF-16; bare names only where quotes or control characters set them off.
    pub fn raw(&self, data: &[u8]) -> Vec<Hit> {
        if memchr(0, data).is_none() {
            return self.search(data, Around::Quotes);
        }
        let Some(anchors) = &self.anchors else {
            return self.search(data, Around::Quotes);
        };
        let mut hits = Vec::new();
        let mut done = 0;
        for found in anchors.find_iter(data) {
            let form = match found.pattern().as_usize() {
                0 | 1 => Form::Plain,
                2 | 3 => Form::Percent,
                4 => Form::Wide,
                _ => {
                    if found.start() >= done {
                        done = self.name(data, found.start(), done, Around::Quotes, &mut hits);
                    }
                    continue;
                }
            };
            let hit = match form {
                Form::Wide => self.wide(data, found.start(), found.end()),
                _ => self.url(data, found.start(), found.end(), form),
            };
            if let Some(hit) = hit {
                done = done.max(hit.range.end);
                hits.push(hit);
            }
        }
        hits.sort_by_key(|hit| (hit.range.start, hit.range.end));
        hits
    }

    #[inline(never)]
    fn search(&self, text: &[u8], around: Around) -> Vec<Hit> {
        let mut hits = Vec::new();
        if memchr(b':', text).is_some() {
            for at in memmem::find_iter(text, b"://") {
                hits.extend(self.url(text, at, at.saturating_add(3), Form::Plain));
            }
            for at in memmem::find_iter(text, b":\\/\\/") {
                hits.extend(self.url(text, at, at.saturating_add(5), Form::Plain));
            }
        }
        if memchr(b'%', text).is_some() {
            for at in memmem::find_iter(text, b"%3A%2F%2F").chain(memmem::find_iter(text, b"%3a%2f%2f")) {
                hits.extend(self.url(text, at, at.saturating_add(9), Form::Percent));
            }
        }
        hits.sort_by_key(|hit| (hit.range.start, hit.range.end));
        self.names(text, around, &mut hits);
        if hits.is_empty() && around == Around::Values {
            hits.extend(alone(text));
        }
        hits
    }

    /// Bare names between the URLs that were found.
    fn names(&self, text: &[u8], around: Around, hits: &mut Vec<Hit>) {
        let urls = hits.len();
        let mut next = 0;
        let mut done = 0;
        for dot in memchr_iter(b'.', text) {
            if dot < done {
                continue;
            }
            while let Some(url) = hits.get(next).filter(|url| next < urls && url.range.start <= dot) {
                done = done.max(url.range.end);
                next = next.saturating_add(1);
            }
            if dot < done {
                continue;
            }
            let beside = |at: usize| text.get(at).copied().unwrap_or(0);
            let (left, right) = (beside(dot.wrapping_sub(1)), beside(dot.saturating_add(1)));
            if !right.is_ascii_alphanumeric() || !(left.is_ascii_alphanumeric() || left == b'}') {
                continue;
            }
            done = self.name(text, dot, done, around, hits);
        }
        hits.sort_by_key(|hit| (hit.range.start, hit.range.end));
    }
}

/// A string that is nothing but an address of IP version 6, or a host without a scheme behind `//`.
fn alone(text: &[u8]) -> Option<Hit> {
    let hit = |kind| {
        Some(Hit {
            range: 0..text.len(),
            kind,
            form: Form::Plain,
        })
    };
    if let Some(rest) = text.strip_prefix(b"//") {
        let end = rest
            .iter()
            .position(|b| matches!(b, b'/' | b'?' | b':'))
            .unwrap_or(rest.len());
        let host = rest.get(..end)?;
        let fine = host
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
        let clean = !text
            .iter()
            .any(|b| b.is_ascii_whitespace() || b.is_ascii_control());
        return if fine && clean && name::is_public(host) {
            hit(HitKind::Url)
        } else {
            None
        };
    }
    if text.len() < 8
        || text.len() > 45
        || !text
            .iter()
            .all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'))
    {
        return None;
    }
    let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
    let [first, ..] = address.segments();
    if (0x2000..0x4000).contains(&first) || first >= 0xfc00 {
        hit(HitKind::Address)
    } else {
        None
    }
}
