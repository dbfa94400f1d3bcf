//! Names from containers, as text.

use std::fmt::Write as _;

/// Longest name that is kept whole, in bytes (PATH_MAX). Longer ones are for breaking readers: each
/// entry of a package repeats the names of all packages around it.
const LONGEST: usize = 4096;

/// A name as text. Bytes that are not UTF-8 become `\xNN`; a name over 4096 bytes is cut there and
/// ends in `…` and its length. Control characters stay: whoever prints names makes them inert.
pub(super) fn text(raw: &[u8]) -> Box<str> {
    let (kept, cut) = match raw.get(..LONGEST) {
        Some(head) if raw.len() > LONGEST => (head, true),
        _ => (raw, false),
    };
    if let (Ok(text), false) = (str::from_utf8(kept), cut) {
        return text.into();
    }
    let mut text = String::with_capacity(kept.len());
    for chunk in kept.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    if cut {
        let _ = write!(text, "…{}", raw.len());
    }
    text.into_boxed_str()
}

/// Whether a path leads out of the folder that it is in: absolute, or with a `..`.
pub(super) fn leaves(raw: &[u8]) -> bool {
    raw.starts_with(b"/") || raw.split(|&b| b == b'/').any(|part| part == b"..")
}

/// A path without leading slashes, `.` and `..` parts: what is left when none may be followed.
pub(super) fn inert(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !matches!(*part, "" | "." | "..")) {
        if !out.is_empty() {
            out.push('/');
        }
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_text_is_escaped_and_what_is_too_long_is_cut() {
        assert_eq!(&*text(b"a\xff\xc0\xaeb"), "a\\xff\\xc0\\xaeb");
        assert_eq!(&*text("é\x1b[0m".as_bytes()), "é\x1b[0m");
        let long = text(&[b'n'; 65_535]);
        assert!(long.len() < 4200 && long.ends_with("…65535"));
    }

    #[test]
    fn a_path_that_leads_out_is_seen_and_made_inert() {
        assert!(leaves(b"/etc/passwd") && leaves(b"a/../../b") && !leaves(b"a..b/c"));
        assert_eq!(inert("/../a/./b//c"), "a/b/c");
    }
}
