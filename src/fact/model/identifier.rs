//! What code reads, and the calls that may hand it over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Site;

/// By which road an identifier is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Road {
    /// A call of the API itself, or of a vendor's class.
    Call,
    /// A call of a method that does nothing but return it (one call deep).
    Wrapper,
    /// A field such as `Build.SERIAL`.
    Field,
    /// A key of Settings.
    SettingsKey,
    /// A system property.
    Property,
    /// A content URI.
    ContentUri,
    /// A method named by a constant, through reflection.
    Reflection,
    /// A file such as `/sys/class/net/wlan0/address`.
    Path,
    /// A native import or string.
    Native,
    /// A broadcast that carries it.
    Broadcast,
    /// A Binder service or a service to bind to.
    Service,
    /// A command line that prints it.
    Command,
    /// A constant that names it.
    Constant,
}

/// Code that reads an identifier or personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentifierRead {
    /// `imei`, `imsi`, `phone_number`, `contacts` …: the signatures' category.
    pub category: String,
    /// The signature row that matched, `TelephonyManager.getDeviceId`.
    pub api: String,
    /// How strongly it identifies, 0 to 10.
    pub weight: u8,
    /// By which road.
    pub road: Road,
    /// Whether the read was resolved to code that runs it; `false` for a bare string or reference.
    pub in_code: bool,
    /// Places, at most [`MAX_SITES`](super::MAX_SITES).
    pub sites: Vec<Site>,
    /// How many places there are in all.
    pub count: u64,
}

/// A branch on what was asked decides whether data leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What is asked, as people name it: `Settings.Secure cloud_messaging_on`, `an account`.
    pub what: String,
    /// The branches, at most [`MAX_SITES`](super::MAX_SITES).
    pub sites: Vec<Site>,
    /// How many there are in all.
    pub count: u64,
}

/// Calls that may hand data over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkUse {
    /// Channel: `net`, `sms`, `log`, `push` …
    pub channel: String,
    /// `Ljava/net/URL;->openConnection`.
    pub api: String,
    /// Places, at most [`MAX_SITES`](super::MAX_SITES).
    pub sites: Vec<Site>,
    /// How many places there are in all.
    pub count: u64,
    /// What may be asked before, sorted: on some road there, others may lead there without. Only where flows were
    /// followed.
    pub asks: Vec<Asked>,
}
