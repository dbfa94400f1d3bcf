//! What the system calls of an app: `lifecycles/`.

use serde::Deserialize;

/// `signatures/lifecycles/*.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LifecycleFile {
    /// Where the rows come from, for people.
    pub sources: Vec<String>,
    /// The order of calls by kind of component.
    pub component: Vec<ComponentOrderRow>,
    /// What is called in any order.
    pub callback: CallbackRow,
    /// How views of a layout are found.
    pub layout: LayoutRow,
    /// How a message gets to whoever handles it.
    pub messages: MessagesRow,
    /// What holds of methods that no signature knows.
    pub unknown: UnknownRow,
}

/// The order of calls of one kind of component, by name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentOrderRow {
    /// `application`, `provider`, `receiver`, `service`, `activity`, `view`.
    pub kind: String,
    /// Once, before anything else.
    #[serde(default)]
    pub before: Vec<String>,
    /// When it goes out of sight.
    #[serde(default)]
    pub away: Vec<String>,
    /// When it comes back.
    #[serde(default)]
    pub back: Vec<String>,
    /// At the end.
    #[serde(default)]
    pub last: Vec<String>,
}

/// Messages from one part of an app to another.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MessagesRow {
    /// Classes whose objects handle messages.
    pub handlers: Vec<String>,
    /// Beginnings of names of methods that send one: the first `int` is its kind.
    pub senders: Vec<String>,
    /// Fields that hold the kind of a message: `Lclass;->name`.
    pub kinds: Vec<String>,
}

/// Methods that the system calls in any order.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallbackRow {
    /// Beginnings of names.
    pub starts: Vec<String>,
    /// Names.
    pub names: Vec<String>,
    /// Descriptors of methods that a layout may name.
    pub descriptors: Vec<String>,
    /// Descriptors of the constructors of views that a layout names.
    pub constructors: Vec<String>,
    /// Classes whose objects bring what another part of the app left in them.
    pub carriers: Vec<String>,
    /// Classes of parameters by which a component gets back what it left in them.
    pub keeps: Vec<String>,
    /// Methods whose result is given to whoever waits for it, as a parameter of the same class.
    pub answers: Vec<String>,
    /// Beginnings of names of methods after which an object is not called back any more.
    pub removers: Vec<String>,
}

/// How code finds the views of a layout.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LayoutRow {
    /// Names of methods that give a view by its resource id.
    pub finders: Vec<String>,
}

/// What holds of methods that no signature knows.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UnknownRow {
    /// Beginnings of names of methods that change their object.
    pub setters: Vec<String>,
    /// Classes whose methods throw nothing.
    pub quiet: Vec<String>,
    /// Exceptions that say that what every device has is missing.
    pub never: Vec<String>,
    /// Beginnings of the descriptors of classes that belong to the platform, though apps bring them.
    pub libraries: Vec<String>,
    /// Classes whose objects lead to all of an app: what is made with one is not made of what it holds.
    pub holders: Vec<String>,
    /// Beginnings of the descriptors of classes of AOSP: what their methods do, the signatures say.
    pub platform: Vec<String>,
}
