//! Finds what is doubtful in a query that is right: fields that no event is known to have, conditions that decide nothing.

mod decided;
mod formula;
mod implied;

use std::collections::HashSet;

use weir_engine::program::Folding;

use self::decided::decided;
use self::formula::Carrier;
use crate::ast::{ExprKind, Query};
use crate::diagnostic::Severity;
use crate::fault::{Fault, Span};
use crate::schema::{self, Name};

/// All doubts about the `query`, written as `text`, in the order of their places.
pub(crate) fn doubts(query: &Query, text: &str, folding: Folding) -> Vec<Fault> {
    let mut doubts = fields(query);
    let decided = decided(&Carrier { text, folding }.carry(query), folding);
    if decided.never_holds {
        let head = text[..query.condition.span.start].trim_end();
        let span = head.len() - head.trim_start().len()..head.len();
        doubts.push(
            warning(&span, "the rule never matches").help("correct the conditions that are always true or false"),
        );
    }
    doubts.extend(decided.doubts);
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

fn field(name: &str, span: &Span) -> Option<Fault> {
    let (message, help) = match schema::look_up(name) {
        Name::Known => return None,
        Name::OfIndex(field) => (
            format!("only an index has `{name}`, no event has"),
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
