//! What an event must hold for any rule to match: literals, derived from the rules' conditions; knows nothing of JSON's
//! escapes or of searching.

use crate::pattern::Pattern;
use crate::program::{Case, Condition, Constant, Expression, Folding, Function, Predicate, Program, Test};

/// A text that some value or key must contain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Literal {
    /// Printable ASCII, folded if `case` doesn't matter.
    pub(crate) text: String,
    pub(crate) case: Case,
    pub(crate) place: Place,
    /// Does the value start with it?
    pub(crate) starts: bool,
    /// Does the value, or the key, end with it?
    pub(crate) ends: bool,
}

/// Where a literal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In a string that is a value of this field.
    Value(u32),
    /// In a value that may be a number, `true` or `false`.
    Scalar,
    /// In a key.
    Key,
}

/// Literals of which an event must hold at least one.
#[derive(Clone, Debug, PartialEq)]
struct Need {
    literals: Vec<Literal>,
    /// How many of a thousand events hold one, at a guess.
    weight: u32,
}

/// Values that most events of their kind have: ECS's own words, and what systems are called.
const COMMON: [&str; 21] = [
    "alert",
    "change",
    "configuration",
    "connection",
    "creation",
    "end",
    "event",
    "exec",
    "file",
    "fork",
    "host",
    "info",
    "linux",
    "network",
    "process",
    "root",
    "start",
    "success",
    "system",
    "user",
    "windows",
];

/// Last steps of the names of fields that nearly every event has.
const COMMON_KEYS: [&str; 7] = ["category", "id", "kind", "name", "path", "pid", "type"];

/// The literals of which an event must hold at least one for any rule to match, sorted; `None` if some rule may match
/// without.
pub(crate) fn required(program: &Program) -> Option<Vec<Literal>> {
    let needs = program.rules.iter().map(|rule| Derivation { program }.need(&rule.condition, true));
    any(needs).map(|need| need.literals)
}

struct Derivation<'p> {
    program: &'p Program,
}

impl Derivation<'_> {
    /// What it takes for `condition` to be as `wanted`; `None` if that is nothing.
    fn need(&self, condition: &Condition, wanted: bool) -> Option<Need> {
        match (condition, wanted) {
            (Condition::Constant(value), _) => (*value != wanted).then_some(Need { literals: Vec::new(), weight: 0 }),
            (Condition::Predicate(number), true) => self.need_of_test(&self.program.predicates[*number as usize]),
            (Condition::Predicate(_), false) => None,
            (Condition::Not(inner), _) => self.need(inner, !wanted),
            (Condition::All(parts), true) | (Condition::Any(parts), false) => {
                rarest(parts.iter().map(|part| self.need(part, wanted)))
            }
            (Condition::Any(parts), true) | (Condition::All(parts), false) => {
                any(parts.iter().map(|part| self.need(part, wanted)))
            }
        }
    }

    fn need_of_test(&self, predicate: &Predicate) -> Option<Need> {
        if predicate.test == Test::Null {
            return None;
        }
        let Some(calculation) = predicate.field.checked_sub(self.program.fields.len() as u32) else {
            let value = Part { field: predicate.field, starts: true, ends: true };
            return rarest([self.need_of_key(predicate.field), self.need_of_text(value, &predicate.test)].into_iter());
        };
        let calculation = &self.program.calculated[calculation as usize];
        let text = match part(calculation) {
            Some(part) => self.need_of_text(part, &predicate.test),
            None => self.need_of_function(calculation, &predicate.test),
        };
        rarest([self.need_of_keys(calculation), text].into_iter())
    }

    /// All fields that are read must be there, if without one of them there is no result.
    fn need_of_keys(&self, calculation: &Expression) -> Option<Need> {
        let mut needs = Vec::new();
        calculation.each_field(&mut |field| needs.push(self.need_of_key(*field)));
        calculation.is_strict().then(|| rarest(needs.into_iter())).flatten()
    }

    /// However a field's name is spread over keys, the last one ends with its last step.
    fn need_of_key(&self, field: u32) -> Option<Need> {
        let step = self.program.fields[field as usize].rsplit('.').next().unwrap_or_default();
        let literal =
            Literal { text: step.into(), case: Case::Sensitive, place: Place::Key, starts: false, ends: true };
        let last = literal.pieces(false).pop();
        Some(Need::of(last.filter(|last| last.ends && !last.text.is_empty())?))
    }

    /// What `test` asks of the text of `part`.
    fn need_of_text(&self, part: Part, test: &Test) -> Option<Need> {
        match test {
            Test::Equals { literals, case } => {
                any(literals.iter().map(|text| self.need_of_literal(part, text, *case, false)))
            }
            Test::Like { patterns, case } => {
                any(patterns.iter().map(|text| self.need_of_literal(part, text, *case, true)))
            }
            _ => None,
        }
    }

    /// A function that is to be true, of a field and a text.
    fn need_of_function(&self, calculation: &Expression, test: &Test) -> Option<Need> {
        let (Expression::Call(function, arguments), Test::Bool(true)) = (calculation, test) else { return None };
        let [source, Expression::Constant(Constant::Text(text))] = &**arguments else { return None };
        let whole = part(source)?;
        let (case, part) = match function {
            Function::Contains(case) => (case, Part { starts: false, ends: false, ..whole }),
            Function::StartsWith(case) => (case, Part { ends: false, ..whole }),
            Function::EndsWith(case) => (case, Part { starts: false, ..whole }),
            _ => return None,
        };
        self.need_of_literal(part, text, *case, false)
    }

    fn need_of_literal(&self, part: Part, text: &str, case: Case, has_wildcards: bool) -> Option<Need> {
        let text = if case == Case::Sensitive { text.to_owned() } else { self.folding().fold(text) };
        let bare = may_be_bare(part, &text, has_wildcards);
        let literal = Literal {
            case,
            place: if bare { Place::Scalar } else { Place::Value(part.field) },
            starts: part.starts && !bare,
            ends: part.ends && !bare,
            text,
        };
        let pieces = literal.pieces(has_wildcards).into_iter().map(Need::of);
        pieces.filter(|need| need.literals[0].len() > 1).min_by_key(|need| need.weight)
    }

    fn folding(&self) -> Folding {
        self.program.folding
    }
}

