//! Hosts and addresses with owner, country and purpose.

use std::net::IpAddr;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::row::HostFile;

/// What a destination is, as far as its weight goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PurposeClass {
    /// Advertising, telemetry, tracking: data about the owner is what it is for.
    Tracking,
    /// A function of the device: push, update, account, cloud, location …
    Function,
    /// Content that anyone can fetch: pages, images, shops.
    Content,
    /// What it is for is not known.
    Unknown,
    /// Nobody is contacted: a schema, a manual, the device itself.
    Local,
}

/// What a host is for; the closed list is `signatures/hosts/purposes.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// Short name, as in facts and reports.
    pub id: Box<str>,
    /// For people.
    pub title: Box<str>,
    /// Group.
    pub class: PurposeClass,
}

/// A host and its sub-domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Lower-case name.
    pub host: Box<str>,
    /// Whose it is.
    pub owner: Box<str>,
    /// Country of the owner's seat, ISO 3166.
    pub country: Option<Box<str>>,
    /// The device maker's group that it belongs to, `None` for a third party.
    pub vendor: Option<Box<str>>,
    /// Id of its [`Purpose`].
    pub purpose: Box<str>,
    /// Region that it serves: `cn`, `eu`, `in`, `ru`, `us`, `apac`, `intl`.
    pub region: Option<Box<str>>,
    /// A test or preview server: a finding of its own when shipped.
    pub staging: bool,
    /// A remark for people.
    pub note: Option<Box<str>>,
}

/// An address or a range of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// As the file writes it.
    pub cidr: Box<str>,
    /// Whose it is, when known.
    pub owner: Option<Box<str>>,
    /// Country of the owner's seat, ISO 3166.
    pub country: Option<Box<str>>,
    /// The device maker's group that it belongs to.
    pub vendor: Option<Box<str>>,
    /// Id of its [`Purpose`].
    pub purpose: Box<str>,
    /// A remark for people.
    pub note: Option<Box<str>>,
}

/// A host that code names without contacting it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documentation {
    /// Lower-case name.
    pub host: Box<str>,
    /// Why it is set aside.
    pub reason: Box<str>,
}

/// The table of hosts.
#[derive(Debug, Default)]
pub struct Hosts {
    hosts: Vec<Host>,
    by_name: FxHashMap<Box<str>, usize>,
    addresses: Vec<Address>,
    /// By prefix length and masked address, so that a range is one look-up per length in use.
    by_range: FxHashMap<(u8, bool, u128), usize>,
    /// Prefix lengths in use, longest first; `true` for IPv4.
    ranges: Vec<(u8, bool)>,
    purposes: FxHashMap<Box<str>, Purpose>,
    documentation: FxHashMap<Box<str>, Documentation>,
}

impl Hosts {
    /// The row for a lower-case host name: itself, else its nearest parent that is listed.
    pub fn lookup(&self, host: &str) -> Option<&Host> {
        self.hosts
            .get(*parents(host).find_map(|name| self.by_name.get(name))?)
    }

    /// The row for an address: the narrowest range that holds it. IPv4-mapped IPv6 counts as IPv4.
    pub fn address(&self, address: IpAddr) -> Option<&Address> {
        let (bits, v4) = bits(address.to_canonical());
        let row = self
            .ranges
            .iter()
            .filter(|(_, range_v4)| *range_v4 == v4)
            .find_map(|(length, _)| self.by_range.get(&(*length, v4, masked(bits, *length, v4))))?;
        self.addresses.get(*row)
    }

    /// Why a lower-case host is set aside as documentation or schema, when it is.
    pub fn documentation(&self, host: &str) -> Option<&Documentation> {
        parents(host).find_map(|name| self.documentation.get(name))
    }

    /// A purpose by id.
    pub fn purpose(&self, id: &str) -> Option<&Purpose> {
        self.purposes.get(id)
    }

    /// All purposes, by id.
    pub fn purposes(&self) -> Vec<&Purpose> {
        let mut all: Vec<&Purpose> = self.purposes.values().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// All hosts, in the order of the files.
    pub fn rows(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter()
    }

    /// All addresses, in the order of the files.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.addresses.iter()
    }

    /// All documentation hosts, by name.
    pub fn documentation_hosts(&self) -> Vec<&Documentation> {
        let mut all: Vec<&Documentation> = self.documentation.values().collect();
        all.sort_by(|a, b| a.host.cmp(&b.host));
        all
    }

