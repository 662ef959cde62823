//! Turns a query's tree into tests on fields, with Elasticsearch's meaning; refuses what Weir can't judge.

use weir_engine::program::{Case, Comparison as Order, Number, Test};

use crate::{
    ast::{Comparison, Constant, Expr, ExprKind, MatchKind, Pattern, Query, Relation},
    clause::Clause,
    fault::{Fault, Span},
    refusal,
};

/// The condition under which the `query`, written as `text`, matches an event; or all that speaks against it.
pub(crate) fn lower(query: &Query, text: &str) -> Result<Clause, Vec<Fault>> {
    let mut lowering = Lowering { text, faults: Vec::new() };
    let category = query.category.as_deref().map_or(Clause::Constant(true), |category| {
        Clause::test("event.category", equals(vec![category.to_owned()], Case::Sensitive))
    });
    let condition = lowering.condition(&query.condition);
    if lowering.faults.is_empty() { Ok(Clause::all([category, condition])) } else { Err(lowering.faults) }
}

struct Lowering<'q> {
    text: &'q str,
    faults: Vec<Fault>,
}

impl Lowering<'_> {
    /// Lowers what must be true or false. After a fault it goes on with a stand-in, to find the others as well.
    fn condition(&mut self, expr: &Expr) -> Clause {
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
            // Neither is a field, so this refuses.
            ExprKind::Call(_) | ExprKind::Arithmetic(_) => self.field(expr).map(|_| Clause::Constant(false)),
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

    fn comparison(&mut self, comparison: &Comparison) -> Result<Clause, Fault> {
        let Comparison { left, operator, operator_span, right } = comparison;
        match (&left.kind, &right.kind) {
            (ExprKind::Constant(_), ExprKind::Constant(_)) => Err(refusal::two_constants(operator_span)),
            (ExprKind::Constant(constant), _) => {
                self.compare(right, mirrored(*operator), operator_span, constant, &left.span)
            }
            (_, ExprKind::Constant(constant)) => self.compare(left, *operator, operator_span, constant, &right.span),
            _ => {
                self.field(left)?;
                self.field(right)?;
                Err(refusal::two_fields(right, self.text))
            }
        }
    }

    /// Lowers `subject RELATION constant`.
    fn compare(
        &mut self,
        subject: &Expr,
        relation: Relation,
        sign: &Span,
        constant: &Constant,
        constant_span: &Span,
    ) -> Result<Clause, Fault> {
        let negated = relation == Relation::NotEqual;
        let order = match relation {
            Relation::Equal | Relation::NotEqual => Order::Equal,
            Relation::Less => Order::Less,
            Relation::LessOrEqual => Order::LessOrEqual,
            Relation::Greater => Order::Greater,
            Relation::GreaterOrEqual => Order::GreaterOrEqual,
        };
        if let (Constant::Bool(value), Order::Equal, true) = (constant, order, is_condition(subject)) {
            return Ok(self.condition(subject).negated_if(negated == *value));
        }
        let field = self.field(subject)?;
        let clause = match (constant, order) {
            (Constant::Number(than), is) => Clause::test(field, Test::Number { is, than: *than }),
            (Constant::Null, Order::Equal) => Clause::test(field, Test::Exists).not(),
            (Constant::Bool(value), Order::Equal) => Clause::test(field, Test::Bool(*value)),
            (Constant::Text(text), Order::Equal) => Clause::test(field, equals(vec![text.clone()], Case::Sensitive)),
            (_, _) => return Err(refusal::unordered(sign, constant_span)),
        };
        Ok(clause.negated_if(negated))
    }

    fn membership(&self, value: &Expr, case: Case, list: &[Expr]) -> Result<Clause, Fault> {
        let field = self.field(value)?;
        let mut literals = Vec::new();
        let mut clauses = Vec::new();
        for item in list {
            match &item.kind {
                ExprKind::Constant(Constant::Text(text)) => literals.push(text.clone()),
                ExprKind::Constant(Constant::Number(number)) => clauses.push(equals_number(field, *number)),
                ExprKind::Constant(Constant::Bool(value)) => clauses.push(Clause::test(field, Test::Bool(*value))),
                ExprKind::Constant(Constant::Null) => return Err(refusal::null_in_list(&item.span, field)),
                _ => {
                    self.field(item)?;
                    return Err(refusal::two_fields(item, self.text));
                }
            }
        }
        if !literals.is_empty() {
            clauses.push(Clause::test(field, equals(literals, case)));
        }
        Ok(Clause::any(clauses))
    }

    /// Lowers `:` and `like`.
    ///
    /// Elasticsearch documents `:` for text only, yet takes numbers and booleans as well and treats them as `==` does;
    /// so does this. `like` takes text only.
    fn pattern_match(
        &self,
        value: &Expr,
        how: MatchKind,
        operator: &Span,
        patterns: &[Pattern],
    ) -> Result<Clause, Fault> {
        let case = match how {
            MatchKind::Colon => Case::Insensitive,
            MatchKind::Like(case) => case,
            MatchKind::Regex => return Err(refusal::regex(operator)),
        };
        let field = self.field(value)?;
        let mut texts = Vec::new();
        let mut clauses = Vec::new();
        for Pattern { constant, span } in patterns {
            match constant {
                Constant::Text(text) => texts.push(text.clone()),
                Constant::Null if patterns.len() > 1 => return Err(refusal::null_in_list(span, field)),
                Constant::Null => return Err(refusal::null_pattern(span, field)),
                _ if how != MatchKind::Colon => return Err(refusal::pattern_is_no_text(span)),
                Constant::Number(number) => clauses.push(equals_number(field, *number)),
                Constant::Bool(value) => clauses.push(Clause::test(field, Test::Bool(*value))),
            }
        }
        clauses.extend(text_tests(texts, case).into_iter().map(|test| Clause::test(field, test)));
        Ok(Clause::any(clauses))
    }

    /// The name of the field that `expr` is, or why it can't stand where a field must.
    fn field<'e>(&self, expr: &'e Expr) -> Result<&'e str, Fault> {
        match &expr.kind {
            ExprKind::Field(name) => Ok(name),
            ExprKind::Call(call) => Err(refusal::call(call, self.text)),
            ExprKind::Arithmetic(operator) => Err(refusal::arithmetic(operator, &self.text[expr.span.clone()])),
            _ => Err(refusal::no_field(expr)),
        }
    }
}

fn is_condition(expr: &Expr) -> bool {
    use ExprKind::{All, Any, Comparison, In, Match, Not};
    matches!(expr.kind, All(_) | Any(_) | Not(_) | Comparison(_) | In { .. } | Match { .. })
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

fn equals_number(field: &str, than: Number) -> Clause {
    Clause::test(field, Test::Number { is: Order::Equal, than })
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
