//! What a leaf is, by its name and its first bytes.

use super::registry;

/// What a leaf is. Decides which reader looks at it, and whether anyone does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A dex file, or a dex container.
    Dex,
    /// An optimised dex (`dey\n`), by name also the ELF file that took its ending in Android 5.
    Odex,
    /// A verified dex container beside an odex, of Android 8 and later.
    Vdex,
    /// A native library or executable, an oat file included.
    Elf,
    /// A container that [`open_package`](super::open_package) opens, by its registered name (`zip`,
    /// `gzip`, `tar`): an APK, a jar, an archive.
    Archive(&'static str),
    /// `AndroidManifest.xml`.
    Manifest,
    /// Compiled XML.
    BinaryXml,
    /// A resource table.
    Arsc,
    /// XML as text.
    Xml,
    /// Properties, `key=value` a line.
    Props,
    /// An init script.
    InitRc,
    /// Other text: scripts, HTML, JSON, hosts …
    Text,
    /// A certificate or a signature block.
    Cert,
    /// Left alone, counted under this name: images, sound, fonts, digests …
    Media(&'static str),
    /// A container, partition or file system that is recognised and not read yet, by its name.
    Unread(&'static str),
    /// None of these: searched as plain bytes.
    Unknown,
}

impl Class {
    /// The name under which coverage counts it when it is left alone, or `None` when it is looked at.
    pub fn skipped(self) -> Option<&'static str> {
        match self {
            Self::Media(name) => Some(name),
            _ => None,
        }
    }

    /// One word for lists and coverage.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dex => "dex",
            Self::Odex => "odex",
            Self::Vdex => "vdex",
            Self::Elf => "elf",
            Self::Manifest => "manifest",
            Self::BinaryXml => "axml",
            Self::Arsc => "arsc",
            Self::Xml => "xml",
            Self::Props => "props",
            Self::InitRc => "initrc",
            Self::Text => "text",
            Self::Cert => "cert",
            Self::Archive(name) | Self::Media(name) | Self::Unread(name) => name,
            Self::Unknown => "unknown",
        }
    }
}

/// First bytes of what is left alone.
const MEDIA_HEADS: &[(&[u8], &str)] = &[
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"BM", "image"),
    (b"\x00\x00\x01\x00", "image"),
    (b"PKM ", "image"),
    (b"\xabKTX", "image"),
    (b"OggS", "sound"),
    (b"ID3", "sound"),
    (b"\xff\xfb", "sound"),
    (b"\xff\xf3", "sound"),
    (b"\xff\xf1", "sound"),
    (b"\xff\xf9", "sound"),
    (b"MThd", "sound"),
    (b"#!AMR", "sound"),
    (b"fLaC", "sound"),
    (b"\x1a\x45\xdf\xa3", "video"),
    (b"\x00\x01\x00\x00", "font"),
    (b"OTTO", "font"),
    (b"ttcf", "font"),
    (b"true", "font"),
    (b"wOFF", "font"),
    (b"wOF2", "font"),
    (b"art\n", "art"),
    (b"pro\x00", "profile"),
    (b"prm\x00", "profile"),
    (b"\xd7\xb7\xab\x1e", "device-tree"),
    (b"\xd0\x0d\xfe\xed", "device-tree"),
];

/// Endings of what is left alone.
const MEDIA_NAMES: &[(&str, &str)] = &[
    ("png", "image"),
    ("jpg", "image"),
    ("jpeg", "image"),
    ("gif", "image"),
    ("webp", "image"),
    ("bmp", "image"),
    ("ico", "image"),
    ("pkm", "image"),
    ("ktx", "image"),
    ("ogg", "sound"),
    ("mp3", "sound"),
    ("wav", "sound"),
    ("mid", "sound"),
    ("midi", "sound"),
    ("m4a", "sound"),
    ("aac", "sound"),
    ("amr", "sound"),
    ("flac", "sound"),
    ("mp4", "video"),
    ("3gp", "video"),
    ("webm", "video"),
    ("mkv", "video"),
    ("ttf", "font"),
    ("otf", "font"),
    ("ttc", "font"),
    ("woff", "font"),
    ("woff2", "font"),
    ("ko", "kernel-module"),
    ("art", "art"),
    ("prof", "profile"),
    ("profm", "profile"),
    ("avbpubkey", "key"),
];

/// Endings of the rest. `img` and the like say nothing: only their bytes do.
const NAMES: &[(&str, Class)] = &[
    ("dex", Class::Dex),
    ("odex", Class::Odex),
    ("vdex", Class::Vdex),
    ("so", Class::Elf),
    ("oat", Class::Elf),
    ("arsc", Class::Arsc),
    ("xml", Class::Xml),
    ("prop", Class::Props),
    ("properties", Class::Props),
    ("rc", Class::InitRc),
    ("rsa", Class::Cert),
    ("dsa", Class::Cert),
    ("ec", Class::Cert),
    ("pem", Class::Cert),
    ("der", Class::Cert),
    ("cer", Class::Cert),
    ("crt", Class::Cert),
    ("txt", Class::Text),
    ("conf", Class::Text),
    ("cfg", Class::Text),
    ("ini", Class::Text),
    ("json", Class::Text),
    ("js", Class::Text),
    ("css", Class::Text),
    ("html", Class::Text),
    ("htm", Class::Text),
    ("sh", Class::Text),
    ("csv", Class::Text),
    ("mf", Class::Text),
    ("sf", Class::Text),
    ("svg", Class::Xml),
    ("kl", Class::Text),
    ("idc", Class::Text),
];