    pub(super) fn add(&mut self, file: HostFile) {
        for row in file.purpose {
            let purpose = Purpose {
                id: row.id.into(),
                title: row.title.into(),
                class: row.class,
            };
            self.purposes.insert(purpose.id.clone(), purpose);
        }
        let pick = |own: Option<String>, file: &Option<String>| -> Option<Box<str>> {
            own.or_else(|| file.clone())
                .filter(|text| !text.is_empty())
                .map(Into::into)
        };
        for row in file.hosts {
            let host = Host {
                host: row.host.into(),
                owner: pick(row.owner, &file.owner).unwrap_or_default(),
                country: pick(row.country, &file.country),
                vendor: pick(row.vendor, &file.vendor),
                purpose: row.purpose.into(),
                region: row.region.map(Into::into),
                staging: row.staging,
                note: row.note.map(Into::into),
            };
            match self
                .by_name
                .get(&host.host)
                .and_then(|at| self.hosts.get_mut(*at))
            {
                Some(old) => *old = host,
                None => {
                    self.by_name.insert(host.host.clone(), self.hosts.len());
                    self.hosts.push(host);
                }
            }
        }
        for row in file.addresses {
            let Some((bits, length, v4)) = range(&row.cidr) else {
                continue;
            };
            let address = Address {
                cidr: row.cidr.into(),
                owner: pick(row.owner, &file.owner),
                country: pick(row.country, &file.country),
                vendor: pick(row.vendor, &file.vendor),
                purpose: row.purpose.into(),
                note: row.note.map(Into::into),
            };
            let key = (length, v4, masked(bits, length, v4));
            match self.by_range.get(&key).and_then(|at| self.addresses.get_mut(*at)) {
                Some(old) => *old = address,
                None => {
                    self.by_range.insert(key, self.addresses.len());
                    self.addresses.push(address);
                }
            }
            if !self.ranges.contains(&(length, v4)) {
                self.ranges.push((length, v4));
                self.ranges.sort_unstable_by(|a, b| b.cmp(a));
            }
        }
        for row in file.documentation {
            let row = Documentation {
                host: row.host.into(),
                reason: row.reason.into(),
            };
            self.documentation.insert(row.host.clone(), row);
        }
    }
}

/// The name itself and each parent, nearest first. A trailing dot (the DNS root) is not part of it.
pub(super) fn parents(host: &str) -> impl Iterator<Item = &str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, parent)| parent))
}

/// Reads `1.2.3.4`, `1.2.3.0/24`, `2001:db8::/32`.
pub(super) fn range(text: &str) -> Option<(u128, u8, bool)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let (bits, v4) = bits(address.parse().ok()?);
    let whole = if v4 { 32 } else { 128 };
    let length = length.unwrap_or(whole);
    (length <= whole).then_some((bits, length, v4))
}

fn bits(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), true),
        IpAddr::V6(address) => (address.to_bits(), false),
    }
}

/// The first `length` bits, the others zero.
fn masked(bits: u128, length: u8, v4: bool) -> u128 {
    let whole: u32 = if v4 { 32 } else { 128 };
    let rest = whole.saturating_sub(u32::from(length));
    bits.checked_shr(rest)
        .and_then(|kept| kept.checked_shl(rest))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Hosts {
        let mut hosts = Hosts::default();
        hosts.add(toml::from_str(text).unwrap());
        hosts
    }

    #[test]
    fn the_nearest_listed_parent_decides() {
        let hosts = table(
            r#"
            owner = "Maker"
            vendor = "Maker"
            hosts = [
              { host = "maker.example", purpose = "service" },
              { host = "ads.maker.example", purpose = "ads", vendor = "", owner = "Other" },
            ]"#,
        );
        let find = |name: &str| hosts.lookup(name).map(|row| (&*row.owner, row.vendor.as_deref()));
        assert_eq!(find("www.maker.example"), Some(("Maker", Some("Maker"))));
        assert_eq!(find("a.b.ads.maker.example."), Some(("Other", None)));
        assert_eq!(find("othermaker.example"), None);
        assert_eq!(find(""), None);
    }

    #[test]
    fn the_narrowest_range_decides() {
        let hosts = table(
            r#"
            addresses = [
              { cidr = "42.62.48.0/24", purpose = "range" },
              { cidr = "42.62.48.7", purpose = "one" },
              { cidr = "2001:db8::/32", purpose = "six" },
            ]"#,
        );
        let find = |text: &str| hosts.address(text.parse().unwrap()).map(|row| &*row.purpose);
        assert_eq!(find("42.62.48.9"), Some("range"));
        assert_eq!(find("42.62.48.7"), Some("one"));
        assert_eq!(find("::ffff:42.62.48.7"), Some("one"));
        assert_eq!(find("42.62.49.7"), None);
        assert_eq!(find("2001:db8::1"), Some("six"));
    }

    #[test]
    fn a_range_longer_than_its_address_is_none() {
        assert_eq!(range("1.2.3.4/33"), None);
        assert_eq!(range("1.2.3/8"), None);
        assert_eq!(range("1.2.3.4"), Some((0x0102_0304, 32, true)));
        assert_eq!(masked(u128::MAX, 0, false), 0);
    }
}
