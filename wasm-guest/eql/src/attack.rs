//! What of MITRE ATT&CK belongs where; knows nothing of rules.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The version that [`entry`] knows.
pub(crate) const VERSION: &str = "ATT&CK 18.1";

/// Something that has a number in ATT&CK.
#[derive(Debug, PartialEq)]
pub(crate) enum Entry {
    Tactic {
        name: &'static str,
    },
    Technique {
        name: &'static str,
        /// The numbers of its tactics.
        tactics: Vec<&'static str>,
    },
    Subtechnique {
        name: &'static str,
    },
    /// No longer in use; the number of what replaced it, if anything did.
    Revoked {
        by: Option<&'static str>,
    },
}

static ENTRIES: LazyLock<HashMap<&str, Entry>> = LazyLock::new(|| {
    let lines = include_str!("../data/attack.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(read).collect()
});

/// What has this number, such as `TA0002`, `T1609` or `T1059.004`.
pub(crate) fn entry(id: &str) -> Option<&'static Entry> {
    ENTRIES.get(id)
}

/// The name of the tactic with this number.
pub(crate) fn tactic_name(id: &str) -> Option<&'static str> {
    match entry(id)? {
        Entry::Tactic { name } => Some(name),
        _ => None,
    }
}

fn read(line: &'static str) -> Option<(&'static str, Entry)> {
    let (id, rest) = line.split_once(' ')?;
    let entry = if let Some(by) = rest.strip_prefix('>') {
        Entry::Revoked { by: Some(by.trim()).filter(|by| !by.is_empty()) }
    } else if id.starts_with("TA") {
        Entry::Tactic { name: rest }
    } else if id.contains('.') {
        Entry::Subtechnique { name: rest }
    } else {
        let (tactics, name) = rest.split_once(' ')?;
        Entry::Technique { name, tactics: tactics.split(',').collect() }
    };
    Some((id, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_entry_is_read() {
        for (id, expected) in [
            ("TA0002", Entry::Tactic { name: "Execution" }),
            ("T1609", Entry::Technique { name: "Container Administration Command", tactics: vec!["TA0002"] }),
            ("T1059.004", Entry::Subtechnique { name: "Unix Shell" }),
            ("T1547.011", Entry::Revoked { by: Some("T1647") }),
            ("T1034", Entry::Revoked { by: None }),
        ] {
            assert_eq!(entry(id), Some(&expected), "{id}");
        }
        assert_eq!(entry("T0000"), None);
    }

    #[test]
    fn every_entry_refers_to_entries() {
        assert_eq!(ENTRIES.len(), 849);
        for (id, entry) in ENTRIES.iter() {
            match entry {
                Entry::Tactic { .. } | Entry::Revoked { by: None } => {}
                Entry::Technique { tactics, .. } => {
                    assert!(tactics.iter().all(|tactic| tactic_name(tactic).is_some()), "{id}");
                }
                Entry::Subtechnique { .. } => {
                    let technique = id.split('.').next().expect("a part before the dot");
                    assert!(matches!(super::entry(technique), Some(Entry::Technique { .. })), "{id}");
                }
                Entry::Revoked { by: Some(by) } => {
                    let heir = super::entry(by);
                    assert!(matches!(heir, Some(Entry::Technique { .. } | Entry::Subtechnique { .. })), "{id}");
                }
            }
        }
    }
}