/// The class of a leaf with this name (a path is better) and these first bytes. Bytes decide where
/// they are known, the name where they are not; an empty `head` means: go by the name alone. 4096
/// bytes of head are enough for every format.
pub fn classify(path: &str, head: &[u8]) -> Class {
    let named = by_name(path);
    if head.is_empty() {
        return named;
    }
    by_bytes(named, head).unwrap_or(match named {
        // The name promises something that the bytes are not: look at them as they are.
        Class::Media("kernel-module" | "digest") => named,
        // Brotli has no magic: only its name tells.
        Class::Archive("brotli") => named,
        Class::Media(_) | Class::Archive(_) => Class::Unknown,
        named => named,
    })
}

fn by_bytes(named: Class, head: &[u8]) -> Option<Class> {
    if head.starts_with(b"dex\n") {
        return Some(Class::Dex);
    }
    if head.starts_with(b"dey\n") {
        return Some(Class::Odex);
    }
    if head.starts_with(b"vdex") {
        return Some(Class::Vdex);
    }
    if head.starts_with(b"\x7fELF") {
        return Some(if named == Class::Media("kernel-module") {
            named
        } else {
            Class::Elf
        });
    }
    if let Some(format) = registry::sniff(head) {
        return Some(Class::Archive(format.name()));
    }
    // ResXMLTree_header and ResTable_header: a u16 type, a u16 header size.
    if head.starts_with(b"\x03\x00\x08\x00") {
        return Some(if named == Class::Manifest {
            named
        } else {
            Class::BinaryXml
        });
    }
    if head.starts_with(b"\x02\x00\x0c\x00") {
        return Some(Class::Arsc);
    }
    if let Some(name) = registry::unread(head) {
        return Some(Class::Unread(name));
    }
    if named == Class::Arsc || named == Class::Manifest {
        return Some(named);
    }
    let media = MEDIA_HEADS
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, class)| *class);
    let media = media.or_else(
        || match (head.first_chunk::<4>(), head.get(4..8), head.get(8..12)) {
            (Some(b"RIFF"), _, Some(b"WEBP")) => Some("image"),
            (Some(b"RIFF"), _, Some(_)) => Some("sound"),
            (_, Some(b"ftyp"), _) => Some("video"),
            _ => None,
        },
    );
    match (media, named) {
        // Two bytes of magic are too few to overrule a name.
        (Some(_), Class::Unknown | Class::Archive(_) | Class::Elf | Class::Dex) if !sure(head) => None,
        // A name is as good as the bytes among images, sound and fonts: `.imy` and `.ogg` are counted as named.
        (Some(_), Class::Media(_)) => Some(named),
        (Some(class), Class::Unknown | Class::Elf | Class::Dex) => Some(Class::Media(class)),
        _ => None,
    }
}

fn sure(head: &[u8]) -> bool {
    MEDIA_HEADS
        .iter()
        .any(|(magic, _)| magic.len() >= 4 && head.starts_with(magic))
        || head.starts_with(b"RIFF")
        || head.get(4..8) == Some(b"ftyp")
}

fn by_name(path: &str) -> Class {
    let name = path.rsplit('/').next().unwrap_or(path);
    let signed = path.starts_with("META-INF/") || path.contains("!META-INF/");
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut lower = [0_u8; 12];
    let ending = match lower.get_mut(..ending.len()) {
        Some(to) => {
            to.copy_from_slice(ending.as_bytes());
            to.make_ascii_lowercase();
            str::from_utf8(to).unwrap_or_default()
        }
        None => "",
    };
    if name == "AndroidManifest.xml" {
        return Class::Manifest;
    }
    if signed && matches!(ending, "sf" | "mf") {
        return Class::Media("digest");
    }
    if let Some((_, class)) = MEDIA_NAMES.iter().find(|(end, _)| *end == ending) {
        return Class::Media(class);
    }
    if let Some(format) = registry::by_ending(ending) {
        return Class::Archive(format.name());
    }
    if let Some((_, class)) = NAMES.iter().find(|(end, _)| *end == ending) {
        return match class {
            Class::Cert if matches!(ending, "rsa" | "dsa" | "ec") && !signed => Class::Unknown,
            class => *class,
        };
    }
    // `etc/security/cacerts/1e8e7201.0`
    if ending == "0" && stem.len() == 8 && stem.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Class::Cert;
    }
    if name == "hosts" || name == "updater-script" {
        return Class::Text;
    }
    Class::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, head: &[u8], expect: Class) {
        assert_eq!(classify(path, head), expect, "{path}");
    }

    #[test]
    fn a_name_alone_is_enough_to_plan() {
        check("system/app/Mms.apk", b"", Class::Archive("zip"));
        check("system/app/Mms.odex", b"", Class::Odex);
        check("lib/armeabi/libx.so", b"", Class::Elf);
        check("res/drawable/a.9.PNG", b"", Class::Media("image"));
        check("META-INF/CERT.RSA", b"", Class::Cert);
        check("META-INF/CERT.SF", b"", Class::Media("digest"));
        check("etc/security/cacerts/1e8e7201.0", b"", Class::Cert);
        check("bin/app_process", b"", Class::Unknown);
    }

    #[test]
    fn bytes_overrule_the_name() {
        check("assets/a.png", b"PK\x03\x04", Class::Archive("zip"));
        check("assets/a.png", b"dex\n035\0", Class::Dex);
        check("assets/a.png", b"https://example.com", Class::Unknown);
        check("res/xml/a.xml", b"\x03\x00\x08\x00", Class::BinaryXml);
        check("res/xml/a.xml", b"<?xml", Class::Xml);
        check("bin/sh", b"\x7fELF", Class::Elf);
        check("a.apk", b"not a zip", Class::Unknown);
    }

    #[test]
    fn two_bytes_do_not_overrule_a_name() {
        check("notes", b"BMW", Class::Unknown);
        check("a.txt", b"true", Class::Text);
    }
}
