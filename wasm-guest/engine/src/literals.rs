//! Which literals of a field a text equals; all fields share one table.

use std::collections::BTreeMap;

use crate::hits::Hits;
use crate::lookup::Lookup;
use crate::program::{Case, Folding};

/// Literals while they are collected: by field, then folded.
#[derive(Debug, Default)]
pub(crate) struct Collected(BTreeMap<(u16, String), Literal>);

/// The literals of all fields.
#[derive(Debug)]
pub(crate) struct Literals {
    /// From a field and a folded literal to its place in `literals`.
    index: Lookup,
    literals: Vec<Literal>,
}

/// The predicates that a literal fulfils.
#[derive(Debug, Default)]
struct Literal {
    /// In any spelling.
    folded: Vec<u32>,
    /// In one spelling.
    spelt: Vec<(Box<str>, Vec<u32>)>,
}

impl Collected {
    /// Adds a literal; answers with its length, folded.
    pub(crate) fn add(&mut self, field: u32, predicate: u32, text: &str, case: Case, folding: Folding) -> usize {
        let folded = folding.fold(text);
        let length = folded.len();
        let literal = self.0.entry((field as u16, folded)).or_default();
        match literal.spelt.iter_mut().find(|(spelling, _)| **spelling == *text) {
            _ if case == Case::Insensitive => literal.folded.push(predicate),
            Some((_, predicates)) => predicates.push(predicate),
            None => literal.spelt.push((text.into(), vec![predicate])),
        }
        length
    }
}

impl Literals {
    pub(crate) fn new(collected: Collected) -> Self {
        let numbered = (0..).zip(collected.0.keys());
        let keys: Vec<_> = numbered.map(|(number, (field, text))| (*field, text.as_bytes(), number)).collect();
        Self { index: Lookup::new(keys.into_iter()), literals: collected.0.into_values().collect() }
    }

    /// Notes in `hits` every predicate that `text` fulfils in `field`; `folded` is the same text.
    pub(crate) fn judge(&self, field: usize, text: &str, folded: &[u8], hits: &mut Hits) {
        let Some(number) = self.index.find(field as u16, folded) else { return };
        let Literal { folded, spelt } = &self.literals[number as usize];
        hits.extend_within_budget(field, folded);
        if let Some((_, predicates)) = spelt.iter().find(|(spelling, _)| **spelling == *text) {
            hits.extend_within_budget(field, predicates);
        }
    }
}