/// A stretch of a field's value.
#[derive(Clone, Copy, Debug)]
struct Part {
    field: u32,
    /// Does it reach from the start of the value?
    starts: bool,
    /// To its end?
    ends: bool,
}

/// The part of a field's value that a calculation results in, whenever it has a result.
fn part(calculation: &Expression) -> Option<Part> {
    match calculation {
        Expression::Field(field) => Some(Part { field: *field, starts: true, ends: true }),
        Expression::Call(Function::Text | Function::Except, arguments) => part(arguments.first()?),
        Expression::Call(Function::AfterLast, arguments) => Some(Part { starts: false, ..part(arguments.first()?)? }),
        Expression::Call(Function::Between(_) | Function::Substring | Function::Words, arguments) => {
            Some(Part { starts: false, ends: false, ..part(arguments.first()?)? })
        }
        _ => None,
    }
}

/// Can a part of a number, `true` or `false` be what is asked for? Then it needn't stand in quotes.
fn may_be_bare(part: Part, text: &str, has_wildcards: bool) -> bool {
    let is_wildcard = |char| has_wildcards && matches!(char, '*' | '?');
    let all_of = |known: &str| text.chars().all(|char| known.contains(char.to_ascii_lowercase()) || is_wildcard(char));
    let is_word = |word: &str| match has_wildcards && part.starts && part.ends {
        true => Pattern::new(&text.to_ascii_lowercase()).matches(word.as_bytes()),
        false => all_of(word),
    };
    all_of("0123456789+-.e") || is_word("true") || is_word("false")
}

impl Literal {
    /// The stretches between wildcards, and between characters that can be spelt in several ways.
    fn pieces(&self, has_wildcards: bool) -> Vec<Self> {
        let is_wildcard = |char| has_wildcards && matches!(char, '*' | '?');
        let ends_piece = |char: char| is_wildcard(char) || !char.is_ascii() || char.is_ascii_control();
        let count = self.text.split(ends_piece).count();
        let piece = |(number, text): (usize, &str)| Self {
            text: text.into(),
            starts: self.starts && number == 0,
            ends: self.ends && number + 1 == count,
            ..self.clone()
        };
        self.text.split(ends_piece).enumerate().map(piece).collect()
    }

    /// In bytes, the quotes around it included.
    fn len(&self) -> usize {
        self.text.len() + usize::from(self.starts) + usize::from(self.ends)
    }

    fn weight(&self) -> u32 {
        match self.len() {
            _ if COMMON.contains(&&*self.text) => 1000,
            _ if self.place == Place::Key && COMMON_KEYS.contains(&&*self.text) => 450,
            _ if self.place == Place::Key => 200,
            ..3 => 500,
            3 => 100,
            4 => 30,
            5 => 15,
            _ => 8,
        }
    }
}

impl Need {
    fn of(literal: Literal) -> Self {
        Self { weight: literal.weight(), literals: vec![literal] }
    }
}

/// What is needed if one of several things must be so; `None` if one of them needs nothing.
fn any(needs: impl Iterator<Item = Option<Need>>) -> Option<Need> {
    let mut all = Need { literals: Vec::new(), weight: 0 };
    for need in needs {
        let need = need?;
        all.literals.extend(need.literals);
        all.weight += need.weight;
    }
    all.literals.sort_unstable();
    all.literals.dedup();
    Some(all)
}

/// The best to look for if all of several things must be so.
fn rarest(needs: impl Iterator<Item = Option<Need>>) -> Option<Need> {
    needs.flatten().min_by_key(|need| need.weight)
}

#[cfg(test)]
mod tests;
