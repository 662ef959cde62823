//! Reads an event once, strictly, and notes what stands where a tag would go; adds nothing itself.

use std::borrow::Cow;
use std::ops::Range;

use super::NotAnObject;
use super::cursor::{Cursor, decode};
use super::verdict::{Item, join};
use crate::json::Text;

/// A field that a tag writes, or an object on the way to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    Weir,
    Matches,
    Unjudged,
    Rule,
    RuleId,
    RuleName,
    Threat,
    Framework,
    Tactic,
    TacticId,
    TacticName,
    Technique,
    TechniqueId,
    TechniqueName,
    Subtechnique,
    SubtechniqueId,
    SubtechniqueName,
    Event,
    RiskScore,
    Severity,
    Tags,
}

/// What a key leads to.
enum Target {
    At(Place),
    /// Something inside a field, so the field is there.
    Inside(Place),
    Elsewhere,
}

impl Place {
    /// How many places there are.
    pub(super) const COUNT: usize = Self::Tags as usize + 1;

    /// What may stand in the object at this place; nothing if it is a field.
    pub(super) fn children(self) -> &'static [(&'static str, Self)] {
        use Place::*;
        match self {
            Root => &[("weir", Weir), ("rule", Rule), ("threat", Threat), ("event", Event), ("tags", Tags)],
            Weir => &[("matches", Matches), ("unjudged", Unjudged)],
            Rule => &[("id", RuleId), ("name", RuleName)],
            Threat => &[("framework", Framework), ("tactic", Tactic), ("technique", Technique)],
            Tactic => &[("id", TacticId), ("name", TacticName)],
            Technique => &[("id", TechniqueId), ("name", TechniqueName), ("subtechnique", Subtechnique)],
            Subtechnique => &[("id", SubtechniqueId), ("name", SubtechniqueName)],
            Event => &[("risk_score", RiskScore), ("severity", Severity)],
            _ => &[],
        }
    }

    /// Is this a field, rather than an object that holds some?
    pub(super) fn is_field(self) -> bool {
        self.children().is_empty()
    }

    /// Follows a key in the object at this place: `rule.id` is one key, or two.
    fn follow(self, key: Text<'_>) -> Target {
        let mut place = self;
        for name in decode(key).split(|&byte| byte == b'.') {
            if place.is_field() {
                return Target::Inside(place);
            }
            match place.children().iter().find(|(child, _)| child.as_bytes() == name) {
                Some(&(_, child)) => place = child,
                None => return Target::Elsewhere,
            }
        }
        Target::At(place)
    }
}

/// What an event holds at the places of interest.
pub(super) struct Survey<'a> {
    root_end: usize,
    ends: [Option<usize>; Place::COUNT],
    taken: [bool; Place::COUNT],
    /// The last `weir.matches`, which holds the ids of rules.
    pub(super) matches: Option<List<'a>>,
    /// The last `tags` that isn't an object.
    pub(super) tags: Option<List<'a>>,
}

impl<'a> Survey<'a> {
    /// Reads `event`.
    pub(super) fn of(event: &'a [u8]) -> Result<Self, NotAnObject> {
        let mut cursor = Cursor::new(event)?;
        let mut survey =
            Self { root_end: 0, ends: [None; Place::COUNT], taken: [false; Place::COUNT], matches: None, tags: None };
        survey.root_end = survey.read_object(&mut cursor, Place::Root)?;
        cursor.finish()?;
        Ok(survey)
    }

    /// Where the root's next member goes.
    pub(super) fn root_end(&self) -> usize {
        self.root_end
    }

    /// Where the next member goes in the object at `place`, if the last value there is one.
    pub(super) fn end_of(&self, place: Place) -> Option<usize> {
        self.ends[place as usize]
    }

    /// Is there a value at `place` that can't get what belongs there: of a field any, else one that isn't an object?
    pub(super) fn is_taken(&self, place: Place) -> bool {
        self.taken[place as usize]
    }

    /// Reads the object at `place`; the recursion is as deep as the names of fields are long.
    fn read_object(&mut self, cursor: &mut Cursor<'a>, place: Place) -> Result<usize, NotAnObject> {
        cursor.members(|cursor, key| match place.follow(key) {
            Target::At(place) => self.read_value(cursor, place),
            Target::Inside(field) => {
                self.taken[field as usize] = true;
                cursor.skip_value().map(drop)
            }
            Target::Elsewhere => cursor.skip_value().map(drop),
        })
    }

    fn read_value(&mut self, cursor: &mut Cursor<'a>, place: Place) -> Result<(), NotAnObject> {
        let is_object = cursor.peek() == Some(b'{');
        match place {
            Place::Matches => self.matches = Some(List::read(cursor, read_match)?),
            Place::Tags if !is_object => self.tags = Some(List::read(cursor, read_text)?),
            _ if is_object && !place.is_field() => {
                self.ends[place as usize] = Some(self.read_object(cursor, place)?);
            }
            _ => {
                cursor.skip_value()?;
                self.ends[place as usize] = None;
                self.taken[place as usize] = true;
            }
        }
        Ok(())
    }
}

/// The texts in a list, unescaped.
type Held<'a> = Vec<Cow<'a, [u8]>>;

/// A value that holds any number of things, as an array or as the only one.
pub(super) struct List<'a> {
    /// Where the value is.
    pub(super) span: Range<usize>,
    /// Where the next element goes, if the value is an array.
    pub(super) end: Option<usize>,
    held: Held<'a>,
}

impl<'a> List<'a> {
    fn read(
        cursor: &mut Cursor<'a>,
        read_element: fn(&mut Cursor<'a>, &mut Held<'a>) -> Result<(), NotAnObject>,
    ) -> Result<Self, NotAnObject> {
        let start = cursor.position();
        let mut held = Held::new();
        let end = if cursor.peek() == Some(b'[') {
            Some(cursor.elements(|cursor| read_element(cursor, &mut held))?)
        } else {
            read_element(cursor, &mut held)?;
            None
        };
        Ok(Self { span: start..cursor.position(), end, held })
    }

    /// Those of `items` that aren't held yet, joined by commas.
    pub(super) fn lacking(&self, items: &[Item]) -> String {
        join(items.iter().filter(|item| self.held.iter().all(|held| **held != *item.key.as_bytes())))
    }
}

fn read_text<'a>(cursor: &mut Cursor<'a>, held: &mut Held<'a>) -> Result<(), NotAnObject> {
    if cursor.peek() == Some(b'"') {
        held.push(decode(cursor.string()?));
        return Ok(());
    }
    cursor.skip_value().map(drop)
}

/// Reads one entry of `weir.matches` for its `rule.id`.
fn read_match<'a>(cursor: &mut Cursor<'a>, held: &mut Held<'a>) -> Result<(), NotAnObject> {
    read_rule_id(cursor, Place::Root, held)
}

fn read_rule_id<'a>(cursor: &mut Cursor<'a>, place: Place, held: &mut Held<'a>) -> Result<(), NotAnObject> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip_value().map(drop);
    }
    let read_member = |cursor: &mut Cursor<'a>, key: Text<'a>| match place.follow(key) {
        Target::At(Place::Rule) => read_rule_id(cursor, Place::Rule, held),
        Target::At(Place::RuleId) => read_text(cursor, held),
        _ => cursor.skip_value().map(drop),
    };
    cursor.members(read_member).map(drop)
}
