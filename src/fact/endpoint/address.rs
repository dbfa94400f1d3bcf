//! Which addresses lead out, and which only exist inside a network or a device.

use std::net::IpAddr;

/// How far an address reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Anywhere.
    Public,
    /// Inside one network: RFC 1918, RFC 6598, RFC 4193, link-local.
    Private,
    /// Nowhere: loopback, unspecified, multicast, broadcast, masks, documentation (RFC 5737).
    Nowhere,
}

pub(super) fn reach(address: IpAddr) -> Reach {
    match address.to_canonical() {
        IpAddr::V4(a) => {
            let [first, second, ..] = a.octets();
            let special = a.is_loopback() || a.is_unspecified() || a.is_multicast() || a.is_documentation();
            if special || first == 0 || first >= 240 {
                Reach::Nowhere
            } else if a.is_private() || a.is_link_local() || first == 100 && (64..128).contains(&second) {
                Reach::Private
            } else {
                Reach::Public
            }
        }
        IpAddr::V6(a) => {
            let [first, second, ..] = a.segments();
            if a.is_loopback()
                || a.is_unspecified()
                || a.is_multicast()
                || (first, second) == (0x2001, 0x0db8)
            {
                Reach::Nowhere
            } else if a.is_unique_local() || a.is_unicast_link_local() {
                Reach::Private
            } else {
                Reach::Public
            }
        }
    }
}

/// Whether four numbers in a string, with nothing else to go by, are an address rather than a version
/// (`4.2.2.1`) or an object identifier (`2.5.29.15`): versions have small numbers.
pub(super) fn likely(text: &[u8]) -> bool {
    let mut octets = [0_u8; 4];
    let mut parts = text.split(|b| *b == b'.');
    for octet in &mut octets {
        let Some(value) = parts.next().and_then(decimal) else {
            return false;
        };
        *octet = value;
    }
    if parts.next().is_some() {
        return false;
    }
    let address = IpAddr::from(octets);
    match reach(address) {
        Reach::Nowhere => false,
        Reach::Private => octets.iter().any(|o| *o >= 100),
        Reach::Public => {
            let large = octets.iter().filter(|o| **o >= 40).count();
            let largest = octets.iter().copied().max().unwrap_or(0);
            let zeros = octets.iter().filter(|o| **o == 0).count();
            large >= 2 && largest >= 64 && zeros <= 1
                || largest >= 100
                    && zeros == 0
                    && large >= 1
                    && octets.iter().filter(|o| **o >= 20).count() >= 2
        }
    }
}

/// Whether the text is an IPv4 address at all: four numbers to 255 without leading zeros.
pub(super) fn is_ipv4(text: &[u8]) -> bool {
    let mut parts = text.split(|b| *b == b'.');
    (0..4).all(|_| parts.next().and_then(decimal).is_some()) && parts.next().is_none()
}

fn decimal(text: &[u8]) -> Option<u8> {
    if text.len() > 1 && text.first() == Some(&b'0') || text.len() > 3 {
        return None;
    }
    std::str::from_utf8(text)
        .ok()
        .filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?
        .parse()
        .ok()
}
