//! From where to where a URL goes, around the end of its scheme.

use super::bare::{Around, Border, Side, border};
use super::find::{END, SCHEME};
use super::{Finder, Form, Hit, HitKind, MAX_URL};

/// Longest scheme that is looked for.
const MAX_SCHEME: usize = 16;

/// Ours: URLs inside a URL that belong to it, as a redirect's target does. Without a bound, a text of
/// nothing but URLs would be read as often as there are.
const MAX_INNER: u8 = 3;

impl Finder<'_> {
    /// The URL whose scheme ends at `colon` and whose host starts at `after`.
    pub(super) fn url(&self, text: &[u8], colon: usize, after: usize, form: Form) -> Option<Hit> {
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
    pub(super) fn extent(&self, text: &[u8], from: usize, form: Option<Form>) -> usize {
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
    pub(super) fn wide(&self, data: &[u8], colon: usize, after: usize) -> Option<Hit> {
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
