//! CRC-32C, and the checksums that metadata carries.
//!
//! Spec: kernel documentation, `filesystems/ext4/checksums.rst`; RFC 3720, appendix B.4 (polynomial
//! 0x1EDC6F41, reflected). ext4 starts with all ones as usual, and does not invert the result.

use std::sync::LazyLock;

/// CRC-32C of nothing.
pub(super) const START: u32 = u32::MAX;

/// The effect of each byte on the remainder, when 0 to 7 bytes follow it: eight are taken at once
/// ("slicing by 8", Kounavis and Berry, 2005).
static TABLES: LazyLock<[[u32; 256]; 8]> = LazyLock::new(|| {
    let mut table = numbers().map(|byte| {
        (0..8).fold(byte, |crc, _| {
            let carry = if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
            (crc >> 1) ^ carry
        })
    });
    let first = table;
    [(); 8].map(|()| {
        let done = table;
        table = table.map(|crc| (crc >> 8) ^ effect(&first, crc));
        done
    })
});

/// 0 to 255.
fn numbers() -> [u32; 256] {
    let mut next = 0_u32;
    [(); 256].map(|()| {
        let number = next;
        next = next.saturating_add(1);
        number
    })
}

/// What a table has for the lowest byte of `index`.
fn effect(table: &[u32; 256], index: u32) -> u32 {
    let [low, ..] = index.to_le_bytes();
    table.get(usize::from(low)).copied().unwrap_or(0)
}

/// Goes on from `crc` over `bytes`.
pub(super) fn crc32c(crc: u32, bytes: &[u8]) -> u32 {
    let [t0, t1, t2, t3, t4, t5, t6, t7] = &*TABLES;
    let (eights, rest) = bytes.as_chunks::<8>();
    let crc = eights.iter().fold(crc, |crc, eight| {
        let [a, b, c, d, e, f, g, h] = *eight;
        let low = crc ^ u32::from_le_bytes([a, b, c, d]);
        let high = u32::from_le_bytes([e, f, g, h]);
        effect(t7, low)
            ^ effect(t6, low >> 8)
            ^ effect(t5, low >> 16)
            ^ effect(t4, low >> 24)
            ^ effect(t3, high)
            ^ effect(t2, high >> 8)
            ^ effect(t1, high >> 16)
            ^ effect(t0, high >> 24)
    });
    rest.iter()
        .fold(crc, |crc, byte| (crc >> 8) ^ effect(t0, crc ^ u32::from(*byte)))
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
