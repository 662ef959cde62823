//! Turns what a comparison compares into a calculation; a second half of `lower`.

use weir_engine::Detector;
use weir_engine::program::{
    Case, Comparison as Order, Condition, Constant, Expression, Folding, Function, Predicate, Program, Rule, RuleMeta,
    Test,
};

use crate::ast::{Comparison, Expr, ExprKind, Relation};
use crate::clause::Clause;
use crate::fault::Fault;
use crate::lower::{Lowering, order};
use crate::{function, refusal};

impl Lowering<'_> {
    /// Lowers what has a value. What reads no field becomes its result.
    pub(crate) fn value(&self, expr: &Expr) -> Result<Expression<String>, Fault> {
        let value = match &expr.kind {
            ExprKind::Constant(constant) => return Ok(Expression::Constant(constant.clone())),
            ExprKind::Field(name) => return Ok(Expression::Field(name.clone())),
            ExprKind::Negative(inner) => Expression::Negative(Box::new(self.value(inner)?)),
            ExprKind::Arithmetic(first, rest) => {
                let rest = rest.iter().map(|(sign, operand)| Ok((sign.operator, self.value(operand)?)));
                Expression::Arithmetic(Box::new(self.value(first)?), rest.collect::<Result<_, _>>()?)
            }
            ExprKind::Call(call) => function::calculation(call, self.values(&call.arguments)?)?,
            ExprKind::Comparison(comparison) => self.compared(expr, comparison)?,
            ExprKind::All(operands) => Expression::Call(Function::All, self.values(operands)?),
            ExprKind::Any(operands) => Expression::Call(Function::Any, self.values(operands)?),
            ExprKind::Not(negated) => not(self.value(negated)?),
            ExprKind::In { value, case: Case::Sensitive, list } => {
                let value = self.value(value)?;
                let is = |item| Expression::Comparison(Box::new(value.clone()), Order::Equal, Box::new(item));
                Expression::Call(Function::Any, self.values(list)?.into_iter().map(is).collect())
            }
            _ => return Err(refusal::condition_as_value(expr)),
        };
        Ok(folded(value, self.folding))
    }

    fn values(&self, exprs: &[Expr]) -> Result<Vec<Expression<String>>, Fault> {
        exprs.iter().map(|expr| self.value(expr)).collect()
    }

    fn compared(&self, expr: &Expr, comparison: &Comparison) -> Result<Expression<String>, Fault> {
        let sides = [self.value(&comparison.left)?, self.value(&comparison.right)?];
        // Whether there is a value isn't for a calculation to know: without one, it has none itself.
        if sides.contains(&Expression::Constant(Constant::Null)) {
            return Err(refusal::condition_as_value(expr));
        }
        let [left, right] = sides.map(Box::new);
        let compared = Expression::Comparison(left, order(comparison.operator), right);
        Ok(if comparison.operator == Relation::NotEqual { not(compared) } else { compared })
    }
}

fn not(value: Expression<String>) -> Expression<String> {
    Expression::Call(Function::Not, vec![value])
}

/// A constant, if it reads no field.
pub(crate) fn folded(value: Expression<String>, folding: Folding) -> Expression<String> {
    let mut reads_field = false;
    let without_names = value.map_fields(&mut |_| {
        reads_field = true;
        0
    });
    if reads_field { value } else { Expression::Constant(without_names.constant(folding)) }
}

/// The condition that `subject` passes `test`.
pub(crate) fn passes(subject: Expression<String>, test: Test, folding: Folding) -> Clause {
    match subject {
        Expression::Constant(constant) => Clause::Constant(is_passed(constant, test, folding)),
        subject => Clause::Test { subject, test },
    }
}

/// Does the constant pass? Lets the engine itself judge it, by a rule that matches any event if the constant passes.
pub(crate) fn is_passed(constant: Constant, test: Test, folding: Folding) -> bool {
    let program = Program {
        folding,
        calculated: vec![Expression::Constant(constant)],
        predicates: vec![Predicate { field: 0, test }],
        rules: vec![Rule { meta: RuleMeta::default(), condition: Condition::Predicate(0) }],
        ..Program::default()
    };
    Detector::new(program).is_ok_and(|detector| !detector.detect(b"{}").findings.is_empty())
}
