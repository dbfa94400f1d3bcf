//! Patterns over places.

/// A pattern over logical names: `system:priv-app/**`, `**/fonts/**`, `*.apk`.
///
/// `?` is one character and `*` any number of them, but never a separator (`/`, `:`, `!`); `**` is
/// anything; `**/` is anything that ends at a separator, or nothing. A pattern matches the whole name.
///
/// Matching takes time proportional to name × pattern and no memory beyond the pattern's, whatever
/// the name holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Char(char),
    One,
    Some,
    All,
    /// `**/`: passes only at the start of the name or behind a separator.
    Folders,
}

impl Glob {
    /// Compiles a pattern; every text is one.
    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            parts.push(match c {
                '?' => Part::One,
                '*' if rest.next_if_eq(&'*').is_some() => {
                    while rest.next_if_eq(&'*').is_some() {}
                    if rest.next_if_eq(&'/').is_some() {
                        Part::Folders
                    } else {
                        Part::All
                    }
                }
                '*' => Part::Some,
                c => Part::Char(c),
            });
        }
        Self {
            text: text.to_owned(),
            parts,
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `name` matches.
    pub fn matches(&self, name: &str) -> bool {
        let end = self.parts.len();
        let mut now = vec![false; end.saturating_add(1)];
        let mut next = now.clone();
        enter(&self.parts, &mut now, 0, true);
        for c in name.chars() {
            next.fill(false);
            let boundary = is_separator(c);
            for (at, part) in self.parts.iter().enumerate() {
                if !now.get(at).copied().unwrap_or(false) {
                    continue;
                }
                let step = at.saturating_add(1);
                match part {
                    Part::Char(want) if *want == c => enter(&self.parts, &mut next, step, boundary),
                    Part::One if !boundary => enter(&self.parts, &mut next, step, boundary),
                    Part::Some if !boundary => enter(&self.parts, &mut next, at, boundary),
                    Part::All | Part::Folders => enter(&self.parts, &mut next, at, boundary),
                    Part::Char(_) | Part::One | Part::Some => {}
                }
            }
            std::mem::swap(&mut now, &mut next);
        }
        now.get(end).copied().unwrap_or(false)
    }
}

/// Makes `at` active, and what can be reached from it without reading a character.
fn enter(parts: &[Part], active: &mut [bool], mut at: usize, boundary: bool) {
    while let Some(slot) = active.get_mut(at) {
        *slot = true;
        match parts.get(at) {
            Some(Part::Some | Part::All) => at = at.saturating_add(1),
            Some(Part::Folders) if boundary => at = at.saturating_add(1),
            _ => return,
        }
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, '/' | ':' | '!')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let glob = Glob::new(pattern);
        for name in yes {
            assert!(glob.matches(name), "{pattern} should match {name}");
        }
        for name in no {
            assert!(!glob.matches(name), "{pattern} should not match {name}");
        }
    }

    #[test]
    fn a_star_stays_within_a_name_and_two_do_not() {
        check(
            "system:app/*.apk",
            &["system:app/Mms.apk"],
            &["system:app/a/Mms.apk", "system:app/Mms.apk!x"],
        );
        check(
            "system:priv-app/MSA/**",
            &["system:priv-app/MSA/MSA.apk!classes.dex"],
            &["system:priv-app/MS"],
        );
        check("a?c", &["abc"], &["ac", "a/c"]);
    }

    #[test]
    fn folders_in_front_may_be_none() {
        check(
            "**/fonts/**",
            &["fonts/a", "system:fonts/a.ttf", "x/y/fonts/z"],
            &["myfonts/a", "fonts"],
        );
        check("**/*.ttf", &["a.ttf", "system:fonts/a.ttf"], &["a.ttf!b"]);
        check("**", &["", "a/b:c!d"], &[]);
    }

    #[test]
    fn many_stars_stay_cheap() {
        let name = "a".repeat(20_000);
        assert!(!Glob::new(&"*a".repeat(30).replace("*a", "**a*")).matches(&format!("{name}b/")));
    }
}
