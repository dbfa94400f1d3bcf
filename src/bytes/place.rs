//! Where something is, under two names.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The two names of a place in the input.
///
/// *Physical*: how we got there, through every layer, `ota.zip/system/app/Mms.apk/classes.dex`: shown
/// in evidence. *Logical*: what it is on the device, `system:app/Mms.apk!classes.dex`, the same in a
/// recovery zip, a fastboot package and an unpacked folder: finding ids, diffs and waivers use it.
///
/// Names come from the input and may hold any character; whoever prints them makes them inert.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// Both names, the logical one first: one allocation, since there is a place for each file.
    names: Arc<str>,
    /// Bytes of the logical name.
    logical: usize,
}

impl Place {
    /// The input itself: its file name, without the path to it.
    pub fn root(name: &str) -> Self {
        Self::new(name, name)
    }

    /// A place from both its names.
    pub fn new(logical: &str, physical: &str) -> Self {
        let mut names = String::with_capacity(logical.len().saturating_add(physical.len()));
        names.push_str(logical);
        names.push_str(physical);
        Self {
            names: Arc::from(names),
            logical: logical.len(),
        }
    }

    /// Something inside a package (an APK, a jar, an archive): `logical!name`, `physical/name`.
    pub fn inside(&self, name: &str) -> Self {
        let (logical, physical) = (self.logical(), self.physical());
        let len = self
            .names
            .len()
            .saturating_add(name.len().saturating_mul(2))
            .saturating_add(2);
        let mut names = String::with_capacity(len);
        names.push_str(logical);
        names.push('!');
        names.push_str(name);
        let logical = names.len();
        names.push_str(physical);
        names.push('/');
        names.push_str(name);
        Self {
            names: Arc::from(names),
            logical,
        }
    }

    /// The name on the device.
    pub fn logical(&self) -> &str {
        self.names.get(..self.logical).unwrap_or_default()
    }

    /// The way through the layers.
    pub fn physical(&self) -> &str {
        self.names.get(self.logical..).unwrap_or_default()
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.logical(), self.physical()).cmp(&(other.logical(), other.physical()))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({:?}, {:?})", self.logical(), self.physical())
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

    #[test]
    fn places_are_ordered_by_their_logical_name() {
        assert!(Place::new("a", "z") < Place::new("b", "a"));
        assert!(Place::new("a", "y") < Place::new("a", "z"));
    }
}
