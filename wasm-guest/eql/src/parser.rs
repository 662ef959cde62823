//! Turns a query into its tree: category, conditions and comparisons here, what they compare in `operand`.
//!
//! Recursive descent with one token of foresight, one function per precedence: `or`, `and`, `not`, comparison.

use crate::ast::{Comparison, Expr, ExprKind, Query, Relation};
use crate::diagnostic::Severity;
use crate::fault::{Fault, Span};
use crate::lexer::{KEYWORDS, Lexer, TILDE_KEYWORDS, Token, TokenKind};
use crate::suggest::nearest;

/// How deep parentheses, `not`, signs and calls may nest: whoever walks the tree may recurse.
const MAX_DEPTH: usize = 64;
/// What may follow an operand, with what is meant by it.
const RELATIONS: [(&str, Relation); 6] = [
    ("==", Relation::Equal),
    ("!=", Relation::NotEqual),
    ("<", Relation::Less),
    ("<=", Relation::LessOrEqual),
    (">", Relation::Greater),
    (">=", Relation::GreaterOrEqual),
];
const OPERATOR_WORDS: [&str; 6] = ["and", "or", "not", "in", "like", "regex"];
const JOIN_CONDITIONS: &str = "join conditions with `and` or `or`";
/// As Elasticsearch has it, unless a rule says otherwise.
const CATEGORY_FIELD: &str = "event.category";
const END_WANTED: &str = "`and`, `or` or the end of the query";

/// Parses a whole query.
pub(crate) fn parse(query: &str) -> Result<Query, Fault> {
    let mut parser = Parser::new(query)?;
    let category_span = parser.token.span.clone();
    let category = parser.category()?;
    parser.expect_where()?;
    let condition = parser.condition()?;
    match parser.token.kind {
        TokenKind::End => Ok(Query { category, category_field: CATEGORY_FIELD.to_owned(), category_span, condition }),
        _ => Err(parser.misplaced(END_WANTED)),
    }
}

/// Parses the condition of a query that has no category.
pub(crate) fn parse_condition(condition: &str) -> Result<Query, Fault> {
    let mut parser = Parser::new(condition)?;
    let start = parser.token.span.clone();
    let mut ahead = Lexer { position: start.end, ..Lexer::new(condition) };
    if ahead.next_token().is_ok_and(|second| second.is("where")) {
        return Err(Fault::new(start, "a condition has no event category")
            .label("a category")
            .help("leave out the category and `where`, and write the condition alone"));
    }
    let condition = parser.condition()?;
    match parser.token.kind {
        TokenKind::End => {
            Ok(Query { category: None, category_field: CATEGORY_FIELD.to_owned(), category_span: 0..0, condition })
        }
        _ => Err(parser.misplaced(END_WANTED)),
    }
}

pub(crate) struct Parser<'q> {
    lexer: Lexer<'q>,
    /// The token not yet taken.
    pub(crate) token: Token<'q>,
    /// Where the last taken token ended.
    pub(crate) end: usize,
    depth: usize,
}

impl<'q> Parser<'q> {
    fn new(query: &'q str) -> Result<Self, Fault> {
        let mut lexer = Lexer::new(query);
        let token = lexer.next_token()?;
        Ok(Self { lexer, token, end: 0, depth: 0 })
    }

    fn category(&mut self) -> Result<Option<String>, Fault> {
        let token = self.advance()?;
        match token.kind {
            TokenKind::Fixed("any") => Ok(None),
            TokenKind::Fixed(word @ ("sequence" | "join")) => Err(several_events(word, token.span)),
            TokenKind::Name("sample") if !self.token.is("where") => Err(several_events("sample", token.span)),
            TokenKind::Name(name) => Ok(Some(name.to_owned())),
            TokenKind::QuotedName(name) | TokenKind::Text(name) => Ok(Some(name)),
            _ => {
                Err(Fault::new(token.span.clone(), format!("expected an event category, found {}", self.shown(&token)))
                    .label("a query begins with a category")
                    .help("write `process where …`, or `any where …` for events of every category"))
            }
        }
    }

    fn expect_where(&mut self) -> Result<(), Fault> {
        if self.eat("where")?.is_some() {
            return Ok(());
        }
        let fault = self.unexpected("`where` after the event category");
        let help = match self.token.kind {
            TokenKind::Name(word) if nearest(word, ["where"]).is_some() => "did you mean `where`?",
            _ => "write `CATEGORY where CONDITION`; a category with unusual characters stands in double quotes",
        };
        Err(fault.help(help))
    }

    /// Parses what `or` joins.
    pub(crate) fn condition(&mut self) -> Result<Expr, Fault> {
        self.chain("or", Self::conjunction, ExprKind::Any)
    }

    fn conjunction(&mut self) -> Result<Expr, Fault> {
        self.chain("and", Self::negation, ExprKind::All)
    }

    /// Parses operands joined by `word` into one flat node, so that a long chain isn't a deep tree.
    fn chain(
        &mut self,
        word: &str,
        operand: fn(&mut Self) -> Result<Expr, Fault>,
        join: fn(Vec<Expr>) -> ExprKind,
    ) -> Result<Expr, Fault> {
        let first = operand(self)?;
        if !self.token.is(word) {
            return Ok(first);
        }
        let start = first.span.start;
        let mut operands = vec![first];
        while self.eat(word)?.is_some() {
            operands.push(operand(self)?);
        }
        Ok(self.expr(start, join(operands)))
    }

