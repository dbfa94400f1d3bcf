//! System property files: `build.prop`, `default.prop`, `*.prop`, `prop.default`.
//!
//! Spec: AOSP `system/core/init/property_service.cpp`, `LoadProperties`: lines end at `\n`; leading
//! white space is dropped; `#` starts a comment only at the start of a line; `import FILE [PREFIX]`
//! reads another file; the first `=` parts key and value, white space around both is dropped. There
//! is no continuation and no quoting.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use crate::bytes::Gap;

const FORMAT: &str = "props";

/// `PROP_NAME_MAX` of Android 7 and before: longer names are refused there.
const NAME_MAX: usize = 32;
/// Ours: a longer line is cut. Real values stay under 4 KiB.
const MAX_LINE: usize = 64 << 10;

/// A property file, read.
#[derive(Debug, Default)]
pub struct Props<'a> {
    /// The assignments in file order. A key may come twice; for `ro.` the first one holds, else the last.
    pub entries: Vec<Property<'a>>,
    /// Files that are imported: name as written, with its `${…}`, and line number.
    pub imports: Vec<(Cow<'a, str>, u32)>,
    /// What could not be read, and what is odd.
    pub gaps: Vec<Gap>,
}

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property<'a> {
    /// Key, never empty.
    pub key: Cow<'a, str>,
    /// Value, maybe empty.
    pub value: Cow<'a, str>,
    /// Line, from 1.
    pub line: u32,
    /// Offset of the line in bytes.
    pub at: u64,
}

/// Reads a property file. Bytes that are not UTF-8 become U+FFFD.
pub fn parse(file: &[u8]) -> Props<'_> {
    let mut props = Props::default();
    let mut start = if file.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    if start > 0 {
        props.gaps.push(Gap::odd(FORMAT, 0, "byte order mark", 0xfeff));
    }
    if let Some(at) = memchr(0, file) {
        // init stops here; whoever edits the file in place hides the rest from it, not from us.
        props.gaps.push(Gap::odd(FORMAT, to_u64(at), "NUL", 0));
    }
    let ends = memchr_iter(b'\n', file).chain(std::iter::once(file.len()));
    for (line, end) in (1_u32..).zip(ends) {
        let at = start;
        let text = file.get(at..end).unwrap_or_default();
        start = end.saturating_add(1);
        let cut = text.get(..MAX_LINE).unwrap_or(text);
        if cut.len() < text.len() {
            let (got, limit) = (to_u64(text.len()), to_u64(MAX_LINE));
            props
                .gaps
                .push(Gap::over(FORMAT, to_u64(at), "line length", got, limit, ""));
        }
        let text = trim(cut);
        if text.is_empty() || text.starts_with(b"#") {
            continue;
        }
        if let Some(rest) = text.strip_prefix(b"import ") {
            let name = rest.trim_ascii().split(|b| *b == b' ').next().unwrap_or_default();
            props.imports.push((String::from_utf8_lossy(name), line));
            continue;
        }
        let Some(eq) = memchr(b'=', text) else { continue };
        let (key, value) = text.split_at_checked(eq).unwrap_or((text, b""));
        let (key, value) = (trim(key), trim(value.get(1..).unwrap_or_default()));
        if key.is_empty() {
            continue;
        }
        props.entries.push(Property {
            key: String::from_utf8_lossy(key),
            value: String::from_utf8_lossy(value),
            line,
            at: to_u64(at),
        });
    }
    props
}

/// White space, and the NULs that stand between pieces of a damaged file.
fn trim(text: &[u8]) -> &[u8] {
    let space = |b: &u8| b.is_ascii_whitespace() || matches!(b, 0 | 0x0b);
    let start = text.iter().position(|b| !space(b)).unwrap_or(text.len());
    let end = text
        .iter()
        .rposition(|b| !space(b))
        .map_or(start, |n| n.saturating_add(1));
    text.get(start..end).unwrap_or_default()
}

/// Whether a name may be a property's: dotted words of letters, digits, `_`, `-`, `@`, `:`.
/// AOSP `IsLegalPropertyName`.
pub fn is_name(name: &[u8]) -> bool {
    let legal = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'@' | b':' | b'.');
    name.len() >= 3
        && name.len() <= NAME_MAX.saturating_mul(4)
        && name.iter().all(legal)
        && !name.starts_with(b".")
        && !name.ends_with(b".")
        && !name.windows(2).any(|w| w == b"..")
}

fn to_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(file: &[u8]) -> Vec<(String, String, u32)> {
        parse(file)
            .entries
            .into_iter()
            .map(|p| (p.key.into(), p.value.into(), p.line))
            .collect()
    }

    #[test]
    fn keys_and_values_are_trimmed_and_the_first_equals_sign_parts_them() {
        let got = pairs(b"# c\n ro.a = b=c \r\nx.y=\n=z\nno sign\n");
        assert_eq!(
            got,
            [("ro.a".into(), "b=c".into(), 2), ("x.y".into(), String::new(), 3)]
        );
    }

    #[test]
    fn an_import_is_not_a_property() {
        let props = parse(b"import /vendor/${ro.x}.prop ro.*\na=1");
        assert_eq!(props.imports, [("/vendor/${ro.x}.prop".into(), 1)]);
        assert_eq!(props.entries.len(), 1);
    }

    #[test]
    fn a_mark_a_nul_and_a_long_line_are_said_and_the_rest_is_read() {
        let mut file = b"\xef\xbb\xbfa=1\nb=\x00\n".to_vec();
        file.extend(vec![b'x'; MAX_LINE + 9]);
        file.extend(b"\nc=3");
        let props = parse(&file);
        let keys: Vec<_> = props.entries.iter().map(|p| &*p.key).collect();
        assert_eq!(keys, ["a", "b", "c"]);
        let said: Vec<_> = props.gaps.iter().map(|g| &*g.what).collect();
        assert_eq!(said, ["byte order mark", "NUL", "line length"]);
    }

    #[test]
    fn a_name_is_dotted_words() {
        assert!(is_name(b"ro.serialno") && is_name(b"persist.sys.a_b-c"));
        assert!(!is_name(b"a..b") && !is_name(b".a.b") && !is_name(b"a b"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(file in proptest::collection::vec(any::<u8>(), 0..400)) {
            parse(&file);
            is_name(&file);
        }
    }
}
