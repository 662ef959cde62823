//! A batch of events in, findings out: the engine's main verb.

use crate::exceptions::Exceptions;
use crate::frequencies::Frequencies;
use crate::hits::Hits;
use crate::json::Malformed;
use crate::paths::Paths;
use crate::predicates::Predicates;
use crate::prefilter::{Candidates, Prefilter};
use crate::program::{
    Condition, Coverage, Exception, ExceptionMeta, Expression, Predicate, Program, Rule, RuleMeta, Test,
};
use crate::rules::Conditions;
use crate::scan::{Scratch, Value, scan};

/// A program made ready to judge. Judging changes nothing in it: the same events always get the same report.
#[derive(Debug)]
pub struct Detector {
    rules: Vec<RuleMeta>,
    fields: Vec<String>,
    paths: Paths,
    predicates: Predicates,
    conditions: Conditions,
    prefilter: Option<Prefilter>,
    described: Vec<ExceptionMeta>,
    exceptions: Exceptions,
}

/// What was found in a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By event, then by rule, then by exception. A match that exceptions cover has a finding for each of them: which of
    /// them is in force is not known here.
    pub findings: Vec<Finding>,
    /// Of the lines that were looked at, see [`crate::program::Validate`]: those that aren't JSON objects, are nested deeper
    /// than [`crate::MAX_DEPTH`], or would take too much work for some rule, the findings of the others notwithstanding; in
    /// order.
    pub malformed: Vec<u32>,
}

/// Room that judging needs, lent to it so that no event needs its own.
#[derive(Debug)]
pub struct Room {
    hits: Hits,
    scratch: Scratch,
    matching: Vec<u32>,
    covering: Vec<u32>,
}

/// A rule matched an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The number of the event's line in the batch, from 0.
    pub event: u32,
    /// The number of the rule in the program, from 0.
    pub rule: u32,
    /// The number of an exception in the program that covers this match, if one does.
    pub exception: Option<u32>,
}

/// Why a program can't be run: a fault of the compiler that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// More fields, or more steps on the way to them, than the engine numbers.
    #[error("the rules read {0} fields, more than one module can; split them into several modules")]
    TooManyFields(usize),
    /// A predicate that tests a field that isn't there.
    #[error("predicate {0} tests a field that the program doesn't have; recompile the rules")]
    StrayField(usize),
    /// A calculated field that reads a field that isn't one of events.
    #[error("calculated field {0} reads a field that the program doesn't have; recompile the rules")]
    StrayCalculation(usize),
    /// A regular expression whose automaton is incomplete.
    #[error("predicate {0} has a broken automaton; recompile the rules")]
    BrokenAutomaton(usize),
    /// A condition that uses a predicate that isn't there.
    #[error("rule {0} uses a predicate that the program doesn't have; recompile the rules")]
    StrayPredicate(usize),
    /// An exception that uses a predicate, or covers a rule, that isn't there.
    #[error("exception {0} uses a predicate or a rule that the program doesn't have; recompile the rules")]
    StrayException(usize),
}

impl Detector {
    /// Indexes a program.
    ///
    /// # Errors
    /// If one of its parts refers to another that isn't there, or it is too large.
    pub fn new(program: Program) -> Result<Self, ProgramError> {
        check(&program)?;
        let predicates = Predicates::new(&program);
        let frequencies = Frequencies::new(&program, &predicates);
        Ok(Self {
            paths: Paths::new(&program.fields),
            conditions: Conditions::new(&program, &predicates, &frequencies),
            exceptions: Exceptions::new(&program, &predicates, &frequencies),
            prefilter: Prefilter::new(&program),
            predicates,
            described: program.exceptions.into_iter().map(|exception| exception.meta).collect(),
            rules: program.rules.into_iter().map(|rule| rule.meta).collect(),
            fields: program.fields,
        })
    }

    /// The rules, in the order in which findings number them.
    pub fn rules(&self) -> &[RuleMeta] {
        &self.rules
    }

    /// The dotted names of the fields that the rules read.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// The exceptions, in the order in which findings number them.
    pub fn exceptions(&self) -> &[ExceptionMeta] {
        &self.described
    }

