//! What a leaf is, by its name and its first bytes.

/// What a leaf is. Decides which reader looks at it, and whether anyone does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A dex file, or a dex container.
    Dex,
    /// An optimised dex (`dey\n`): the code of an app of Android 4.
    Odex,
    /// A verified dex container beside an odex of Android 8 and later.
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
    /// The name under which coverage counts it when it is not read, or `None` when it is read.
    pub fn skipped(self) -> Option<&'static str> {
        match self {
            Self::Media(name) => Some(name),
            _ => None,
        }
    }
}

/// The class of a leaf with this name (a path is fine) and these first bytes. Bytes decide where
/// they are known, the name where they are not; pass an empty `head` to go by the name alone.
pub fn classify(name: &str, head: &[u8]) -> Class {
    if head.starts_with(b"dex\n") {
        return Class::Dex;
    }
    if name.ends_with(".apk") {
        Class::Archive("zip")
    } else {
        Class::Unknown
    }
}
