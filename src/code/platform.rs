//! What methods of the platform mean to the interpreter.
//!
//! This is the meaning of Java and Android themselves (a `StringBuilder` appends, the second argument of
//! `Settings.Secure.getInt` is a key), not knowledge about anyone's code: that is data, in `signatures/`.

/// What a call does to values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Model {
    /// A constructor that makes the object stand for its first string argument, or for nothing yet.
    Wrap,
    /// `StringBuilder.append`, `StringBuffer.append`.
    Append,
    /// `StringBuilder.insert`.
    Insert,
    /// `StringBuilder.setLength`.
    SetLength,
    /// Changes the object in a way that is not modelled.
    Spoil,
    /// The text that the object stands for: `toString`, `getPath`, `build` …
    Text,
    /// The receiver itself: `intern`, `normalize` …
    This,
    /// The first argument itself: `Integer.valueOf`, `URI.create` …
    First,
    /// `Uri.parse`: the argument itself, which may be a content URI.
    Uri,
    /// `String.concat`.
    Concat,
    /// `String.format`, with or without a locale before the format.
    Format,
    /// `String.valueOf`, `Integer.toString`.
    ValueOf,
    /// `String.replace`, `replaceAll` and `replaceFirst` of plain text.
    Replace,
    /// `String.trim`.
    Trim,
    /// `String.toLowerCase`.
    Lower,
    /// `String.toUpperCase`.
    Upper,
    /// `String.substring`.
    Substring,
    /// `Integer.parseInt`, `Boolean.parseBoolean`.
    Parse,
    /// `new URL(…)`.
    Url,
    /// `new File(…)`.
    File,
    /// `Uri.withAppendedPath`, `ContentUris.withAppendedId`.
    Below,
    /// `Uri.buildUpon`: a new builder with this content.
    BuildUpon,
    /// A method of `Uri.Builder` that sets or adds one part.
    Part(Part),
    /// `Class.forName`, `ClassLoader.loadClass`: the class is known by its name.
    Named,
    /// `getClass`, and whatever else gives an object that reflection starts from.
    Member(Member),
    /// A use of its text argument that gives the text a meaning.
    Use(Use),
    /// Reads or writes a key.
    Key(Store, Access),
}

/// A part of a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// `scheme`.
    Scheme,
    /// `authority`, `encodedAuthority`.
    Authority,
    /// `path`, `encodedPath`, `appendPath`, `appendEncodedPath`.
    Path,
    /// `appendQueryParameter`.
    Query,
}

/// What reflection looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Member {
    /// `getMethod`, `getDeclaredMethod`.
    Method,
    /// `getField`, `getDeclaredField`.
    Field,
}

/// What a text is used as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// The path of a file.
    Path,
    /// A content URI.
    Uri,
    /// A command line.
    Command,
    /// The name of a system service.
    Service,
    /// The action of an intent, or one that a receiver waits for.
    Action,
}

/// Where a key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Store {
    /// `Settings.System`.
    System,
    /// `Settings.Secure`.
    Secure,
    /// `Settings.Global`.
    Global,
    /// SharedPreferences.
    Preference,
    /// System properties.
    Property,
}

/// What is done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Read.
    Get,
    /// Written.
    Put,
}

/// The model of a method, by class descriptor and name.
pub(crate) fn model(class: &[u8], name: &[u8]) -> Option<Model> {
    let table = CLASSES
        .iter()
        .find(|(descriptor, _)| descriptor.as_bytes() == class);
    if let Some((_, methods)) = table
        && let Some((_, model)) = methods.iter().find(|(n, _)| n.as_bytes() == name)
    {
        return Some(*model);
    }
    key(class, name)
}

