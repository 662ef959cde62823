//! Tells what a TOML file is meant to be, by the tables in it: a rule, exceptions, or another tool's.

use toml::Spanned;
use toml::de::DeValue;

use crate::rule_table::Table;
use crate::suggest::nearest;

/// Is it a rule, even one with a slip? Other tools have `rules` too, but of another kind.
pub(crate) fn is_rule(document: &Table<'_>) -> bool {
    document.entries().any(|(key, value)| match *key.get_ref() {
        "rule" => true,
        name if is_like(name, "rule_id") || is_like(name, "query") => value.get_ref().is_str(),
        name => is_like(name, "rule") && has_any(value, &["rule_id", "query"]),
    })
}

/// The key under which it holds exceptions, even if that is misspelt.
pub(crate) fn exceptions<'t>(document: &Table<'t>) -> Option<Spanned<&'t str>> {
    let holds_some = |key: &str, value: &Spanned<DeValue<'_>>| {
        let items = value.get_ref().as_array().map_or(std::slice::from_ref(value), |array| array);
        is_like(key, "exceptions") && items.iter().any(|item| has_any(item, &["condition", "rules"]))
    };
    document.entries().find(|(key, value)| holds_some(key.get_ref(), value)).map(|(key, _)| key)
}

fn is_like(name: &str, key: &str) -> bool {
    nearest(key, [name]).is_some()
}

fn has_any(value: &Spanned<DeValue<'_>>, keys: &[&str]) -> bool {
    value.get_ref().as_table().is_some_and(|table| keys.iter().any(|key| table.contains_key(*key)))
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    #[test]
    fn rules_and_exceptions_are_known_by_what_is_in_their_tables() {
        for (text, is_a_rule, holds_exceptions) in [
            ("[rule]", true, false),
            ("[rules]\nrule_id = 'a'", true, false),
            ("[Rule]\nquery = 'any where true'", true, false),
            ("query = 'any where true'", true, false),
            ("rule-id = 'a'", true, false),
            ("[[rules]]\nid = 'aws-key'\nregex = 'AKIA'", false, false),
            ("[[rules]]\nquery = 'select 1'", false, false),
            ("[rules]\nstrict = true", false, false),
            ("[query]\ntimeout = 5", false, false),
            ("[project]\nname = 'rules'", false, false),
            ("[[exceptions]]\ncondition = 'true'", false, true),
            ("[[exception]]\nrules = 'all'", false, true),
            ("[exceptions]\ncondition = 'true'", false, true),
            ("[rule]\n[[exceptions]]\nname = 'a'\nrules = 'all'", true, true),
            ("exceptions = ['MIT']", false, false),
            ("[[extensions]]\nname = 'a'", false, false),
        ] {
            let document = DeTable::parse(text).expect("valid TOML");
            let document = Table::document(&document);
            assert_eq!(is_rule(&document), is_a_rule, "{text}");
            assert_eq!(exceptions(&document).is_some(), holds_exceptions, "{text}");
        }
    }
}
