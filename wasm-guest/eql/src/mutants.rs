//! Small changes to a condition, each of which the rule's test cases should notice; runs nothing.

use std::ops::Range;

use weir_engine::program::Number;

use crate::clause::Clause;
use crate::lexer::{Lexer, Token, TokenKind};
use crate::mapping::lower;
use crate::parser::parse;
use crate::tree::{Kind, Node, Place, Tree, join, one_line};

/// What may stand for an operator that compares numbers.
const BOUNDS: [(&str, &str); 4] = [("<", "<="), ("<=", "<"), (">", ">="), (">=", ">")];
/// What may stand for an operator, and minds case if it doesn't.
const CASES: [(&str, &str); 7] = [
    ("in", "in~"),
    ("in~", "in"),
    ("like", "like~"),
    ("like~", "like"),
    (":", "like"),
    ("regex", "regex~"),
    ("regex~", "regex"),
];

/// A condition that differs from a rule's in one place.
#[derive(Debug)]
pub(crate) struct Mutant {
    pub(crate) place: Place,
    /// Such as: drop `"docker"`.
    pub(crate) change: String,
    /// The node that is changed.
    number: usize,
    /// What stands in its place.
    clause: Clause,
}

/// All mutants of a condition but those that surely mean the same.
pub(crate) fn mutants(tree: &Tree<'_>) -> Vec<Mutant> {
    Breeder { tree, mutants: Vec::new() }.breed()
}

impl Mutant {
    /// The whole condition. They aren't all kept: a long list has as many mutants as items, each nearly as long.
    pub(crate) fn condition(&self, tree: &Tree<'_>) -> Clause {
        tree.with(self.number, self.clause.clone())
    }
}

struct Breeder<'t> {
    tree: &'t Tree<'t>,
    mutants: Vec<Mutant>,
}

impl Breeder<'_> {
    fn breed(mut self) -> Vec<Mutant> {
        for (number, node) in self.tree.nodes.iter().enumerate() {
            if let Some(parent) = node.parent {
                self.replace_operand(number, node, self.tree.nodes[parent].kind);
            }
            match node.kind {
                Kind::All => self.rejoin(number, node, Kind::Any, "replace `and` by `or`"),
                Kind::Any => self.rejoin(number, node, Kind::All, "replace `or` by `and`"),
                Kind::Test => self.edit(number, node),
                Kind::Not | Kind::Category | Kind::Constant => {}
            }
        }
        self.mutants
    }

    fn replace_operand(&mut self, number: usize, node: &Node, joined_by: Kind) {
        if joined_by != Kind::Not {
            let without = Clause::Constant(joined_by == Kind::All);
            self.add(number, node.place, format!("drop `{}`", node.text), without);
        }
        // To negate the operand of a `not` is to negate the `not`.
        if node.kind != Kind::Not {
            self.add(number, node.place, format!("negate `{}`", node.text), node.clause.clone().not());
        }
    }

    /// Joins the children otherwise, but for the category, which no word joins.
    fn rejoin(&mut self, number: usize, node: &Node, kind: Kind, change: &str) {
        let nodes = node.children.iter().map(|child| &self.tree.nodes[*child]);
        let (category, operands): (Vec<_>, Vec<_>) = nodes.partition(|child| child.kind == Kind::Category);
        if let [first, _, ..] = operands[..] {
            let joined = join(kind, operands.iter().map(|operand| operand.clause.clone()));
            let clause = Clause::all(category.iter().map(|category| category.clause.clone()).chain([joined]));
            self.add(number, first.place, change.to_owned(), clause);
        }
    }

    /// Edits the text of a test.
    fn edit(&mut self, number: usize, node: &Node) {
        let rule = self.tree.rule;
        let text = &rule.meta().query[node.span.clone()];
        let mut known = vec![node.clause.clone()];
        for Edit { span, by, at, change } in edits(text) {
            let query = format!("any where {}{by}{}", &text[..span.start], &text[span.end..]);
            let parsed = parse(&query).ok();
            let clause = parsed.and_then(|parsed| lower(&parsed, &query, self.tree.mappings, self.tree.folding).ok());
            // What no longer depends on the event has lost its subject: `cidrMatch("10.0.0.0/8")`.
            let is_new = |clause: &Clause| !matches!(clause, Clause::Constant(_)) && !known.contains(clause);
            if let Some(clause) = clause.filter(is_new) {
                known.push(clause.clone());
                self.add(number, rule.place(node.span.start + at), change, clause);
            }
        }
    }

    fn add(&mut self, number: usize, place: Place, change: String, clause: Clause) {
        let mutant = Mutant { place, change, number, clause };
        if mutant.condition(self.tree) != self.tree.nodes[0].clause {
            self.mutants.push(mutant);
        }
    }
}

