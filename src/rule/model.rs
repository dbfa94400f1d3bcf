//! Which methods of the platform do what to values. What each model means is code, in `code`; which
//! methods have it is data, in `signatures/models/`.

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::row::{ModelFile, StoreRow};

/// What a call does to values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// A constructor that makes the object stand for its first string argument, or for nothing yet.
    Wrap,
    /// `StringBuilder.append`, `StringBuffer.append`.
    Append,
    /// `StringBuilder.insert`.
    Insert,
    /// `StringBuilder.setLength`.
    SetLength,
    /// `StringBuilder.reverse`.
    Reverse,
    /// Changes the object in a way that is not modelled.
    Spoil,
    /// The same, but for who executes code.
    Edit(Edit),
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
    /// `getMethod`, `getField`: a member is known by its name.
    Member(Member),
    /// A use of its text argument that gives the text a meaning.
    Use(Use),
    /// Such a use that reads what the text names: a constructor into its object, any other method into its result.
    Read(Use),
    /// Reads or writes a key.
    Key(Store, Access),
    /// Computes something of what is known: only who executes code knows what.
    Compute(Compute),
}

/// How a builder is changed at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edit {
    /// `StringBuilder.delete`.
    Delete,
    /// `StringBuilder.deleteCharAt`.
    DeleteCharAt,
    /// `StringBuilder.setCharAt`.
    SetCharAt,
}

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compute {
    /// `Math.abs`.
    Abs,
    /// `System.arraycopy`.
    ArrayCopy,
    /// `Base64.decode`, of Android and of a decoder of Java.
    Base64Decode,
    /// `Base64.getDecoder`.
    Base64Decoder,
    /// `Base64.getUrlDecoder`.
    Base64UrlDecoder,
    /// `Character.valueOf`.
    Box,
    /// `String.getBytes`.
    Bytes,
    /// `charAt`.
    CharAt,
    /// `String.toCharArray`.
    Chars,
    /// `Charset.forName`.
    Charset,
    /// `Cipher.getInstance`.
    Cipher,
    /// `Cipher.doFinal`.
    CipherFinal,
    /// `Cipher.init`.
    CipherInit,
    /// `String.contains`.
    Contains,
    /// `Arrays.copyOf`.
    CopyOf,
    /// `Arrays.copyOfRange`.
    CopyOfRange,
    /// `DESKeySpec`, of its first eight bytes.
    DesKey,
    /// `MessageDigest.getInstance`.
    Digest,
    /// `MessageDigest.digest`, `Mac.doFinal`.
    DigestFinal,
    /// `update` of a digest or a MAC.
    DigestUpdate,
    /// `Character.digit`.
    Digit,
    /// `String.endsWith`.
    EndsWith,
    /// `String.equals`.
    Equals,
    /// `String.hashCode`.
    HashCode,
    /// `Integer.toHexString`.
    Hex,
    /// `indexOf`.
    IndexOf,
    /// `Character.isDigit`.
    IsDigit,
    /// `String.isEmpty`.
    IsEmpty,
    /// `Character.isLetter`.
    IsLetter,
    /// `Character.isLowerCase`.
    IsLower,
    /// `Character.isUpperCase`.
    IsUpper,
    /// `IvParameterSpec`.
    Iv,
    /// `SecretKeySpec`.
    Key,
    /// `Key.getEncoded`.
    KeyBytes,
    /// `lastIndexOf`.
    LastIndexOf,
    /// `length`.
    Length,
    /// `Mac.getInstance`.
    Mac,
    /// `Mac.init`.
    MacInit,
    /// `Math.max`.
    Max,
    /// `Math.min`.
    Min,
    /// Nothing: `Object.<init>`.
    Nothing,
    /// `SecretKeyFactory.generateSecret`.
    SecretKey,
    /// `String.split` at plain text.
    Split,
    /// `String.startsWith`.
    StartsWith,
    /// `ByteArrayOutputStream`.
    Stream,
    /// `ByteArrayOutputStream.toByteArray`.
    StreamBytes,
    /// `DESedeKeySpec`, of its first 24 bytes.
    TripleDesKey,
    /// `OutputStream.write`.
    Write,
}

/// A part of a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
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
pub enum Member {
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
    /// The key of what an intent brings.
    Extra,
}

/// Where a key is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    /// What `AccountManager` keeps with an account.
    Account,
}

