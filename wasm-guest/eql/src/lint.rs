//! Finds what is doubtful in a query that is right: fields that no event is known to have, conditions that decide nothing.

mod decided;
mod formula;
mod implied;

use std::collections::HashSet;

use weir_engine::program::Folding;

use self::decided::{Decided, decided};
use self::formula::Carrier;
use crate::ast::{ExprKind, Query};
use crate::diagnostic::Severity;
use crate::fault::{Fault, Span};
use crate::schema::{self, Name};

const REMEDY: &str = "correct the conditions that are always true or false";
const REMEDY_OF_ALWAYS: &str =
    "correct the conditions that are always true or false, or write just `true` if that is meant";

const REMEDY_OF_FALSE: &str = "remove it, or write a condition that some event fulfils";

/// All doubts about a rule's `query`, written as `text`, in the order of their places.
pub(crate) fn of_rule(query: &Query, text: &str, folding: Folding) -> Vec<Fault> {
    let head = text[..query.condition.span.start].trim_end();
    let head = head.len() - head.trim_start().len()..head.len();
    let always = match query.category {
        Some(_) => "the rule matches every event of its category",
        None => "the rule matches every event",
    };
    let doubts = of_condition(query, text, folding, &Verdicts { place: head, never: "the rule never matches", always });
    in_order(fields(query), doubts)
}

/// All doubts about an exception's condition, written as `text`, in the order of their places.
pub(crate) fn of_exception(query: &Query, text: &str, folding: Folding) -> Vec<Fault> {
    let verdicts = Verdicts {
        place: query.condition.span.clone(),
        never: "the exception never applies",
        always: "the exception covers every match of its rules",
    };
    in_order(fields(query), of_condition(query, text, folding, &verdicts))
}

/// All doubts about the condition of a mapped value, written as `text`, in the order of their places. Its fields are the
/// source's own, which no schema knows.
pub(crate) fn of_mapping(query: &Query, text: &str, folding: Folding) -> Vec<Fault> {
    let verdicts = Verdicts {
        place: query.condition.span.clone(),
        never: "the field never has this value",
        always: "the field has this value in every event",
    };
    in_order(Vec::new(), of_condition(query, text, folding, &verdicts))
}

/// What it means that a whole condition is the same for every event, and where to say so.
struct Verdicts {
    place: Span,
    never: &'static str,
    always: &'static str,
}

/// A doubt about the whole of the query's condition, and those about the tests in it.
fn of_condition(query: &Query, text: &str, folding: Folding, verdicts: &Verdicts) -> Vec<Fault> {
    let carrier = Carrier { text, folding };
    let Decided { doubts, never_holds } = decided(&carrier.carry(query), folding);
    // Whoever writes nothing but `true` means it.
    let is_constant = matches!(query.condition.kind, ExprKind::Constant(_));
    let verdict = if never_holds {
        let remedy = if is_constant { REMEDY_OF_FALSE } else { REMEDY };
        Some(warning(&verdicts.place, verdicts.never).help(remedy))
    } else if !is_constant && decided(&carrier.carry_opposite(query), folding).never_holds {
        Some(warning(&verdicts.place, verdicts.always).help(REMEDY_OF_ALWAYS))
    } else {
        None
    };
    verdict.into_iter().chain(doubts).collect()
}

fn in_order(fields: Vec<Fault>, of_condition: Vec<Fault>) -> Vec<Fault> {
    let mut doubts = [fields, of_condition].concat();
    doubts.sort_by_key(|Fault(doubt)| doubt.span.start);
    doubts
}

/// Each field once, where it is first read.
fn fields(query: &Query) -> Vec<Fault> {
    let (mut seen, mut doubts) = (HashSet::new(), Vec::new());
    query.condition.each(&mut |expr| {
        if let ExprKind::Field(name) = &expr.kind
            && seen.insert(name)
        {
            doubts.extend(field(name, &expr.span));
        }
    });
    doubts
}

/// The doubt about a field that no schema has as one.
pub(crate) fn field(name: &str, span: &Span) -> Option<Fault> {
    let (message, help) = match schema::look_up(name) {
        Name::Known => return None,
        Name::OfIndex(field) => (
            format!("only an index has `{name}`, never an event"),
            format!("write `{field}`; `:` and `like~` ignore case"),
        ),
        Name::Object(field) => {
            (format!("`{name}` is an object, which has no value"), format!("name a field below it, such as `{field}`"))
        }
        Name::Unknown(Some(meant)) => (format!("no field `{name}` is known"), format!("did you mean `{meant}`?")),
        Name::Unknown(None) => {
            let help = "check its spelling, unless it is a field of your own: no public schema has it";
            (format!("no field `{name}` is known"), help.to_owned())
        }
    };
    Some(warning(span, message).help(help))
}

fn warning(span: &Span, message: impl Into<String>) -> Fault {
    Fault::new(span.clone(), message).severity(Severity::Warning)
}

#[cfg(test)]
mod tests;
