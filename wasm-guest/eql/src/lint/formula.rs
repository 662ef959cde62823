//! A condition with every `not` carried down to the tests, each of which remembers where it was written.

use weir_engine::program::{Constant, Expression, Folding, Test};

use crate::ast::{Expr, ExprKind, Query};
use crate::clause::Clause;
use crate::fault::Span;
use crate::lower::{Lowering, category};

#[derive(Debug)]
pub(crate) enum Formula {
    Claim(Claim),
    /// What was written tests no event, but is the same for all; is it as wanted?
    Constant(bool, Place),
    /// One test was written, which stands for these: any of them is enough.
    OneOf(Vec<Claim>),
    All(Vec<Formula>),
    /// Written with `or`.
    Any(Vec<Formula>),
    /// Written with `and`, but must be false: so any of them is enough.
    NotAll(Vec<Formula>),
}

/// A test on a subject that must be passed, or must not be.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) subject: Expression<String>,
    pub(crate) test: Test,
    pub(crate) is_passed: bool,
    pub(crate) place: Place,
}

/// Where something was written, and whether it must be true or false there.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Empty for the category, which needn't be explained.
    pub(crate) span: Span,
    pub(crate) wanted: bool,
    /// Was more written there than the one test that has this place?
    pub(crate) is_part: bool,
}

/// Carries the conditions of one query down.
pub(crate) struct Carrier<'q> {
    /// The query as it was written.
    pub(crate) text: &'q str,
    pub(crate) folding: Folding,
}

impl Carrier<'_> {
    /// The formula that an event is of the query's category, and its condition true.
    pub(crate) fn carry(&self, query: &Query) -> Formula {
        Formula::All(of_category(query).chain([self.of_expr(&query.condition, true, None)]).collect())
    }

    /// The formula that an event is of the query's category, but its condition false.
    pub(crate) fn carry_opposite(&self, query: &Query) -> Formula {
        Formula::All(of_category(query).chain([self.of_expr(&query.condition, false, None)]).collect())
    }

    /// The formula that says that `expr` is `wanted`. A `not` right before a test belongs to its place.
    fn of_expr(&self, expr: &Expr, wanted: bool, negation: Option<Place>) -> Formula {
        let place = negation.unwrap_or_else(|| Place { span: expr.span.clone(), wanted, is_part: false });
        let each = |operands: &[Expr]| operands.iter().map(|operand| self.of_expr(operand, wanted, None)).collect();
        match &expr.kind {
            ExprKind::Not(negated) => self.of_expr(negated, !wanted, Some(place)),
            ExprKind::All(operands) if wanted => Formula::All(each(operands)),
            ExprKind::Any(operands) if !wanted => Formula::All(each(operands)),
            ExprKind::All(operands) => Formula::NotAll(each(operands)),
            ExprKind::Any(operands) => Formula::Any(each(operands)),
            // Whoever writes `true` or `false` means it: nothing is said of it, though `false` decides what it is in.
            ExprKind::Constant(Constant::Bool(value)) if *value != wanted => Formula::Any(Vec::new()),
            ExprKind::Constant(_) => Formula::All(Vec::new()),
            // What can't be lowered claims nothing here: it is an error elsewhere.
            _ => {
                let mut lowering = Lowering::new(self.text, self.folding);
                let clause = lowering.condition(expr);
                lowering.finish(clause).map_or(Formula::All(Vec::new()), |clause| of_clause(clause, wanted, &place))
            }
        }
    }
}

fn of_category(query: &Query) -> impl Iterator<Item = Formula> {
    let place = Place { span: 0..0, wanted: true, is_part: false };
    category(query).map(|category| of_clause(category, true, &place)).into_iter()
}

fn of_clause(clause: Clause, wanted: bool, place: &Place) -> Formula {
    let part = Place { is_part: true, ..place.clone() };
    let each = |clauses: Vec<Clause>| clauses.into_iter().map(|clause| of_clause(clause, wanted, &part));
    match clause {
        Clause::Constant(value) => Formula::Constant(value == wanted, place.clone()),
        Clause::Test { subject, test } => {
            Formula::Claim(Claim { subject, test, is_passed: wanted, place: place.clone() })
        }
        Clause::Not(negated) => of_clause(*negated, !wanted, place),
        Clause::All(clauses) if wanted => Formula::All(each(clauses).collect()),
        Clause::Any(clauses) if !wanted => Formula::All(each(clauses).collect()),
        Clause::All(clauses) | Clause::Any(clauses) => {
            let claims = each(clauses).map(|formula| match formula {
                Formula::Claim(claim) => Some(claim),
                _ => None,
            });
            claims.collect::<Option<_>>().map_or(Formula::All(Vec::new()), Formula::OneOf)
        }
    }
}
