//! Parses what a comparison compares: fields, constants, calls, arithmetic, and the tests that follow a field. A second
//! half of the parser.

use weir_engine::program::{Case, Constant, Number, Operator};

use crate::ast::{Call, Expr, ExprKind, MatchKind, Pattern, Sign};
use crate::fault::{Fault, Span};
use crate::lexer::{KEYWORDS, TokenKind};
use crate::parser::{Parser, several_events};

const MEMBERSHIPS: [(&str, Case); 2] = [("in", Case::Sensitive), ("in~", Case::Insensitive)];
const MATCHES: [(&str, MatchKind); 5] = [
    (":", MatchKind::Colon),
    ("like", MatchKind::Like(Case::Sensitive)),
    ("like~", MatchKind::Like(Case::Insensitive)),
    ("regex", MatchKind::Regex(Case::Sensitive)),
    ("regex~", MatchKind::Regex(Case::Insensitive)),
];
const SUMS: [(&str, Operator); 2] = [("+", Operator::Add), ("-", Operator::Subtract)];
const PRODUCTS: [(&str, Operator); 3] = [("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Modulo)];

impl Parser<'_> {
    /// Parses one side of a comparison.
    pub(crate) fn operand(&mut self) -> Result<Expr, Fault> {
        self.arithmetic(&SUMS, |parser| parser.arithmetic(&PRODUCTS, Self::signed))
    }

    /// Parses operands joined by `signs` into one flat node, so that a long chain isn't a deep tree.
    fn arithmetic(
        &mut self,
        signs: &[(&str, Operator)],
        operand: fn(&mut Self) -> Result<Expr, Fault>,
    ) -> Result<Expr, Fault> {
        let first = operand(self)?;
        let start = first.span.start;
        let mut rest = Vec::new();
        while let Some(sign) = self.sign(signs)? {
            rest.push((sign, operand(self)?));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        Ok(self.expr(start, ExprKind::Arithmetic(Box::new(first), rest)))
    }

    fn sign(&mut self, signs: &[(&str, Operator)]) -> Result<Option<Sign>, Fault> {
        for (sign, operator) in signs {
            if let Some(span) = self.eat(sign)? {
                return Ok(Some(Sign { operator: *operator, span }));
            }
        }
        Ok(None)
    }

    fn signed(&mut self) -> Result<Expr, Fault> {
        let Some(sign) = self.sign(&SUMS)? else { return self.tested() };
        let operand = self.nested(Self::signed)?;
        let kind = match (sign.operator, operand.kind) {
            (Operator::Subtract, ExprKind::Constant(Constant::Number(number))) => {
                ExprKind::Constant(Constant::Number(negative(number)))
            }
            (Operator::Subtract, kind) => ExprKind::Negative(Box::new(Expr { kind, span: operand.span })),
            (_, kind) => kind,
        };
        Ok(self.expr(sign.span.start, kind))
    }

    /// Parses an operand with the `in`, `:`, `like` or `regex` that may follow it.
    fn tested(&mut self) -> Result<Expr, Fault> {
        let value = self.primary()?;
        if let Some(negation) = self.eat("not")? {
            return self.not_in(value, negation);
        }
        for (word, case) in MEMBERSHIPS {
            if self.eat(word)?.is_some() {
                return self.membership(value, case);
            }
        }
        for (word, how) in MATCHES {
            if let Some(operator) = self.eat(word)? {
                return self.pattern_match(value, how, operator);
            }
        }
        Ok(value)
    }

    /// Parses the rest of `field not in (…)`.
    fn not_in(&mut self, value: Expr, negation: Span) -> Result<Expr, Fault> {
        let start = value.span.start;
        for (word, case) in MEMBERSHIPS {
            if self.eat(word)?.is_some() {
                let membership = self.membership(value, case)?;
                return Ok(self.expr(start, ExprKind::Not(Box::new(membership))));
            }
        }
        Err(self
            .unexpected("`in` after `not`")
            .related(negation, "negates `in` only")
            .help("put `not` before the field: `not field like …`"))
    }

    fn membership(&mut self, value: Expr, case: Case) -> Result<Expr, Fault> {
        let start = value.span.start;
        let Some(open) = self.eat("(")? else {
            let fault = self.unexpected("a list in parentheses");
            return Err(fault.help("write `in (\"one\", \"two\")`, or `==` for a single value"));
        };
        let list = self.list(open, |parser| parser.nested(Self::operand))?;
        Ok(self.expr(start, ExprKind::In { value: Box::new(value), case, list }))
    }

    fn pattern_match(&mut self, value: Expr, how: MatchKind, operator: Span) -> Result<Expr, Fault> {
        let start = value.span.start;
        let patterns = match self.eat("(")? {
            Some(open) => self.list(open, Self::pattern)?,
            None => vec![self.pattern()?],
        };
        Ok(self.expr(start, ExprKind::Match { value: Box::new(value), how, operator, patterns }))
    }

    /// Parses the rest of a list of at least one item, after the parenthesis at `open`.
    fn list<T>(&mut self, open: Span, item: fn(&mut Self) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        let mut items = vec![item(self)?];
        while self.eat(",")?.is_some() {
            items.push(item(self)?);
        }
        if self.eat(")")?.is_some() {
            return Ok(items);
        }
        let fault = self.unexpected("`,` or `)`").related(open, "the list begins here");
        Err(fault.help("separate the items with commas, and close the list with `)`"))
    }

    fn pattern(&mut self) -> Result<Pattern, Fault> {
        let start = self.token.span.start;
        let is_negative = self.eat("-")?.is_some();
        let constant = match self.constant()? {
            Some(Constant::Number(number)) if is_negative => Constant::Number(negative(number)),
            Some(constant) if !is_negative => constant,
            _ => return Err(self.no_value("a constant")),
        };
        Ok(Pattern { constant, span: start..self.end })
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let start = self.token.span.start;
        if let Some(open) = self.eat("(")? {
            return self.nested(|parser| parser.parenthesized(open));
        }
        if let Some(constant) = self.constant()? {
            return Ok(self.expr(start, ExprKind::Constant(constant)));
        }
        let is_optional = self.eat("?")?.is_some();
        match &self.token.kind {
            TokenKind::TildeName(name) if !is_optional => self.tilde_call(name.trim_end_matches('~').to_owned()),
            TokenKind::Name(_) | TokenKind::QuotedName(_) => self.field_or_call(start, is_optional),
            _ if is_optional => Err(self.no_value("a field name after `?`")),
            _ => Err(self.no_value("a condition or a value")),
        }
    }

    fn parenthesized(&mut self, open: Span) -> Result<Expr, Fault> {
        let inner = self.condition()?;
        if self.eat(")")?.is_none() {
            return Err(self.misplaced("`)`").related(open, "opened here"));
        }
        Ok(self.expr(open.start, inner.kind))
    }

    /// Takes the token if it is a constant.
    fn constant(&mut self) -> Result<Option<Constant>, Fault> {
        let constant = match &self.token.kind {
            TokenKind::Fixed("null") => Constant::Null,
            TokenKind::Fixed("true") => Constant::Bool(true),
            TokenKind::Fixed("false") => Constant::Bool(false),
            TokenKind::Number(number) => Constant::Number(*number),
            TokenKind::Text(text) => Constant::Text(text.clone()),
            _ => return Ok(None),
        };
        self.advance()?;
        Ok(Some(constant))
    }

    /// Parses a name and what may follow it; the expression began at `start`, with the `?` of an optional field.
    fn field_or_call(&mut self, start: usize, is_optional: bool) -> Result<Expr, Fault> {
        let is_plain = matches!(self.token.kind, TokenKind::Name(_)) && !is_optional;
        let mut name = self.name()?;
        if is_plain && self.token.is("(") {
            return self.arguments(name, start..self.end, Case::Sensitive);
        }
        if is_plain && self.token.is("of") {
            return Err(several_events(&format!("{name} of"), start..self.token.span.end));
        }
        while self.eat(".")?.is_some() {
            name.push('.');
            name.push_str(&self.name()?);
        }
        if self.token.is("[") {
            let fault = Fault::new(self.token.span.clone(), "array positions aren't supported");
            return Err(fault.help("drop the position: a test holds if any element of the array passes it"));
        }
        Ok(self.expr(start, ExprKind::Field(name)))
    }

    /// Takes one part of a dotted name.
    fn name(&mut self) -> Result<String, Fault> {
        let name = match &self.token.kind {
            TokenKind::Name(name) => (*name).to_owned(),
            TokenKind::QuotedName(name) => name.clone(),
            _ => return Err(self.no_value("a field name")),
        };
        self.advance()?;
        Ok(name)
    }

    /// Parses `name~(…)`, of which `name` is known.
    fn tilde_call(&mut self, name: String) -> Result<Expr, Fault> {
        let span = self.advance()?.span;
        if self.token.is("(") {
            return self.arguments(name, span, Case::Insensitive);
        }
        let fault = Fault::new(span, format!("`{name}~` is neither a field nor a function call"));
        Err(fault.help("only operators and functions take a `~`: `like~`, `in~`, `regex~`, `endsWith~(…)`"))
    }

    fn arguments(&mut self, name: String, name_span: Span, case: Case) -> Result<Expr, Fault> {
        let open = self.advance()?.span;
        let arguments = if self.eat(")")?.is_some() {
            Vec::new()
        } else {
            self.list(open, |parser| parser.nested(Self::condition))?
        };
        let start = name_span.start;
        Ok(self.expr(start, ExprKind::Call(Call { name, name_span, case, arguments })))
    }

    /// A fault at a token that can't begin a value.
    fn no_value(&self, wanted: &str) -> Fault {
        let fault = self.unexpected(wanted);
        let help = match self.token.kind {
            TokenKind::Fixed(word) if KEYWORDS.contains(&word) => {
                "if it is a field's name, put it in backquotes".to_owned()
            }
            TokenKind::Fixed("*") => "put a pattern in double quotes: `\"*\"`".to_owned(),
            TokenKind::Fixed("=") => "write `==` to compare exactly, or `:` to ignore case".to_owned(),
            TokenKind::Name(word) => format!("put text in double quotes: `\"{word}\"`"),
            TokenKind::Fixed(")") => "remove the comma before it, or write what is missing".to_owned(),
            _ => "write a field name, text in double quotes, a number, `true`, `false` or `null`".to_owned(),
        };
        fault.help(help)
    }
}

fn negative(number: Number) -> Number {
    match number {
        Number::Int(int) => Number::Int(-int),
        Number::Float(float) => Number::Float(-float),
    }
}
