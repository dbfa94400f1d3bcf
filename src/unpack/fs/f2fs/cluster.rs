//! Compressed clusters.
//!
//! Up to 256 blocks of a file, in fewer: a header of 24 bytes (`compress_data`), and what one decoder makes
//! the whole cluster of. The checksum in it is not looked at, as the kernel reads a cluster all the same.

use crate::bytes::{Blob, Bytes, Cursor, Gap};
use crate::unpack::codec::{self, Codec};

use super::file::{Place, Run};
use super::{BLOCK, NAME, byte, wide};

/// Bytes of words that are reserved: four.
const RESERVED: usize = 16;

/// Decodes the cluster whose blocks are in these runs.
pub(super) fn decode(blob: &Blob, compression: (u8, u8), parts: &[Run]) -> Result<Bytes, Gap> {
    let (algorithm, log) = compression;
    let start = parts.first().map_or(0, |part| match part.place {
        Place::Packed(address) => byte(address.into()),
        _ => 0,
    });
    let codec = match algorithm {
        0 => Codec::Lzo,
        1 => Codec::Lz4,
        2 => Codec::Zstd,
        // 3 is LZO with runs of zeros, which is another bitstream.
        other => {
            return Err(Gap::unsupported(
                NAME,
                start,
                "i_compress_algorithm",
                other.into(),
            ));
        }
    };
    let mut stored = Vec::new();
    for part in parts {
        let Place::Packed(address) = part.place else {
            continue;
        };
        let at = byte(address.into());
        let len = byte(part.len.into());
        let bytes = blob.read(NAME, at..at.saturating_add(len))?;
        let have = wide(bytes.len());
        if have < len {
            return Err(Gap::truncated(NAME, at, "cluster", len, have));
        }
        stored.extend_from_slice(&bytes);
    }
    let mut c = Cursor::new(NAME, &stored);
    let len = c.u32("clen")?;
    c.u32("chksum")?;
    c.skip("reserved", RESERVED)?;
    let data = usize::try_from(len).ok().and_then(|len| c.rest().get(..len));
    let data = data.ok_or_else(|| Gap::invalid(NAME, start, "clen", len.into()))?;
    let size = BLOCK << log;
    let room = usize::try_from(size).unwrap_or(0);
    let cluster = codec::decode(codec, NAME, start, data, room)?;
    let have = wide(cluster.len());
    if have < size {
        return Err(Gap::truncated(NAME, start, "decoded cluster", size, have));
    }
    Ok(cluster)
}
