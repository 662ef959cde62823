//! Writes what was found into the event, by adding bytes and changing none; knows nothing of how rules are judged.
//!
//! A tagged event is the event that came, with insertions: number spelling, key order, duplicate keys, escapes and white
//! space stay. A new member or element goes right after the last one of its container, or right after the opening
//! bracket of an empty one. A field counts as present however its dotted name is spread over nested keys; where the
//! same key occurs several times, additions go to its last occurrence.

mod cursor;
mod insertions;
mod survey;
#[cfg(test)]
mod tests;
mod verdict;

use self::insertions::Insertions;
use self::survey::{Place, Survey};
use self::verdict::{Verdict, join, text_of};
use crate::program::RuleMeta;

/// The bytes aren't one JSON object, so nothing can be added to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event isn't one valid JSON object; pass it on as it came")]
pub struct NotAnObject;

/// Tags events with the rules that matched them.
#[derive(Debug)]
pub struct Tagger {
    rules: Vec<RuleMeta>,
    /// What each rule says when no other matches, which is the usual case: worked out once.
    alone: Vec<Verdict>,
}

impl Tagger {
    /// Prepares to tag with `rules`, which are numbered in this order.
    pub fn new<'a>(rules: impl IntoIterator<Item = &'a RuleMeta>) -> Self {
        let rules: Vec<RuleMeta> = rules.into_iter().cloned().collect();
        let alone = rules.iter().map(|rule| Verdict::of(&[rule])).collect();
        Self { rules, alone }
    }

    /// Appends to `out` the event, tagged with the `rules` that matched it: `weir.matches`, the ECS fields that are
    /// absent, and `tags`. Tagging once more with the same rules adds nothing. On an error nothing is appended.
    ///
    /// # Panics
    /// If one of `rules` isn't the number of a rule.
    pub fn tag(&self, event: &[u8], rules: &[u32], out: &mut Vec<u8>) -> Result<(), NotAnObject> {
        if let [rule] = rules {
            return add(&self.alone[*rule as usize], event, out);
        }
        let matched: Vec<&RuleMeta> = rules.iter().map(|&rule| &self.rules[rule as usize]).collect();
        add(&Verdict::of(&matched), event, out)
    }
}

/// Appends to `out` the event with `weir.unjudged` set to `reason`, unless it has one. On an error nothing is appended.
pub fn mark_unjudged(event: &[u8], reason: &str, out: &mut Vec<u8>) -> Result<(), NotAnObject> {
    let survey = Survey::of(event)?;
    let mut insertions = Insertions::into(event);
    if !survey.is_taken(Place::Unjudged) {
        add_to_weir("unjudged", &text_of(reason), &survey, &mut insertions);
    }
    insertions.write(out);
    Ok(())
}

fn add(verdict: &Verdict, event: &[u8], out: &mut Vec<u8>) -> Result<(), NotAnObject> {
    let survey = Survey::of(event)?;
    let mut insertions = Insertions::into(event);
    add_matches(verdict, &survey, &mut insertions);
    let mut members = String::new();
    add_fields(Place::Root, verdict, &survey, &mut insertions, &mut members);
    insertions.append(survey.root_end(), members);
    add_tags(verdict, &survey, &mut insertions);
    insertions.write(out);
    Ok(())
}

fn add_matches(verdict: &Verdict, survey: &Survey, insertions: &mut Insertions) {
    match &survey.matches {
        Some(list) => insertions.extend(list, list.lacking(&verdict.matches)),
        None if verdict.matches.is_empty() => {}
        None => add_to_weir("matches", &format!("[{}]", join(&verdict.matches)), survey, insertions),
    }
}

fn add_to_weir(name: &str, json: &str, survey: &Survey, insertions: &mut Insertions) {
    if let Some(end) = survey.end_of(Place::Weir) {
        insertions.append(end, format!(r#""{name}":{json}"#));
    } else if survey.is_taken(Place::Weir) {
        insertions.append(survey.root_end(), format!(r#""weir.{name}":{json}"#));
    } else {
        insertions.append(survey.root_end(), format!(r#""weir":{{"{name}":{json}}}"#));
    }
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

fn add_tags(verdict: &Verdict, survey: &Survey, insertions: &mut Insertions) {
    // An object at `tags`, or `tags.x`, is another schema: elements would clash with it.
    if survey.is_taken(Place::Tags) {
        return;
    }
    match &survey.tags {
        Some(list) => insertions.extend(list, list.lacking(&verdict.tags)),
        None if verdict.tags.is_empty() => {}
        None => insertions.append(survey.root_end(), format!(r#""tags":[{}]"#, join(&verdict.tags))),
    }
}
