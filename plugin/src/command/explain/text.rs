//! Shows a person why a rule judged an event as it did: a tree, and a sentence.

use std::io::{self, StdoutLock, Write};

use annotate_snippets::normalize_untrusted_str;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use weir_engine::FieldValue;
use weir_eql::{Kind, Nearest, Node};

use super::explanation::{Explanation, Read};
use crate::report::cut;

const TRUE: Style = AnsiColor::Green.on_default();
const FALSE: Style = AnsiColor::Red.on_default();
const STRONG: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
/// More values of one field are counted only.
const MOST_VALUES: usize = 10;

/// Writes the tree with marks in colour, or with words where there are no colours.
pub(super) fn write(explanation: &Explanation<'_>, out: &mut AutoStream<StdoutLock<'static>>) -> io::Result<()> {
    let marks = match out.current_choice() {
        ColorChoice::Never => Marks { yes: "true ".to_owned(), no: "false".to_owned(), blank: "      " },
        _ => Marks { yes: format!("{TRUE}✓{TRUE:#}"), no: format!("{FALSE}✗{FALSE:#}"), blank: "  " },
    };
    let name = normalize_untrusted_str(&explanation.rule.meta().name);
    let path = normalize_untrusted_str(&explanation.rule.path().to_string_lossy());
    writeln!(out, "{STRONG}{name}{STRONG:#} ({path})\n")?;
    Drawing { explanation, marks, out: &mut *out }.node(0, "", "")?;
    writeln!(out, "\n{STRONG}{}{STRONG:#}", conclusion(explanation))
}

/// How verdicts look.
struct Marks {
    yes: String,
    no: String,
    /// As wide as these, and a space.
    blank: &'static str,
}

struct Drawing<'e, W> {
    explanation: &'e Explanation<'e>,
    marks: Marks,
    out: W,
}

impl<W: Write> Drawing<'_, W> {
    /// Draws a node whose line begins with `lead`, and the lines below it with `below`.
    fn node(&mut self, number: usize, lead: &str, below: &str) -> io::Result<()> {
        let node = &self.explanation.tree.nodes[number];
        let mark = if self.explanation.verdicts[number] { &self.marks.yes } else { &self.marks.no };
        writeln!(self.out, "{lead}{mark} {}", label(node))?;
        for read in self.explanation.read(number) {
            writeln!(self.out, "{below}{}{FAINT}{}: {}{FAINT:#}", self.marks.blank, read.name, values(&read))?;
        }
        let last = node.children.last();
        for child in &node.children {
            let (branch, beside) = if Some(child) == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.node(*child, &format!("{below}{branch}"), &format!("{below}{beside}"))?;
        }
        Ok(())
    }
}

fn label(node: &Node) -> String {
    match node.kind {
        Kind::All => "all of".to_owned(),
        Kind::Any => "any of".to_owned(),
        Kind::Not => "not".to_owned(),
        Kind::Category => format!("category {}", node.text),
        Kind::Test | Kind::Constant => node.text.clone(),
    }
}

fn values(read: &Read<'_>) -> String {
    match (&*read.decisive, &*read.others) {
        ([], []) => "missing".to_owned(),
        (values, []) | ([], values) => spell(values),
        (decisive, others) => format!("{} (besides {})", spell(decisive), spell(others)),
    }
}

fn spell(values: &[&FieldValue]) -> String {
    let spelt = values.iter().take(MOST_VALUES).map(|value| match value {
        // As Rust writes it: what a terminal might obey is escaped.
        FieldValue::Text(text) => format!("{:?}", cut(text)),
        FieldValue::Number(number) => cut(number),
        FieldValue::Bool(value) => value.to_string(),
    });
    let mut line = spelt.collect::<Vec<_>>().join(", ");
    if values.len() > MOST_VALUES {
        line += &format!(" and {} more", values.len() - MOST_VALUES);
    }
    line
}

/// Why it matched, or the nearest reason why not.
fn conclusion(explanation: &Explanation<'_>) -> String {
    let Explanation { tree, verdicts, .. } = explanation;
    if verdicts[0] {
        return match &*tree.decisive(verdicts) {
            [] => "match, whatever the event holds".to_owned(),
            tests => format!("match, because {}", told(explanation, tests, ["is", "are"], verdicts)),
        };
    }
    let turned: Vec<bool> = verdicts.iter().map(|verdict| !verdict).collect();
    match tree.nearest(verdicts) {
        Nearest::Tests(tests) => {
            format!("no match; there would be one if {}", told(explanation, &tests, ["were", "were"], &turned))
        }
        Nearest::Nothing => "no match; the condition can hardly be true of any event".to_owned(),
        Nearest::Untried => {
            "no match; the condition has too many tests to try which of them would have to turn out otherwise"
                .to_owned()
        }
    }
}

/// Such as: `a` and `b` are true, and `c` is false.
fn told(explanation: &Explanation<'_>, tests: &[usize], verbs: [&str; 2], verdicts: &[bool]) -> String {
    let part = |verdict: bool| {
        let tests = tests.iter().filter(|test| verdicts[**test] == verdict);
        let labels: Vec<_> = tests.map(|test| format!("`{}`", cut(&label(&explanation.tree.nodes[*test])))).collect();
        let verb = verbs[usize::from(labels.len() > 1)];
        (!labels.is_empty()).then(|| format!("{} {verb} {verdict}", list(&labels)))
    };
    [part(true), part(false)].into_iter().flatten().collect::<Vec<_>>().join(", and ")
}

fn list(items: &[String]) -> String {
    match items {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => items.concat(),
    }
}