impl Store {
    /// As people name it before a key.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "Settings.System",
            Self::Secure => "Settings.Secure",
            Self::Global => "Settings.Global",
            Self::Preference => "preference",
            Self::Property => "property",
            Self::Account => "account data",
        }
    }
}

/// What is done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Read.
    Get,
    /// Written.
    Put,
}

impl Model {
    /// Every model with its name in a file, sorted by name.
    pub const NAMES: [(&'static str, Self); 102] = [
        ("abs", Self::Compute(Compute::Abs)),
        ("append", Self::Append),
        ("array-copy", Self::Compute(Compute::ArrayCopy)),
        ("base64-decode", Self::Compute(Compute::Base64Decode)),
        ("base64-decoder", Self::Compute(Compute::Base64Decoder)),
        ("base64-url-decoder", Self::Compute(Compute::Base64UrlDecoder)),
        ("below", Self::Below),
        ("box", Self::Compute(Compute::Box)),
        ("build-upon", Self::BuildUpon),
        ("bytes", Self::Compute(Compute::Bytes)),
        ("char-at", Self::Compute(Compute::CharAt)),
        ("chars", Self::Compute(Compute::Chars)),
        ("charset", Self::Compute(Compute::Charset)),
        ("cipher", Self::Compute(Compute::Cipher)),
        ("cipher-final", Self::Compute(Compute::CipherFinal)),
        ("cipher-init", Self::Compute(Compute::CipherInit)),
        ("class-name", Self::Named),
        ("concat", Self::Concat),
        ("contains", Self::Compute(Compute::Contains)),
        ("copy-of", Self::Compute(Compute::CopyOf)),
        ("copy-of-range", Self::Compute(Compute::CopyOfRange)),
        ("delete", Self::Edit(Edit::Delete)),
        ("delete-char-at", Self::Edit(Edit::DeleteCharAt)),
        ("des-key", Self::Compute(Compute::DesKey)),
        ("digest", Self::Compute(Compute::Digest)),
        ("digest-final", Self::Compute(Compute::DigestFinal)),
        ("digest-update", Self::Compute(Compute::DigestUpdate)),
        ("digit", Self::Compute(Compute::Digit)),
        ("ends-with", Self::Compute(Compute::EndsWith)),
        ("equals", Self::Compute(Compute::Equals)),
        ("field-name", Self::Member(Member::Field)),
        ("file", Self::File),
        ("first", Self::First),
        ("format", Self::Format),
        ("get-account", Self::Key(Store::Account, Access::Get)),
        ("get-global", Self::Key(Store::Global, Access::Get)),
        ("get-preference", Self::Key(Store::Preference, Access::Get)),
        ("get-property", Self::Key(Store::Property, Access::Get)),
        ("get-secure", Self::Key(Store::Secure, Access::Get)),
        ("get-system", Self::Key(Store::System, Access::Get)),
        ("hash-code", Self::Compute(Compute::HashCode)),
        ("hex", Self::Compute(Compute::Hex)),
        ("index-of", Self::Compute(Compute::IndexOf)),
        ("insert", Self::Insert),
        ("is-digit", Self::Compute(Compute::IsDigit)),
        ("is-empty", Self::Compute(Compute::IsEmpty)),
        ("is-letter", Self::Compute(Compute::IsLetter)),
        ("is-lower", Self::Compute(Compute::IsLower)),
        ("is-upper", Self::Compute(Compute::IsUpper)),
        ("iv", Self::Compute(Compute::Iv)),
        ("key", Self::Compute(Compute::Key)),
        ("key-bytes", Self::Compute(Compute::KeyBytes)),
        ("last-index-of", Self::Compute(Compute::LastIndexOf)),
        ("length", Self::Compute(Compute::Length)),
        ("lower", Self::Lower),
        ("mac", Self::Compute(Compute::Mac)),
        ("mac-init", Self::Compute(Compute::MacInit)),
        ("max", Self::Compute(Compute::Max)),
        ("method-name", Self::Member(Member::Method)),
        ("min", Self::Compute(Compute::Min)),
        ("nothing", Self::Compute(Compute::Nothing)),
        ("parse", Self::Parse),
        ("part-authority", Self::Part(Part::Authority)),
        ("part-path", Self::Part(Part::Path)),
        ("part-query", Self::Part(Part::Query)),
        ("part-scheme", Self::Part(Part::Scheme)),
        ("put-account", Self::Key(Store::Account, Access::Put)),
        ("put-global", Self::Key(Store::Global, Access::Put)),
        ("put-preference", Self::Key(Store::Preference, Access::Put)),
        ("put-property", Self::Key(Store::Property, Access::Put)),
        ("put-secure", Self::Key(Store::Secure, Access::Put)),
        ("put-system", Self::Key(Store::System, Access::Put)),
        ("read-command", Self::Read(Use::Command)),
        ("read-extra", Self::Read(Use::Extra)),
        ("read-path", Self::Read(Use::Path)),
        ("read-uri", Self::Read(Use::Uri)),
        ("replace", Self::Replace),
        ("reverse", Self::Reverse),
        ("secret-key", Self::Compute(Compute::SecretKey)),
        ("set-char-at", Self::Edit(Edit::SetCharAt)),
        ("set-length", Self::SetLength),
        ("split", Self::Compute(Compute::Split)),
        ("spoil", Self::Spoil),
        ("starts-with", Self::Compute(Compute::StartsWith)),
        ("stream", Self::Compute(Compute::Stream)),
        ("stream-bytes", Self::Compute(Compute::StreamBytes)),
        ("substring", Self::Substring),
        ("text", Self::Text),
        ("this", Self::This),
        ("trim", Self::Trim),
        ("triple-des-key", Self::Compute(Compute::TripleDesKey)),
        ("upper", Self::Upper),
        ("uri", Self::Uri),
        ("url", Self::Url),
        ("use-action", Self::Use(Use::Action)),
        ("use-command", Self::Use(Use::Command)),
        ("use-path", Self::Use(Use::Path)),
        ("use-service", Self::Use(Use::Service)),
        ("use-uri", Self::Use(Use::Uri)),
        ("value-of", Self::ValueOf),
        ("wrap", Self::Wrap),
        ("write", Self::Compute(Compute::Write)),
    ];

    /// Reads the name of a model: `append`, `part-path`, `get-secure`.
    pub fn parse(text: &str) -> Option<Self> {
        let at = Self::NAMES.binary_search_by_key(&text, |(name, _)| *name).ok()?;
        Self::NAMES.get(at).map(|(_, model)| *model)
    }
}

/// The methods of one class.
#[derive(Debug)]
pub struct ModelClass {
    /// Descriptor.
    pub class: Box<str>,
    /// Names, with what each does.
    pub methods: Vec<(Box<str>, Model)>,
    /// Names of static fields, with the text that each holds.
    pub fields: Vec<(Box<str>, Box<str>)>,
}

/// Names of methods: a word, or how it starts.
#[derive(Debug, PartialEq, Eq)]
struct Names {
    whole: Vec<Box<[u8]>>,
    starts: Vec<Box<[u8]>>,
}

impl Names {
    fn new(words: Vec<String>) -> Self {
        let (mut whole, mut starts) = (Vec::new(), Vec::new());
        for word in words {
            match word.strip_suffix('*') {
                Some(start) => starts.push(start.as_bytes().into()),
                None => whole.push(word.into_bytes().into()),
            }
        }
        Self { whole, starts }
    }

