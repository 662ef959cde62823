//! Reads an event once, strictly, and notes what stands where a tag would go; adds nothing itself.

use std::ops::Range;

use super::NotAnObject;
use super::cursor::{Cursor, decode};
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

/// What an event holds at the places of interest; of lists no more than where they are.
pub(super) struct Survey {
    root_end: usize,
    ends: [Option<usize>; Place::COUNT],
    taken: [bool; Place::COUNT],
    /// What the last `weir` holds.
    nested: Told,
    /// What keys of the root such as `weir.matches` lead to.
    dotted: Told,
    /// The last `tags` that isn't an object.
    tags: Option<Range<usize>>,
}

/// What an event says already, in one of the two spellings.
#[derive(Default)]
struct Told {
    /// The last `matches`.
    matches: Option<Range<usize>>,
    unjudged: bool,
}

impl Survey {
    /// Reads `event`.
    pub(super) fn of(event: &[u8]) -> Result<Self, NotAnObject> {
        let mut cursor = Cursor::new(event)?;
        let mut survey = Self {
            root_end: 0,
            ends: [None; Place::COUNT],
            taken: [false; Place::COUNT],
            nested: Told::default(),
            dotted: Told::default(),
            tags: None,
        };
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

    /// The value that matches go into: `matches` in the last `weir` if that is an object, else the last `weir.matches`.
    pub(super) fn matches(&self) -> Option<Range<usize>> {
        let told = if self.end_of(Place::Weir).is_some() { &self.nested } else { &self.dotted };
        told.matches.clone()
    }

    /// Is the event marked as unjudged?
    pub(super) fn is_unjudged(&self) -> bool {
        self.nested.unjudged || self.dotted.unjudged
    }

    /// The value that tags go into.
    pub(super) fn tags(&self) -> Option<Range<usize>> {
        self.tags.clone()
    }

    /// Reads the object at `holder`; the recursion is as deep as the names of fields are long.
    fn read_object(&mut self, cursor: &mut Cursor<'_>, holder: Place) -> Result<usize, NotAnObject> {
        cursor.members(|cursor, key| match holder.follow(key) {
            Target::At(Place::Matches) => {
                self.told_in(holder).matches = Some(cursor.skip_value()?);
                Ok(())
            }
            Target::At(Place::Unjudged) | Target::Inside(Place::Unjudged) => {
                self.told_in(holder).unjudged = true;
                cursor.skip_value().map(drop)
            }
            Target::At(place) => self.read_value(cursor, place),
            Target::Inside(field) => {
                self.taken[field as usize] = true;
                cursor.skip_value().map(drop)
            }
            Target::Elsewhere => cursor.skip_value().map(drop),
        })
    }

    fn told_in(&mut self, holder: Place) -> &mut Told {
        if holder == Place::Weir { &mut self.nested } else { &mut self.dotted }
    }

    fn read_value(&mut self, cursor: &mut Cursor<'_>, place: Place) -> Result<(), NotAnObject> {
        if place == Place::Weir {
            // Most readers see only the last of several: what an earlier one says isn't told.
            self.nested = Told::default();
        }
        let is_object = cursor.peek() == Some(b'{');
        match place {
            Place::Tags if !is_object => self.tags = Some(cursor.skip_value()?),
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