/// A getter or setter of a keyed store. Makers derive their own classes from `Settings` and copy
/// `SystemProperties`, and keep the names: so the end of the class name decides.
fn key(class: &[u8], name: &[u8]) -> Option<Model> {
    let store = STORES
        .iter()
        .find(|(end, _)| class.ends_with(end.as_bytes()))
        .map(|(_, store)| *store)?;
    let access = if name.starts_with(b"get") || name == b"contains" {
        Access::Get
    } else if name.starts_with(b"put") || (store == Store::Property && name == b"set") {
        Access::Put
    } else {
        return None;
    };
    let plain = !matches!(
        name,
        b"getUriFor" | b"getAll" | b"getInstance" | b"getClass" | b"putStringSet"
    );
    plain.then_some(Model::Key(store, access))
}

/// All classes with their models.
pub(crate) fn tables() -> impl Iterator<Item = (&'static str, Table)> {
    CLASSES.iter().copied()
}

/// Whether a class is a keyed store, by its name.
pub(crate) fn is_store(class: &[u8]) -> bool {
    STORES.iter().any(|(end, _)| class.ends_with(end.as_bytes()))
}

const STORES: &[(&str, Store)] = &[
    ("Settings$System;", Store::System),
    ("Settings$Secure;", Store::Secure),
    ("Settings$Global;", Store::Global),
    ("/SharedPreferences;", Store::Preference),
    ("/SharedPreferences$Editor;", Store::Preference),
    ("/SystemProperties;", Store::Property),
];

/// Names of methods, with their models.
pub(crate) type Table = &'static [(&'static str, Model)];

const BUILDER: Table = &[
    ("<init>", Model::Wrap),
    ("append", Model::Append),
    ("insert", Model::Insert),
    ("setLength", Model::SetLength),
    ("toString", Model::Text),
    ("delete", Model::Spoil),
    ("deleteCharAt", Model::Spoil),
    ("replace", Model::Spoil),
    ("reverse", Model::Spoil),
    ("setCharAt", Model::Spoil),
    ("appendCodePoint", Model::Spoil),
];
const BOXED: Table = &[
    ("valueOf", Model::First),
    ("toString", Model::ValueOf),
    ("booleanValue", Model::This),
    ("intValue", Model::This),
    ("longValue", Model::This),
    ("parseBoolean", Model::Parse),
    ("parseInt", Model::Parse),
    ("parseLong", Model::Parse),
];
const OPENED: Table = &[("<init>", Model::Use(Use::Path))];

