//! Lets the fields that rules read also have values that a source keeps elsewhere, by rewriting conditions before they are
//! linked: so nothing is left of it in a program, and a program without mappings pays nothing.

use std::collections::BTreeSet;

use weir_engine::program::{Constant, Expression, Folding, Function, Test};

use crate::Diagnostic;
use crate::ast::Query;
use crate::clause::Clause;
use crate::fault::Fault;
use crate::lower;
use crate::value::{folded, passes};

/// In how many ways the fields that one calculation reads may get their values.
const MAX_WAYS: usize = 1000;

/// What one mapping file says: which fields have further values, and from where.
///
/// Mappings don't feed each other: what they read are the event's own fields.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    pub(crate) entries: Vec<Entry>,
    /// What is doubtful in the file.
    pub(crate) doubts: Vec<Diagnostic>,
}

impl Mapping {
    /// What is doubtful in the file: fields that no public schema has, so that rules hardly read them, and conditions that
    /// are the same for every event.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.doubts
    }
}

/// One more origin of a field's values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// The field that rules read.
    pub(crate) field: String,
    pub(crate) origin: Origin,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// What is made of another field's values.
    Field(Expression<String>),
    /// One value, in the events that the condition holds for.
    Value(Constant, Clause),
}

impl Origin {
    /// The condition that it gives a value.
    pub(crate) fn gives(&self) -> Clause {
        match self {
            Self::Field(source) => Clause::Test { subject: source.clone(), test: Test::Exists },
            Self::Value(_, when) => when.clone(),
        }
    }

    /// A value of it, or none if it gives several: those have no place in a calculation.
    fn value(&self) -> Option<Expression<String>> {
        match self {
            Self::Field(Expression::Call(Function::Words, _)) => None,
            Self::Field(source) => Some(source.clone()),
            Self::Value(value, _) => Some(Expression::Constant(value.clone())),
        }
    }
}

/// The condition under which the `query`, written as `text`, matches an event whose fields have what the `mappings` add; or
/// all that speaks against it.
pub(crate) fn lower(query: &Query, text: &str, mappings: &[Mapping], folding: Folding) -> Result<Clause, Vec<Fault>> {
    let clause = lower::lower(query, text, folding)?;
    apply(mappings, clause, folding).map_err(|fault| vec![fault])
}

/// The condition that `clause` is once its fields have what the `mappings` add.
pub(crate) fn apply(mappings: &[Mapping], clause: Clause, folding: Folding) -> Result<Clause, Fault> {
    if mappings.is_empty() {
        return Ok(clause);
    }
    Applying { mappings, folding }.clause(clause)
}

struct Applying<'m> {
    mappings: &'m [Mapping],
    folding: Folding,
}

impl Applying<'_> {
    fn clause(&self, clause: Clause) -> Result<Clause, Fault> {
        let each = |clauses: Vec<Clause>| -> Result<Vec<_>, _> {
            clauses.into_iter().map(|clause| self.clause(clause)).collect()
        };
        Ok(match clause {
            Clause::Constant(_) => clause,
            Clause::Not(negated) => self.clause(*negated)?.not(),
            Clause::All(clauses) => Clause::all(each(clauses)?),
            Clause::Any(clauses) => Clause::any(each(clauses)?),
            Clause::Test { subject: Expression::Field(field), test } => self.field(&field, &test),
            Clause::Test { subject, test } => self.calculation(subject, &test)?,
        })
    }

    /// The field is tested by all of its values, wherever they are from.
    fn field(&self, field: &str, test: &Test) -> Clause {
        let own = Clause::test(field, test.clone());
        let others = self.origins(field).map(|origin| match origin {
            Origin::Field(source) => Clause::Test { subject: source.clone(), test: test.clone() },
            Origin::Value(value, when) => {
                let value = Expression::Constant(value.clone());
                Clause::all([passes(value, test.clone(), self.folding), when.clone()])
            }
        });
        Clause::any([own].into_iter().chain(others))
    }

    fn calculation(&self, subject: Expression<String>, test: &Test) -> Result<Clause, Fault> {
        let mut read = BTreeSet::new();
        subject.each_field(&mut |field| {
            read.insert(field.clone());
        });
        let fields: Vec<_> = read.into_iter().filter(|field| self.origins(field).next().is_some()).collect();
        let ways = fields.iter().try_fold(1, |ways: usize, field| ways.checked_mul(1 + self.origins(field).count()));
        if ways.is_none_or(|ways| ways > MAX_WAYS) {
            let message =
                format!("a mapping gives a calculation in this query more than {MAX_WAYS} ways to get its values");
            return Err(Fault::new(0..0, message)
                .help("calculate with fewer fields, or leave some of these fields out of the mapping"));
        }
        Ok(self.choose(&fields, subject, test))
    }

    /// The condition that `subject` passes with any choice of origins for the `fields`. An origin that gives no value
    /// counts only where none gives any, for some calculations have a value without it.
    fn choose(&self, fields: &[String], subject: Expression<String>, test: &Test) -> Clause {
        let Some((field, rest)) = fields.split_first() else {
            return passes(folded(subject, self.folding), test.clone(), self.folding);
        };
        let origins = || self.origins(field).filter_map(|origin| Some((origin.value()?, origin.gives())));
        let nothing_else = Clause::any(origins().map(|(_, gives)| gives)).not();
        let own = Clause::any([Clause::test(field, Test::Exists), nothing_else]);
        let by_own = Clause::all([own, self.choose(rest, subject.clone(), test)]);
        let by_others = origins()
            .map(|(value, gives)| Clause::all([gives, self.choose(rest, replaced(&subject, field, &value), test)]));
        Clause::any([by_own].into_iter().chain(by_others))
    }

    fn origins<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Origin> {
        let entries = self.mappings.iter().flat_map(|mapping| &mapping.entries);
        entries.filter(move |entry| entry.field == field).map(|entry| &entry.origin)
    }
}

/// `expression`, calculated with `value` instead of the `field`.
fn replaced(expression: &Expression<String>, field: &str, value: &Expression<String>) -> Expression<String> {
    let of = |inner: &Expression<String>| replaced(inner, field, value);
    let boxed = |inner: &Expression<String>| Box::new(of(inner));
    match expression {
        Expression::Field(read) if read == field => value.clone(),
        Expression::Field(_) | Expression::Constant(_) => expression.clone(),
        Expression::Negative(inner) => Expression::Negative(boxed(inner)),
        Expression::Comparison(left, is, right) => Expression::Comparison(boxed(left), *is, boxed(right)),
        Expression::Arithmetic(first, rest) => {
            let rest = rest.iter().map(|(operator, inner)| (*operator, of(inner)));
            Expression::Arithmetic(boxed(first), rest.collect())
        }
        Expression::Call(function, arguments) => Expression::Call(function.clone(), arguments.iter().map(of).collect()),
    }
}
