//! What rules are called: by their ids, and by the stems of their files. Knows neither cases nor modules.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use weir_engine::program::RuleMeta;
use weir_eql::RuleFile;

use super::fault::{Fault, proposal};

/// The names by which cases may call the rules under test: ids, and stems of rule files.
#[derive(Debug, Default)]
pub struct RuleNames {
    /// The ids that each name stands for: more than one if files in two folders have the same stem.
    ids: BTreeMap<String, BTreeSet<String>>,
}

impl RuleNames {
    /// The names of all `rules` of a module, and of the `files` that it, or a part of it, was made of.
    pub fn new(files: &[RuleFile], rules: &[RuleMeta]) -> Self {
        let mut names = Self::default();
        for rule in files.iter().map(RuleFile::meta).chain(rules) {
            names.add(&rule.id, &rule.id);
        }
        for file in files {
            if let Some(stem) = file.path().file_stem() {
                names.add(&stem.to_string_lossy(), &file.meta().id);
            }
        }
        names
    }

    /// What people call the rule: the stem of its file if it has one of its own, else its id.
    pub fn stem_or_id<'n>(&'n self, id: &'n str) -> &'n str {
        let mut names = self.ids.iter().filter(|(_, ids)| ids.len() == 1 && ids.contains(id)).map(|(name, _)| name);
        names.find(|name| *name != id).map_or(id, String::as_str)
    }

    /// The id of the rule that is called `name` at this place of a case file.
    pub(super) fn find(&self, name: &str, place: &Range<usize>) -> Result<&str, Fault> {
        let Some(ids) = self.ids.get(name) else {
            let remedy = proposal(name, self.ids.keys().map(String::as_str)).unwrap_or_else(|| {
                "write a rule's id, or the name of its file without `.toml`; only rules that are given count".to_owned()
            });
            return Err(Fault::new(place.clone(), format!("no rule is called `{name}`"), remedy));
        };
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        match ids[..] {
            [id] => Ok(id),
            _ => {
                let remedy = format!("write the id of one: `{}`", ids.join("` or `"));
                Err(Fault::new(place.clone(), format!("several rules are called `{name}`"), remedy))
            }
        }
    }

    fn add(&mut self, name: &str, id: &str) {
        self.ids.entry(name.to_owned()).or_default().insert(id.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, id: &str) -> RuleFile {
        let text = format!(
            "[rule]\nrule_id = '{id}'\nname = 'x'\nseverity = 'low'\nrisk_score = 1\nlanguage = 'eql'\ntype = 'eql'\n\
             query = 'process where true'\n"
        );
        RuleFile::parse(path, &text).unwrap()
    }

    #[test]
    fn a_rule_goes_by_its_id_and_by_its_file_if_no_other_has_that_name() {
        let files = [file("shell.toml", "1-a"), file("a/twin.toml", "2-b"), file("b/twin.toml", "3-c")];
        let foreign = RuleMeta { id: "4-d".into(), ..RuleMeta::default() };
        let names = RuleNames::new(&files, &[foreign]);
        for (name, id) in [("shell", "1-a"), ("1-a", "1-a"), ("2-b", "2-b"), ("4-d", "4-d")] {
            assert_eq!(names.find(name, &(0..0)).unwrap(), id);
        }
        for (id, shown) in [("1-a", "shell"), ("2-b", "2-b"), ("4-d", "4-d"), ("unheard-of", "unheard-of")] {
            assert_eq!(names.stem_or_id(id), shown);
        }
        assert!(names.find("twin", &(0..0)).is_err() && names.find("other", &(0..0)).is_err());
    }
}
