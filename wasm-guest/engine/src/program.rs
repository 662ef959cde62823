//! What the rules of one module ask, in a form that knows no rule language: fields, predicates on them, conditions.
//!
//! A rule compiler (today `weir-eql`) makes a [`Program`]; the engine indexes it once and judges events with it.

use serde::{Deserialize, Serialize};

use crate::fold::fold_char;

mod automaton;
mod exception;
mod expression;

pub use automaton::Automaton;
pub use exception::{Coverage, Exception, ExceptionMeta, Expiry, Window};
pub use expression::{Constant, Expression, Function, Network, Operator};

/// Everything a module knows: the rules, their exceptions, and the predicates that they share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Program {
    /// How text is folded where case doesn't matter.
    pub folding: Folding,
    /// Which lines are checked to be events.
    pub validate: Validate,
    /// The dotted names of all fields that a predicate reads, sorted, each once.
    pub fields: Vec<String>,
    /// Fields that no event has: their values are calculated from those of `fields`, after which they are numbered.
    ///
    /// Each combination of the values of the fields that an expression reads gives one value, or none; so does a missing
    /// field, which takes part without a value.
    pub calculated: Vec<Expression>,
    /// Every predicate of every rule and every exception, each once.
    pub predicates: Vec<Predicate>,
    /// The rules, in the order in which findings number them.
    pub rules: Vec<Rule>,
    /// The exceptions, in the order in which findings number them.
    pub exceptions: Vec<Exception>,
}

/// Which characters count as the same where case doesn't matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Folding {
    /// Unicode simple case folding, as the newest Elasticsearch does: `K` (U+212A) is a `k`.
    #[default]
    Unicode,
    /// A to Z only, as older Elasticsearch does.
    Ascii,
}

/// Which lines of a batch are checked to be events. It never changes which rules match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Validate {
    /// Those that may match a rule, and others at will. The rest is dismissed without being parsed.
    #[default]
    Candidates,
    /// All of them.
    All,
}

/// A test on one field; true if **any** of the field's values passes it, false if the field has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predicate {
    /// Index into [`Program::fields`], or beyond them into [`Program::calculated`].
    pub field: u32,
    /// What a value must be.
    pub test: Test,
}

/// What one value must be. `null` and objects are no values, an array's elements are values of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Test {
    /// Any value, the empty string included.
    Exists,
    /// Only on a calculated field: some combination of values gives none.
    Null,
    /// Text that equals one of `literals`; numbers and booleans are taken as their JSON text.
    Equals {
        /// At least one text, without wildcards.
        literals: Vec<String>,
        /// Does case matter?
        case: Case,
    },
    /// Text that as a whole matches one of `patterns`: `*` is any run of characters, `?` exactly one code point, and
    /// nothing else is special.
    Like {
        /// At least one pattern.
        patterns: Vec<String>,
        /// Does case matter?
        case: Case,
    },
    /// Text that stands so to `than` in the order of code points; numbers and booleans are taken as their JSON text.
    Order {
        /// How the text must compare.
        is: Comparison,
        /// What it is compared with.
        than: String,
    },
    /// Text that `automaton` accepts; numbers and booleans are taken as their JSON text.
    Regex {
        /// Where case doesn't matter, it accepts folded text.
        automaton: Automaton,
        /// Does case matter?
        case: Case,
    },
    /// A number, or text that spells one, that compares so with `than`.
    Number {
        /// How the value must compare.
        is: Comparison,
        /// What it is compared with.
        than: Number,
    },
    /// This boolean, or text that spells it (`"true"`, `"false"`; the empty string is false, as in Elasticsearch).
    Bool(bool),
}

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Case {
    /// They differ.
    Sensitive,
    /// They don't; see [`Folding`].
    Insensitive,
}

/// An order between a value and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A number of a rule: integers stay exact.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Number {
    /// A whole number that fits.
    Int(i64),
    /// Anything else; never NaN.
    Float(f64),
}

/// A rule: what it is, and when it matches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What is told about it.
    pub meta: RuleMeta,
    /// When it matches.
    pub condition: Condition,
}

/// A boolean formula over predicates. Two-valued: nothing is ever unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// True or false whatever the event.
    Constant(bool),
    /// Index into [`Program::predicates`].
    Predicate(u32),
    /// The opposite.
    Not(Box<Condition>),
    /// Every one; true if there is none.
    All(Vec<Condition>),
    /// At least one; false if there is none.
    Any(Vec<Condition>),
}

/// What a module tells about a rule, and what a match is tagged with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleMeta {
    /// The rule's UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its revision.
    pub version: u32,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// 0 to 100.
    pub risk_score: u32,
    /// What it detects, in the terms of a framework.
    pub threats: Vec<Threat>,
    /// The query as it was written.
    pub query: String,
    /// Links to further reading.
    pub references: Vec<String>,
    /// What Elastic's detection engine files it under.
    pub tags: Vec<String>,
    /// The indices that it would search, as patterns; like the rest below without a say in a verdict, empty if not told.
    pub index: Vec<String>,
    /// How often it would search them, such as `5m`.
    pub interval: String,
    /// How far back, such as `now-6m`.
    pub from: String,
    /// The field that it would take for the time of an event, instead of `@timestamp`.
    pub timestamp_override: String,
}

/// One tactic of a framework, with the techniques that the rule sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threat {
    /// `MITRE ATT&CK`.
    pub framework: String,
    /// The tactic.
    pub tactic: ThreatEntry,
    /// Techniques under it; may be empty.
    pub techniques: Vec<Technique>,
}

/// A technique, with its sub-techniques.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Technique {
    /// The technique itself.
    pub entry: ThreatEntry,
    /// Sub-techniques under it; may be empty.
    pub subtechniques: Vec<ThreatEntry>,
}

/// An entry of a framework.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreatEntry {
    /// Such as `T1609`.
    pub id: String,
    /// Such as `Container Administration Command`.
    pub name: String,
    /// Its page.
    pub reference: String,
}

impl Folding {
    /// `text`, changed so that texts which differ only in case become the same.
    pub fn fold(self, text: &str) -> String {
        text.chars().map(|char| fold_char(self, char)).collect()
    }
}

impl Condition {
    /// Hands the number of every predicate to `found`, once for each use.
    pub(crate) fn each_predicate(&self, found: &mut impl FnMut(u32)) {
        match self {
            Self::Constant(_) => {}
            Self::Predicate(predicate) => found(*predicate),
            Self::Not(inner) => inner.each_predicate(found),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each_predicate(found)),
        }
    }
}

impl Program {
    /// The form in which a program is put into a guest. Both sides must be of the same version.
    ///
    /// # Errors
    /// None that a well-formed program can cause.
    pub fn to_bytes(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_allocvec(self)
    }

    /// Reads what [`Program::to_bytes`] wrote.
    ///
    /// # Errors
    /// If the bytes are anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, postcard::Error> {
        postcard::from_bytes(bytes)
    }
}
