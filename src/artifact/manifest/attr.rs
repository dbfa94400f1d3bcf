//! Framework attributes by resource id, and their values with references resolved.
//!
//! Spec: AOSP `frameworks/base/core/res/res/values/public*.xml`; the ids are fixed for ever.

use crate::artifact::arsc::{PoolStr, Table, Value};
use crate::artifact::axml::{ANDROID, Attribute, Element, Xml};
use crate::bytes::Gap;

/// A framework attribute: its resource id decides, its name is for documents without ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attr(u32, &'static str);

impl Attr {
    /// Its resource id.
    pub(super) fn id(self) -> u32 {
        self.0
    }
}

pub(super) const LABEL: Attr = Attr(0x0101_0001, "label");
pub(super) const NAME: Attr = Attr(0x0101_0003, "name");
pub(super) const PERMISSION: Attr = Attr(0x0101_0006, "permission");
pub(super) const READ_PERMISSION: Attr = Attr(0x0101_0007, "readPermission");
pub(super) const WRITE_PERMISSION: Attr = Attr(0x0101_0008, "writePermission");
pub(super) const PROTECTION_LEVEL: Attr = Attr(0x0101_0009, "protectionLevel");
pub(super) const PERMISSION_GROUP: Attr = Attr(0x0101_000a, "permissionGroup");
pub(super) const SHARED_USER_ID: Attr = Attr(0x0101_000b, "sharedUserId");
pub(super) const PERSISTENT: Attr = Attr(0x0101_000d, "persistent");
pub(super) const ENABLED: Attr = Attr(0x0101_000e, "enabled");
pub(super) const DEBUGGABLE: Attr = Attr(0x0101_000f, "debuggable");
pub(super) const EXPORTED: Attr = Attr(0x0101_0010, "exported");
pub(super) const PROCESS: Attr = Attr(0x0101_0011, "process");
pub(super) const AUTHORITIES: Attr = Attr(0x0101_0018, "authorities");
pub(super) const GRANT_URI_PERMISSIONS: Attr = Attr(0x0101_001b, "grantUriPermissions");
pub(super) const PRIORITY: Attr = Attr(0x0101_001c, "priority");
pub(super) const TARGET_PACKAGE: Attr = Attr(0x0101_0021, "targetPackage");
pub(super) const VALUE: Attr = Attr(0x0101_0024, "value");
pub(super) const RESOURCE: Attr = Attr(0x0101_0025, "resource");
pub(super) const MIME_TYPE: Attr = Attr(0x0101_0026, "mimeType");
pub(super) const SCHEME: Attr = Attr(0x0101_0027, "scheme");
pub(super) const HOST: Attr = Attr(0x0101_0028, "host");
pub(super) const PORT: Attr = Attr(0x0101_0029, "port");
pub(super) const PATH: Attr = Attr(0x0101_002a, "path");
pub(super) const PATH_PREFIX: Attr = Attr(0x0101_002b, "pathPrefix");
pub(super) const PATH_PATTERN: Attr = Attr(0x0101_002c, "pathPattern");
pub(super) const ID: Attr = Attr(0x0101_00d0, "id");
pub(super) const PASSWORD: Attr = Attr(0x0101_015c, "password");
pub(super) const TITLE: Attr = Attr(0x0101_01e1, "title");
pub(super) const KEY: Attr = Attr(0x0101_01e8, "key");
pub(super) const DEPENDENCY: Attr = Attr(0x0101_01ec, "dependency");
pub(super) const DEFAULT_VALUE: Attr = Attr(0x0101_01ed, "defaultValue");
pub(super) const TARGET_ACTIVITY: Attr = Attr(0x0101_0202, "targetActivity");
pub(super) const MIN_SDK: Attr = Attr(0x0101_020c, "minSdkVersion");
pub(super) const INPUT_TYPE: Attr = Attr(0x0101_0220, "inputType");
pub(super) const VERSION_CODE: Attr = Attr(0x0101_021b, "versionCode");
pub(super) const VERSION_NAME: Attr = Attr(0x0101_021c, "versionName");
pub(super) const TARGET_SDK: Attr = Attr(0x0101_0270, "targetSdkVersion");
pub(super) const MAX_SDK: Attr = Attr(0x0101_0271, "maxSdkVersion");
pub(super) const TEST_ONLY: Attr = Attr(0x0101_0272, "testOnly");
pub(super) const BACKUP_AGENT: Attr = Attr(0x0101_027f, "backupAgent");
pub(super) const ALLOW_BACKUP: Attr = Attr(0x0101_0280, "allowBackup");
pub(super) const USES_CLEARTEXT: Attr = Attr(0x0101_04ec, "usesCleartextTraffic");
pub(super) const NETWORK_SECURITY: Attr = Attr(0x0101_0527, "networkSecurityConfig");
pub(super) const VERSION_CODE_MAJOR: Attr = Attr(0x0101_0576, "versionCodeMajor");
pub(super) const IS_STATIC: Attr = Attr(0x0101_0581, "isStatic");

