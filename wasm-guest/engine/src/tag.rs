//! Writes what was found into the event, by adding bytes and changing none; knows nothing of how rules are judged.
//!
//! A tagged event is the event that came, with insertions: number spelling, key order, duplicate keys, escapes and white
//! space stay. A new member or element goes right after the last one of its container, or right after the opening
//! bracket of an empty one. An ECS field counts as present however its dotted name is spread over nested keys; where the
//! same key occurs several times, additions go to its last occurrence.
//!
//! A reader who takes the last of several equal keys finds every match in one array: in `weir`, at `matches`, if `weir`
//! is an object, else at the key `weir.matches` of the root. This holds whatever the event held before. What it held
//! there stays, whoever wrote it. An element that is byte for byte what would be added is believed to be from a Weir
//! upstream and isn't added again, so that an event which passes twice is tagged once; no other element stands in for
//! it, be its rule the same. So matches that an event came with are as trustworthy as what sent it.
//!
//! A match that an exception suppresses is told in that array alone, as itself and what suppresses it. It isn't told if
//! the match is there already, suppressed or not; but one that was suppressed doesn't stand in for one that isn't, or
//! whoever writes into events could silence rules.

mod additions;
mod cursor;
mod insertions;
mod list;
mod survey;
#[cfg(test)]
mod tests;
mod verdict;

pub use self::additions::{Addition, Change};
use self::insertions::Insertions;
use self::list::{List, Sameness};
use self::survey::{Place, Survey};
use self::verdict::{Item, Matched, Verdict, Words, array, text_of};
use crate::program::{ExceptionMeta, RuleMeta};

/// The bytes aren't one JSON object, so nothing can be added to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event isn't one valid JSON object; pass it on as it came")]
pub struct NotAnObject;

/// Tags events with the rules that matched them.
#[derive(Debug)]
pub struct Tagger {
    rules: Vec<Words>,
    /// The JSON of the exceptions' names.
    exceptions: Vec<String>,
}

/// A rule that matched an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// The rule's number.
    pub rule: u32,
    /// The number of the exception that suppresses the match, if one does.
    pub suppressed_by: Option<u32>,
}

impl Tagger {
    /// Prepares to tag with `rules` and `exceptions`, which are numbered in this order.
    pub fn new<'a>(
        rules: impl IntoIterator<Item = &'a RuleMeta>,
        exceptions: impl IntoIterator<Item = &'a ExceptionMeta>,
    ) -> Self {
        let names = exceptions.into_iter().map(|exception| text_of(&exception.name));
        Self { rules: rules.into_iter().map(Words::of).collect(), exceptions: names.collect() }
    }

    /// Appends to `out` the event, tagged with its `matches`: `weir.matches`, the ECS fields that are absent, and `tags`;
    /// of a suppressed match only the first. Tagging once more with the same adds nothing. On an error nothing is appended.
    ///
    /// # Panics
    /// If one of `matches` has a number that no rule or no exception has.
    pub fn tag(&self, event: &[u8], matches: &[Match], out: &mut Vec<u8>) -> Result<(), NotAnObject> {
        self.insertions(event, matches, Sameness::Bytes)?.write(out);
        Ok(())
    }

    /// What [`Tagger::tag`] would add to the event, for one that isn't JSON bytes: `event` is its JSON, which may lack the
    /// members of the root that have no say ([`has_a_say`]). A match that is there already is one by its value, however
    /// its members are ordered.
    ///
    /// # Panics
    /// If one of `matches` has a number that no rule or no exception has.
    pub fn additions(&self, event: &[u8], matches: &[Match]) -> Result<Vec<Addition>, NotAnObject> {
        self.insertions(event, matches, Sameness::Value)?.additions()
    }

    fn insertions<'e>(
        &self,
        event: &'e [u8],
        matches: &[Match],
        sameness: Sameness,
    ) -> Result<Insertions<'e>, NotAnObject> {
        let survey = Survey::of(event)?;
        let mut insertions = Insertions::into(event);
        if !matches.is_empty() {
            let matches: Vec<Matched<'_>> = matches.iter().map(|found| self.matched(*found)).collect();
            add(&Verdict::of(&matches), event, sameness, &survey, &mut insertions)?;
        }
        Ok(insertions)
    }

    fn matched(&self, Match { rule, suppressed_by }: Match) -> Matched<'_> {
        let name = |exception: u32| &*self.exceptions[exception as usize];
        Matched { rule: &self.rules[rule as usize], suppressed_by: suppressed_by.map(name) }
    }
}

