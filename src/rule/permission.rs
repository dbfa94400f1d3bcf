//! Permissions and shared user ids.

use rustc_hash::FxHashMap;

use super::row::PermissionFile;

/// A permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Full name.
    pub name: Box<str>,
    /// Protection level as the platform writes it, `signature|privileged`.
    pub level: Box<str>,
    /// What it opens: `sms`, `location`, `phone_identity` …
    pub category: Box<str>,
    /// How much, 0 to 10.
    pub weight: u8,
    /// A remark for people.
    pub note: Option<Box<str>>,
}

/// A shared user id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedUid {
    /// `android.uid.system` …
    pub name: Box<str>,
    /// What an app gains by it.
    pub meaning: Box<str>,
    /// How much, 0 to 10.
    pub weight: u8,
}

/// The table of permissions.
#[derive(Debug, Default)]
pub struct Permissions {
    by_name: FxHashMap<Box<str>, Permission>,
    shared_uids: FxHashMap<Box<str>, SharedUid>,
}

impl Permissions {
    /// A permission by its full name.
    pub fn get(&self, name: &str) -> Option<&Permission> {
        self.by_name.get(name)
    }

    /// A shared user id by name.
    pub fn shared_uid(&self, name: &str) -> Option<&SharedUid> {
        self.shared_uids.get(name)
    }

    /// How many permissions there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub(super) fn add(&mut self, file: PermissionFile) {
        for row in file.permissions {
            let row = Permission {
                name: row.name.into(),
                level: row.level.into(),
                category: row.category.into(),
                weight: row.weight,
                note: row.note.map(Into::into),
            };
            self.by_name.insert(row.name.clone(), row);
        }
        for row in file.shared_uids {
            let row = SharedUid {
                name: row.name.into(),
                meaning: row.meaning.into(),
                weight: row.weight,
            };
            self.shared_uids.insert(row.name.clone(), row);
        }
    }
}
