use super::*;
use weir_engine::program::Constant;

/// `query` with every operator's operands in parentheses.
fn shape(query: &str) -> String {
    let parsed = parse(&format!("any where {query}")).unwrap_or_else(|fault| panic!("{query}: {fault:?}"));
    show(&parsed.condition)
}

fn show(expr: &Expr) -> String {
    let join = |operands: &[Expr], word| format!("({})", operands.iter().map(show).collect::<Vec<_>>().join(word));
    match &expr.kind {
        ExprKind::Constant(Constant::Null) => "null".to_owned(),
        ExprKind::Constant(Constant::Bool(value)) => value.to_string(),
        ExprKind::Constant(Constant::Number(number)) => format!("{number:?}"),
        ExprKind::Constant(Constant::Text(text)) => format!("{text:?}"),
        ExprKind::Field(name) => name.clone(),
        ExprKind::Call(call) => format!("{}{}", call.name, join(&call.arguments, ", ")),
        ExprKind::Arithmetic(first, rest) => {
            let rest = rest.iter().map(|(sign, operand)| format!(" {:?} {}", sign.operator, show(operand)));
            format!("({}{})", show(first), rest.collect::<String>())
        }
        ExprKind::Negative(inner) => format!("-{}", show(inner)),
        ExprKind::Comparison(c) => format!("({} {:?} {})", show(&c.left), c.operator, show(&c.right)),
        ExprKind::In { value, case, list } => format!("({} in {case:?} {})", show(value), join(list, ", ")),
        ExprKind::Match { value, how, patterns, .. } => format!("({} {how:?} {})", show(value), patterns.len()),
        ExprKind::Not(negated) => format!("not {}", show(negated)),
        ExprKind::All(operands) => join(operands, " and "),
        ExprKind::Any(operands) => join(operands, " or "),
    }
}

#[test]
fn not_binds_closer_than_and_and_that_closer_than_or() {
    for (query, expected) in [
        ("a or b and c", "(a or (b and c))"),
        ("a and b or c", "((a and b) or c)"),
        ("not a and b", "(not a and b)"),
        ("not a == 1 or b", "(not (a Equal Int(1)) or b)"),
        ("(a or b) and c", "((a or b) and c)"),
        ("not not a", "not not a"),
        ("a and b and c", "(a and b and c)"),
    ] {
        assert_eq!(shape(query), expected, "{query}");
    }
}

#[test]
fn every_operator_is_read() {
    for (query, expected) in [
        ("a == 1", "(a Equal Int(1))"),
        ("1 != a", "(Int(1) NotEqual a)"),
        ("a < -1.5", "(a Less Float(-1.5))"),
        ("a >= +1", "(a GreaterOrEqual Int(1))"),
        ("a in (1, \"b\")", "(a in Sensitive (Int(1), \"b\"))"),
        ("a not in~ (\"b\")", "not (a in Insensitive (\"b\"))"),
        ("a : \"b\"", "(a Colon 1)"),
        ("a : (\"b\", -5, true)", "(a Colon 3)"),
        ("a like (\"b\", \"c\")", "(a Like(Sensitive) 2)"),
        ("a like~ \"b\"", "(a Like(Insensitive) 1)"),
        ("a regex~ \"b\"", "(a Regex(Insensitive) 1)"),
        ("a + 1 * 2 - b == 3", "((a Add (Int(1) Multiply Int(2)) Subtract b) Equal Int(3))"),
        ("-a == 3", "(-a Equal Int(3))"),
        ("(a : \"b\") == true", "((a Colon 1) Equal true)"),
        ("f~(a, 1, g()) > 0", "(f(a, Int(1), g()) Greater Int(0))"),
    ] {
        assert_eq!(shape(query), expected, "{query}");
    }
}

#[test]
fn a_field_is_named_with_and_without_quotes() {
    for (query, expected) in [
        ("process.name", "process.name"),
        ("?process.name", "process.name"),
        ("`my-field`.`in`.x", "my-field.in.x"),
        ("?`a`", "a"),
        ("@timestamp", "@timestamp"),
    ] {
        assert_eq!(shape(query), expected, "{query}");
    }
}

#[test]
fn a_category_is_a_word_or_in_quotes() {
    for (query, expected) in [
        ("any where true", None),
        ("process where true", Some("process")),
        ("\"my category\" where true", Some("my category")),
        ("\"\"\"my.category\"\"\" where true", Some("my.category")),
        ("`any` where true", Some("any")),
        ("sample where true", Some("sample")),
    ] {
        assert_eq!(parse(query).expect(query).category.as_deref(), expected, "{query}");
    }
}

#[test]
fn nesting_has_a_limit_whatever_nests() {
    for (open, close) in [("(", ")"), ("not ", ""), ("f(", ")"), ("-", ""), ("a in (", ")"), ("(not ", ")")] {
        let deep = |levels| format!("any where {}a{}", open.repeat(levels), close.repeat(levels));
        let fault = parse(&deep(100_000)).expect_err(open);
        assert_eq!(fault.0.message, "query is nested too deeply", "{open}");
        parse(&deep(MAX_DEPTH / 2)).expect(open);
    }
}

#[test]
fn a_long_chain_is_no_deep_tree() {
    for word in ["and", "or", "+", "*"] {
        let chain = vec!["a"; 50_000].join(&format!(" {word} "));
        parse(&format!("any where {chain}")).expect(word);
    }
}