impl Match {
    /// A match that nothing suppresses.
    pub fn of(rule: u32) -> Self {
        Self { rule, suppressed_by: None }
    }
}

/// Appends to `out` the event with `weir.unjudged` set to `reason`, unless it has one. On an error nothing is appended.
pub fn mark_unjudged(event: &[u8], reason: &str, out: &mut Vec<u8>) -> Result<(), NotAnObject> {
    unjudged_insertions(event, reason)?.write(out);
    Ok(())
}

/// What [`mark_unjudged`] would add to the event, for one that isn't JSON bytes: see [`Tagger::additions`].
pub fn unjudged_additions(event: &[u8], reason: &str) -> Result<Vec<Addition>, NotAnObject> {
    unjudged_insertions(event, reason)?.additions()
}

/// Has the root's member `key` a say in what is added to an event? One that hasn't may be left out of the JSON that
/// [`Tagger::additions`] and [`unjudged_additions`] are given.
pub fn has_a_say(key: &[u8]) -> bool {
    let first = key.split(|&byte| byte == b'.').next().unwrap_or_default();
    Place::Root.children().iter().any(|(name, _)| name.as_bytes() == first)
}

fn unjudged_insertions<'e>(event: &'e [u8], reason: &str) -> Result<Insertions<'e>, NotAnObject> {
    let survey = Survey::of(event)?;
    let mut insertions = Insertions::into(event);
    if !survey.is_unjudged() {
        add_to_weir("unjudged", &text_of(reason), &survey, &mut insertions);
    }
    Ok(insertions)
}

fn add(
    verdict: &Verdict<'_>,
    event: &[u8],
    sameness: Sameness,
    survey: &Survey,
    insertions: &mut Insertions<'_>,
) -> Result<(), NotAnObject> {
    match survey.matches() {
        Some(span) => insertions.complete(List::of_matches(event, span, &verdict.matches, sameness)?),
        None => add_to_weir("matches", &array(verdict.matches.iter().map(|item| &*item.json)), survey, insertions),
    }
    if verdict.is_suppressed() {
        return Ok(());
    }
    // Room for what one rule says, which would else grow step by step.
    let mut members = String::with_capacity(512);
    add_fields(Place::Root, verdict, survey, insertions, &mut members);
    insertions.append(survey.root_end(), members);
    match survey.tags() {
        // An object at `tags`, or `tags.x`, is another schema: elements would clash with it.
        _ if survey.is_taken(Place::Tags) => {}
        Some(span) => insertions.complete(List::of_tags(event, span, &verdict.tags)?),
        None => insertions.append(survey.root_end(), [r#""tags":"#, &array_of(&verdict.tags)].concat()),
    }
    Ok(())
}

fn add_to_weir(name: &str, json: &str, survey: &Survey, insertions: &mut Insertions) {
    if let Some(end) = survey.end_of(Place::Weir) {
        insertions.append(end, format!(r#""{name}":{json}"#));
    } else if survey.is_taken(Place::Weir) || survey.matches().is_some() {
        // Besides, a new `weir` would hide the matches at the key `weir.matches` from readers.
        insertions.append(survey.root_end(), format!(r#""weir.{name}":{json}"#));
    } else {
        insertions.append(survey.root_end(), format!(r#""weir":{{"{name}":{json}}}"#));
    }
}

fn array_of(items: &[&Item]) -> String {
    array(items.iter().map(|item| &*item.json))
}

/// Adds to `members` those that the object at `place` lacks. Objects below it that are there get theirs on the way; the
/// recursion is as deep as ECS names are long.
fn add_fields(place: Place, verdict: &Verdict, survey: &Survey, insertions: &mut Insertions, members: &mut String) {
    for &(name, child) in place.children() {
        if survey.is_taken(child) {
            continue;
        }
        if let Some(end) = survey.end_of(child) {
            let mut inner = String::new();
            add_fields(child, verdict, survey, insertions, &mut inner);
            insertions.append(end, inner);
            continue;
        }
        let before = members.len();
        let comma = if before == 0 || members.ends_with('{') { "" } else { "," };
        if child.is_field() {
            let value = verdict.field(child);
            if !value.is_empty() {
                members.extend([comma, "\"", name, "\":", value]);
            }
            continue;
        }
        members.extend([comma, "\"", name, "\":{"]);
        let opened = members.len();
        add_fields(child, verdict, survey, insertions, members);
        if members.len() > opened {
            members.push('}');
        } else {
            members.truncate(before);
        }
    }
}