/// Attributes whose name counts even where the document calls them otherwise.
const KNOWN: &[Attr] = &[
    LABEL,
    NAME,
    PERMISSION,
    SHARED_USER_ID,
    PERSISTENT,
    ENABLED,
    DEBUGGABLE,
    PROCESS,
    VERSION_CODE,
    VERSION_NAME,
    TEST_ONLY,
    BACKUP_AGENT,
    ALLOW_BACKUP,
    USES_CLEARTEXT,
    NETWORK_SECURITY,
    VERSION_CODE_MAJOR,
];

/// Bytes of text taken out of one document. Strings are shared by index, so that a small document can
/// ask for the same long string any number of times; the largest real manifest met holds 0.3 MB.
const MAX_TEXT: usize = 16 << 20;

/// Finds attributes and resolves their values.
pub(super) struct Reader<'a, 't> {
    table: Option<&'t Table<'a>>,
    /// Whether the document has resource ids; if not, names are all there is.
    by_id: bool,
    /// Bytes of text that may still be taken.
    left: usize,
    format: &'static str,
    gap: Option<Gap>,
}

impl<'a, 't> Reader<'a, 't> {
    pub(super) fn new(format: &'static str, xml: &Xml<'_>, table: Option<&'t Table<'a>>) -> Self {
        Self {
            table,
            by_id: xml.has_ids(),
            left: MAX_TEXT,
            format,
            gap: None,
        }
    }

    /// Whether more was asked for than is taken out of one document.
    pub(super) fn into_gap(self) -> Option<Gap> {
        self.gap
    }

    /// The attribute, as the platform finds it.
    pub(super) fn find<'x>(&self, element: &Element<'x>, attr: Attr) -> Option<Attribute<'x>> {
        if self.by_id {
            element.by_id(attr.0)
        } else {
            element.named(attr.1)
        }
    }

    /// Charges `len` bytes of text.
    fn take(&mut self, len: usize) -> Option<()> {
        match self.left.checked_sub(len) {
            Some(left) => {
                self.left = left;
                Some(())
            }
            None => {
                let limit = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX);
                self.gap = Some(Gap::over(
                    self.format,
                    0,
                    "text",
                    limit.saturating_add(1),
                    limit,
                    "",
                ));
                None
            }
        }
    }

    /// A string of the document.
    pub(super) fn string(&mut self, string: PoolStr<'_>) -> Option<String> {
        self.take(string.size())?;
        Some(string.text().into_owned())
    }

    /// The attribute's value as text: a string as it is, a reference resolved; `None` for no value.
    pub(super) fn value(&mut self, attribute: &Attribute<'_>) -> Option<String> {
        if let Some(string) = attribute.string() {
            return self.string(string);
        }
        if attribute.value.is_null() || attribute.value.string().is_some() {
            return None;
        }
        let text = match self.table {
            Some(table) => table.text(attribute.value).into_owned(),
            None => attribute.value.to_string(),
        };
        self.take(text.len())?;
        Some(text)
    }

    pub(super) fn text(&mut self, element: &Element<'_>, attr: Attr) -> Option<String> {
        let attribute = self.find(element, attr)?;
        self.value(&attribute)
    }

    /// The value of an attribute without namespace: here the raw text counts first, as in
    /// `XmlResourceParser.getAttributeValue`.
    pub(super) fn plain(&mut self, element: &Element<'_>, name: &str) -> Option<String> {
        let attribute = element.plain(name)?;
        match attribute.raw() {
            Some(raw) => self.string(raw),
            None => self.value(&attribute),
        }
    }

    fn resolved(&self, attribute: &Attribute<'_>) -> Value {
        self.table.map_or(attribute.value, |t| t.resolve(attribute.value))
    }

    pub(super) fn boolean(&mut self, element: &Element<'_>, attr: Attr) -> Option<bool> {
        let attribute = self.find(element, attr)?;
        let value = self.resolved(&attribute);
        value
            .integer()
            .map(|n| n != 0)
            .or_else(|| truth(&self.value(&attribute)?))
    }

    /// An integer, written as one or as text.
    pub(super) fn number(&mut self, element: &Element<'_>, attr: Attr) -> Option<u32> {
        let attribute = self.find(element, attr)?;
        let value = self.resolved(&attribute);
        value
            .integer()
            .or_else(|| self.value(&attribute)?.trim().parse().ok())
    }

    /// The attribute's name with `android:` before it where it is the framework's.
    pub(super) fn label(&mut self, attribute: &Attribute<'_>) -> Option<String> {
        if let Some(known) = KNOWN.iter().find(|a| a.0 == attribute.id) {
            return Some(format!("android:{}", known.1));
        }
        let name = attribute.name()?;
        self.take(name.size())?;
        let framework = attribute.namespace().is_some_and(|n| n.is(ANDROID));
        Some(if framework {
            format!("android:{}", name.text())
        } else {
            name.text().into_owned()
        })
    }
}

/// `true` and `false` as `Boolean.parseBoolean` and the XML attribute parsers take them.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "TRUE" | "True" | "1" => Some(true),
        "false" | "FALSE" | "False" | "0" => Some(false),
        _ => None,
    }
}
