//! The file that Dalvik's optimiser writes around a dex.
//!
//! Spec: AOSP `dalvik/libdex/DexFile.h`, `DexOptHeader`.

use crate::bytes::{Cursor, Gap, wide};

use super::size;

/// The dex inside an odex: `DexOptHeader`, version 036, whose fields are magic, `dexOffset`, `dexLength`
/// and then those of the optimiser's own data. What is around the dex is not read.
pub(super) fn inner(data: &[u8]) -> Result<Inner<'_>, Gap> {
    const ODEX: &str = "odex";
    let mut c = Cursor::new(ODEX, data);
    let magic: [u8; 8] = c.array("magic")?;
    let [.., a, b, d, e] = magic;
    let version = (magic != *b"dey\n036\0")
        .then(|| Gap::invalid(ODEX, 4, "version", u64::from(u32::from_le_bytes([a, b, d, e]))));
    let off = c.u32("dex_offset")?;
    let len = c.u32("dex_length")?;
    let Some(rest) = data.get(size(off)..).filter(|rest| !rest.is_empty()) else {
        return Err(Gap::invalid(ODEX, 8, "dex_offset", u64::from(off)));
    };
    let at = size(off);
    Ok(match rest.get(..size(len)) {
        Some(dex) => Inner {
            dex,
            at,
            gap: version,
        },
        None => Inner {
            dex: rest,
            at,
            gap: Some(Gap::truncated(
                ODEX,
                12,
                "dex_length",
                u64::from(len),
                wide(rest.len()),
            )),
        },
    })
}

/// What an odex holds.
pub(super) struct Inner<'a> {
    pub(super) dex: &'a [u8],
    /// Bytes from the start of the odex.
    pub(super) at: usize,
    pub(super) gap: Option<Gap>,
}
