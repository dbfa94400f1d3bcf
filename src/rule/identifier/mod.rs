//! APIs and values that read a persistent or personal identifier.

mod add;

use rustc_hash::FxHashMap;

use super::row::{Match, Namespace};
use super::shape::Shapes;
use super::sink::Made;

/// A kind of identifier or personal data: `imei`, `contacts` …; the closed list is
/// `signatures/identifiers/categories.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Short name, as in facts and reports.
    pub id: Box<str>,
    /// For people: `IMEI`.
    pub title: Box<str>,
    /// Group of kinds: `device`, `sim`, `person`, `place`, `app`, `network`, `advertising`, `system`.
    pub class: Box<str>,
    /// How strongly it identifies a device or a person, 0 to 10.
    pub weight: u8,
    /// What is asked by asking whether there is one: `an account`.
    pub condition: Option<Box<str>>,
}

/// By which road a row reads its identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentifierKind {
    /// A method.
    Method,
    /// A field.
    Field,
    /// A key of `Settings.System`, `.Secure` or `.Global`.
    Settings,
    /// A system property.
    Property,
    /// A content URI.
    Uri,
    /// A file.
    Path,
    /// A Binder service or interface descriptor.
    Binder,
    /// The action of a service to bind to.
    Service,
    /// A broadcast that carries it.
    Broadcast,
    /// A native function.
    Native,
    /// An `ioctl` request by name.
    Ioctl,
    /// A command line.
    Command,
    /// A constant that names it.
    Constant,
    /// A method name that means it when used through reflection.
    Reflected,
    /// What a user types into a view, by the name of its `inputType`.
    Input,
    /// What a broadcast brings in its intent, by its key.
    Extra,
}

/// One row: a method, a field or a value, and what it gives away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    /// Which road.
    pub kind: IdentifierKind,
    /// Class descriptor, for methods and fields; empty otherwise.
    pub class: Box<str>,
    /// Method or field name, key, URI, path …
    pub name: Box<str>,
    /// How a value is compared; a method or field always as a whole.
    pub how: Match,
    /// `secure`, `system`, `global` for a key of Settings where it matters.
    pub namespace: Option<Namespace>,
    /// Id of its [`Category`].
    pub category: Box<str>,
    /// How strongly it identifies, 0 to 10: the category's, unless the row says otherwise.
    pub weight: u8,
    /// What it gives instead of the identifier itself: a hash of it.
    pub makes: Option<Made>,
    /// What a caller needs, in words.
    pub permission: Option<Box<str>>,
    /// Descriptors, `(I)Ljava/lang/String;`; empty means any. Only set where the name alone is too general.
    pub descriptors: Box<[Box<str>]>,
    /// A remark for people.
    pub note: Option<Box<str>>,
}

impl Identifier {
    /// As a report names it: `TelephonyManager.getDeviceId`, `miui.telephony.TelephonyManager.getDeviceId`,
    /// `Settings.Secure android_id`, `ro.serialno`.
    pub fn api(&self) -> String {
        match self.kind {
            IdentifierKind::Method | IdentifierKind::Field => {
                let path = self.class.trim_start_matches('L').trim_end_matches(';');
                let platform = path.starts_with("android/") || path.starts_with("java/");
                let shown = if platform {
                    path.rsplit('/').next().unwrap_or(path)
                } else {
                    path
                };
                format!("{}.{}", shown.replace('/', "."), self.name)
            }
            IdentifierKind::Settings => match self.namespace {
                Some(namespace) => format!("Settings.{} {}", namespace.class(), self.name),
                None => format!("Settings {}", self.name),
            },
            _ => self.name.to_string(),
        }
    }
}

/// The rows of one class.
#[derive(Debug, Default)]
pub struct Members {
    methods: FxHashMap<Box<[u8]>, usize>,
    fields: FxHashMap<Box<[u8]>, usize>,
}

/// The values of one kind.
#[derive(Debug, Default)]
struct Values {
    exact: FxHashMap<Box<str>, Vec<usize>>,
    /// Sorted by text.
    prefixes: Vec<(Box<str>, usize)>,
    suffixes: Vec<(Box<str>, usize)>,
}

/// The table of identifiers.
#[derive(Debug, Default)]
pub struct Identifiers {
    rows: Vec<Identifier>,
    categories: FxHashMap<Box<str>, Category>,
    classes: FxHashMap<Box<[u8]>, Members>,
    values: FxHashMap<IdentifierKind, Values>,
    /// Exact texts of the kinds that speak for themselves.
    speaking: FxHashMap<Box<[u8]>, usize>,
    shapes: Shapes,
}

