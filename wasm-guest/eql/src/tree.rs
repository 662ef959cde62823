//! A rule's condition as a tree, of which each node can be judged by itself: as if it were a rule of its own.

use std::collections::BTreeSet;

use serde::Serialize;
use weir_engine::program::Folding;
use weir_engine::{Detector, ProgramError};

use crate::ast::{Expr, ExprKind, Query};
use crate::clause::Clause;
use crate::compile::{collect_fields, link};
use crate::fault::Span;
use crate::lexer::{Lexer, TokenKind};
use crate::lower::{Lowering, category};
use crate::{Diagnostic, Mapping, RuleFile, mapping};

/// A condition; its nodes are told apart by their numbers.
#[derive(Debug)]
pub struct Tree<'r> {
    /// The root first, each before its children.
    pub nodes: Vec<Node>,
    pub(crate) rule: &'r RuleFile,
    pub(crate) mappings: &'r [Mapping],
    pub(crate) folding: Folding,
}

/// A condition, or a part of one.
#[derive(Debug)]
pub struct Node {
    /// How its verdict comes about.
    pub kind: Kind,
    /// As it is written, but on one line and without comments.
    pub text: String,
    /// Where it begins in the rule file.
    pub place: Place,
    /// The numbers of the nodes that it joins.
    pub children: Vec<usize>,
    /// The number of the node that joins it; the root has none.
    pub(crate) parent: Option<usize>,
    pub(crate) clause: Clause,
    pub(crate) span: Span,
}

/// A position in a file, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// How a node's verdict comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// True if all its children are.
    All,
    /// True if any of its children is.
    Any,
    /// True if its only child isn't.
    Not,
    /// True if the event is of the query's category.
    Category,
    /// True if the values of some fields pass.
    Test,
    /// The same for every event.
    Constant,
}

impl<'r> Tree<'r> {
    /// The condition of a rule.
    ///
    /// # Errors
    ///
    /// All for which the rule can't be compiled.
    pub fn new(rule: &'r RuleFile, folding: Folding) -> Result<Self, Vec<Diagnostic>> {
        Self::mapped(rule, &[], folding)
    }

    /// The condition of a rule, for events whose source has names of its own for fields: the `mappings` tell them.
    ///
    /// # Errors
    ///
    /// All for which the rule can't be compiled.
    pub fn mapped(rule: &'r RuleFile, mappings: &'r [Mapping], folding: Folding) -> Result<Self, Vec<Diagnostic>> {
        let text = &rule.meta().query;
        let mut growth = Growth { rule, lowering: Lowering::new(text, folding), nodes: Vec::new() };
        growth.query(rule.query());
        let Growth { lowering, nodes, .. } = growth;
        let mut nodes = lowering.finish(nodes).map_err(|faults| rule.diagnose(faults))?;
        for node in &mut nodes {
            let mapped = mapping::apply(mappings, node.clause.clone(), folding);
            node.clause = mapped.map_err(|fault| rule.diagnose(vec![fault]))?;
        }
        Ok(Self { nodes, rule, mappings, folding })
    }

    /// The whole condition, if `clause` stands in the place of a node.
    pub(crate) fn with(&self, mut number: usize, mut clause: Clause) -> Clause {
        while let Some(parent) = self.nodes[number].parent {
            let Node { kind, children, .. } = &self.nodes[parent];
            let kept =
                |child: &usize| if *child == number { clause.clone() } else { self.nodes[*child].clause.clone() };
            clause = join(*kind, children.iter().map(kept));
            number = parent;
        }
        clause
    }

    /// What judges all nodes at once: its rules are the nodes, by their numbers.
    ///
    /// # Errors
    ///
    /// If the condition reads more fields than the engine numbers.
    pub fn detector(&self) -> Result<Detector, ProgramError> {
        detector(self.nodes.iter().map(|node| node.clause.clone()), self.folding)
    }
}

/// Says of each of a detector's rules whether it matches one event, which is given without a newline. `None` if the event is
/// malformed, or too much for one of them.
pub fn verdicts(detector: &Detector, event: &[u8]) -> Option<Vec<bool>> {
    let report = detector.detect(event);
    let mut verdicts = vec![false; detector.rules().len()];
    report.findings.iter().for_each(|finding| verdicts[finding.rule as usize] = true);
    report.malformed.is_empty().then_some(verdicts)
}

/// A detector of which each clause is a rule.
pub(crate) fn detector(clauses: impl Iterator<Item = Clause>, folding: Folding) -> Result<Detector, ProgramError> {
    Detector::new(link(&clauses.collect::<Vec<_>>(), folding))
}

