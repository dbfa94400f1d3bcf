//! Signatures: the bytes as a PKCS #7 file, and as a package with a signing block.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phonehome::artifact::cert::signers;
use phonehome::bytes::Blob;

fuzz_target!(|data: &[u8]| {
    let _ = signers(&Blob::from(Vec::new()), None, &[data]);
    let blob = Blob::from(data.to_vec());
    let _ = (signers(&blob, None, &[]), signers(&blob, Some(blob.len()), &[]));
});