impl Identifiers {
    /// The row for a method, by class descriptor and name.
    pub fn method(&self, class: &[u8], name: &[u8]) -> Option<&Identifier> {
        self.method_of(self.class(class)?, name)
    }

    /// The row for a field, by class descriptor and name.
    pub fn field(&self, class: &[u8], name: &[u8]) -> Option<&Identifier> {
        self.field_of(self.class(class)?, name)
    }

    /// The rows of a class: ask once per type of a dex file, then by name.
    pub fn class(&self, descriptor: &[u8]) -> Option<&Members> {
        self.classes.get(descriptor)
    }

    /// The row for a method of a class found by [`Identifiers::class`].
    pub fn method_of(&self, class: &Members, name: &[u8]) -> Option<&Identifier> {
        self.rows.get(*class.methods.get(name)?)
    }

    /// The row for a field of a class found by [`Identifiers::class`].
    pub fn field_of(&self, class: &Members, name: &[u8]) -> Option<&Identifier> {
        self.rows.get(*class.fields.get(name)?)
    }

    /// The row for a text of a kind: exact, else the longest prefix, else a suffix. A content URI's
    /// prefix ends where a path segment ends: `content://sms` is no prefix of `content://smsbox`.
    pub fn value(&self, kind: IdentifierKind, text: &str) -> Option<&Identifier> {
        let values = self.values.get(&kind)?;
        if let Some(row) = values.exact.get(text).and_then(|rows| rows.first()) {
            return self.rows.get(*row);
        }
        // Every prefix of `text` sorts at or before it; the longest one is the last that fits.
        let end = values.prefixes.partition_point(|(prefix, _)| &**prefix <= text);
        let first = text.as_bytes().first();
        let prefix = values.prefixes.get(..end)?.iter().rev();
        let prefix = prefix
            .take_while(|(prefix, _)| prefix.as_bytes().first() == first)
            .find(|(prefix, _)| {
                text.strip_prefix(&**prefix)
                    .is_some_and(|rest| kind != IdentifierKind::Uri || ends_segment(prefix, rest))
            });
        let (_, row) = prefix.or_else(|| {
            values
                .suffixes
                .iter()
                .find(|(suffix, _)| text.ends_with(&**suffix))
        })?;
        self.rows.get(*row)
    }

    /// The row for a string of which nothing else is known, of the kinds whose text speaks for itself:
    /// content URIs, paths, properties, Binder services, actions, constants. Most strings are turned
    /// down by their first byte and length alone, so it may be asked for every string of a build.
    pub fn text(&self, text: &[u8]) -> Option<&Identifier> {
        if self.shapes.may_equal(text)
            && let Some(row) = self.speaking.get(text)
        {
            return self.rows.get(*row);
        }
        if !self.shapes.may_hold(text) {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        SPEAKING.iter().find_map(|kind| self.value(*kind, text))
    }

    /// The row for a key of Settings. A row without a namespace fits any.
    pub fn settings(&self, namespace: Option<Namespace>, key: &str) -> Option<&Identifier> {
        self.exact(IdentifierKind::Settings, key)
            .find(|row| namespace.is_none() || row.namespace.is_none() || row.namespace == namespace)
    }

    /// The row for a method name given to reflection.
    pub fn reflected(&self, name: &str) -> Option<&Identifier> {
        self.exact(IdentifierKind::Reflected, name).next()
    }

    /// The row for what is typed into a view: `textPassword`.
    pub fn input(&self, kind: &str) -> Option<&Identifier> {
        self.exact(IdentifierKind::Input, kind).next()
    }

    /// A category by id.
    pub fn category(&self, id: &str) -> Option<&Category> {
        self.categories.get(id)
    }

    /// All categories, by id.
    pub fn categories(&self) -> Vec<&Category> {
        let mut all: Vec<&Category> = self.categories.values().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// All rows, in the order of the files. A row that was replaced is not among them.
    pub fn rows(&self) -> impl Iterator<Item = &Identifier> {
        self.rows.iter()
    }

    fn exact(&self, kind: IdentifierKind, text: &str) -> impl Iterator<Item = &Identifier> {
        let rows = self.values.get(&kind).and_then(|values| values.exact.get(text));
        rows.into_iter().flatten().filter_map(|row| self.rows.get(*row))
    }
}

/// Kinds whose text means what it says without the call that uses it. Keys of Settings, command
/// lines and method names are plain words and are not among them.
const SPEAKING: [IdentifierKind; 7] = [
    IdentifierKind::Uri,
    IdentifierKind::Path,
    IdentifierKind::Property,
    IdentifierKind::Binder,
    IdentifierKind::Service,
    IdentifierKind::Broadcast,
    IdentifierKind::Constant,
];

fn ends_segment(prefix: &str, rest: &str) -> bool {
    prefix.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?', '#'])
}
