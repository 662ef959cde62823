//! Finds conditions that are the same for every event, by themselves or because of others that must hold with them.
//!
//! A field may have several values, and each test picks its own: `f == "a" and f == "b"` is no contradiction. So only a
//! test that must be passed and one that mustn't can exclude each other.

use weir_engine::program::{Expression, Folding, Test};

use super::formula::{Claim, Formula, Place};
use super::implied::{implies, impossible};
use super::warning;
use crate::fault::Fault;

const REMEDY: &str = "remove what decides nothing, or correct it";

/// What is decided in a formula.
pub(crate) struct Decided {
    pub(crate) doubts: Vec<Fault>,
    /// The whole formula is false for every event.
    pub(crate) never_holds: bool,
}

/// Looks for all that is decided in the `formula`.
pub(crate) fn decided(formula: &Formula, folding: Folding) -> Decided {
    let mut search = Search { folding, found: Vec::new() };
    let never_holds = search.judge(formula, &mut Vec::new());
    Decided { doubts: search.found, never_holds }
}

struct Search {
    folding: Folding,
    found: Vec<Fault>,
}

impl Search {
    /// Looks through a formula that must hold together with `facts`. Can it never?
    fn judge<'f>(&mut self, formula: &'f Formula, facts: &mut Vec<&'f Claim>) -> bool {
        match formula {
            Formula::Claim(_) | Formula::All(_) => self.all(formula, facts),
            Formula::Constant(is_wanted, place) => {
                let doubt = if *is_wanted { always(place) } else { never(place) };
                self.found.push(doubt.help(REMEDY));
                !is_wanted
            }
            Formula::OneOf(claims) => self.one_of(claims, facts),
            Formula::Any(alternatives) => {
                self.cover(alternatives, "one of these two is always true");
                let dead = alternatives.iter().filter(|alternative| self.judge(alternative, facts));
                dead.count() == alternatives.len()
            }
            Formula::NotAll(alternatives) => self.not_all(alternatives, facts),
        }
    }

    /// What a choice may depend on is known only once everything is claimed that is claimed beside it.
    fn all<'f>(&mut self, formula: &'f Formula, facts: &mut Vec<&'f Claim>) -> bool {
        let (mut claims, mut choices) = (Vec::new(), Vec::new());
        flatten(formula, &mut claims, &mut choices);
        let (mut is_dead, outer_facts) = (false, facts.len());
        for claim in claims {
            is_dead |= self.claim(claim, facts);
        }
        for choice in choices {
            is_dead |= self.judge(choice, facts);
        }
        facts.truncate(outer_facts);
        is_dead
    }

    /// Makes a fact of the claim, unless it is decided already.
    fn claim<'f>(&mut self, claim: &'f Claim, facts: &mut Vec<&'f Claim>) -> bool {
        if let Some(reason) = impossible(&claim.subject, &claim.test) {
            if claim.is_passed {
                self.found.push(never(&claim.place).label(reason).help(REMEDY));
            } else if !claim.place.is_part {
                self.found.push(always(&claim.place).label(reason).help(REMEDY));
            }
            return claim.is_passed;
        }
        let excluding = facts.iter().copied().find(|fact| self.exclude(fact, claim));
        match excluding {
            Some(fact) => self.found.push(excluded(claim, fact)),
            None => facts.push(claim),
        }
        excluding.is_some()
    }

    fn one_of(&mut self, claims: &[Claim], facts: &[&Claim]) -> bool {
        let excluding = |claim| facts.iter().find(|fact| self.exclude(fact, claim));
        let Some(facts) = claims.iter().map(excluding).collect::<Option<Vec<_>>>() else { return false };
        // All have the same place.
        self.found.extend(claims.first().zip(facts.first()).map(|(claim, fact)| excluded(claim, fact)));
        true
    }

    /// An operand of `and` that is always true is merely superfluous where the whole must be false: no reason to speak,
    /// unless all of them are.
    fn not_all<'f>(&mut self, alternatives: &'f [Formula], facts: &mut Vec<&'f Claim>) -> bool {
        self.cover(alternatives, "these two can never be true together");
        let (mut dead, mut of_dead) = (0, Vec::new());
        for alternative in alternatives {
            let before = self.found.len();
            if self.judge(alternative, facts) {
                dead += 1;
                of_dead.extend(self.found.drain(before..));
            }
        }
        let is_dead = dead == alternatives.len();
        self.found.extend(of_dead.into_iter().filter(|_| is_dead));
        is_dead
    }

    /// Looks for two alternatives of which one holds for every event.
    fn cover(&mut self, alternatives: &[Formula], message: &str) {
        let claims = alternatives.iter().filter_map(|alternative| match alternative {
            Formula::Claim(claim) => Some(claim),
            _ => None,
        });
        let claims: Vec<_> = claims.collect();
        for (number, claim) in claims.iter().enumerate() {
            let is_counterpart = |other: &&&Claim| match (claim.is_passed, other.is_passed) {
                (true, false) => self.follows(other, claim),
                (false, true) => self.follows(claim, other),
                _ => false,
            };
            if let Some(other) = claims[..number].iter().find(is_counterpart) {
                let doubt = warning(&claim.place.span, message).related(other.place.span.clone(), "");
                self.found.push(doubt.help(REMEDY));
            }
        }
    }

    /// Can the two claims not hold together?
    fn exclude(&self, one: &Claim, other: &Claim) -> bool {
        match (one.is_passed, other.is_passed) {
            (true, false) => self.follows(one, other),
            (false, true) => self.follows(other, one),
            _ => false,
        }
    }

    /// Does each event that passes the test of `narrow` pass that of `wide`?
    fn follows(&self, narrow: &Claim, wide: &Claim) -> bool {
        if narrow.subject == wide.subject {
            return implies(&narrow.test, &wide.test, self.folding);
        }
        // What is calculated from a field has no value without it.
        wide.test == Test::Exists
            && narrow.test != Test::Null
            && narrow.subject.is_strict()
            && reads(&narrow.subject, &wide.subject)
    }
}

/// Takes apart what must hold together.
fn flatten<'f>(formula: &'f Formula, claims: &mut Vec<&'f Claim>, choices: &mut Vec<&'f Formula>) {
    match formula {
        Formula::Claim(claim) => claims.push(claim),
        Formula::All(parts) => parts.iter().for_each(|part| flatten(part, claims, choices)),
        choice => choices.push(choice),
    }
}

fn reads(subject: &Expression<String>, field: &Expression<String>) -> bool {
    let Expression::Field(field) = field else { return false };
    let mut is_read = false;
    subject.each_field(&mut |read| is_read |= read == field);
    is_read
}

fn never(place: &Place) -> Fault {
    warning(&place.span, format!("this can never be {}", place.wanted))
}

fn always(place: &Place) -> Fault {
    warning(&place.span, format!("this is always {}", place.wanted))
}

fn excluded(claim: &Claim, fact: &Claim) -> Fault {
    let doubt = never(&claim.place).help("correct one of the two, or join them by `or`");
    if fact.place.span.is_empty() {
        return doubt.label("the category before `where` excludes it");
    }
    let label = if fact.place.wanted { "because this must be true" } else { "because this must be false" };
    doubt.related(fact.place.span.clone(), label)
}
