//! Protection levels: what it takes to get a permission.

use std::collections::BTreeMap;

use crate::fact::UnitFacts;
use crate::rule::Rules;

use super::LinkedUnit;

/// The base of a protection level (AOSP `PermissionInfo.PROTECTION_MASK_BASE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {
    /// Anyone who asks gets it.
    Normal,
    /// Anyone gets it whom the user says yes to.
    Dangerous,
    /// Apps with the same certificate, and by its flags some that came with the device.
    Signature,
    /// Given by the system by role, never by asking.
    Internal,
    /// Defined nowhere that was seen.
    Unknown,
}

impl Base {
    /// As rules write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Dangerous => "dangerous",
            Self::Signature => "signature",
            Self::Internal => "internal",
            Self::Unknown => "unknown",
        }
    }

    /// From a level as the platform writes it, `signature|privileged`, or as a number.
    pub fn of(level: &str) -> Self {
        for part in level.split('|') {
            match part.trim() {
                "normal" => return Self::Normal,
                "dangerous" => return Self::Dangerous,
                "signature" | "signatureOrSystem" => return Self::Signature,
                "internal" => return Self::Internal,
                _ => {}
            }
        }
        let number = level
            .strip_prefix("0x")
            .map_or_else(|| level.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
        match number.map(|n: u32| n & 0xf) {
            Some(0) => Self::Normal,
            Some(1) => Self::Dangerous,
            Some(2 | 3) => Self::Signature,
            Some(4) => Self::Internal,
            _ => Self::Unknown,
        }
    }

    /// Whether any app can get it.
    pub fn is_weak(self) -> bool {
        matches!(self, Self::Normal | Self::Dangerous)
    }
}

/// The levels of all permissions: those that the signatures know, and those that the build defines.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    /// By name; what the build defines wins over the signatures.
    defined: BTreeMap<String, (String, Vec<String>)>,
}

impl Levels {
    pub(super) fn new(units: &[UnitFacts], _rules: &Rules) -> Self {
        let mut defined: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
        for unit in units {
            let Some(manifest) = &unit.manifest else { continue };
            for (name, level) in &manifest.defines {
                let keys: Vec<String> = unit.signers.iter().map(|signer| signer.sha256.clone()).collect();
                // Two packages that define one permission: the device keeps the first that it meets,
                // which the bytes do not say. The weaker level is the one to reckon with.
                let entry = defined
                    .entry(name.clone())
                    .or_insert_with(|| (level.clone(), keys.clone()));
                if (Base::of(level), level) < (Base::of(&entry.0), &entry.0) {
                    *entry = (level.clone(), keys);
                }
            }
        }
        Self { defined }
    }

    /// The level as written, where it is known.
    pub fn level<'a>(&'a self, name: &str, rules: &'a Rules) -> Option<&'a str> {
        let here = self.defined.get(name).map(|(level, _)| level.as_str());
        here.or_else(|| rules.permissions.get(name).map(|row| &*row.level))
    }

    /// The base of the level.
    pub fn base(&self, name: &str, rules: &Rules) -> Base {
        self.level(name, rules).map_or(Base::Unknown, Base::of)
    }

    /// Whether a unit that asks for a permission has it before anyone was asked or says yes: an app that
    /// came with the device holds what is normal or dangerous, and what its place and signature earn.
    pub fn granted(
        &self,
        name: &str,
        unit: &LinkedUnit,
        signers: &[crate::fact::Signer],
        rules: &Rules,
    ) -> bool {
        let Some(level) = self.level(name, rules) else {
            return false;
        };
        match Base::of(level) {
            Base::Normal | Base::Dangerous => true,
            Base::Signature => {
                let same = |keys: &[String]| signers.iter().any(|s| keys.contains(&s.sha256));
                let definer = self.defined.get(name);
                let by_key = definer.map_or(unit.platform_key, |(_, keys)| same(keys) || unit.platform_key);
                let by_place = unit.privileged
                    && level
                        .split('|')
                        .any(|p| matches!(p, "privileged" | "system" | "signatureOrSystem"));
                by_key || by_place
            }
            Base::Internal | Base::Unknown => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_in_words_and_in_numbers() {
        for (level, base) in [
            ("normal|instant", Base::Normal),
            ("signature|privileged", Base::Signature),
            ("system|signature", Base::Signature),
            ("signatureOrSystem", Base::Signature),
            ("internal|role", Base::Internal),
            ("0x1", Base::Dangerous),
            ("18", Base::Signature),
            ("defined elsewhere", Base::Unknown),
        ] {
            assert_eq!(Base::of(level), base, "{level}");
        }
    }
}
