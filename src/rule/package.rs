//! Packages of note and signing keys.

use rustc_hash::FxHashMap;

use super::row::PackageFile;

/// A package of note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Package name.
    pub package: Box<str>,
    /// Owner, when known.
    pub owner: Option<Box<str>>,
    /// What it is there for: `telemetry`, `ota`, `push` …
    pub roles: Box<[Box<str>]>,
    /// How much it matters, 0 to 10.
    pub weight: u8,
    /// A remark for people.
    pub note: Option<Box<str>>,
}

/// A certificate that signs packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// SHA-1 of the certificate, lower-case hexadecimal.
    pub sha1: Box<str>,
    /// Whose key it is, in words: `MIUI platform key`.
    pub role: Box<str>,
    /// Owner, when known.
    pub owner: Option<Box<str>>,
    /// Whether it is the platform key of a maker.
    pub platform: bool,
    /// Whether the private key is public: anyone can sign with it.
    pub public: bool,
}

/// The table of packages.
#[derive(Debug, Default)]
pub struct Packages {
    by_name: FxHashMap<Box<str>, Package>,
    keys: FxHashMap<Box<str>, SigningKey>,
}

impl Packages {
    /// A package by name.
    pub fn get(&self, package: &str) -> Option<&Package> {
        self.by_name.get(package)
    }

    /// A signing key by the SHA-1 of its certificate, or of the key in a vbmeta: lower-case hexadecimal
    /// without colons.
    pub fn signing_key(&self, sha1: &str) -> Option<&SigningKey> {
        self.keys.get(sha1)
    }

    /// How many packages there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub(super) fn add(&mut self, file: PackageFile) {
        for row in file.packages {
            let owner = row
                .owner
                .or_else(|| file.owner.clone())
                .filter(|owner| !owner.is_empty());
            let row = Package {
                package: row.package.into(),
                owner: owner.map(Into::into),
                roles: row.roles.into_iter().map(Into::into).collect(),
                weight: row.weight,
                note: row.note.map(Into::into),
            };
            self.by_name.insert(row.package.clone(), row);
        }
        for row in file.keys {
            let row = SigningKey {
                sha1: row.sha1.into(),
                role: row.role.into(),
                owner: row.owner.map(Into::into),
                platform: row.platform,
                public: row.public,
            };
            self.keys.insert(row.sha1.clone(), row);
        }
    }
}
