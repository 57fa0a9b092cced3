//! Which rules are on: codes, prefixes, names, `ALL`.

use crate::finding::RuleInfo;
use crate::rules;

/// A selector that no rule answers to.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown rule `{selector}`{}", hint(.nearest.as_deref()))]
pub(crate) struct UnknownSelector {
    selector: String,
    nearest: Option<String>,
}

fn hint(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!(": did you mean `{nearest}`? (`viewlint rules` lists them all)"),
        None => ": `viewlint rules` lists them all".to_owned(),
    }
}

/// The rules that are on.
#[derive(Debug)]
pub(crate) struct Selection {
    codes: Vec<&'static str>,
}

impl Selection {
    /// Selects and ignores. The more specific selector wins: `--select VL101 --ignore VL1` checks VL101.
    /// Of two equally specific ones, `ignore` wins.
    pub(crate) fn new(
        select: Option<&[String]>,
        extend_select: &[String],
        ignore: &[String],
    ) -> Result<Selection, UnknownSelector> {
        let all = ["ALL".to_owned()];
        let select = parse(select.unwrap_or(&all).iter().chain(extend_select))?;
        let ignore = parse(ignore.iter())?;
        let best = |selectors: &[Selector], code: &str| {
            selectors.iter().filter(|selector| code.starts_with(&selector.0)).map(|selector| selector.0.len()).max()
        };
        let on = |rule: &&&RuleInfo| match (best(&select, rule.code), best(&ignore, rule.code)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(selected), Some(ignored)) => selected > ignored,
        };
        Ok(Selection { codes: rules::all().iter().filter(on).map(|rule| rule.code).collect() })
    }

    /// Is the rule on?
    pub(crate) fn has(&self, rule: &RuleInfo) -> bool {
        self.codes.contains(&rule.code)
    }
}

/// Does a rule answer to the selector?
pub(crate) fn check(text: &str) -> Result<(), UnknownSelector> {
    selector(text.trim()).map(|_| ())
}

/// A prefix of codes; empty for `ALL`.
struct Selector(String);

fn parse<'a>(texts: impl Iterator<Item = &'a String>) -> Result<Vec<Selector>, UnknownSelector> {
    texts.map(|text| text.trim()).filter(|text| !text.is_empty()).map(selector).collect()
}

fn selector(text: &str) -> Result<Selector, UnknownSelector> {
    if text.eq_ignore_ascii_case("all") {
        return Ok(Selector(String::new()));
    }
    if let Some(rule) = by_name(text) {
        return Ok(Selector(rule.code.to_owned()));
    }
    let prefix = text.to_ascii_uppercase();
    if rules::all().iter().any(|rule| rule.code.starts_with(&prefix)) {
        return Ok(Selector(prefix));
    }
    Err(unknown(text))
}

fn by_name(name: &str) -> Option<&'static RuleInfo> {
    rules::all().iter().find(|rule| rule.name.eq_ignore_ascii_case(name)).copied()
}

/// The rule of a code or name.
pub(crate) fn rule(text: &str) -> Result<&'static RuleInfo, UnknownSelector> {
    let by_code = || rules::all().iter().find(|rule| rule.code.eq_ignore_ascii_case(text)).copied();
    by_name(text).or_else(by_code).ok_or_else(|| unknown(text))
}

fn unknown(selector: &str) -> UnknownSelector {
    let wanted = selector.to_ascii_lowercase();
    let candidates = rules::all().iter().flat_map(|rule| [rule.code, rule.name]);
    let nearest = candidates
        .map(|candidate| (strsim::jaro_winkler(&candidate.to_ascii_lowercase(), &wanted), candidate))
        // Of equally near ones the first in the list.
        .fold(None, |best: Option<(f64, &str)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        })
        .filter(|(score, _)| *score > 0.8)
        .map(|(_, candidate)| candidate.to_owned());
    UnknownSelector { selector: selector.to_owned(), nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(select: Option<&[&str]>, extend: &[&str], ignore: &[&str]) -> Vec<&'static str> {
        let own = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        Selection::new(select.map(own).as_deref(), &own(extend), &own(ignore)).unwrap().codes
    }

    #[test]
    fn everything_is_on_by_default() {
        assert_eq!(on(None, &[], &[]).len(), rules::all().len());
        assert_eq!(on(None, &[], &["ALL"]), [""; 0]);
    }

    #[test]
    fn codes_prefixes_and_names_select() {
        assert_eq!(on(Some(&["VL101", "stale-snapshot"]), &[], &[]), ["VL101", "VL104"]);
        assert_eq!(on(Some(&["vl3"]), &["VL201"], &["VL302"]), ["VL201", "VL301"]);
        let rest = on(Some(&["ALL"]), &[], &["write-through-view", "VL3"]);
        let wanted = |code: &&str| *code != "VL101" && !code.starts_with("VL3");
        assert_eq!(rest, rules::all().iter().map(|rule| rule.code).filter(wanted).collect::<Vec<_>>());
    }

    #[test]
    fn the_more_specific_selector_wins() {
        assert_eq!(on(Some(&["VL101"]), &[], &["VL1"]), ["VL101"]);
        assert_eq!(on(Some(&["VL1"]), &[], &["VL1"]), [""; 0]);
    }

    #[test]
    fn an_unknown_selector_names_the_nearest() {
        assert_eq!(
            unknown("write-trough-view").to_string(),
            "unknown rule `write-trough-view`: did you mean `write-through-view`? (`viewlint rules` lists them all)"
        );
        assert_eq!(unknown("F401").to_string(), "unknown rule `F401`: `viewlint rules` lists them all");
        assert!(selector("VL9").is_err());
        assert!(rule("VL1").is_err());
    }
}