const CLASSES: &[(&str, Table)] = &[
    ("Ljava/lang/StringBuilder;", BUILDER),
    ("Ljava/lang/StringBuffer;", BUILDER),
    (
        "Ljava/lang/String;",
        &[
            ("<init>", Model::Wrap),
            ("concat", Model::Concat),
            ("format", Model::Format),
            ("valueOf", Model::ValueOf),
            ("copyValueOf", Model::ValueOf),
            ("replace", Model::Replace),
            ("trim", Model::Trim),
            ("toLowerCase", Model::Lower),
            ("toUpperCase", Model::Upper),
            ("substring", Model::Substring),
            ("intern", Model::This),
            ("toString", Model::This),
        ],
    ),
    ("Ljava/lang/Object;", &[("toString", Model::Text)]),
    ("Ljava/lang/CharSequence;", &[("toString", Model::Text)]),
    ("Ljava/lang/Boolean;", BOXED),
    ("Ljava/lang/Integer;", BOXED),
    ("Ljava/lang/Long;", BOXED),
    (
        "Landroid/net/Uri;",
        &[
            ("parse", Model::Uri),
            ("toString", Model::Text),
            ("fromFile", Model::First),
            ("withAppendedPath", Model::Below),
            ("buildUpon", Model::BuildUpon),
            ("normalizeScheme", Model::This),
        ],
    ),
    (
        "Landroid/content/ContentUris;",
        &[("withAppendedId", Model::Below)],
    ),
    (
        "Landroid/net/Uri$Builder;",
        &[
            ("<init>", Model::Wrap),
            ("scheme", Model::Part(Part::Scheme)),
            ("authority", Model::Part(Part::Authority)),
            ("encodedAuthority", Model::Part(Part::Authority)),
            ("path", Model::Part(Part::Path)),
            ("encodedPath", Model::Part(Part::Path)),
            ("appendPath", Model::Part(Part::Path)),
            ("appendEncodedPath", Model::Part(Part::Path)),
            ("appendQueryParameter", Model::Part(Part::Query)),
            ("build", Model::Text),
            ("toString", Model::Text),
        ],
    ),
    (
        "Ljava/net/URL;",
        &[
            ("<init>", Model::Url),
            ("toString", Model::Text),
            ("toExternalForm", Model::Text),
            ("toURI", Model::Text),
        ],
    ),
    (
        "Ljava/net/URI;",
        &[
            ("<init>", Model::Wrap),
            ("create", Model::First),
            ("toString", Model::Text),
            ("toURL", Model::Text),
            ("toASCIIString", Model::Text),
        ],
    ),
    (
        "Ljava/io/File;",
        &[
            ("<init>", Model::File),
            ("getPath", Model::Text),
            ("getAbsolutePath", Model::Text),
            ("toString", Model::Text),
        ],
    ),
    ("Ljava/io/FileInputStream;", OPENED),
    ("Ljava/io/FileReader;", OPENED),
    ("Ljava/io/RandomAccessFile;", OPENED),
    (
        "Ljava/lang/Class;",
        &[
            ("forName", Model::Named),
            ("getMethod", Model::Member(Member::Method)),
            ("getDeclaredMethod", Model::Member(Member::Method)),
            ("getField", Model::Member(Member::Field)),
            ("getDeclaredField", Model::Member(Member::Field)),
        ],
    ),
    ("Ljava/lang/ClassLoader;", &[("loadClass", Model::Named)]),
    ("Ldalvik/system/PathClassLoader;", &[("loadClass", Model::Named)]),
    ("Ldalvik/system/DexClassLoader;", &[("loadClass", Model::Named)]),
    (
        "Landroid/content/ContentResolver;",
        &[
            ("query", Model::Use(Use::Uri)),
            ("acquireContentProviderClient", Model::Use(Use::Uri)),
            ("registerContentObserver", Model::Use(Use::Uri)),
            ("call", Model::Use(Use::Uri)),
        ],
    ),
    ("Ljava/lang/Runtime;", &[("exec", Model::Use(Use::Command))]),
    (
        "Ljava/lang/ProcessBuilder;",
        &[
            ("<init>", Model::Use(Use::Command)),
            ("command", Model::Use(Use::Command)),
        ],
    ),
    (
        "Landroid/os/ServiceManager;",
        &[
            ("getService", Model::Use(Use::Service)),
            ("checkService", Model::Use(Use::Service)),
        ],
    ),
    (
        "Landroid/content/Intent;",
        &[
            ("<init>", Model::Use(Use::Action)),
            ("setAction", Model::Use(Use::Action)),
        ],
    ),
    (
        "Landroid/content/IntentFilter;",
        &[
            ("<init>", Model::Use(Use::Action)),
            ("addAction", Model::Use(Use::Action)),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_makers_settings_class_is_a_store_by_its_name() {
        let model = |class: &str, name: &str| model(class.as_bytes(), name.as_bytes());
        assert_eq!(
            model("Landroid/provider/Settings$Secure;", "getInt"),
            Some(Model::Key(Store::Secure, Access::Get))
        );
        assert_eq!(
            model("Lany/provider/ExtraSettings$System;", "putBoolean"),
            Some(Model::Key(Store::System, Access::Put))
        );
        assert_eq!(model("Landroid/provider/Settings$Secure;", "getUriFor"), None);
        assert_eq!(model("Lany/Secure;", "getInt"), None);
        assert_eq!(
            model("Landroid/os/SystemProperties;", "set"),
            Some(Model::Key(Store::Property, Access::Put))
        );
    }

    #[test]
    fn every_model_is_found_by_its_name() {
        for (class, methods) in CLASSES {
            for (name, expect) in *methods {
                assert_eq!(
                    model(class.as_bytes(), name.as_bytes()),
                    Some(*expect),
                    "{class} {name}"
                );
            }
        }
    }
}
