//! What Weir says to queries that are well formed, but that it doesn't run.

use weir_engine::program::Case;

use crate::{
    ast::{Call, Constant, Expr, ExprKind, Operator},
    fault::{Fault, Span},
    suggest::nearest,
};

const FUNCTIONS: [&str; 16] = [
    "add",
    "between",
    "cidrMatch",
    "concat",
    "divide",
    "endsWith",
    "indexOf",
    "length",
    "modulo",
    "multiply",
    "number",
    "startsWith",
    "string",
    "stringContains",
    "substring",
    "subtract",
];

pub(crate) fn call(call: &Call, query: &str) -> Fault {
    let span = call.name_span.clone();
    let Some(name) = FUNCTIONS.into_iter().find(|name| name.eq_ignore_ascii_case(&call.name)) else {
        let help = nearest(&call.name, FUNCTIONS).map_or_else(
            || format!("EQL's functions are {}", FUNCTIONS.join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        return Fault::new(span, format!("there is no function `{}`", call.name)).help(help);
    };
    let fault = Fault::new(span, format!("the function `{name}` isn't supported yet"));
    match like_instead(name, call, query) {
        Some(equivalent) => fault.help(format!("write `{equivalent}`, which means the same")),
        None => fault.help("write the condition with operators, or leave this rule out"),
    }
}

/// The `like` that says what a call of `name` says, if there is one: a wildcard in the text would change the meaning.
fn like_instead(name: &str, call: &Call, query: &str) -> Option<String> {
    let [field, text] = &*call.arguments else { return None };
    let (ExprKind::Field(_), ExprKind::Constant(Constant::Text(value))) = (&field.kind, &text.kind) else {
        return None;
    };
    if value.contains(['*', '?']) {
        return None;
    }
    let (before, after) = match name {
        "startsWith" => ("", "*"),
        "endsWith" => ("*", ""),
        "stringContains" => ("*", "*"),
        _ => return None,
    };
    let operator = if call.case == Case::Sensitive { "like" } else { "like~" };
    let quoted = &query[text.span.clone()];
    let inner = quoted.strip_prefix('"')?.strip_suffix('"').filter(|inner| !inner.starts_with('"'))?;
    Some(format!("{} {operator} \"{before}{inner}{after}\"", &query[field.span.clone()]))
}

/// `written` is the whole calculation.
pub(crate) fn arithmetic(operator: &Operator, written: &str) -> Fault {
    let is_like_a_name = operator.sign == "-" && !written.starts_with('-') && !written.contains(char::is_whitespace);
    let help = if is_like_a_name {
        format!("if `{written}` is one field's name, put it in backquotes; else write the result")
    } else {
        "write the result, and compare a field with it".to_owned()
    };
    Fault::new(operator.span.clone(), format!("arithmetic with `{}` isn't supported yet", operator.sign)).help(help)
}

pub(crate) fn regex(operator: &Span) -> Fault {
    Fault::new(operator.clone(), "`regex` isn't supported yet")
        .help("write `like` with `*` and `?`, or a list of alternatives: `field like (\"a*\", \"b*\")`")
}

pub(crate) fn two_fields(second: &Expr, query: &str) -> Fault {
    let name = &query[second.span.clone()];
    Fault::new(second.span.clone(), "a field can't be compared with another field")
        .label("a constant must stand here")
        .help(format!("if `{name}` is text, put it in double quotes"))
}

pub(crate) fn two_constants(sign: &Span) -> Fault {
    Fault::new(sign.clone(), "both sides are constants")
        .help("compare a field with a constant; a condition that always holds is written `true`")
}

pub(crate) fn no_field(expr: &Expr) -> Fault {
    Fault::new(expr.span.clone(), "a field must stand here").help("write a field's name; text is compared with a field")
}

pub(crate) fn constant_as_condition(expr: &Expr) -> Fault {
    Fault::new(expr.span.clone(), "a constant is no condition").help("compare a field with it: `field == …`")
}

pub(crate) fn unordered(sign: &Span, constant: &Span) -> Fault {
    Fault::new(constant.clone(), "only numbers have an order")
        .related(sign.clone(), "asks for an order")
        .help("compare with a number, without quotes; text, booleans and `null` only with `==` and `!=`")
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
    Fault::new(constant.clone(), "`like` compares with text only").help("put it in double quotes, or compare with `==`")
}
