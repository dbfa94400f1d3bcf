//! Grammars of the words in signature files.

/// ISO 3166-1 alpha-2 codes, as of 2024.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO \
    BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG \
    EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID \
    IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA \
    MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA \
    PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST \
    SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE \
    YT ZA ZM ZW";

/// A country by its two-letter code.
pub(super) fn is_country(text: &str) -> bool {
    COUNTRIES.split_ascii_whitespace().any(|code| code == text)
}

/// A lower-case host name: RFC 1035 section 2.3.4 for the sizes; `_` is met in the wild.
pub(in crate::rule) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// Letters, digits and `_`, as members, packages and classes are made of; `$`, `-` and letters beyond
/// ASCII are allowed by the dex format (section "SimpleName").
fn is_simple_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'))
}

/// A class descriptor, `Ljava/net/URL;`.
pub(super) fn is_class(text: &str) -> bool {
    let inner = text.strip_prefix('L').and_then(|rest| rest.strip_suffix(';'));
    inner.is_some_and(|path| path.split('/').all(is_simple_name))
}

/// A member's name, `<init>` included.
pub(super) fn is_member(text: &str) -> bool {
    is_simple_name(text) || text == "<init>" || text == "<clinit>"
}

/// How a class descriptor ends, from any place in it: `Settings$Secure;`, `/SystemProperties;`.
pub(super) fn is_class_end(text: &str) -> bool {
    let inner = text.strip_suffix(';').unwrap_or_default();
    inner
        .strip_prefix('/')
        .unwrap_or(inner)
        .split('/')
        .all(is_simple_name)
}

/// A member's name, or how it starts: `get*`.
pub(super) fn is_member_start(text: &str) -> bool {
    is_member(text.strip_suffix('*').unwrap_or(text))
}

/// A type descriptor with its dimensions.
fn type_length(text: &str) -> Option<usize> {
    let dimensions = text.bytes().take_while(|byte| *byte == b'[').count();
    let rest = text.get(dimensions..)?;
    let length = if rest.starts_with('L') {
        let end = rest.find(';')?.saturating_add(1);
        is_class(rest.get(..end)?).then_some(end)?
    } else {
        rest.starts_with(['Z', 'B', 'S', 'C', 'I', 'J', 'F', 'D'])
            .then_some(1)?
    };
    Some(dimensions.saturating_add(length))
}

/// A method descriptor, `(ILjava/lang/String;)V`, or a field's type.
pub(super) fn is_descriptor(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('(') else {
        return type_length(text) == Some(text.len());
    };
    let Some((mut parameters, result)) = inner.split_once(')') else {
        return false;
    };
    while let Some(length) = type_length(parameters) {
        parameters = parameters.get(length..).unwrap_or_default();
    }
    parameters.is_empty() && (result == "V" || type_length(result) == Some(result.len()))
}

/// A package name, `com.adups.fota`.
pub(super) fn is_package(text: &str) -> bool {
    text.split('.').all(is_simple_name)
}

/// A package or class with dots, a package may end in one.
pub(in crate::rule) fn is_prefix(text: &str) -> bool {
    is_package(text.strip_suffix('.').unwrap_or(text))
}

/// A word of a closed list: lower-case letters, digits, `-` and `_`.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

/// A SHA-1 in lower-case hexadecimal.
pub(super) fn is_sha1(text: &str) -> bool {
    text.len() == 40
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// A severity.
pub(super) fn is_severity(text: &str) -> bool {
    matches!(text, "low" | "medium" | "high" | "critical")
}

/// A region that a host serves.
pub(super) fn is_region(text: &str) -> bool {
    matches!(text, "cn" | "intl" | "eu" | "us" | "in" | "ru" | "apac")
}

/// A name of a native library; `*` stands for any text.
pub(super) fn is_library(text: &str) -> bool {
    text.starts_with("lib") && text.ends_with(".so") && !text.contains('/')
}

/// Text with something in it and no line break.
pub(super) fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(['\n', '\r'])
}

/// A content URI.
pub(super) fn is_content_uri(text: &str) -> bool {
    text.strip_prefix("content://")
        .is_some_and(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_told_from_look_alikes() {
        for good in [
            "()V",
            "(I[JLjava/lang/String;)[[Ljava/lang/Object;",
            "I",
            "[Ljava/lang/String;",
        ] {
            assert!(is_descriptor(good), "{good}");
        }
        for bad in [
            "",
            "()",
            "(V)V",
            "(Ljava/lang/String)V",
            "()VV",
            "X",
            "Ljava.lang.String;",
            "[",
            "II",
        ] {
            assert!(!is_descriptor(bad), "{bad}");
        }
    }

    #[test]
    fn names_are_told_from_look_alikes() {
        assert!(is_class("La/b$c;") && !is_class("a/b") && !is_class("La.b;") && !is_class("L;"));
        assert!(is_host("a-b.c_d.example") && !is_host("A.b") && !is_host("localhost") && !is_host("a..b"));
        assert!(!is_host("http://a.b") && !is_host("-a.b") && !is_host("a.b."));
        assert!(is_country("CN") && !is_country("UK") && !is_country("cn"));
        assert!(is_prefix("com.a.") && is_prefix("com.a.B") && !is_prefix("com..a") && !is_prefix("."));
    }
}