    fn has(&self, name: &[u8]) -> bool {
        self.starts.iter().any(|start| name.starts_with(start)) || self.whole.iter().any(|n| **n == *name)
    }
}

/// What the getters and setters of a keyed store are called.
#[derive(Debug)]
struct Keyed {
    store: Store,
    get: Names,
    put: Names,
    except: Names,
}

impl Keyed {
    fn new(row: StoreRow) -> (Vec<String>, Self) {
        let keyed = Self {
            store: row.store,
            get: Names::new(row.get),
            put: Names::new(row.put),
            except: Names::new(row.except),
        };
        (row.ends, keyed)
    }

    fn model(&self, name: &[u8]) -> Option<Model> {
        let access = if self.get.has(name) {
            Access::Get
        } else if self.put.has(name) {
            Access::Put
        } else {
            return None;
        };
        (!self.except.has(name)).then_some(Model::Key(self.store, access))
    }
}

/// The table of models.
#[derive(Debug, Default)]
pub struct Models {
    classes: Vec<ModelClass>,
    by_class: FxHashMap<Box<str>, usize>,
    stores: Vec<Keyed>,
    /// Ends of descriptors with what they are, longest first. Few: they are tried one by one.
    ends: Vec<(Box<[u8]>, usize)>,
}

impl Models {
    /// All classes, in the order of the files.
    pub fn classes(&self) -> impl Iterator<Item = &ModelClass> {
        self.classes.iter()
    }

