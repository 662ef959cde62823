//! The rule files that Weir ships, by what a user may call them; a user's own file comes first.

use std::path::Path;

use weir_eql::RuleFile;

use super::files::{read_text, unreadable};
use super::{RuleSet, RulesError};

/// The names and texts of the files in `wasm-guest/rules`.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped_files.rs"));

/// Reads the rule file at the path `rule`, or if there is none, the shipped rule with that id, name or file stem.
///
/// # Errors
/// If there is neither, or the file can't be read or is wrong.
pub fn find(rule: &str) -> Result<RuleFile, RulesError> {
    let path = Path::new(rule);
    if !path.exists() {
        return shipped(rule);
    }
    parse(rule, &read_text(path).map_err(|source| unreadable(path, source))?)
}

/// Reads all rules that Weir ships.
///
/// # Errors
/// None, for they were compiled when Weir was built.
pub fn all_shipped() -> Result<RuleSet, RulesError> {
    let rules = FILES.iter().map(|(file, text)| parse(file, text)).collect::<Result<_, _>>()?;
    Ok(RuleSet { rules, ..RuleSet::default() })
}

fn shipped(name: &str) -> Result<RuleFile, RulesError> {
    select(name, FILES.iter().copied())?.ok_or_else(|| {
        let stems: Vec<_> = FILES.iter().map(|(file, _)| format!("`{}`", stem(file))).collect();
        RulesError::Unknown { rule: name.to_owned(), shipped: stems.join(", ") }
    })
}

/// The one of these `files`, given by their names and texts, whose rule has this id, or else this name or file stem.
pub(super) fn select<'f>(
    called: &str,
    files: impl IntoIterator<Item = (&'f str, &'f str)>,
) -> Result<Option<RuleFile>, RulesError> {
    let mut others = Vec::new();
    for (file, text) in files {
        let rule = parse(file, text)?;
        if rule.meta().id == called {
            return Ok(Some(rule));
        }
        if [stem(file), &rule.meta().name].contains(&called) {
            others.push(rule);
        }
    }
    if others.len() > 1 {
        let ids = others.iter().map(|rule| rule.meta().id.clone()).collect();
        return Err(RulesError::Ambiguous { rule: called.to_owned(), ids });
    }
    Ok(others.pop())
}

fn parse(path: &str, text: &str) -> Result<RuleFile, RulesError> {
    RuleFile::parse(path, text).map_err(RulesError::Wrong)
}

fn stem(file: &str) -> &str {
    file.strip_suffix(".toml").unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_goes_by_its_path_or_if_shipped_by_its_stem_id_or_name() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-guest/rules/container_management_utility.toml");
        for called in [
            path,
            "container_management_utility",
            "6c6bb7ea-0636-44ca-b541-201478ef6b50",
            "Container Management Utility Run Inside A Container",
        ] {
            let rule = find(called).unwrap_or_else(|error| panic!("{called}: {error}"));
            assert_eq!(rule.meta().id, "6c6bb7ea-0636-44ca-b541-201478ef6b50", "{called}");
        }
    }

    #[test]
    fn a_name_that_two_rules_share_is_refused_with_their_ids_and_an_id_comes_first() {
        let rule = |id: &str| {
            format!(
                "[rule]\nrule_id = '{id}'\nname = 'n'\nseverity = 'low'\nrisk_score = 1\nlanguage = 'eql'\ntype = 'eql'\n\
                 query = 'any where true'\n"
            )
        };
        let texts = ["twin", "1-b", "1-c"].map(rule);
        let files = ["1-b.toml", "twin.toml", "twin.toml"].into_iter().zip(texts.iter().map(String::as_str));
        for (called, expected) in [
            ("1-b", Ok("1-b")),
            ("twin", Ok("twin")),
            ("n", Err("several rules are called `n`; give the id of one: `twin`, `1-b`, `1-c`")),
        ] {
            let found = select(called, files.clone()).map(|rule| rule.unwrap().meta().id.clone());
            assert_eq!(found.map_err(|error| error.to_string()), expected.map(str::to_owned).map_err(str::to_owned));
        }
        let error = select("twin", files.skip(1)).unwrap_err().to_string();
        assert_eq!(error, "several rules are called `twin`; give the id of one: `1-b`, `1-c`");
    }

    #[test]
    fn what_is_neither_a_path_nor_shipped_is_refused_with_what_is() {
        let error = find("no_such_rule").unwrap_err().to_string();
        assert!(error.starts_with("`no_such_rule` is neither a rule file nor a rule that Weir ships"), "{error}");
        assert!(error.contains("`container_management_utility`"), "{error}");
    }
}
