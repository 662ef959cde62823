//! What Weir says to queries that are well formed, but that it doesn't run.

use crate::ast::{Call, Expr};
use crate::fault::{Fault, Span};
use crate::function::{FUNCTIONS, Signature};
use crate::regex::BadRegex;
use crate::suggest::nearest;

pub(crate) fn unknown_function(call: &Call) -> Fault {
    let names = || FUNCTIONS.iter().map(|function| function.name);
    let help = nearest(&call.name, names()).map_or_else(
        || format!("EQL's functions are {}", names().collect::<Vec<_>>().join(", ")),
        |meant| format!("did you mean `{meant}`?"),
    );
    Fault::new(call.name_span.clone(), format!("there is no function `{}`", call.name)).help(help)
}

pub(crate) fn argument_count(call: &Call, signature: &Signature) -> Fault {
    Fault::new(call.name_span.clone(), format!("wrong number of arguments for `{}`", signature.name))
        .help(format!("write `{}`", signature.usage))
}

pub(crate) fn no_network(argument: &Expr) -> Fault {
    Fault::new(argument.span.clone(), "not a network")
        .help("write an address and a prefix length in double quotes: `\"10.0.0.0/8\"`, `\"fe80::/10\"`")
}

pub(crate) fn value_as_condition(expr: &Expr) -> Fault {
    Fault::new(expr.span.clone(), "this is neither true nor false").help("compare it: `… == …`, `… > …`")
}

pub(crate) fn condition_as_value(expr: &Expr) -> Fault {
    Fault::new(expr.span.clone(), "this condition can't be calculated with")
        .label("only `and`, `or`, `not`, `in` and comparisons with values can")
        .help("take it out of the calculation, and join it by `and` or `or`")
}

/// `written` is the whole calculation.
pub(crate) fn number_with_other(written: &Expr, query: &str, other: &Span) -> Fault {
    let written = &query[written.span.clone()];
    let is_like_a_name = written.contains('-') && !written.starts_with('-') && !written.contains(char::is_whitespace);
    let help = if is_like_a_name {
        format!("if `{written}` is one field's name, put it in backquotes")
    } else {
        "write a number without quotes".to_owned()
    };
    Fault::new(other.clone(), format!("`{written}` is a number, and this isn't")).help(help)
}

pub(crate) fn regex(bad: &BadRegex, span: Span) -> Fault {
    Fault::new(span, &*bad.message).help(&*bad.help)
}

pub(crate) fn two_fields(second: &Expr, query: &str) -> Fault {
    let name = &query[second.span.clone()];
    Fault::new(second.span.clone(), "a field can't be compared with another field")
        .label("a constant must stand here")
        .help(format!("if `{name}` is text, put it in double quotes"))
}

pub(crate) fn no_field(expr: &Expr) -> Fault {
    Fault::new(expr.span.clone(), "a field must stand here").help("write a field's name; text is compared with a field")
}

pub(crate) fn constant_as_condition(expr: &Expr) -> Fault {
    Fault::new(expr.span.clone(), "a constant is no condition").help("compare a field with it: `field == …`")
}

pub(crate) fn unordered(sign: &Span, constant: &Span) -> Fault {
    Fault::new(constant.clone(), "only numbers and text have an order")
        .related(sign.clone(), "asks for an order")
        .help("compare booleans and `null` with `==` or `!=`")
}

pub(crate) fn null_in_list(null: &Span, field: &str) -> Fault {
    Fault::new(null.clone(), "`null` can't stand in a list")
        .help(format!("take it out, and write `({field} == null or …)` for events without the field"))
}

pub(crate) fn null_pattern(null: &Span, field: &str) -> Fault {
    Fault::new(null.clone(), "`null` is no pattern")
        .help(format!("write `{field} == null` for events without the field, `{field} != null` for those with it"))
}

pub(crate) fn pattern_is_no_text(constant: &Span) -> Fault {
    Fault::new(constant.clone(), "`like` and `regex` compare with text only")
        .help("put it in double quotes, or compare with `==`")
}
