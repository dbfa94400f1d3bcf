//! Symbolic links of old ROM zips, which are only in the updater script.
//!
//! Spec: AOSP `bootable/recovery/edify` (Android 4.4): `symlink("target", "link", …);`, strings in
//! double quotes with backslash escapes.

use super::layout::Layout;
use super::name;

/// Scripts larger than this hold something else: the largest met is 60 KB.
const LARGEST: usize = 4 << 20;

/// Whether this entry of a ROM zip is the script.
pub(super) fn is_script(path: &str) -> bool {
    path == "META-INF/com/google/android/updater-script"
}

/// Adds the links of a script: logical place → target as written.
pub(super) fn read(script: &[u8], layout: &Layout, links: &mut Vec<(String, String)>) {
    let script = String::from_utf8_lossy(script.get(..LARGEST).unwrap_or(script));
    let mut rest = &*script;
    while let Some((_, after)) = rest.split_once("symlink(") {
        let (names, left) = strings(after);
        if let Some((target, names)) = names.split_first() {
            links.extend(
                names
                    .iter()
                    .map(|link| (layout.logical(&name::inert(link)), target.clone())),
            );
        }
        rest = left;
    }
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
        let mut links = Vec::new();
        read(script, &layout, &mut links);
        let expect = [("system:bin/cat", "toolbox"), ("system:bin/l\"s", "toolbox")];
        assert_eq!(
            links,
            expect.map(|(link, target)| (link.to_string(), target.to_string()))
        );
    }
}
