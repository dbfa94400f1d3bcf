//! The search: anchors first, then as far as the host or URL around an anchor goes.
//!
//! Every pass is linear: a token is left behind whole, and an extent that reaches over further
//! anchors is cut to [`MAX_URL`].

use std::net::Ipv6Addr;
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2, memmem};

use super::{Finder, Form, Hit, HitKind, MAX_URL, address, name};

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

/// Longest scheme that is looked for.
const MAX_SCHEME: usize = 16;
/// Longest host name, RFC 1035.
const MAX_NAME: usize = 253;

/// Ours: URLs inside a URL that belong to it, as a redirect's target does. Without a bound, a text of
/// nothing but URLs would be read as often as there are.
const MAX_INNER: u8 = 3;

/// Classes of bytes.
#[derive(Debug)]
pub(super) struct Letters([u8; 256]);

/// May be part of a host name or address in a text.
const NAME: u8 = 1;
/// Ends a URL.
const END: u8 = 2;
/// May be part of a scheme.
const SCHEME: u8 = 4;
/// An upper-case letter.
const UPPER: u8 = 8;
/// Neither a digit nor a dot.
const WORD: u8 = 16;

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

    fn is(&self, byte: u8, class: u8) -> bool {
        self.of(byte) & class != 0
    }

    fn of(&self, byte: u8) -> u8 {
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }

    /// How many bytes in a row may be part of a name; `classes` gets all classes of these.
    fn run<'b>(&self, bytes: impl Iterator<Item = &'b u8>, classes: &mut u8) -> usize {
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

/// What may stand around a bare name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    /// One string, or a file of settings: lists and assignments count as borders.
    Values,
    /// Text or code of any kind: only quotes, tags and control characters do.
    Quotes,
}

