//! A condition before its predicates are shared with other rules: as `lower` makes it, simplified as it grows.

use weir_engine::program::{Expression, Test};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Clause {
    Constant(bool),
    /// True if any value of the subject passes.
    Test {
        /// A field, or what is calculated from fields.
        subject: Expression<String>,
        test: Test,
    },
    Not(Box<Clause>),
    /// At least two, none of them a constant or another `All`.
    All(Vec<Clause>),
    /// At least two, none of them a constant or another `Any`.
    Any(Vec<Clause>),
}

impl Clause {
    /// A test on a field.
    pub(crate) fn test(field: &str, test: Test) -> Self {
        Self::Test { subject: Expression::Field(field.to_owned()), test }
    }

    pub(crate) fn not(self) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(!value),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    pub(crate) fn negated_if(self, negated: bool) -> Self {
        if negated { self.not() } else { self }
    }

    pub(crate) fn all(clauses: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Vec::new();
        for clause in clauses {
            match clause {
                Self::Constant(true) => {}
                Self::Constant(false) => return Self::Constant(false),
                Self::All(inner) => joined.extend(inner),
                other => joined.push(other),
            }
        }
        Self::only(&mut joined, true).unwrap_or(Self::All(joined))
    }

    pub(crate) fn any(clauses: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Vec::new();
        for clause in clauses {
            match clause {
                Self::Constant(false) => {}
                Self::Constant(true) => return Self::Constant(true),
                Self::Any(inner) => joined.extend(inner),
                other => joined.push(other),
            }
        }
        Self::only(&mut joined, false).unwrap_or(Self::Any(joined))
    }

    /// What fewer than two clauses amount to; none at all are `empty`.
    fn only(joined: &mut Vec<Self>, empty: bool) -> Option<Self> {
        if joined.len() > 1 {
            return None;
        }
        Some(joined.pop().unwrap_or(Self::Constant(empty)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exists(field: &str) -> Clause {
        Clause::test(field, Test::Exists)
    }

    #[test]
    fn constants_vanish_or_decide() {
        let yes = || Clause::Constant(true);
        let no = || Clause::Constant(false);
        assert_eq!(Clause::all([yes(), exists("a")]), exists("a"));
        assert_eq!(Clause::all([no(), exists("a")]), no());
        assert_eq!(Clause::any([no(), exists("a")]), exists("a"));
        assert_eq!(Clause::any([yes(), exists("a")]), yes());
        assert_eq!(yes().not(), no());
    }

    #[test]
    fn a_double_negation_is_none() {
        assert_eq!(exists("a").not().not(), exists("a"));
    }

    #[test]
    fn nested_chains_become_flat() {
        let inner = Clause::all([exists("a"), exists("b")]);
        assert_eq!(Clause::all([inner, exists("c")]), Clause::All(vec![exists("a"), exists("b"), exists("c")]));
        let inner = Clause::any([exists("a"), exists("b")]);
        assert_eq!(Clause::any([inner, exists("c")]), Clause::Any(vec![exists("a"), exists("b"), exists("c")]));
    }
}
