//! Versions of NumPy: which of them the code that is checked runs on.

use std::fmt;

/// A version of NumPy, as far as answers hang on it: (major, minor).
pub type Version = (u16, u16);

/// The versions of NumPy that code is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Versions {
    /// The oldest of them.
    least: Version,
    /// The first that no longer belongs to them.
    below: Option<Version>,
}

impl Default for Versions {
    /// All that the model speaks of: NumPy 1.26 and later.
    fn default() -> Versions {
        Versions { least: (1, 26), below: None }
    }
}

impl Versions {
    /// This version alone.
    pub fn only(version: Version) -> Versions {
        Versions { least: version, below: Some((version.0, version.1 + 1)) }
    }

    /// Is every one of them before `version`? None: some are, some are not.
    pub fn before(self, version: Version) -> Option<bool> {
        if self.least >= version {
            Some(false)
        } else if self.below.is_some_and(|below| below <= version) {
            Some(true)
        } else {
            None
        }
    }

    /// Those that are in one of the two, and those between.
    pub fn hull(self, other: Versions) -> Versions {
        let below = self.below.zip(other.below).map(|(a, b)| a.max(b));
        Versions { least: self.least.min(other.least), below }
    }

    /// Those that are in both; None: there are none.
    pub fn meet(self, other: Versions) -> Option<Versions> {
        let below = match (self.below, other.below) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let least = self.least.max(other.least);
        below.is_none_or(|below| least < below).then_some(Versions { least, below })
    }

    /// Reads version specifiers as packages give them: `>=1.26,<3`, `~=2.1`, `==2.*`. Patch releases are no matter of
    /// the model: where a bound has one, all of its minor version is in.
    /// See <https://packaging.python.org/en/latest/specifications/version-specifiers/>.
    ///
    /// # Errors
    /// Which part is not understood, or that nothing is left.
    pub fn parse(text: &str) -> Result<Versions, String> {
        let mut range = Versions { least: (0, 0), below: None };
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let one = specifier(part)
                .ok_or_else(|| format!("`{part}` is not a version specifier such as `>=1.26` or `<3`"))?;
            range = range.meet(one).ok_or_else(|| format!("no version fits `{text}`"))?;
        }
        Ok(range)
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ">={}.{}", self.least.0, self.least.1)?;
        self.below.map_or(Ok(()), |(major, minor)| write!(f, ",<{major}.{minor}"))
    }
}

/// Reads one specifier.
fn specifier(text: &str) -> Option<Versions> {
    let operators = ["===", "==", "~=", "!=", ">=", "<=", ">", "<"];
    let operator = operators.into_iter().find(|operator| text.starts_with(operator))?;
    let release = release(text[operator.len()..].trim())?;
    let (major, minor) = (release.numbers[0], release.numbers.get(1).copied());
    let at = (major, minor.unwrap_or(0));
    let next = (at.0, at.1.checked_add(1)?);
    let any = Versions { least: (0, 0), below: None };
    Some(match operator {
        // A star stands for whatever comes there.
        "==" | "===" if release.star && minor.is_none() => {
            Versions { least: at, below: Some((major.checked_add(1)?, 0)) }
        }
        "==" | "===" => Versions { least: at, below: Some(next) },
        "~=" if release.numbers.len() < 3 => {
            minor?;
            Versions { least: at, below: Some((major.checked_add(1)?, 0)) }
        }
        "~=" => Versions { least: at, below: Some(next) },
        ">=" | ">" => Versions { least: at, below: None },
        "<=" => Versions { below: Some(next), ..any },
        "<" if release.numbers.iter().skip(2).any(|&n| n > 0) => Versions { below: Some(next), ..any },
        "<" => Versions { below: Some(at), ..any },
        // One version less, of those between.
        _ => any,
    })
}

/// The numbers of a version, without what marks pre-releases and the like.
struct Release {
    numbers: Vec<u16>,
    star: bool,
}

fn release(text: &str) -> Option<Release> {
    let (text, star) = text.strip_suffix(".*").map_or((text, false), |text| (text, true));
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let known = ["a", "b", "c", "rc", "alpha", "beta", "dev", "post", "+", "-", "_"];
    if !rest.is_empty() && !known.iter().any(|mark| rest.starts_with(mark)) {
        return None;
    }
    let numbers = numbers.trim_end_matches('.').split('.').map(|n| n.parse().ok()).collect::<Option<Vec<u16>>>()?;
    Some(Release { numbers, star })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Versions::parse(text).map_or_else(|error| error, |versions| versions.to_string())
    }

    #[test]
    fn specifiers_of_packages() {
        for (text, expected) in [
            (">=1.26,<3", ">=1.26,<3.0"),
            (" >= 1.21.2 , != 2.0.1", ">=1.21"),
            ("~=1.26", ">=1.26,<2.0"),
            ("~=1.26.4", ">=1.26,<1.27"),
            ("==2.*", ">=2.0,<3.0"),
            ("==2.4.*", ">=2.4,<2.5"),
            ("==2.4.6", ">=2.4,<2.5"),
            (">1.26,<=2.1", ">=1.26,<2.2"),
            ("<2.1.3,>=1", ">=1.0,<2.2"),
            (">=2.0.0rc1,<2.1.0", ">=2.0,<2.1"),
            ("", ">=0.0"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_specifier() {
        for text in ["1.26", "two", ">=two", ">=1.x", "~=2", ">= ", "=>1", ">=99999999", ">=1..2"] {
            assert!(shown(text).contains("is not a version specifier such as"), "{text}: {}", shown(text));
        }
        assert_eq!(shown(">=2,<1.26"), "no version fits `>=2,<1.26`");
    }

    #[test]
    fn before_holds_for_all_for_none_or_for_some() {
        let range = |text: &str| Versions::parse(text).unwrap();
        assert_eq!(range("<2").before((2, 0)), Some(true));
        assert_eq!(range(">=2").before((2, 0)), Some(false));
        assert_eq!(Versions::default().before((2, 0)), None);
        assert_eq!(Versions::only((1, 26)).before((2, 0)), Some(true));
        assert_eq!(range("==1.26.*").hull(range(">=2.1,<2.3")), range(">=1.26,<2.3"));
        assert_eq!(range(">=2").meet(range("<2")), None);
    }
}
