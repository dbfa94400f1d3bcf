//! Protection levels in words.
//!
//! Spec: AOSP `core/java/android/content/pm/PermissionInfo.java`, `PROTECTION_*`; the words are those
//! of the attribute in `attrs_manifest.xml`.

/// The base level, in the low four bits. `signatureOrSystem` is the old way to say the third.
const BASE: &[&str] = &[
    "normal",
    "dangerous",
    "signature",
    "signature|privileged",
    "internal",
];

const FLAGS: &[(u32, &str)] = &[
    (0x10, "privileged"),
    (0x20, "development"),
    (0x40, "appop"),
    (0x80, "pre23"),
    (0x100, "installer"),
    (0x200, "verifier"),
    (0x400, "preinstalled"),
    (0x800, "setup"),
    (0x1000, "instant"),
    (0x2000, "runtime"),
    (0x4000, "oem"),
    (0x8000, "vendorPrivileged"),
    (0x1_0000, "textClassifier"),
    (0x2_0000, "wellbeing"),
    (0x4_0000, "documenter"),
    (0x8_0000, "configurator"),
    (0x10_0000, "incidentReportApprover"),
    (0x20_0000, "appPredictor"),
    (0x40_0000, "module"),
    (0x80_0000, "companion"),
    (0x100_0000, "retailDemo"),
    (0x200_0000, "recents"),
    (0x400_0000, "role"),
    (0x800_0000, "knownSigner"),
];

/// A protection level as the attribute is written: `signature|privileged|development`.
pub(super) fn level(bits: u32) -> String {
    let mut words = Vec::new();
    match usize::try_from(bits & 0xf).ok().and_then(|i| BASE.get(i)) {
        Some(base) => words.push((*base).to_owned()),
        None => words.push(format!("0x{:x}", bits & 0xf)),
    }
    let mut rest = bits & !0xf;
    for (bit, word) in FLAGS {
        if rest & bit != 0 {
            rest &= !bit;
            // `signatureOrSystem` with the flag said twice.
            if !(*bit == 0x10 && bits & 0xf == 3) {
                words.push((*word).to_owned());
            }
        }
    }
    if rest != 0 {
        words.push(format!("0x{rest:x}"));
    }
    words.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_reads_as_it_is_written() {
        assert_eq!(level(0), "normal");
        assert_eq!(level(3), "signature|privileged");
        assert_eq!(level(0x12), "signature|privileged");
        assert_eq!(level(0x1000 | 1), "dangerous|instant");
        assert_eq!(level(0x8000_0002), "signature|0x80000000");
        assert_eq!(level(9), "0x9");
    }
}
