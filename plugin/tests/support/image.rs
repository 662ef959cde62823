//! Lays out rules, fields and exceptions as the canonical ABI wants to find them in a detector's memory.

use weir_engine::program::{Coverage, ExceptionMeta, RuleMeta, Technique, Threat, ThreatEntry};

/// Memory from `base` on.
pub struct Image {
    base: u32,
    bytes: Vec<u8>,
}

impl Image {
    /// The answers of `describe` at `base`, of `fields` and of `exceptions`, each eight bytes later, and what these point to.
    pub fn describing(base: u32, rules: &[RuleMeta], fields: &[&str], exceptions: &[ExceptionMeta]) -> Vec<u8> {
        let mut image = Self { base, bytes: vec![0; 24] };
        let rules = image.list(rules, Self::rule);
        let fields = image.list(fields, |image, field| image.text(field));
        let exceptions = image.list(exceptions, Self::exception);
        image.bytes[..24].copy_from_slice(&[rules, fields, exceptions].concat());
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
            self.texts(&rule.references),
            self.texts(&rule.tags),
            self.texts(&rule.index),
            self.text(&rule.interval),
            self.text(&rule.from),
            self.text(&rule.timestamp_override),
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

    fn exception(&mut self, exception: &ExceptionMeta) -> Vec<u8> {
        let (name, comment) = (self.text(&exception.name), self.text(&exception.comment));
        let rules = match &exception.rules {
            Coverage::All => [number(0), vec![0; 8]].concat(),
            Coverage::Rules(rules) => [number(1), self.list(rules, |_, rule| number(*rule))].concat(),
        };
        // What follows is aligned to eight bytes.
        let padding = number(0);
        let (not_before, expires) = (time(exception.window.not_before), time(exception.window.expires));
        [name, comment, rules, padding, not_before, expires].concat()
    }

    /// A list is known by its place and its length.
    fn list<T>(&mut self, items: &[T], encode: impl Fn(&mut Self, &T) -> Vec<u8>) -> Vec<u8> {
        let encoded: Vec<u8> = items.iter().flat_map(|item| encode(self, item)).collect();
        [self.put(&encoded), number(items.len() as u32)].concat()
    }

    fn texts(&mut self, texts: &[String]) -> Vec<u8> {
        self.list(texts, |image, text| image.text(text))
    }

    fn text(&mut self, text: &str) -> Vec<u8> {
        [self.put(text.as_bytes()), number(text.len() as u32)].concat()
    }

    fn put(&mut self, bytes: &[u8]) -> Vec<u8> {
        let place = self.base + self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        number(place)
    }
}

fn time(seconds: Option<i64>) -> Vec<u8> {
    [i64::from(seconds.is_some()), seconds.unwrap_or_default()].map(i64::to_le_bytes).concat()
}

fn number(number: u32) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}
