//! What code calls and reads: `identifiers/`, `sinks/`, `propagators/`, `models/`.

use serde::Deserialize;

use super::{Match, Namespace};
use crate::rule::model::Store;
use crate::rule::{Made, SinkKind};

/// `signatures/identifiers/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentifierFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Kinds of identifier; only in `categories.toml`.
    pub category: Vec<CategoryRow>,
    /// Classes with their methods and fields.
    pub class: Vec<ClassRow>,
    /// Keys of Settings.
    pub settings: Vec<ValueRow>,
    /// System properties.
    pub property: Vec<ValueRow>,
    /// Content URIs.
    pub uri: Vec<ValueRow>,
    /// Files.
    pub path: Vec<ValueRow>,
    /// Binder services and interfaces.
    pub binder: Vec<ValueRow>,
    /// Actions of services to bind to.
    pub service: Vec<ValueRow>,
    /// Actions of broadcasts.
    pub broadcast: Vec<ValueRow>,
    /// Native functions.
    pub native: Vec<ValueRow>,
    /// `ioctl` requests.
    pub ioctl: Vec<ValueRow>,
    /// Command lines.
    pub command: Vec<ValueRow>,
    /// Constants that name an identifier.
    pub constant: Vec<ValueRow>,
    /// Method names as reflection gives them.
    pub reflected: Vec<ValueRow>,
    /// What a user types into a view of a layout, as `inputType` names it.
    pub input: Vec<ValueRow>,
    /// Keys of what a broadcast brings in its intent.
    pub extra: Vec<ValueRow>,
}

/// A kind of identifier.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryRow {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// Group of kinds.
    pub class: String,
    /// 0 to 10.
    pub weight: u8,
    /// What is asked by asking whether there is one.
    #[serde(default)]
    pub condition: Option<String>,
}

/// A class with rows for its members. What is set here holds for every member that does not set it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassRow {
    /// Descriptor, `Landroid/telephony/TelephonyManager;`.
    pub class: String,
    /// Default category.
    pub category: Option<String>,
    /// Default permission.
    pub permission: Option<String>,
    /// What its members give instead of the identifier itself.
    pub makes: Option<Made>,
    /// Default remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
    /// Methods.
    #[serde(default)]
    pub methods: Vec<MemberRow>,
    /// Fields.
    #[serde(default)]
    pub fields: Vec<MemberRow>,
}

/// A method or a field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRow {
    /// Its name.
    pub name: String,
    /// Category, when it is not the class's.
    pub category: Option<String>,
    /// Weight, when it is not the category's.
    pub weight: Option<u8>,
    /// What it gives instead of the identifier itself, when it is not the class's.
    pub makes: Option<Made>,
    /// What a caller needs.
    pub permission: Option<String>,
    /// First API level that has it.
    pub since: Option<u8>,
    /// Descriptors, when the name alone is too general.
    #[serde(default)]
    pub desc: Vec<String>,
    /// Remark.
    pub note: Option<String>,
    /// Source codes, when they are not the class's.
    #[serde(default)]
    pub src: Vec<String>,
}

/// A value: a key, a URI, a path …
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueRow {
    /// The text.
    pub value: String,
    /// How it is compared.
    #[serde(default, rename = "match")]
    pub how: Match,
    /// Namespace, for a key of Settings.
    pub namespace: Option<Namespace>,
    /// Category.
    pub category: String,
    /// Weight, when it is not the category's.
    pub weight: Option<u8>,
    /// What a caller needs.
    pub permission: Option<String>,
    /// Remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
}

/// `signatures/sinks/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SinkFile {
    /// Streams whose data stays in memory.
    pub memory: Vec<String>,
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Channels; only in `channels.toml`.
    pub channel: Vec<ChannelRow>,
    /// Classes with their methods.
    pub class: Vec<SinkClassRow>,
    /// Native functions.
    pub native: Vec<SinkRow>,
}

/// A channel.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelRow {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// Whether what goes there leaves the device.
    #[serde(default)]
    pub leaves: bool,
    /// How something leaves by it, where that is not by a connection to a server.
    #[serde(default)]
    pub words: String,
}

/// A class with sinks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkClassRow {
    /// Descriptor.
    pub class: String,
    /// `sink` unless said otherwise: `sink`, `crypto`, `codec`.
    #[serde(default)]
    pub kind: SinkKind,
    /// Channel: `net`, `sms`, `log` …
    pub channel: String,
    /// What its methods make of data: `hashed`, `encrypted`, `encoded`.
    pub makes: Option<Made>,
    /// Default remark.
    pub note: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
    /// Methods.
    pub methods: Vec<SinkRow>,
}

/// A method or native function where data can leave.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkRow {
    /// Its name.
    pub name: String,
    /// Kind, when it is not the class's.
    pub kind: Option<SinkKind>,
    /// Channel, when it is not the class's; a native function needs one.
    pub channel: Option<String>,
    /// How surely data leaves through it, 0 to 10.
    pub weight: u8,
    /// What it makes of data, when it is not the class's.
    pub makes: Option<Made>,
    /// Its texts are what is sent, never where to.
    #[serde(default)]
    pub payload: bool,
    /// Remark.
    pub note: Option<String>,
    /// Source codes, when they are not the class's.
    #[serde(default)]
    pub src: Vec<String>,
}

/// `signatures/propagators/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PropagatorFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Classes with their methods.
    pub class: Vec<PropagatorClassRow>,
}

/// A class with methods that pass data on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropagatorClassRow {
    /// Descriptor.
    pub class: String,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
    /// Methods.
    pub methods: Vec<PropagatorRow>,
}

/// A method that passes data on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropagatorRow {
    /// Its name.
    pub name: String,
    /// `from>to`, each `this`, `ret`, `argN` or `arg*`.
    pub flow: Vec<String>,
}

/// `signatures/models/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// Classes with their methods.
    pub class: Vec<ModelClassRow>,
    /// Keyed stores.
    pub store: Vec<StoreRow>,
}

/// Classes whose methods do the same to values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelClassRow {
    /// Descriptors.
    pub class: Vec<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
    /// Methods.
    #[serde(default)]
    pub methods: Vec<ModelRow>,
    /// Static fields that hold a text.
    #[serde(default)]
    pub fields: Vec<TextRow>,
}

/// A static field that holds a text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextRow {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// A method that does something to values.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRow {
    /// Its name.
    pub name: String,
    /// Name of the model.
    pub model: String,
}

/// A keyed store.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreRow {
    /// What it keeps.
    pub store: Store,
    /// Ends of descriptors by which its classes are known.
    pub ends: Vec<String>,
    /// Names of methods that read a key; `*` at the end stands for any text.
    #[serde(default)]
    pub get: Vec<String>,
    /// Names of methods that write a key.
    #[serde(default)]
    pub put: Vec<String>,
    /// Names that are neither, though they look like it.
    #[serde(default)]
    pub except: Vec<String>,
    /// Source codes.
    #[serde(default)]
    pub src: Vec<String>,
}
