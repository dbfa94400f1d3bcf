//! Certificates that signed a package.
//!
//! Spec: the JAR specification, "Signed JAR File" (scheme 1: PKCS #7, RFC 5652, in `META-INF/`), and
//! AOSP `source.android.com/docs/security/features/apksigning` v2, v3 and v3.1 (the APK Signing Block
//! before the central directory). Signatures are not verified: what counts is who claims to have
//! signed, the device has checked that.

mod block;
mod der;
mod pkcs7;

use der::Der;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use x509_cert::der::Decode;
use x509_cert::name::Name;

use crate::bytes::{Blob, Gap};

const FORMAT: &str = "signature";
/// Signers taken from one scheme, `MAX_APK_SIGNERS` of the platform.
const MAX_SIGNERS: usize = 10;

/// The certificate of a signer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Certificate {
    /// Signature scheme: 1, 2, 3 or 31.
    pub scheme: u8,
    /// Subject, RFC 4514; empty where it cannot be read.
    pub subject: String,
    /// SHA-256 of the certificate, lower-case hexadecimal.
    pub sha256: String,
    /// SHA-1 of the certificate, lower-case hexadecimal: public lists use it.
    pub sha1: String,
}

/// The certificates of a package, by scheme, each once.
#[derive(Debug, Clone, Default)]
pub struct Signers {
    /// In the order of schemes, then of signers.
    pub certificates: Vec<Certificate>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl Signers {
    fn add(&mut self, scheme: u8, at: u64, der: &[u8]) {
        let certificate = certificate(scheme, der).unwrap_or_else(|bare| {
            self.gaps.push(Gap::invalid(FORMAT, at, "certificate", 0));
            bare
        });
        if !self.certificates.contains(&certificate) {
            self.certificates.push(certificate);
        }
    }
}

/// Whether an entry of a package holds a scheme 1 signature: `META-INF/*.RSA`, `.DSA`, `.EC`.
pub fn is_v1_entry(name: &str) -> bool {
    let Some(file) = name.strip_prefix("META-INF/").filter(|f| !f.contains('/')) else {
        return false;
    };
    let Some((_, ending)) = file.rsplit_once('.') else {
        return false;
    };
    ["RSA", "DSA", "EC"]
        .iter()
        .any(|e| ending.eq_ignore_ascii_case(e))
}

/// The certificates that signed a package. `directory` is the offset in bytes of its central
/// directory, looked for where it is not given; `v1` are the contents of its
/// [scheme 1 entries](is_v1_entry), in order. A package without any signature has none, and no gap.
pub fn signers(apk: &Blob, directory: Option<u64>, v1: &[&[u8]]) -> Signers {
    let mut out = Signers::default();
    for file in v1.iter().take(MAX_SIGNERS) {
        match pkcs7::signers(file) {
            Some(found) => found.iter().take(MAX_SIGNERS).for_each(|der| out.add(1, 0, der)),
            None => out.gaps.push(Gap::invalid(FORMAT, 0, "PKCS #7 signed data", 0)),
        }
    }
    if v1.len() > MAX_SIGNERS {
        out.gaps.push(too_many("scheme 1 signatures", v1.len()));
    }
    block::signers(apk, directory, &mut out);
    out
}

fn too_many(what: &'static str, got: usize) -> Gap {
    let wide = |n| u64::try_from(n).unwrap_or(u64::MAX);
    Gap::over(FORMAT, 0, what, wide(got), wide(MAX_SIGNERS), "")
}

/// Describes a certificate; one whose subject cannot be read still has its digests.
fn certificate(scheme: u8, der: &[u8]) -> Result<Certificate, Certificate> {
    let mut out = Certificate {
        scheme,
        subject: String::new(),
        sha256: hex(&Sha256::digest(der)),
        sha1: hex(&Sha1::digest(der)),
    };
    match Tbs::read(der).and_then(|tbs| Name::from_der(tbs.subject).ok()) {
        Some(name) => {
            out.subject = name.to_string();
            Ok(out)
        }
        None => Err(out),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('?');
    bytes
        .iter()
        .flat_map(|b| [digit(b >> 4), digit(b & 0xf)])
        .collect()
}

/// The parts of a `TBSCertificate` (RFC 5280, 4.1) that are of use, as they are encoded.
struct Tbs<'a> {
    serial: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
}

impl<'a> Tbs<'a> {
    fn read(certificate: &'a [u8]) -> Option<Self> {
        let mut tbs = Der::new(Der::new(certificate).expect(der::SEQUENCE)?.body)
            .expect(der::SEQUENCE)?
            .fields();
        let first = tbs.next()?;
        // The version is explicit from v2 on.
        let serial = if first.tag == der::CONTEXT_0 {
            tbs.expect(der::INTEGER)?
        } else {
            first
        };
        tbs.expect(der::SEQUENCE)?; // signature algorithm
        let issuer = tbs.expect(der::SEQUENCE)?;
        tbs.expect(der::SEQUENCE)?; // validity
        let subject = tbs.expect(der::SEQUENCE)?;
        Some(Self {
            serial: serial.body,
            issuer: issuer.whole,
            subject: subject.whole,
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::arithmetic_side_effects,
        reason = "lengths of a certificate built here"
    )]

    use super::*;
    use proptest::prelude::*;

    fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        match body.len() {
            n @ 0..0x80 => out.push(u8::try_from(n).unwrap()),
            n => {
                out.push(0x82);
                out.extend(u16::try_from(n).unwrap().to_be_bytes());
            }
        }
        out.extend(body);
        out
    }

    fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
        tlv(0x30, &parts.concat())
    }

    fn common_name(name: &str) -> Vec<u8> {
        let oid = tlv(6, &[0x55, 4, 3]);
        seq(&[tlv(0x31, &seq(&[oid, tlv(0x0c, name.as_bytes())]))])
    }

    /// Certificate `serial` for `name`, issued by itself.
    fn x509(name: &str, serial: u8) -> Vec<u8> {
        let version = tlv(0xa0, &tlv(2, &[2]));
        let name = common_name(name);
        let tbs = [
            version,
            tlv(2, &[serial]),
            seq(&[]),
            name.clone(),
            seq(&[]),
            name,
            seq(&[]),
        ];
        seq(&[seq(&tbs), seq(&[]), tlv(3, &[0])])
    }

    fn pkcs7(certificates: &[Vec<u8>], signer: &str, serial: u8) -> Vec<u8> {
        let oid = tlv(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2]);
        let sid = seq(&[common_name(signer), tlv(2, &[serial])]);
        let infos = tlv(0x31, &seq(&[tlv(2, &[1]), sid]));
        let data = seq(&[
            tlv(2, &[1]),
            tlv(0x31, &[]),
            seq(&[]),
            tlv(0xa0, &certificates.concat()),
            infos,
        ]);
        seq(&[oid, tlv(0xa0, &data)])
    }

    fn sized(data: &[u8]) -> Vec<u8> {
        [&u32::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
    }

    /// An empty archive with a signing block of these pairs.
    fn apk(pairs: &[(u32, Vec<u8>)]) -> Vec<u8> {
        let mut block = Vec::new();
        for (id, value) in pairs {
            block.extend(u64::try_from(value.len() + 4).unwrap().to_le_bytes());
            block.extend(id.to_le_bytes());
            block.extend(value);
        }
        let size = u64::try_from(block.len() + 24).unwrap().to_le_bytes();
        let mut out = b"PK\x03\x04".to_vec();
        out.extend(size);
        out.extend(block);
        out.extend(size);
        out.extend(b"APK Sig Block 42");
        let directory = u32::try_from(out.len()).unwrap();
        out.extend(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0");
        out.extend(directory.to_le_bytes());
        out.extend([0, 0]);
        out
    }

    fn v2(certificate: &[u8]) -> Vec<u8> {
        let signed = [sized(&[]), sized(&sized(certificate)), sized(&[])].concat();
        sized(&sized(&[sized(&signed), sized(&[]), sized(&[])].concat()))
    }

    #[test]
    fn the_signer_is_named_and_not_its_issuers() {
        let file = pkcs7(&[x509("root", 1), x509("maker", 2)], "maker", 2);
        let found = signers(&Blob::from(Vec::new()), None, &[&file]);
        assert_eq!(found.certificates.len(), 1);
        let c = &found.certificates[0];
        assert_eq!((c.scheme, c.subject.as_str()), (1, "CN=maker"));
        assert_eq!(c.sha256, hex(&Sha256::digest(x509("maker", 2))));
        assert!(found.gaps.is_empty());
    }

    #[test]
    fn each_scheme_of_the_signing_block_is_read() {
        let file = apk(&[
            (0x4272_6577, vec![0; 30]),
            (0x7109_871a, v2(&x509("a", 1))),
            (0xf053_68c0, v2(&x509("b", 1))),
            (0x1b93_ad61, v2(&x509("c", 1))),
        ]);
        let found = signers(&Blob::from(file), None, &[]);
        let named: Vec<_> = found
            .certificates
            .iter()
            .map(|c| (c.scheme, c.subject.as_str()))
            .collect();
        assert_eq!(named, [(2, "CN=a"), (3, "CN=b"), (31, "CN=c")]);
        assert!(found.gaps.is_empty());
    }

    #[test]
    fn a_certificate_that_cannot_be_read_keeps_its_digests() {
        let found = signers(&Blob::from(apk(&[(0x7109_871a, v2(b"junk"))])), None, &[]);
        assert_eq!(found.certificates[0].sha1, hex(&Sha1::digest(b"junk")));
        assert_eq!(
            found.gaps[0].to_string(),
            "signature: certificate at 0x18: invalid value 0x0"
        );
    }

    #[test]
    fn only_signature_files_right_in_the_folder_count() {
        assert!(is_v1_entry("META-INF/CERT.RSA"));
        assert!(is_v1_entry("META-INF/a.ec"));
        assert!(!is_v1_entry("META-INF/sub/CERT.RSA"));
        assert!(!is_v1_entry("META-INF/CERT.SF"));
    }

    proptest! {
        #[test]
        fn no_flip_and_no_cut_panics(at in 0_usize..600, bit in 0_u8..8, cut in 0_usize..600) {
            let mut block = apk(&[(0x7109_871a, v2(&x509("a", 1)))]);
            let mut file = pkcs7(&[x509("a", 1)], "a", 1);
            for bytes in [&mut block, &mut file] {
                if let Some(b) = bytes.get_mut(at) {
                    *b ^= 1 << bit;
                }
                bytes.truncate(bytes.len().saturating_sub(cut / 8));
            }
            signers(&Blob::from(block), None, &[&file]);
        }

        #[test]
        fn no_bytes_panic(data: Vec<u8>) {
            signers(&Blob::from(data.clone()), Some(30), &[&data]);
            let _ = certificate(1, &data);
        }
    }
}
