//! Turns a query's tree into tests on fields, with Elasticsearch's meaning; refuses what Weir can't judge.

use weir_engine::program::{Case, Comparison as Order, Constant, Expression, Folding, Test};

use crate::ast::{Comparison, Expr, ExprKind, MatchKind, Pattern, Query, Relation};
use crate::clause::Clause;
use crate::fault::{Fault, Span};
use crate::value::passes;
use crate::{function, refusal, regex};

/// The condition under which the `query`, written as `text`, matches an event; or all that speaks against it.
pub(crate) fn lower(query: &Query, text: &str, folding: Folding) -> Result<Clause, Vec<Fault>> {
    let mut lowering = Lowering::new(text, folding);
    let condition = lowering.condition(&query.condition);
    lowering.finish(Clause::all(category(query).into_iter().chain([condition])))
}

/// The condition that an event is of the query's category, if it asks for one.
pub(crate) fn category(query: &Query) -> Option<Clause> {
    let category = query.category.clone()?;
    Some(Clause::test(&query.category_field, equals(vec![category], Case::Sensitive)))
}

pub(crate) struct Lowering<'q> {
    text: &'q str,
    pub(crate) folding: Folding,
    faults: Vec<Fault>,
}

impl<'q> Lowering<'q> {
    /// Begins to lower a query that is written as `text`.
    pub(crate) fn new(text: &'q str, folding: Folding) -> Self {
        Self { text, folding, faults: Vec::new() }
    }

    /// What was lowered, or all that speaks against it.
    pub(crate) fn finish<T>(self, lowered: T) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() { Ok(lowered) } else { Err(self.faults) }
    }

    /// Lowers what must be true or false. After a fault it goes on with a stand-in, to find the others as well.
    pub(crate) fn condition(&mut self, expr: &Expr) -> Clause {
        let lowered = match &expr.kind {
            ExprKind::All(operands) => return Clause::all(self.conditions(operands)),
            ExprKind::Any(operands) => return Clause::any(self.conditions(operands)),
            ExprKind::Not(negated) => return self.condition(negated).not(),
            ExprKind::Comparison(comparison) => self.comparison(comparison),
            ExprKind::In { value, case, list } => self.membership(value, *case, list),
            ExprKind::Match { value, how, operator, patterns } => self.pattern_match(value, *how, operator, patterns),
            ExprKind::Constant(Constant::Bool(value)) => Ok(Clause::Constant(*value)),
            ExprKind::Constant(_) => Err(refusal::constant_as_condition(expr)),
            ExprKind::Field(field) => Ok(Clause::test(field, Test::Bool(true))),
            ExprKind::Call(_) | ExprKind::Arithmetic(..) | ExprKind::Negative(_) => self.call(expr),
        };
        lowered.unwrap_or_else(|fault| {
            self.faults.push(fault);
            Clause::Constant(false)
        })
    }

    /// All operands, even behind one that decides: each may have a fault.
    fn conditions(&mut self, operands: &[Expr]) -> Vec<Clause> {
        operands.iter().map(|operand| self.condition(operand)).collect()
    }

    fn call(&self, expr: &Expr) -> Result<Clause, Fault> {
        let subject = self.value(expr)?;
        if !is_condition(expr) {
            return Err(refusal::value_as_condition(expr));
        }
        Ok(match function::as_pattern(&subject) {
            Some((field, pattern, case)) => Clause::test(field, Test::Like { patterns: vec![pattern], case }),
            None => passes(subject, Test::Bool(true), self.folding),
        })
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<Clause, Fault> {
        let Comparison { left, operator, right, .. } = comparison;
        let is_equality = matches!(operator, Relation::Equal | Relation::NotEqual);
        for (subject, other) in [(left, right), (right, left)] {
            match &other.kind {
                ExprKind::Constant(Constant::Bool(value)) if is_equality && is_condition(subject) => {
                    return Ok(self.condition(subject).negated_if((*operator == Relation::NotEqual) == *value));
                }
                ExprKind::Constant(Constant::Number(_) | Constant::Text(_)) if is_condition(subject) => {
                    return Err(refusal::no_field(subject));
                }
                _ => {}
            }
        }
        match (self.value(left)?, self.value(right)?) {
            (subject, Expression::Constant(constant)) => {
                self.check_kinds(left, &constant, &right.span)?;
                self.compare(subject, *operator, &comparison.operator_span, constant, &right.span)
            }
            (Expression::Constant(constant), subject) => {
                self.check_kinds(right, &constant, &left.span)?;
                self.compare(subject, mirrored(*operator), &comparison.operator_span, constant, &left.span)
            }
            _ => Err(refusal::two_fields(right, self.text)),
        }
    }

    /// A calculated number compares with numbers only. What looks like a calculation may be a misread name.
    fn check_kinds(&self, subject: &Expr, constant: &Constant, constant_span: &Span) -> Result<(), Fault> {
        match (&subject.kind, constant) {
            (ExprKind::Arithmetic(..) | ExprKind::Negative(_), Constant::Text(_) | Constant::Bool(_)) => {
                Err(refusal::number_with_other(subject, self.text, constant_span))
            }
            _ => Ok(()),
        }
    }

    /// Lowers `subject RELATION constant`.
    fn compare(
        &self,
        subject: Expression<String>,
        relation: Relation,
        sign: &Span,
        constant: Constant,
        constant_span: &Span,
    ) -> Result<Clause, Fault> {
        let clause = match (constant, order(relation)) {
            (Constant::Null, Order::Equal) => self.is_null(subject),
            (Constant::Number(than), is) => passes(subject, Test::Number { is, than }, self.folding),
            (Constant::Bool(value), Order::Equal) => passes(subject, Test::Bool(value), self.folding),
            (Constant::Text(text), Order::Equal) => passes(subject, equals(vec![text], Case::Sensitive), self.folding),
            (Constant::Text(than), is) => passes(subject, Test::Order { is, than }, self.folding),
            (_, _) => return Err(refusal::unordered(sign, constant_span)),
        };
        Ok(clause.negated_if(relation == Relation::NotEqual))
    }

    fn is_null(&self, subject: Expression<String>) -> Clause {
        match subject {
            Expression::Field(field) => Clause::test(&field, Test::Exists).not(),
            subject => passes(subject, Test::Null, self.folding),
        }
    }

    fn membership(&self, value: &Expr, case: Case, list: &[Expr]) -> Result<Clause, Fault> {
        let subject = self.value(value)?;
        let mut literals = Vec::new();
        let mut tests = Vec::new();
        for item in list {
            match self.value(item)? {
                Expression::Constant(Constant::Text(text)) => literals.push(text),
                Expression::Constant(Constant::Number(than)) => tests.push(Test::Number { is: Order::Equal, than }),
                Expression::Constant(Constant::Bool(value)) => tests.push(Test::Bool(value)),
                Expression::Constant(Constant::Null) => {
                    return Err(refusal::null_in_list(&item.span, &self.text[value.span.clone()]));
                }
                _ => return Err(refusal::two_fields(item, self.text)),
            }
        }
        if !literals.is_empty() {
            tests.push(equals(literals, case));
        }
        Ok(self.any_passes(&subject, tests))
    }

    /// Lowers `:`, `like` and `regex`.
    ///
    /// Elasticsearch documents `:` for text only, yet takes numbers and booleans as well and treats them as `==` does;
    /// so does this. `like` and `regex` take text only.
    fn pattern_match(
        &self,
        value: &Expr,
        how: MatchKind,
        operator: &Span,
        patterns: &[Pattern],
    ) -> Result<Clause, Fault> {
        let subject = self.value(value)?;
        let mut texts = Vec::new();
        let mut tests = Vec::new();
        for Pattern { constant, span } in patterns {
            let subject = || &self.text[value.span.clone()];
            match constant {
                Constant::Text(text) => texts.push(text.clone()),
                Constant::Null if patterns.len() > 1 => return Err(refusal::null_in_list(span, subject())),
                Constant::Null => return Err(refusal::null_pattern(span, subject())),
                _ if how != MatchKind::Colon => return Err(refusal::pattern_is_no_text(span)),
                Constant::Number(than) => tests.push(Test::Number { is: Order::Equal, than: *than }),
                Constant::Bool(value) => tests.push(Test::Bool(*value)),
            }
        }
        match how {
            MatchKind::Colon => tests.extend(text_tests(texts, Case::Insensitive)),
            MatchKind::Like(case) => tests.extend(text_tests(texts, case)),
            MatchKind::Regex(case) => {
                let automaton = regex::automaton(texts.iter().map(String::as_str), case, self.folding);
                let place = |pattern: Option<usize>| pattern.map_or(operator, |number| &patterns[number].span).clone();
                let automaton = automaton.map_err(|bad| refusal::regex(&bad, place(bad.pattern)))?;
                tests.push(Test::Regex { automaton, case });
            }
        }
        Ok(self.any_passes(&subject, tests))
    }

    fn any_passes(&self, subject: &Expression<String>, tests: Vec<Test>) -> Clause {
        Clause::any(tests.into_iter().map(|test| passes(subject.clone(), test, self.folding)))
    }
}

