//! Makes up the process events that tests, benches and the bundled sample read; knows the seed rule, but no engine.
//!
//! Of 100 events, 1 matches the rule "Container Management Utility Run Inside A Container", and 9 nearly do: 3 start one
//! of its utilities on a host, 3 end one in a container, 3 start something of a similar name. The rest is daily life.

pub mod rules;
mod story;

use story::Story;

/// One line of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// A JSON object, without a newline.
    pub json: String,
    /// Whether the seed rule matches it.
    pub matches: bool,
}

/// How much an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The process and where it runs: about 760 bytes.
    Plain,
    /// The same, with what an agent adds in a cloud: about 1,030 bytes.
    Enriched,
}

/// The first `count` events that `seed` leads to, the same on every machine.
pub fn events(shape: Shape, seed: u64, count: usize) -> impl Iterator<Item = Event> {
    let mut random = Random(seed);
    (0..count).map(move |number| {
        let story = Story::draw(&mut random);
        let mut json = String::with_capacity(1536);
        story.tell(&mut json, number, shape, &mut random).expect("a String takes all that is written to it");
        Event { json, matches: story.matches }
    })
}

/// SplitMix64: small, fast, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `limit` - 1.
    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const SEED: u64 = 1609;
    const MANY: usize = 20_000;

    #[test]
    fn a_seed_always_leads_to_the_same_events() {
        let first: Vec<_> = events(Shape::Plain, SEED, 100).collect();
        assert!(events(Shape::Plain, SEED, 100).eq(first.iter().cloned()));
        assert!(events(Shape::Plain, SEED + 1, 100).zip(first).all(|(other, event)| other != event));
    }

    #[test]
    fn every_event_is_one_line_of_json_and_matches_exactly_if_it_says_so() {
        for shape in [Shape::Plain, Shape::Enriched] {
            for event in events(shape, SEED, MANY) {
                let json = serde_json::from_str(&event.json).expect("valid JSON");
                assert_eq!(seed_rule_matches(&json), event.matches, "{}", event.json);
                assert!(!event.json.contains('\n'), "{}", event.json);
            }
        }
    }

    #[test]
    fn matches_and_near_misses_are_as_frequent_as_promised() {
        let mut matches = 0;
        let mut upper_case = 0;
        let mut on_host = 0;
        let mut ended = 0;
        let mut look_alikes = 0;
        for event in events(Shape::Plain, SEED, MANY) {
            let json: Value = serde_json::from_str(&event.json).expect("valid JSON");
            let utility = is_utility(&json);
            let in_container = json.get("container").is_some();
            let name = text(&json["process"]["name"]);
            matches += usize::from(event.matches);
            upper_case += usize::from(name.contains(|c: char| c.is_ascii_uppercase()));
            on_host += usize::from(utility && !in_container);
            ended += usize::from(utility && in_container && !event.matches);
            look_alikes += usize::from(in_container && story::is_look_alike(name));
        }
        for (what, found, expected) in [
            ("matches", matches, 0.01),
            ("matches in upper case", upper_case, 0.001),
            ("utilities on a host", on_host, 0.03),
            ("utilities that end", ended, 0.03),
            ("look-alikes", look_alikes, 0.03),
        ] {
            let share = found as f64 / MANY as f64;
            assert!((share / expected - 1.0).abs() < 0.2, "{what}: {share}, not about {expected}");
        }
    }

    #[test]
    fn events_are_as_long_as_promised() {
        for (shape, expected) in [(Shape::Plain, 760), (Shape::Enriched, 1030)] {
            let bytes: usize = events(shape, SEED, MANY).map(|event| event.json.len() + 1).sum();
            assert!((bytes / MANY).abs_diff(expected) <= 10, "{shape:?}: {} bytes, not about {expected}", bytes / MANY);
        }
    }

    /// The seed rule, for events of these shapes alone.
    fn seed_rule_matches(event: &Value) -> bool {
        let starts = match &event["event"]["type"] {
            Value::Array(types) => types.iter().any(|kind| kind == "start"),
            kind => kind == "start",
        };
        starts && event["container"]["id"].is_string() && is_utility(event)
    }

    fn is_utility(event: &Value) -> bool {
        const NAMES: [&str; 9] =
            ["dockerd", "docker", "kubelet", "kube-proxy", "kubectl", "containerd", "runc", "systemd", "crictl"];
        NAMES.contains(&text(&event["process"]["name"]).to_ascii_lowercase().as_str())
    }

    fn text(value: &Value) -> &str {
        value.as_str().expect("a text")
    }
}
