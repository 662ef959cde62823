//! The tree of a single-event query, the whole language; it says what was written, not whether Weir can run it.

use weir_engine::program::{Case, Constant, Operator};

use crate::fault::Span;

/// `CATEGORY where CONDITION`.
#[derive(Debug)]
pub(crate) struct Query {
    /// `None` is `any`.
    pub(crate) category: Option<String>,
    /// The field that says of which category an event is.
    pub(crate) category_field: String,
    /// Where the category stands.
    pub(crate) category_span: Span,
    pub(crate) condition: Expr,
}

/// A condition or a value, and where it stands. Parentheses leave no trace but in the shape of the tree.
#[derive(Debug)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) enum ExprKind {
    Constant(Constant),
    /// Dotted, without backquotes and the `?` of an optional field: a stream has no mapping that could lack it.
    Field(String),
    Call(Call),
    /// `a + b - c`: what stands before a sign, and each sign with what follows it.
    Arithmetic(Box<Expr>, Vec<(Sign, Expr)>),
    /// `-a`
    Negative(Box<Expr>),
    Comparison(Comparison),
    /// `field in (…)`.
    In {
        value: Box<Expr>,
        case: Case,
        list: Vec<Expr>,
    },
    /// `field : …`, `like …` or `regex …`.
    Match {
        value: Box<Expr>,
        how: MatchKind,
        operator: Span,
        patterns: Vec<Pattern>,
    },
    Not(Box<Expr>),
    /// Operands of `and`; at least two.
    All(Vec<Expr>),
    /// Operands of `or`; at least two.
    Any(Vec<Expr>),
}

/// A constant on the right of `:`, `like` or `regex`.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) constant: Constant,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Call {
    /// As written, without the tilde.
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) case: Case,
    pub(crate) arguments: Vec<Expr>,
}

/// An arithmetic sign, and where it stands.
#[derive(Debug)]
pub(crate) struct Sign {
    pub(crate) operator: Operator,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) left: Box<Expr>,
    pub(crate) operator: Relation,
    pub(crate) operator_span: Span,
    pub(crate) right: Box<Expr>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum MatchKind {
    /// `:`
    Colon,
    /// `like`, `like~`
    Like(Case),
    /// `regex`, `regex~`
    Regex(Case),
}

impl Expr {
    /// Shows it to `visit`, and then everything in it.
    pub(crate) fn each<'e>(&'e self, visit: &mut impl FnMut(&'e Self)) {
        visit(self);
        match &self.kind {
            ExprKind::Constant(_) | ExprKind::Field(_) => {}
            ExprKind::Negative(inner) | ExprKind::Not(inner) | ExprKind::Match { value: inner, .. } => {
                inner.each(visit)
            }
            ExprKind::Comparison(Comparison { left, right, .. }) => {
                [left, right].into_iter().for_each(|side| side.each(visit))
            }
            ExprKind::Arithmetic(first, rest) => {
                first.each(visit);
                rest.iter().for_each(|(_, operand)| operand.each(visit));
            }
            ExprKind::In { value, list, .. } => {
                value.each(visit);
                list.iter().for_each(|item| item.each(visit));
            }
            ExprKind::Call(Call { arguments: operands, .. }) | ExprKind::All(operands) | ExprKind::Any(operands) => {
                operands.iter().for_each(|operand| operand.each(visit));
            }
        }
    }
}
