//! Lays out rules and fields as the canonical ABI wants to find them in a detector's memory.

use weir_engine::program::{RuleMeta, Technique, Threat, ThreatEntry};

/// Memory from `base` on.
pub struct Image {
    base: u32,
    bytes: Vec<u8>,
}

impl Image {
    /// The answer of `describe` at `base`, that of `fields` eight bytes later, and what these point to.
    pub fn describing(base: u32, rules: &[RuleMeta], fields: &[&str]) -> Vec<u8> {
        let mut image = Self { base, bytes: vec![0; 16] };
        let rules = image.list(rules, Self::rule);
        let fields = image.list(fields, |image, field| image.text(field));
        image.bytes[..16].copy_from_slice(&[rules, fields].concat());
        image.bytes
    }

    fn rule(&mut self, rule: &RuleMeta) -> Vec<u8> {
        [
            self.text(&rule.id),
            self.text(&rule.name),
            number(rule.version),
            self.text(&rule.severity),
            number(rule.risk_score),
            self.list(&rule.threats, Self::threat),
            self.text(&rule.query),
            self.list(&rule.references, |image, link| image.text(link)),
        ]
        .concat()
    }

    fn threat(&mut self, threat: &Threat) -> Vec<u8> {
        let framework = self.text(&threat.framework);
        let tactic = self.entry(&threat.tactic);
        let techniques = self.list(&threat.techniques, Self::technique);
        [framework, tactic, techniques].concat()
    }

    fn technique(&mut self, technique: &Technique) -> Vec<u8> {
        let entry = self.entry(&technique.entry);
        [entry, self.list(&technique.subtechniques, Self::entry)].concat()
    }

    fn entry(&mut self, entry: &ThreatEntry) -> Vec<u8> {
        [self.text(&entry.id), self.text(&entry.name), self.text(&entry.reference)].concat()
    }

    /// A list is known by its place and its length.
    fn list<T>(&mut self, items: &[T], encode: impl Fn(&mut Self, &T) -> Vec<u8>) -> Vec<u8> {
        let encoded: Vec<u8> = items.iter().flat_map(|item| encode(self, item)).collect();
        [self.put(&encoded), number(items.len() as u32)].concat()
    }

    fn text(&mut self, text: &str) -> Vec<u8> {
        [self.put(text.as_bytes()), number(text.len() as u32)].concat()
    }

    fn put(&mut self, bytes: &[u8]) -> Vec<u8> {
        let place = self.base + self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        number(place)
    }
}

fn number(number: u32) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}