    /// Does `event` lack what every rule asks for? Then it matches none, whether it is malformed or not.
    pub fn dismisses(&self, event: &[u8]) -> bool {
        Candidates::new(self.prefilter.as_ref(), event).next().is_none()
    }

    /// Judges newline-delimited JSON. A blank line is no event, but counts as a line.
    pub fn detect(&self, events: &[u8]) -> Report {
        let mut report = Report::default();
        // Often no line needs any, if they are few.
        let mut room = None;
        for (event, line) in Candidates::new(self.prefilter.as_ref(), events) {
            if !line.trim_ascii().is_empty() {
                self.judge(event, line, room.get_or_insert_with(|| self.room()), &mut report);
            }
        }
        report
    }

    /// Room to judge any number of events in, one after another.
    pub fn room(&self) -> Room {
        let hits = self.predicates.no_hits();
        Room { hits, scratch: Scratch::default(), matching: Vec::new(), covering: Vec::new() }
    }

    /// Judges one event, and adds to the report what is found, under the number `event`.
    pub fn judge(&self, event: u32, json: &[u8], room: &mut Room, report: &mut Report) {
        let Room { hits, scratch, matching, covering } = room;
        let judge = |field, value: Value<'_>| self.predicates.judge(field, value, hits);
        let scanned = scan(json, &self.paths, scratch, judge);
        match scanned {
            Ok(()) => {
                let all_judged = self.conditions.judge(&self.predicates, hits, matching);
                for &rule in &*matching {
                    self.exceptions.judge(rule, &self.predicates, hits, covering);
                    report.add(event, rule, covering);
                }
                if !all_judged {
                    report.malformed.push(event);
                }
            }
            Err(Malformed) => report.malformed.push(event),
        }
        hits.clear();
    }
}

impl Report {
    fn add(&mut self, event: u32, rule: u32, covering: &[u32]) {
        if covering.is_empty() {
            self.findings.push(Finding { event, rule, exception: None });
        }
        self.findings.extend(covering.iter().map(|number| Finding { event, rule, exception: Some(*number) }));
    }
}

fn check(program: &Program) -> Result<(), ProgramError> {
    let steps: usize = program.fields.iter().map(|name| name.split('.').count()).sum();
    let fields = program.fields.len() + program.calculated.len();
    if steps + program.calculated.len() >= usize::from(u16::MAX) {
        return Err(ProgramError::TooManyFields(fields));
    }
    if let Some(number) = program.calculated.iter().position(|expression| !reads_only(expression, program.fields.len()))
    {
        return Err(ProgramError::StrayCalculation(number));
    }
    let stray = |predicate: &Predicate| predicate.field as usize >= fields;
    if let Some(number) = program.predicates.iter().position(stray) {
        return Err(ProgramError::StrayField(number));
    }
    let broken = |test: &Test| matches!(test, Test::Regex { automaton, .. } if !automaton.is_sound());
    if let Some(number) = program.predicates.iter().position(|predicate| broken(&predicate.test)) {
        return Err(ProgramError::BrokenAutomaton(number));
    }
    let known = |rule: &Rule| predicates_within(&rule.condition, program.predicates.len());
    if let Some(rule) = program.rules.iter().position(|rule| !known(rule)) {
        return Err(ProgramError::StrayPredicate(rule));
    }
    match program.exceptions.iter().position(|exception| is_stray(exception, program)) {
        Some(exception) => Err(ProgramError::StrayException(exception)),
        None => Ok(()),
    }
}

fn is_stray(exception: &Exception, program: &Program) -> bool {
    let covers_stray = match &exception.meta.rules {
        Coverage::All => false,
        Coverage::Rules(rules) => rules.iter().any(|rule| *rule as usize >= program.rules.len()),
    };
    covers_stray || !predicates_within(&exception.condition, program.predicates.len())
}

fn reads_only(expression: &Expression, fields: usize) -> bool {
    let mut within = true;
    expression.each_field(&mut |field| within &= (*field as usize) < fields);
    within
}

fn predicates_within(condition: &Condition, count: usize) -> bool {
    let mut within = true;
    condition.each_predicate(&mut |predicate| within &= (predicate as usize) < count);
    within
}