/// How much the bytes beside a name say that it stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Border {
    /// It is a part of something else: an e-mail address, a path, code.
    None,
    /// Words of a sentence: only a name that the rules know counts.
    Weak,
    /// It stands for itself.
    Strong,
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

    /// Looks at the name around the dot at `dot`, which begins at `from` or later. Returns where the
    /// search goes on.
    fn name(&self, text: &[u8], dot: usize, from: usize, around: Around, hits: &mut Vec<Hit>) -> usize {
        let low = from.max(dot.saturating_sub(MAX_NAME));
        let before = text.get(low..dot).unwrap_or_default();
        let after = text.get(dot..).unwrap_or_default();
        let after = after.get(..MAX_NAME.saturating_add(1)).unwrap_or(after);
        // All classes of its bytes together tell most tokens of code and prose from a host.
        let mut classes = 0;
        let start = dot.saturating_sub(self.letters.run(before.iter().rev(), &mut classes));
        let token_end = dot.saturating_add(self.letters.run(after.iter(), &mut classes));
        let token = text.get(start..token_end).unwrap_or_default();
        let trailing = token.iter().rev().take_while(|b| **b == b'.').count();
        let end = token_end.saturating_sub(trailing);
        let len = end.saturating_sub(start);
        if classes & UPPER != 0 || !(4..=MAX_NAME).contains(&len) {
            return token_end;
        }
        let Some(hit) = self.bare(text, start..end, classes & WORD == 0, around) else {
            return token_end;
        };
        let end = hit.range.end.max(token_end);
        hits.push(hit);
        end
    }

    /// A bare name without capitals, or an address, at `range`, with the port and path behind it, if it
    /// stands for itself.
    fn bare(&self, text: &[u8], range: Range<usize>, numeric: bool, around: Around) -> Option<Hit> {
        let token = text.get(range.clone())?;
        let top = token.rsplit(|b| *b == b'.').next()?;
        let lower = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
        if numeric {
            if !address::is_ipv4(token) {
                return None;
            }
        } else if top.len() < 2 || !top.iter().all(lower) {
            return None;
        }
        let hole = range.start >= 2 && text.get(range.start.saturating_sub(2)..range.start) == Some(b"{}");
        let start = if hole {
            range.start.saturating_sub(2)
        } else {
            range.start
        };
        // `{}.api.example.com`: the labels behind the hole have to stand for themselves.
        let token = if hole {
            token.strip_prefix(b".").unwrap_or(token)
        } else {
            token
        };
        let left = match start.checked_sub(1).and_then(|at| text.get(at)) {
            None => Border::Strong,
            Some(b) => border(*b, Side::Left, around),
        };
        if left == Border::None {
            return None;
        }
        let mut end = range.end;
        let mut has_port = false;
        if text.get(end) == Some(&b':') {
            let digits = text.get(end.saturating_add(1)..).unwrap_or_default();
            let length = digits
                .iter()
                .take(6)
                .position(|b| !b.is_ascii_digit())
                .unwrap_or(digits.len().min(6));
            let number = std::str::from_utf8(digits.get(..length)?).ok()?;
            if number.parse::<u16>().is_ok_and(|port| port > 0) {
                has_port = true;
                end = end.saturating_add(1).saturating_add(length);
            }
        }
        let mut has_path = false;
        let right = match text.get(end) {
            None => Border::Strong,
            Some(b'/') => {
                has_path = true;
                end = self.extent(text, end, None);
                text.get(end)
                    .map_or(Border::Strong, |b| border(*b, Side::Right, around))
            }
            // The path follows, but is not known: `api.example.com{}`.
            Some(b'{') if text.get(end..).is_some_and(|rest| rest.starts_with(b"{}")) => {
                end = self.extent(text, end, None);
                Border::Strong
            }
            Some(b':') if !has_port => Border::Weak,
            Some(b) => border(*b, Side::Right, around),
        };
        let border = left.min(right);
        if border == Border::None {
            return None;
        }
        if numeric {
            let network = has_path && text.get(range.end..end)?.iter().skip(1).all(u8::is_ascii_digit);
            let listed = std::str::from_utf8(token)
                .ok()?
                .parse()
                .is_ok_and(|a| self.hosts.address(a).is_some());
            let fine = listed
                || has_port && border == Border::Strong
                || !network && address::likely(token) && border == Border::Strong;
            return fine.then_some(Hit {
                range: start..end,
                kind: HitKind::Address,
                form: Form::Plain,
            });
        }
        let first = token.split(|b| *b == b'.').next()?;
        let listed = || !self.words.package_roots.contains(first) && self.is_listed(token);
        let fine = match border {
            Border::Strong => {
                self.plausible(token, has_port)
                    && (!has_path || token.split(|b| *b == b'.').count() > 2 || listed())
            }
            _ => listed() || token.starts_with(b"www.") && self.plausible(token, has_port),
        };
        fine.then_some(Hit {
            range: start..end,
            kind: HitKind::Host,
            form: Form::Plain,
        })
    }

    /// The URL whose scheme ends at `colon` and whose host starts at `after`.
    fn url(&self, text: &[u8], colon: usize, after: usize, form: Form) -> Option<Hit> {
        let start = self.scheme(text, colon)?;
        let end = self.extent(text, after, (form == Form::Percent).then_some(Form::Percent));
        (end > after).then_some(Hit {
            range: start..end,
            kind: HitKind::Url,
            form,
        })
    }

    /// Where the scheme that ends at `colon` starts: a known scheme that is a word of its own, `http`
    /// and `https` also glued to what is before (a length byte, the end of another URL), or a hole.
    fn scheme(&self, text: &[u8], colon: usize) -> Option<usize> {
        let low = colon.saturating_sub(MAX_SCHEME);
        let before = text.get(low..colon)?;
        let run = before
            .iter()
            .rposition(|b| !self.letters.is(*b, SCHEME))
            .map_or(0, |n| n.saturating_add(1));
        let word = before.get(run..)?;
        let mut lower = [0; MAX_SCHEME];
        let lower = lower.get_mut(..word.len())?;
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        let preceding = before.get(..run).unwrap_or_default().last();
        if preceding == Some(&b'%') || preceding == Some(&b'$') || word.is_empty() && preceding == Some(&b'}')
        {
            // `%s://host`, `%1$s://host`, `{}://host`.
            let open = before.iter().rposition(|b| matches!(b, b'%' | b'{'))?;
            return low.checked_add(open);
        }
        if self.words.schemes.contains_key(&*lower) {
            return low.checked_add(run);
        }
        if word.is_empty()
            && preceding.is_none_or(|b| border(*b, Side::Left, Around::Values) == Border::Strong)
        {
            // `://host/path`, to be put behind a scheme.
            return Some(colon);
        }
        [&b"https"[..], b"http"]
            .iter()
            .find(|scheme| lower.ends_with(scheme))
            .map(|scheme| colon.saturating_sub(scheme.len()))
    }

    /// Where the URL whose host starts at `from` ends: at white space, a quote, a control character, at
    /// text in another script in its path, at another URL behind a comma or glued to it.
    fn extent(&self, text: &[u8], from: usize, form: Option<Form>) -> usize {
        let rest = text.get(from..).unwrap_or_default();
        let rest = rest.get(..MAX_URL).unwrap_or(rest);
        let mut in_path = false;
        let mut inner = 0_u8;
        let mut i = 0_usize;
        while let Some(&b) = rest.get(i) {
            match b {
                b'\\' if rest.get(i.saturating_add(1)) == Some(&b'/') => in_path = true,
                b'/' | b'?' | b'#' => in_path = true,
                b'&' if form == Some(Form::Percent) => break,
                b':' if rest.get(i..).is_some_and(|r| r.starts_with(b"://")) => {
                    let at = from.saturating_add(i);
                    if let Some(cut) = self.scheme(text, at).and_then(|start| start.checked_sub(from)) {
                        inner = inner.saturating_add(1);
                        let glue = cut
                            .checked_sub(1)
                            .and_then(|n| rest.get(n))
                            .copied()
                            .unwrap_or(b' ');
                        let list = matches!(glue, b',' | b';' | b'|' | b'*' | b'$');
                        if glue.is_ascii_alphanumeric() || list || inner > MAX_INNER {
                            return from.saturating_add(cut).saturating_sub(usize::from(list));
                        }
                    }
                }
                0x80.. if in_path => break,
                _ if self.letters.is(b, END) => break,
                _ => {}
            }
            i = i.saturating_add(1);
        }
        from.saturating_add(i)
    }

    /// A URL in UTF-16: ASCII in every other byte.
    fn wide(&self, data: &[u8], colon: usize, after: usize) -> Option<Hit> {
        let mut narrow = Vec::with_capacity(MAX_SCHEME);
        let mut start = colon;
        while narrow.len() < MAX_SCHEME {
            let Some(pair) = start.checked_sub(2).and_then(|at| data.get(at..start)) else {
                break;
            };
            let [byte, 0] = *pair else { break };
            if !byte.is_ascii_alphanumeric() {
                break;
            }
            narrow.insert(0, byte.to_ascii_lowercase());
            start = start.saturating_sub(2);
        }
        let scheme = if self.words.schemes.contains_key(narrow.as_slice()) {
            narrow.len()
        } else {
            [&b"https"[..], b"http"]
                .iter()
                .find(|scheme| narrow.ends_with(scheme))?
                .len()
        };
        let start = colon.saturating_sub(scheme.saturating_mul(2));
        let rest = data.get(after..)?;
        let pairs = rest.as_chunks::<2>().0.iter().take(MAX_URL);
        let length = pairs
            .take_while(|[byte, high]| *high == 0 && byte.is_ascii() && !self.letters.is(*byte, END))
            .count();
        let end = after.saturating_add(length.saturating_mul(2));
        (length > 0).then_some(Hit {
            range: start..end,
            kind: HitKind::Url,
            form: Form::Wide,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

fn border(byte: u8, side: Side, around: Around) -> Border {
    match (byte, side) {
        (b'"' | b'\'' | b'`' | 0..=0x1f | 0x7f, _) | (b'>', Side::Left) | (b'<', Side::Right) => {
            Border::Strong
        }
        (b',' | b';' | b'|', _) | (b'=', Side::Left) if around == Around::Values => Border::Strong,
        (b'@' | b'\\' | b'/' | b'$' | b'%' | b'#' | b'*' | b'&' | b'{' | b'}' | b'+' | b'~', Side::Left) => {
            Border::None
        }
        (b'@' | b'\\' | b'(' | b'=' | b'*' | b'{' | b'+' | b'~' | b'[', Side::Right) => Border::None,
        _ => Border::Weak,
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
