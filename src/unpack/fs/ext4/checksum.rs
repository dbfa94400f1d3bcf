//! CRC-32C, and the checksums that metadata carries.
//!
//! Spec: kernel documentation, `filesystems/ext4/checksums.rst`; RFC 3720, appendix B.4 (polynomial
//! 0x1EDC6F41, reflected). ext4 starts with all ones as usual, and does not invert the result.

use std::sync::LazyLock;

/// CRC-32C of nothing.
pub(super) const START: u32 = u32::MAX;

/// The effect of each byte.
static TABLE: LazyLock<[u32; 256]> = LazyLock::new(|| {
    let mut next = 0_u32;
    [(); 256].map(|()| {
        let byte = next;
        next = next.saturating_add(1);
        (0..8).fold(byte, |crc, _| {
            let carry = if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
            (crc >> 1) ^ carry
        })
    })
});

/// Goes on from `crc` over `bytes`.
pub(super) fn crc32c(crc: u32, bytes: &[u8]) -> u32 {
    let table = &*TABLE;
    bytes.iter().fold(crc, |crc, byte| {
        let [low, ..] = crc.to_le_bytes();
        let step = table.get(usize::from(low ^ byte)).copied().unwrap_or(0);
        (crc >> 8) ^ step
    })
}

/// The superblock's, `s_checksum`: over all that is before it.
pub(super) fn superblock(raw: &[u8]) -> u32 {
    crc32c(START, raw.get(..0x3fc).unwrap_or_default())
}

/// A group descriptor's, the lower half of it: `bg_checksum` at 0x1e counts as zero.
pub(super) fn descriptor(seed: u32, group: u32, raw: &[u8]) -> u16 {
    let crc = crc32c(seed, &group.to_le_bytes());
    let crc = crc32c(crc, raw.get(..0x1e).unwrap_or_default());
    let crc = crc32c(crc, &[0, 0]);
    low(crc32c(crc, raw.get(0x20..).unwrap_or_default()))
}

/// What the checksums of one inode, and of its directory and extent blocks, start with.
pub(super) fn inode_seed(seed: u32, number: u32, generation: u32) -> u32 {
    crc32c(crc32c(seed, &number.to_le_bytes()), &generation.to_le_bytes())
}

/// An inode's: computed, and written. `i_checksum_lo` at 0x7c and `i_checksum_hi` at 0x82 count as zero;
/// where the inode has no room for the latter, only half of it was written.
pub(super) fn inode(seed: u32, raw: &[u8]) -> (u32, u32) {
    let half = |at: usize| raw.get(at..).and_then(|rest| rest.first_chunk()).copied();
    let number = |at| half(at).map_or(0, |bytes| u32::from(u16::from_le_bytes(bytes)));
    let part = |range| raw.get(range).unwrap_or_default();
    let crc = crc32c(seed, part(0..0x7c));
    let crc = crc32c(crc32c(crc, &[0, 0]), part(0x7e..0x80));
    let crc = crc32c(crc, part(0x80..raw.len().min(0x82)));
    if raw.len() > 0x80 && number(0x80) >= 4 {
        let crc = crc32c(crc32c(crc, &[0, 0]), part(0x84..raw.len()));
        return (crc, number(0x7c) | (number(0x82) << 16));
    }
    let crc = crc32c(crc, raw.get(0x82..).unwrap_or_default());
    (u32::from(low(crc)), number(0x7c))
}

fn low(crc: u32) -> u16 {
    let [a, b, ..] = crc.to_le_bytes();
    u16::from_le_bytes([a, b])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_standard_comes_out() {
        assert_eq!(!crc32c(START, b"123456789"), 0xe306_9283);
    }
}
