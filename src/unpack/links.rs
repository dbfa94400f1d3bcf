//! Symbolic links of old ROM zips, which are only in the updater script.
//!
//! Spec: AOSP `bootable/recovery/edify` (Android 4.4): `symlink("target", "link", …);`, strings in
//! double quotes with backslash escapes.

use super::layout::Layout;
use super::name;
use crate::bytes::{Gap, wide};

/// Scripts larger than this hold something else: the largest met is 60 KB.
const LARGEST: usize = 4 << 20;

/// Whether this entry of a ROM zip is the script.
pub(super) fn is_script(path: &str) -> bool {
    path == "META-INF/com/google/android/updater-script"
}

/// Ours: bytes of all links that scripts of one input make. One target may have many links, each of which
/// holds it: a kilobyte of zip makes gigabytes of them. A ROM has a few hundred links of some 50 bytes.
pub(super) const ROOM: usize = 16 << 20;
/// What a link costs beside its two texts.
const EACH: usize = 64;

/// Adds the links of a script: logical place → target as written, until `room` is used up.
pub(super) fn read(
    script: &[u8],
    layout: &Layout,
    room: &mut usize,
    links: &mut Vec<(String, String)>,
) -> Result<(), Gap> {
    let script = String::from_utf8_lossy(script.get(..LARGEST).unwrap_or(script));
    let mut rest = &*script;
    while let Some((_, after)) = rest.split_once("symlink(") {
        let (names, left) = strings(after);
        if let Some((target, names)) = names.split_first() {
            for link in names {
                let cost = link.len().saturating_add(target.len()).saturating_add(EACH);
                let Some(after) = room.checked_sub(cost) else {
                    let (got, limit) = (wide(cost).saturating_add(wide(ROOM)), wide(ROOM));
                    let what = "bytes of symbolic links";
                    return Err(Gap::over("updater-script", 0, what, got, limit, ""));
                };
                *room = after;
                links.push((layout.logical(&name::inert(link)), target.clone()));
            }
        }
        rest = left;
    }
    Ok(())
}

/// The strings of an argument list, and what follows it.
fn strings(text: &str) -> (Vec<String>, &str) {
    let mut found = Vec::new();
    let mut current: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (&mut current, c) {
            (None, ')') => break,
            (None, '"') => current = Some(String::new()),
            (None, _) => {}
            (Some(_), '"') => found.extend(current.take()),
            (Some(string), '\\') => string.extend(chars.next()),
            (Some(string), c) => string.push(c),
        }
    }
    (found, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_of_a_line_has_the_same_target() {
        let script = br#"set_perm(0, 0, "/system/etc");
            symlink("toolbox", "/system/bin/cat",
                    "/system/bin/l\"s");
            symlink("unfinished"#;
        let layout = Layout::of("ota.zip", ["system/app/a.apk"].into_iter());
        let (mut links, mut room) = (Vec::new(), ROOM);
        read(script, &layout, &mut room, &mut links).unwrap();
        let expect = [("system:bin/cat", "toolbox"), ("system:bin/l\"s", "toolbox")];
        assert_eq!(
            links,
            expect.map(|(link, target)| (link.to_string(), target.to_string()))
        );
    }

    #[test]
    fn many_links_to_a_long_target_end_where_the_room_does() {
        let script = format!(
            "symlink(\"{}\",{});",
            "A".repeat(1 << 20),
            "\"a\",".repeat(1 << 16)
        );
        let layout = Layout::of("ota.zip", ["system/app/a.apk"].into_iter());
        let (mut links, mut room) = (Vec::new(), ROOM);
        let gap = read(script.as_bytes(), &layout, &mut room, &mut links).unwrap_err();
        assert!(gap.to_string().contains("bytes of symbolic links"), "{gap}");
        assert_eq!(links.len(), 15);
        assert!(read(script.as_bytes(), &layout, &mut room, &mut links).is_err());
        assert_eq!(links.len(), 15);
    }

    #[test]
    fn every_prefix_and_every_flip_is_survived() {
        let script = br#"symlink("a", "/system/\\b", "c"); symlink("\u00e9\"", "d");"#;
        let layout = Layout::of("ota.zip", ["system/app/a.apk"].into_iter());
        let read = |script: &[u8]| {
            let mut links = Vec::new();
            read(script, &layout, &mut { ROOM }, &mut links).unwrap();
            assert!(links.len() <= script.len());
        };
        for at in 0..script.len() {
            read(&script[..at]);
            for byte in 0..=255 {
                let mut script = script.to_vec();
                script[at] = byte;
                read(&script);
            }
        }
    }
}