fn is_condition(expr: &Expr) -> bool {
    use ExprKind::{All, Any, Call, Comparison, In, Match, Not};
    match &expr.kind {
        All(_) | Any(_) | Not(_) | Comparison(_) | In { .. } | Match { .. } => true,
        Call(call) => function::is_condition(call),
        _ => false,
    }
}

/// `!=` has the order that `==` has; it is negated besides.
pub(crate) fn order(relation: Relation) -> Order {
    match relation {
        Relation::Equal | Relation::NotEqual => Order::Equal,
        Relation::Less => Order::Less,
        Relation::LessOrEqual => Order::LessOrEqual,
        Relation::Greater => Order::Greater,
        Relation::GreaterOrEqual => Order::GreaterOrEqual,
    }
}

/// The relation that holds with its sides exchanged.
fn mirrored(relation: Relation) -> Relation {
    match relation {
        Relation::Equal | Relation::NotEqual => relation,
        Relation::Less => Relation::Greater,
        Relation::LessOrEqual => Relation::GreaterOrEqual,
        Relation::Greater => Relation::Less,
        Relation::GreaterOrEqual => Relation::LessOrEqual,
    }
}

/// Sorted, each once: so the same list in another order is the same predicate.
fn equals(mut literals: Vec<String>, case: Case) -> Test {
    literals.sort_unstable();
    literals.dedup();
    Test::Equals { literals, case }
}

/// The tests of which one must hold for a value that matches one of `texts`, in which `*` and `?` are wildcards.
fn text_tests(texts: Vec<String>, case: Case) -> Vec<Test> {
    if texts.iter().any(|text| !text.is_empty() && text.bytes().all(|byte| byte == b'*')) {
        return vec![Test::Exists];
    }
    let (mut patterns, literals): (Vec<_>, Vec<_>) = texts.into_iter().partition(|text| text.contains(['*', '?']));
    patterns.sort_unstable();
    patterns.dedup();
    let mut tests = Vec::new();
    if !literals.is_empty() {
        tests.push(equals(literals, case));
    }
    if !patterns.is_empty() {
        tests.push(Test::Like { patterns, case });
    }
    tests
}

#[cfg(test)]
mod tests;