/// What to write instead of a part of a test; it may make no sense.
struct Edit {
    span: Range<usize>,
    by: String,
    /// Where to show it.
    at: usize,
    change: String,
}

impl Edit {
    fn replace(text: &str, span: Range<usize>, by: &str) -> Self {
        // Between spaces, for a sign may touch a name, but a word may not.
        let change = format!("replace `{}` by `{by}`", one_line(&text[span.clone()]));
        Self { at: span.start, span, by: format!(" {by} "), change }
    }
}

fn edits(text: &str) -> Vec<Edit> {
    let tokens = tokens(text);
    let texts: Vec<&String> = tokens.iter().filter_map(|token| as_text(&token.kind)).collect();
    let is_cased = |text: &&String| text.chars().any(|char| char.is_lowercase() || char.is_uppercase());
    let minds_case = texts.is_empty() || texts.iter().any(is_cased);
    let mut edits = lists(&tokens).iter().flat_map(|items| without_each(text, items)).collect::<Vec<_>>();
    for (place, token) in tokens.iter().enumerate() {
        let next = tokens.get(place + 1);
        edits.extend(nearby(token).iter().map(|by| Edit::replace(text, token.span.clone(), by)));
        if minds_case && let Some((end, by)) = other_case(text, token, next) {
            edits.push(Edit::replace(text, token.span.start..end, &by));
        }
    }
    edits
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer::new(text);
    let next = || lexer.next_token().ok().filter(|token| token.kind != TokenKind::End);
    std::iter::from_fn(next).collect()
}

fn as_text<'t>(kind: &'t TokenKind<'_>) -> Option<&'t String> {
    if let TokenKind::Text(text) = kind { Some(text) } else { None }
}

/// The items of each list in parentheses.
fn lists(tokens: &[Token<'_>]) -> Vec<Vec<Range<usize>>> {
    let mut lists = Vec::new();
    let mut open: Vec<(Vec<Range<usize>>, usize)> = Vec::new();
    for token in tokens {
        if token.is("(") {
            open.push((Vec::new(), token.span.end));
        } else if token.is(",")
            && let Some((items, start)) = open.last_mut()
        {
            items.push(*start..token.span.start);
            *start = token.span.end;
        } else if token.is(")")
            && let Some((mut items, start)) = open.pop()
        {
            items.push(start..token.span.start);
            lists.push(items);
        }
    }
    lists
}

/// Takes each item of a list out, and a comma with it.
fn without_each(text: &str, items: &[Range<usize>]) -> Vec<Edit> {
    let edit = |place: usize| {
        let Range { start, end } = items[place].clone();
        let span = match items.get(place + 1) {
            Some(next) => start..next.start,
            None => items[place - 1].end..end,
        };
        let item = &text[start..end];
        let at = end - item.trim_start().len();
        Edit { span, by: String::new(), at, change: format!("drop `{}`", one_line(item)) }
    };
    if items.len() > 1 { (0..items.len()).map(edit).collect() } else { Vec::new() }
}

/// What is just beside a number, or a bound.
fn nearby(token: &Token<'_>) -> Vec<String> {
    match token.kind {
        TokenKind::Number(Number::Int(int)) => {
            [int.checked_add(1), int.checked_sub(1)].iter().flatten().map(i64::to_string).collect()
        }
        TokenKind::Number(Number::Float(float)) => [float + 1.0, float - 1.0].map(|float| format!("{float:?}")).into(),
        TokenKind::Fixed(sign) => other(&BOUNDS, sign).map(str::to_owned).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What to write for a token, and for what follows it up to some position, so that case matters if it didn't, and doesn't if
/// it did.
fn other_case(text: &str, token: &Token<'_>, next: Option<&Token<'_>>) -> Option<(usize, String)> {
    let written = |token: &Token<'_>| text[token.span.clone()].to_owned();
    match (&token.kind, next) {
        (TokenKind::Fixed(sign @ ("==" | "!=")), Some(next)) if as_text(&next.kind).is_some() => {
            let negation = if *sign == "!=" { "not " } else { "" };
            Some((next.span.end, format!("{negation}in~ ({})", written(next))))
        }
        (TokenKind::Fixed(sign), _) => Some((token.span.end, other(&CASES, sign)?.to_owned())),
        (TokenKind::TildeName(name), _) => Some((token.span.end, name.trim_end_matches('~').to_owned())),
        (TokenKind::Name(name), Some(next)) if next.is("(") => Some((token.span.end, format!("{name}~"))),
        _ => None,
    }
}

fn other(pairs: &[(&str, &'static str)], sign: &str) -> Option<&'static str> {
    pairs.iter().find(|(known, _)| *known == sign).map(|(_, other)| *other)
}

#[cfg(test)]
mod tests;
