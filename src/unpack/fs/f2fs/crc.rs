//! CRC-32 as the kernel's `crc32_le`: any seed, nothing inverted. Four bytes at a time.

/// Of the reversed polynomial of IEEE 802.3: row `n` for a byte that `n` others follow.
const TABLE: [[u32; 256]; 4] = table();

#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "computed when the program is built, from no input"
)]
const fn table() -> [[u32; 256]; 4] {
    let mut table = [[0; 256]; 4];
    let mut n = 0;
    while n < 256 {
        let (mut crc, mut bit) = (n as u32, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ ((crc & 1) * 0xedb8_8320);
            bit += 1;
        }
        table[0][n] = crc;
        n += 1;
    }
    let mut row = 1;
    while row < 4 {
        n = 0;
        while n < 256 {
            let before = table[row - 1][n];
            table[row][n] = (before >> 8) ^ table[0][(before & 0xff) as usize];
            n += 1;
        }
        row += 1;
    }
    table
}

/// The checksum of `data`, going on from `seed`.
pub(super) fn crc32(seed: u32, data: &[u8]) -> u32 {
    let [one, two, three, four] = &TABLE;
    let look = |row: &[u32; 256], byte: u8| row.get(usize::from(byte)).copied().unwrap_or(0);
    let (words, rest) = data.as_chunks::<4>();
    let crc = words.iter().fold(seed, |crc, word| {
        let [a, b, c, d] = (crc ^ u32::from_le_bytes(*word)).to_le_bytes();
        look(four, a) ^ look(three, b) ^ look(two, c) ^ look(one, d)
    });
    rest.iter().fold(crc, |crc, byte| {
        let [low, ..] = (crc ^ u32::from(*byte)).to_le_bytes();
        (crc >> 8) ^ look(one, low)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_usual_one_but_for_the_inversion() {
        assert_eq!(!crc32(!0, b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(crc32(7, b"123"), b"456789"), crc32(7, b"123456789"));
    }
}
