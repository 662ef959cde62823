//! Reads what a detector answers. The answer is a stranger's: whatever breaks the contract makes all of it worthless.

use super::bindings::{self, Report};
use super::{Failure, Finding, Reason};

/// A report that keeps the contract, its events numbered from the start of what was sent.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Checked {
    pub(super) findings: Vec<Finding>,
    pub(super) malformed: Vec<u32>,
}

/// How much a report on `events` may take once it has left the detector; checked before that is allocated.
pub(super) fn most_bytes(events: u32, rules: usize) -> usize {
    let for_each_event = rules.saturating_mul(size_of::<bindings::Finding>()).saturating_add(size_of::<u32>());
    for_each_event.saturating_mul(events as usize)
}

/// Checks a report on `events` events by a detector of `rules` rules.
pub(super) fn check(report: Report, events: u32, rules: usize) -> Result<Checked, Failure> {
    let findings = check_findings(report.findings, events, rules).map_err(broken)?;
    check_malformed(&report.malformed, events, &findings).map_err(broken)?;
    Ok(Checked { findings, malformed: report.malformed })
}

fn broken(detail: String) -> Failure {
    Failure { reason: Reason::BadReport, detail }
}

fn check_findings(found: Vec<bindings::Finding>, events: u32, rules: usize) -> Result<Vec<Finding>, String> {
    let mut findings: Vec<Finding> = Vec::with_capacity(found.len());
    for bindings::Finding { event, rule, exception } in found {
        let finding = Finding { event, rule };
        if event >= events {
            return Err(format!("a finding on event {event}, but only {events} were sent"));
        }
        if rule as usize >= rules {
            return Err(format!("a finding of rule {rule}, but there are only {rules}"));
        }
        if let Some(exception) = exception {
            return Err(format!("a finding with exception {exception}, but none was described"));
        }
        if findings.last().is_some_and(|last| *last >= finding) {
            return Err(format!("the finding of rule {rule} on event {event} is out of order or twice there"));
        }
        findings.push(finding);
    }
    Ok(findings)
}

fn check_malformed(malformed: &[u32], events: u32, findings: &[Finding]) -> Result<(), String> {
    if !malformed.is_sorted_by(|a, b| a < b) {
        return Err("the malformed events are out of order or twice there".into());
    }
    if let Some(event) = malformed.last().filter(|event| **event >= events) {
        return Err(format!("event {event} is called malformed, but only {events} were sent"));
    }
    let found = |event: &&u32| findings.binary_search_by_key(*event, |finding| finding.event).is_ok();
    match malformed.iter().find(found) {
        Some(event) => Err(format!("event {event} is called malformed, but has a finding")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(findings: &[(u32, u32)], malformed: &[u32]) -> Report {
        let finding = |&(event, rule): &(u32, u32)| bindings::Finding { event, rule, exception: None };
        Report { findings: findings.iter().map(finding).collect(), malformed: malformed.to_vec() }
    }

    #[test]
    fn a_report_that_keeps_the_contract_is_taken_as_it_is() {
        let checked = check(report(&[(0, 0), (0, 1), (2, 0)], &[1, 3]), 4, 2).unwrap();
        let findings = [(0, 0), (0, 1), (2, 0)].map(|(event, rule)| Finding { event, rule });
        assert_eq!(checked, Checked { findings: findings.to_vec(), malformed: vec![1, 3] });
    }

    #[test]
    fn a_report_that_breaks_the_contract_is_refused() {
        for (findings, malformed, complaint) in [
            (&[(4, 0)][..], &[][..], "finding on event 4"),
            (&[(0, 2)], &[], "finding of rule 2"),
            (&[(1, 0), (0, 0)], &[], "out of order"),
            (&[(1, 1), (1, 0)], &[], "out of order"),
            (&[(1, 1), (1, 1)], &[], "twice"),
            (&[], &[4], "event 4 is called malformed"),
            (&[], &[2, 1], "out of order"),
            (&[], &[1, 1], "twice"),
            (&[(0, 0), (1, 0), (1, 1)], &[1], "has a finding"),
        ] {
            let failure = check(report(findings, malformed), 4, 2).unwrap_err();
            assert_eq!(failure.reason, Reason::BadReport);
            assert!(failure.detail.contains(complaint), "{failure} lacks {complaint:?}");
        }
    }

    #[test]
    fn an_exception_that_nobody_described_is_refused() {
        let mut report = report(&[(0, 0)], &[]);
        report.findings[0].exception = Some(0);
        let failure = check(report, 1, 1).unwrap_err();
        assert!(failure.detail.contains("exception 0"), "{failure}");
    }
}