    fn negation(&mut self) -> Result<Expr, Fault> {
        let start = self.token.span.start;
        if self.eat("not")?.is_none() {
            return self.comparison();
        }
        let negated = self.nested(Self::negation)?;
        Ok(self.expr(start, ExprKind::Not(Box::new(negated))))
    }

    fn comparison(&mut self) -> Result<Expr, Fault> {
        let left = self.operand()?;
        let Some((operator, operator_span)) = self.relation()? else { return Ok(left) };
        let right = self.operand()?;
        let start = left.span.start;
        let comparison = Comparison { left: Box::new(left), operator, operator_span, right: Box::new(right) };
        let expr = self.expr(start, ExprKind::Comparison(comparison));
        if let Some((_, second)) = self.relation()? {
            return Err(Fault::new(second, "comparisons can't be chained").help("join two comparisons with `and`"));
        }
        Ok(expr)
    }

    fn relation(&mut self) -> Result<Option<(Relation, Span)>, Fault> {
        for (sign, relation) in RELATIONS {
            if let Some(span) = self.eat(sign)? {
                return Ok(Some((relation, span)));
            }
        }
        Ok(None)
    }
}

/// What every level of the grammar uses.
impl<'q> Parser<'q> {
    /// Takes the token.
    pub(crate) fn advance(&mut self) -> Result<Token<'q>, Fault> {
        let next = self.lexer.next_token()?;
        self.end = self.token.span.end;
        Ok(std::mem::replace(&mut self.token, next))
    }

    /// Takes the token if it is the keyword or sign `fixed`, and says where it stood.
    pub(crate) fn eat(&mut self, fixed: &str) -> Result<Option<Span>, Fault> {
        if !self.token.is(fixed) {
            return Ok(None);
        }
        Ok(Some(self.advance()?.span))
    }

    /// Runs `parse` one level deeper.
    pub(crate) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::new(self.token.span.clone(), "query is nested too deeply")
                .label(format!("more than {MAX_DEPTH} levels"))
                .help("remove needless parentheses, or split the rule"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// An expression from `start` to the last taken token.
    pub(crate) fn expr(&self, start: usize, kind: ExprKind) -> Expr {
        Expr { kind, span: start..self.end }
    }

    /// A fault at the token, where `wanted` should stand.
    pub(crate) fn unexpected(&self, wanted: &str) -> Fault {
        let message = format!("expected {wanted}, found {}", self.shown(&self.token));
        Fault::new(self.token.span.clone(), message)
    }

    /// A fault at the token that follows a complete operand, but neither continues nor ends the condition.
    pub(crate) fn misplaced(&self, wanted: &str) -> Fault {
        let span = self.token.span.clone();
        match self.token.kind {
            TokenKind::Fixed("|") => self.pipe(),
            TokenKind::Fixed("=") => Fault::new(span, "`=` isn't an operator")
                .help("write `==` to compare exactly, or `:` to ignore case and to use `*` and `?`"),
            TokenKind::Fixed(")") => Fault::new(span, "`)` without a `(`").help("remove it, or open a parenthesis"),
            TokenKind::Name(word) => self.unexpected(wanted).help(operator_instead(word, &OPERATOR_WORDS)),
            TokenKind::TildeName(word) => self.unexpected(wanted).help(operator_instead(word, &TILDE_KEYWORDS)),
            TokenKind::Text(_) | TokenKind::Number(_) => {
                self.unexpected(wanted).help("write an operator before it, such as `==` or `:`")
            }
            TokenKind::End => self.unexpected(wanted).help("close the parenthesis with `)`"),
            _ => self.unexpected(wanted).help(JOIN_CONDITIONS),
        }
    }

    fn pipe(&self) -> Fault {
        let rest = self.lexer.rest().trim_start();
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        several_events(&format!("| {name}"), self.token.span.clone())
    }

    /// `token` as a message names it.
    pub(crate) fn shown(&self, token: &Token<'_>) -> String {
        match &token.kind {
            TokenKind::End => "the end of the query".to_owned(),
            TokenKind::Text(_) => "text".to_owned(),
            TokenKind::Fixed(word) if KEYWORDS.contains(word) => format!("the keyword `{word}`"),
            _ => format!("`{}`", &self.lexer.query[token.span.clone()]),
        }
    }
}

/// What to write instead of `word` where an operator is wanted.
fn operator_instead(word: &str, operators: &[&'static str]) -> String {
    match nearest(word, operators.iter().copied()) {
        Some(meant) if word.eq_ignore_ascii_case(meant) => format!("write `{meant}`: keywords are lower case"),
        Some(meant) => format!("did you mean `{meant}`?"),
        None => JOIN_CONDITIONS.to_owned(),
    }
}

/// Refuses what relates events to each other.
pub(crate) fn several_events(construct: &str, span: Span) -> Fault {
    Fault::new(span, format!("`{}` isn't supported", construct.trim_end()))
        .severity(Severity::Unsupported)
        .label("needs more than one event")
        .help(
            "Weir judges every event by itself: make the condition on one event a rule, \
             and relate the events where they are stored",
        )
}

#[cfg(test)]
mod tests;