    /// Whether a class is a keyed store, by the end of its descriptor.
    pub fn is_store(&self, class: &[u8]) -> bool {
        self.store(class).is_some()
    }

    /// What a method of a class does with a key, when the class is a keyed store.
    pub fn key(&self, class: &[u8], name: &[u8]) -> Option<Model> {
        self.store(class)?.model(name)
    }

    fn store(&self, class: &[u8]) -> Option<&Keyed> {
        let (_, at) = self.ends.iter().find(|(end, _)| class.ends_with(end))?;
        self.stores.get(*at)
    }

    pub(super) fn add(&mut self, file: ModelFile) {
        for row in file.class {
            for class in row.class {
                let at = *self.by_class.entry(class.as_str().into()).or_insert_with(|| {
                    self.classes.push(ModelClass {
                        class: class.into(),
                        methods: Vec::new(),
                        fields: Vec::new(),
                    });
                    self.classes.len().saturating_sub(1)
                });
                let Some(known) = self.classes.get_mut(at) else {
                    continue;
                };
                for method in &row.methods {
                    let Some(model) = Model::parse(&method.model) else {
                        continue;
                    };
                    match known.methods.iter_mut().find(|(name, _)| **name == *method.name) {
                        Some((_, old)) => *old = model,
                        None => known.methods.push((method.name.as_str().into(), model)),
                    }
                }
                for field in &row.fields {
                    let text = field.text.as_str().into();
                    match known.fields.iter_mut().find(|(name, _)| **name == *field.name) {
                        Some((_, old)) => *old = text,
                        None => known.fields.push((field.name.as_str().into(), text)),
                    }
                }
            }
        }
        for row in file.store {
            let (ends, keyed) = Keyed::new(row);
            let at = self.stores.len();
            self.stores.push(keyed);
            for end in ends {
                let end: Box<[u8]> = end.into_bytes().into();
                match self.ends.iter_mut().find(|(old, _)| *old == end) {
                    Some((_, old)) => *old = at,
                    None => self.ends.push((end, at)),
                }
            }
        }
        self.ends
            .sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Models {
        let mut models = Models::default();
        models.add(toml::from_str(text).unwrap());
        models
    }

    #[test]
    fn every_name_is_read_and_stands_where_it_is_looked_for() {
        for (name, model) in Model::NAMES {
            assert_eq!(Model::parse(name), Some(model), "{name}");
        }
        assert_eq!(Model::parse("Append"), None);
        assert!(Model::NAMES.is_sorted_by_key(|(name, _)| *name));
    }

    #[test]
    fn a_later_row_replaces_the_method_and_leaves_the_class() {
        let mut models = table(
            r#"
            [[class]]
            class = ["La/A;", "La/B;"]
            methods = [{ name = "a", model = "text" }, { name = "b", model = "this" }]"#,
        );
        models.add(
            toml::from_str("[[class]]\nclass = [\"La/B;\"]\nmethods = [{ name = \"a\", model = \"url\" }]")
                .unwrap(),
        );
        let of: Vec<(&str, &[(Box<str>, Model)])> = models
            .classes()
            .map(|class| (&*class.class, &*class.methods))
            .collect();
        assert_eq!(
            of,
            [
                (
                    "La/A;",
                    &[("a".into(), Model::Text), ("b".into(), Model::This)][..]
                ),
                (
                    "La/B;",
                    &[("a".into(), Model::Url), ("b".into(), Model::This)][..]
                ),
            ]
        );
    }

    #[test]
    fn the_longest_end_decides_and_exceptions_are_no_keys() {
        let models = table(
            r#"
            [[store]]
            store = "property"
            ends = ["Properties;"]
            get = ["get*"]
            [[store]]
            store = "global"
            ends = ["/OwnProperties;"]
            get = ["read"]
            put = ["write*"]
            except = ["writeAll"]"#,
        );
        let key = |class: &str, name: &str| models.key(class.as_bytes(), name.as_bytes());
        assert_eq!(
            key("La/Properties;", "getInt"),
            Some(Model::Key(Store::Property, Access::Get))
        );
        assert_eq!(key("La/OwnProperties;", "getInt"), None);
        assert_eq!(
            key("La/OwnProperties;", "writeInt"),
            Some(Model::Key(Store::Global, Access::Put))
        );
        assert_eq!(key("La/OwnProperties;", "writeAll"), None);
        assert_eq!(key("La/OwnProperties;", "readAll"), None);
        assert!(!models.is_store(b"La/Property;"));
    }
}
