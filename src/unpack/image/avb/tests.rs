//! Small vbmeta images, built here.

use super::descriptor::Hashtree;
use super::verify::Check;
use super::*;
use crate::unpack::leaf::Data;

/// A descriptor: its tag, fields and what follows them.
fn descriptor(tag: u64, parts: &[&[u8]]) -> Vec<u8> {
    let mut body = parts.concat();
    body.resize(body.len().next_multiple_of(8), 0);
    let mut out = tag.to_be_bytes().to_vec();
    out.extend(u64::try_from(body.len()).unwrap().to_be_bytes());
    out.extend(body);
    out
}

fn words(list: &[u64]) -> Vec<u8> {
    list.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn name32(text: &str) -> Vec<u8> {
    let mut out = text.as_bytes().to_vec();
    out.resize(32, 0);
    out
}

/// Partition name, salt and digest with their lengths before them.
fn named(algorithm: &str, name: &str, digest: &[u8]) -> Vec<u8> {
    let mut out = name32(algorithm);
    for len in [name.len(), 4, digest.len()] {
        out.extend(u32::try_from(len).unwrap().to_be_bytes());
    }
    out.extend([0; 64]);
    out.extend([name.as_bytes(), b"salt", digest].concat());
    out
}

fn vbmeta(descriptors: &[Vec<u8>]) -> Vec<u8> {
    let mut aux = descriptors.concat();
    let size = u64::try_from(aux.len()).unwrap();
    aux.resize(aux.len().next_multiple_of(64), 0);
    let mut out = b"AVB0\0\0\0\x01\0\0\0\x02".to_vec();
    out.extend(words(&[64, u64::try_from(aux.len()).unwrap()]));
    out.extend([0, 0, 0, 2]);
    out.extend(words(&[0, 32, 32, 32, 0, 0, 0, 0, 0, size, 7]));
    out.extend([0, 0, 0, 2, 0, 0, 0, 0]);
    out.extend(b"avbtool 1.3.0");
    out.resize(256, 0);
    let sum = both::<Sha256>(&out, &aux);
    out.extend(sum);
    out.extend([9; 32]);
    out.extend(aux);
    out
}

fn tiny() -> Vec<u8> {
    vbmeta(&[
        descriptor(0, &[&words(&[3, 4]), b"a.b\0c\nd=\0"]),
        descriptor(2, &[&words(&[9]), &named("sha256", "boot", &[1; 32])]),
        descriptor(4, &[&[0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 2], &[0; 64], b"dtbokk"]),
        descriptor(3, &[&[0, 0, 0, 1, 0, 0, 0, 4], b"x=y "]),
    ])
}

#[test]
fn properties_become_lines() {
    let listing = Avb.list(&Blob::from(tiny()), "", &Budget::default());
    let Data::Plain(blob) = &listing.entries[0].data else {
        panic!()
    };
    let text = blob.read("t", 0..999).unwrap();
    let expect = "avb.release=avbtool 1.3.0\navb.algorithm=SHA256_RSA4096\navb.flags=2\n\
                  avb.rollback_index=7\na.b=c d=\n";
    assert_eq!(str::from_utf8(&text).unwrap(), expect);
    assert!(listing.notices.is_empty());
}

#[test]
fn descriptors_are_read_and_a_changed_byte_is_odd() {
    let mut data = tiny();
    let got = Vbmeta::read(&Blob::from(data.clone()), 0).unwrap();
    assert_eq!((got.descriptors.len(), got.gaps.len()), (3, 0));
    let Descriptor::Chain {
        partition,
        public_key,
        ..
    } = &got.descriptors[1]
    else {
        panic!()
    };
    assert_eq!((&**partition, &**public_key), ("dtbo", &b"kk"[..]));
    data[123] = 3;
    let got = Vbmeta::read(&Blob::from(data), 0).unwrap();
    assert_eq!(got.flags, 3);
    assert_eq!(
        got.gaps[0].to_string(),
        "vbmeta: digest at 0x100: odd value 0x2, read as Android reads it"
    );
}

#[test]
fn a_footer_leads_to_the_vbmeta() {
    let mut data = b"an image".to_vec();
    data.resize(512, 0);
    data.extend(tiny());
    let size = u64::try_from(data.len() - 512).unwrap();
    data.resize(8192 - 64, 0);
    data.extend(b"AVBf\0\0\0\x01\0\0\0\0");
    data.extend(words(&[8, 512, size]));
    data.resize(8192, 0);
    let (got, len) = footer(&Blob::from(data.clone())).unwrap();
    assert_eq!((got.release.as_str(), len), ("avbtool 1.3.0", 8));
    for at in 8128..8168 {
        data[at] ^= 0x80;
        let _ = footer(&Blob::from(data.clone()));
        data[at] ^= 0x80;
    }
    assert!(footer(&Blob::from(data[1..].to_vec())).is_none());
}

#[test]
fn a_partition_is_compared_with_its_digest() {
    let image = Blob::from(b"0123456789".to_vec());
    let sum = Sha256::digest(b"salt012345678");
    let of = |algorithm: &str, digest: &[u8], size: u64| {
        let data = vbmeta(&[descriptor(
            2,
            &[&words(&[size]), &named(algorithm, "boot", digest)],
        )]);
        let vbmeta = Vbmeta::read(&Blob::from(data), 0).unwrap();
        vbmeta.descriptors[0].verify(&image)
    };
    assert_eq!(of("sha256", &sum, 9), Check::Same);
    assert_eq!(of("sha256", &sum, 10), Check::Differs);
    for (algorithm, digest, size) in [
        ("blake2b-256", &sum[..], 9),
        ("sha256", &[], 9),
        ("sha256", &sum, 11),
    ] {
        assert!(matches!(of(algorithm, digest, size), Check::NotChecked(_)));
    }
}

#[test]
fn a_tree_has_levels_until_there_is_one_block() {
    // Blocks of 512 bytes hold 16 digests: 20 blocks, two blocks of digests, one of these.
    let image: Vec<u8> = (0..20 * 512_u32)
        .map(|n| u8::try_from(n / 512).unwrap())
        .collect();
    let hash = |block: &[u8]| {
        let mut data = b"salt".to_vec();
        data.extend(block);
        data.resize(4 + 512, 0);
        Sha256::digest(&data).to_vec()
    };
    let leaves: Vec<u8> = image.chunks(512).flat_map(hash).collect();
    let level: Vec<u8> = leaves.chunks(512).flat_map(hash).collect();
    let tree = Hashtree {
        partition: String::new(),
        image_size: 20 * 512,
        tree_offset: 0,
        tree_size: 0,
        data_block_size: 512,
        hash_block_size: 512,
        algorithm: "sha256".into(),
        salt: b"salt".to_vec().into(),
        root_digest: hash(&level).into(),
    };
    let check = |tree: &Hashtree| Descriptor::Hashtree(tree.clone()).verify(&Blob::from(image.clone()));
    assert_eq!(check(&tree), Check::Same);
    for (blocks, root) in [
        (16, hash(&leaves[..512])),
        (1, hash(&image[..512])),
        (2, hash(&leaves[..64])),
    ] {
        let tree = Hashtree {
            image_size: blocks * 512,
            root_digest: root.into(),
            ..tree.clone()
        };
        assert_eq!(check(&tree), Check::Same, "{blocks} blocks");
    }
    let tree = Hashtree {
        data_block_size: 0,
        ..tree
    };
    assert!(matches!(check(&tree), Check::NotChecked(_)));
}

#[test]
fn an_input_is_compared_with_what_it_says_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let sum = Sha256::digest(b"saltan image");
    let data = vbmeta(&[
        descriptor(2, &[&words(&[8]), &named("sha256", "boot", &sum)]),
        descriptor(2, &[&words(&[8]), &named("sha256", "dtbo", &sum)]),
        descriptor(2, &[&words(&[8]), &named("sha256", "tz", &sum)]),
        descriptor(4, &[&[0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2], &[0; 64], b"tzkk"]),
    ]);
    for (name, bytes) in [
        ("vbmeta.img", &data[..]),
        ("boot.img", b"an image and more"),
        ("dtbo.img", b"An image"),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let claims = crate::unpack::verify(folder.path(), &Budget::default()).unwrap();
    let got: Vec<(&str, &str, &str)> = claims
        .iter()
        .map(|claim| {
            let check = match claim.check {
                Check::Same => "same",
                Check::Differs => "differs",
                Check::NotChecked(_) => "not checked",
            };
            (&*claim.about, claim.what, check)
        })
        .collect();
    let expect = [
        ("boot", "hash", "same"),
        ("dtbo", "hash", "differs"),
        ("tz", "hash", "not checked"),
        ("tz", "key", "not checked"),
        // Its key is not there.
        ("vbmeta", "signature", "not checked"),
    ];
    assert_eq!(got, expect);
}

#[test]
fn every_prefix_and_every_flip_is_survived() {
    let whole = tiny();
    for cut in 0..whole.len() {
        Avb.list(&Blob::from(whole[..cut].to_vec()), "", &Budget::default());
    }
    for at in 0..whole.len() {
        let mut data = whole.clone();
        data[at] ^= 0x80;
        Avb.list(&Blob::from(data), "", &Budget::default());
    }
}
