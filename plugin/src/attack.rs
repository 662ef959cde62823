//! What MITRE ATT&CK calls things, and where it describes them.

use weir_engine::program::ThreatEntry;
use weir_eql::ATTACK;

/// The page of a tactic, a technique or a sub-technique: the one that its rule names, else, in ATT&CK, its own.
pub(crate) fn page(framework: &str, entry: &ThreatEntry) -> Option<String> {
    if !entry.reference.is_empty() {
        return Some(entry.reference.clone());
    }
    if framework != ATTACK {
        return None;
    }
    let (kind, digits) = match (entry.id.strip_prefix("TA"), entry.id.strip_prefix('T')) {
        (Some(digits), _) => ("tactics", digits),
        (None, Some(digits)) => ("techniques", digits),
        _ => return None,
    };
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let known = digits.split('.').all(is_number);
    known.then(|| format!("https://attack.mitre.org/{kind}/{}/", entry.id.replace('.', "/")))
}

/// How ATT&CK's tools call a tactic: `Command and Control` is `command-and-control`.
pub(crate) fn short_name(tactic: &str) -> String {
    tactic.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_that_of_the_rule_or_else_that_of_attack() {
        for (framework, id, reference, expected) in [
            (ATTACK, "T1609", "https://example.com/", Some("https://example.com/")),
            ("Other", "T1609", "https://example.com/", Some("https://example.com/")),
            (ATTACK, "TA0002", "", Some("https://attack.mitre.org/tactics/TA0002/")),
            (ATTACK, "T1609", "", Some("https://attack.mitre.org/techniques/T1609/")),
            (ATTACK, "T1059.004", "", Some("https://attack.mitre.org/techniques/T1059/004/")),
            (ATTACK, "T1059.", "", None),
            (ATTACK, "S0001", "", None),
            ("Other", "T1609", "", None),
        ] {
            let entry = ThreatEntry { id: id.into(), name: String::new(), reference: reference.into() };
            assert_eq!(page(framework, &entry).as_deref(), expected, "{framework} {id}");
        }
    }

    #[test]
    fn a_tactic_has_the_short_name_that_attack_gives_it() {
        for (name, expected) in [
            ("Execution", "execution"),
            ("Privilege Escalation", "privilege-escalation"),
            ("Command and Control", "command-and-control"),
        ] {
            assert_eq!(short_name(name), expected);
        }
    }
}
