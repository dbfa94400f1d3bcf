//! Scheme 1: a PKCS #7 `SignedData` (RFC 5652, 5.1) with the signers' certificates.

use super::Tbs;
use super::der::{self, Der};

/// 1.2.840.113549.1.7.2, `id-signedData`.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// Certificates looked at in one file: chains are short, the search for a signer's is a product.
const MAX_CERTIFICATES: usize = 64;

/// The certificates of the signers, as they are encoded; all certificates where no signer's is found.
/// `None` when this is not signed data, or there is no certificate in it.
pub(super) fn signers(file: &[u8]) -> Option<Vec<&[u8]>> {
    let mut info = Der::new(file).expect(der::SEQUENCE)?.fields();
    if info.expect(der::OID)?.body != SIGNED_DATA {
        return None;
    }
    let mut data = info
        .expect(der::CONTEXT_0)?
        .fields()
        .expect(der::SEQUENCE)?
        .fields();
    data.expect(der::INTEGER)?; // version
    data.expect(der::SET)?; // digest algorithms
    data.expect(der::SEQUENCE)?; // content
    let certificates: Vec<&[u8]> = data
        .expect(der::CONTEXT_0)?
        .fields()
        .filter(|t| t.tag == der::SEQUENCE)
        .map(|t| t.whole)
        .take(MAX_CERTIFICATES)
        .collect();
    // Revocation lists, if any, come between.
    let infos = data.find(|t| t.tag == der::SET)?.fields();
    let mut found = Vec::new();
    for info in infos.take(MAX_CERTIFICATES) {
        let mut fields = info.fields();
        let sid = fields
            .expect(der::INTEGER)
            .and_then(|_| fields.expect(der::SEQUENCE));
        let Some(mut sid) = sid.map(|s| s.fields()) else {
            continue;
        };
        let (Some(issuer), Some(serial)) = (sid.expect(der::SEQUENCE), sid.expect(der::INTEGER)) else {
            continue;
        };
        found.extend(certificates.iter().copied().find(|c| {
            Tbs::read(c).is_some_and(|tbs| tbs.issuer == issuer.whole && tbs.serial == serial.body)
        }));
    }
    if found.is_empty() {
        found = certificates;
    }
    Some(found).filter(|f| !f.is_empty())
}
