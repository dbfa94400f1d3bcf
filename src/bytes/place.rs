//! Where something is, under two names.

use std::sync::Arc;

/// The two names of a place in the input.
///
/// *Physical*: how we got there, through every layer, `ota.zip/system/app/Mms.apk/classes.dex`: shown
/// in evidence. *Logical*: what it is on the device, `system:app/Mms.apk!classes.dex`, the same in a
/// recovery zip, a fastboot package and an unpacked folder: finding ids, diffs and waivers use it.
///
/// Names come from the input and may hold any character; whoever prints them makes them inert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    logical: Arc<str>,
    physical: Arc<str>,
}

impl Place {
    /// The input itself: its file name, without the path to it.
    pub fn root(name: &str) -> Self {
        Self {
            logical: Arc::from(name),
            physical: Arc::from(name),
        }
    }

    /// A place from both its names.
    pub fn new(logical: &str, physical: &str) -> Self {
        Self {
            logical: Arc::from(logical),
            physical: Arc::from(physical),
        }
    }

    /// Something inside a package (an APK, a jar, an archive): `logical!name`, `physical/name`.
    pub fn inside(&self, name: &str) -> Self {
        Self {
            logical: Arc::from(format!("{}!{name}", self.logical)),
            physical: Arc::from(format!("{}/{name}", self.physical)),
        }
    }

    /// The name on the device.
    pub fn logical(&self) -> &str {
        &self.logical
    }

    /// The way through the layers.
    pub fn physical(&self) -> &str {
        &self.physical
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_inside_a_package_keeps_both_names() {
        let dex = Place::new("system:app/Mms.apk", "ota.zip/system/app/Mms.apk").inside("classes.dex");
        assert_eq!(dex.logical(), "system:app/Mms.apk!classes.dex");
        assert_eq!(dex.physical(), "ota.zip/system/app/Mms.apk/classes.dex");
    }
}