impl Node {
    /// Has it a verdict of its own, rather than one made of other nodes'?
    pub fn is_test(&self) -> bool {
        matches!(self.kind, Kind::Category | Kind::Test)
    }

    /// The dotted names of the fields that it reads, sorted.
    pub fn fields(&self) -> Vec<String> {
        let mut fields = BTreeSet::new();
        collect_fields(&self.clause, &mut fields);
        fields.into_iter().map(str::to_owned).collect()
    }
}

/// A tree that grows.
struct Growth<'r> {
    rule: &'r RuleFile,
    lowering: Lowering<'r>,
    nodes: Vec<Node>,
}

impl Growth<'_> {
    /// The category stands beside what the condition joins by `and`.
    fn query(&mut self, query: &Query) {
        let Some(category) = category(query) else {
            self.condition(&query.condition);
            return;
        };
        let root = self.open(Kind::All, query.category_span.start..query.condition.span.end);
        self.leaf(Kind::Category, query.category_span.clone(), category);
        let operands = match &query.condition.kind {
            ExprKind::All(operands) => operands,
            _ => std::slice::from_ref(&query.condition),
        };
        let children = operands.iter().map(|operand| self.condition(operand));
        let children = [root + 1].into_iter().chain(children.collect::<Vec<_>>()).collect();
        self.close(root, children);
    }

    fn condition(&mut self, expr: &Expr) -> usize {
        let (kind, operands) = match &expr.kind {
            ExprKind::All(operands) => (Kind::All, &operands[..]),
            ExprKind::Any(operands) => (Kind::Any, &operands[..]),
            ExprKind::Not(negated) if self.stands_before(expr, negated) => {
                (Kind::Not, std::slice::from_ref(&**negated))
            }
            _ => {
                let clause = self.lowering.condition(expr);
                let kind = if matches!(clause, Clause::Constant(_)) { Kind::Constant } else { Kind::Test };
                return self.leaf(kind, expr.span.clone(), clause);
            }
        };
        let number = self.open(kind, expr.span.clone());
        let children = operands.iter().map(|operand| self.condition(operand)).collect();
        self.close(number, children);
        number
    }

    /// Is it `not …`, rather than `… not in (…)`?
    fn stands_before(&self, negation: &Expr, negated: &Expr) -> bool {
        self.rule.meta().query[negation.span.start..negated.span.start].contains("not")
    }

    /// Begins a node whose children come next.
    fn open(&mut self, kind: Kind, span: Span) -> usize {
        self.leaf(kind, span, Clause::Constant(false))
    }

    /// Joins the children of a node.
    fn close(&mut self, number: usize, children: Vec<usize>) {
        let clauses = children.iter().map(|child| self.nodes[*child].clause.clone());
        let clause = join(self.nodes[number].kind, clauses);
        children.iter().for_each(|child| self.nodes[*child].parent = Some(number));
        let node = &mut self.nodes[number];
        (node.clause, node.children) = (clause, children);
    }

    fn leaf(&mut self, kind: Kind, span: Span, clause: Clause) -> usize {
        let text = one_line(&self.rule.meta().query[span.clone()]);
        let place = self.rule.place(span.start);
        self.nodes.push(Node { kind, text, place, children: Vec::new(), parent: None, clause, span });
        self.nodes.len() - 1
    }
}

/// The condition of a node of this kind.
pub(crate) fn join(kind: Kind, mut clauses: impl Iterator<Item = Clause>) -> Clause {
    match kind {
        Kind::All => Clause::all(clauses),
        Kind::Any => Clause::any(clauses),
        Kind::Not => clauses.next().expect("a negation has an operand").not(),
        Kind::Category | Kind::Test | Kind::Constant => unreachable!("a leaf joins nothing"),
    }
}

/// A part of a query, its tokens as they are written, with a space where there is anything else between them.
pub(crate) fn one_line(text: &str) -> String {
    let mut lexer = Lexer::new(text);
    let mut line = String::new();
    let mut end = 0;
    while let Ok(token) = lexer.next_token()
        && token.kind != TokenKind::End
    {
        let is_close = token.is(")") || line.ends_with('(');
        if token.span.start > end && !line.is_empty() && !is_close {
            line.push(' ');
        }
        end = token.span.end;
        for char in text[token.span].chars() {
            // A terminal might obey it.
            if char.is_control() { line.extend(char.escape_unicode()) } else { line.push(char) }
        }
    }
    line
}

#[cfg(test)]
pub(crate) mod tests;
