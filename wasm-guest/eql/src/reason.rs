//! Why a condition holds or doesn't: the fewest tests that decide it, and the fewest that would have to turn out otherwise.

use std::collections::BTreeSet;

use crate::clause::Clause;
use crate::tree::{Kind, Node, Tree};

/// Of more tests than these, pairs aren't tried one by one: that takes time that grows with the cube of their number.
const MOST_TRIED: usize = 100;

/// What would have to be otherwise for a condition to be otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nearest {
    /// The fewest tests that will do.
    Tests(Vec<usize>),
    /// No test, nor two, would do.
    Nothing,
    /// None was found at once, and there are too many to try all.
    Untried,
}

impl Tree<'_> {
    /// The fewest tests that by themselves make the root as it is, whatever the others are. `verdicts` are those of all
    /// nodes.
    pub fn decisive(&self, verdicts: &[bool]) -> Vec<usize> {
        let search = Search { tree: self, tests: &self.tests(), verdicts, wanted: Wanted::Same };
        search.fewest(0).unwrap_or_default().into_iter().collect()
    }

    /// The fewest tests that would have to be otherwise for the root to be otherwise.
    ///
    /// A test that is written several times counts once. If one is wanted true here and false there, so that the fewest by
    /// place won't do, all single tests and pairs are tried, unless they are too many.
    pub fn nearest(&self, verdicts: &[bool]) -> Nearest {
        let tests = self.tests();
        let search = Search { tree: self, tests: &tests, verdicts, wanted: Wanted::Otherwise };
        let Some(by_place) = search.fewest(0) else { return Nearest::Nothing };
        let will_do = |turned: &BTreeSet<usize>| self.turn(verdicts, &tests, turned)[0] != verdicts[0];
        if will_do(&by_place) {
            return Nearest::Tests(by_place.into_iter().collect());
        }
        let mut each = tests.clone();
        each.retain(|number| self.nodes[*number].is_test());
        each.sort_unstable();
        each.dedup();
        if each.len() > MOST_TRIED {
            return Nearest::Untried;
        }
        let singles = each.iter().map(|one| BTreeSet::from([*one]));
        let pairs = each.iter().flat_map(|one| each.iter().map(|other| BTreeSet::from([*one, *other])));
        let found = singles.chain(pairs).find(will_do);
        found.map_or(Nearest::Nothing, |turned| Nearest::Tests(turned.into_iter().collect()))
    }

    /// For each test the first that asks the same, or the opposite; nothing of use for other nodes.
    fn tests(&self) -> Vec<usize> {
        let first = |node: &Node| {
            let same = |other: &Node| other.is_test() && asked(&other.clause) == asked(&node.clause);
            self.nodes.iter().position(same).unwrap_or_default()
        };
        self.nodes.iter().map(first).collect()
    }

    /// The verdicts, had these tests been otherwise.
    fn turn(&self, verdicts: &[bool], tests: &[usize], turned: &BTreeSet<usize>) -> Vec<bool> {
        let mut now = verdicts.to_vec();
        // Children come after their parents.
        for (number, node) in self.nodes.iter().enumerate().rev() {
            let mut children = node.children.iter().map(|child| now[*child]);
            now[number] = match node.kind {
                Kind::All => children.all(|holds| holds),
                Kind::Any => children.any(|holds| holds),
                Kind::Not => !children.all(|holds| holds),
                Kind::Category | Kind::Test => verdicts[number] != turned.contains(&tests[number]),
                Kind::Constant => verdicts[number],
            };
        }
        now
    }
}

/// A clause without its negation.
fn asked(clause: &Clause) -> &Clause {
    if let Clause::Not(negated) = clause { negated } else { clause }
}

#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    /// What makes a node as it is.
    Same,
    /// What would make it otherwise.
    Otherwise,
}

struct Search<'t> {
    tree: &'t Tree<'t>,
    tests: &'t [usize],
    verdicts: &'t [bool],
    wanted: Wanted,
}

impl Search<'_> {
    fn fewest(&self, number: usize) -> Option<BTreeSet<usize>> {
        let node = &self.tree.nodes[number];
        match node.kind {
            Kind::All | Kind::Any => self.fewest_of(node, self.verdicts[number]),
            Kind::Not => self.fewest(node.children[0]),
            Kind::Category | Kind::Test => Some(BTreeSet::from([self.tests[number]])),
            Kind::Constant => (self.wanted == Wanted::Same).then(BTreeSet::new),
        }
    }

    /// Only children with the verdict of their parent matter. It takes all of them to make an `and` true or an `or` false, and
    /// one to make it otherwise; to turn the parent, it is the other way round.
    fn fewest_of(&self, node: &Node, verdict: bool) -> Option<BTreeSet<usize>> {
        let agreeing = node.children.iter().filter(|child| self.verdicts[**child] == verdict);
        let mut sets = agreeing.map(|child| self.fewest(*child));
        let takes_all = verdict == (node.kind == Kind::All);
        if takes_all == (self.wanted == Wanted::Same) {
            sets.try_fold(BTreeSet::new(), |union, set| Some(&union | &set?))
        } else {
            sets.flatten().min_by_key(BTreeSet::len)
        }
    }
}

#[cfg(test)]
mod tests;
