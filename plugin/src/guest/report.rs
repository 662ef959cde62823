//! Reads what a detector answers. The answer is a stranger's: whatever breaks the contract makes all of it worthless.

use weir_engine::limits::MAX_FINDINGS_PER_EVENT;

use super::bindings::{self, Report};
use super::{Failure, Finding, Judgement, Reason};

/// How much a report on `events` may take once it has left the detector; checked before that is allocated.
pub(super) fn most_bytes(events: u32, rules: usize) -> usize {
    let findings = rules.min(MAX_FINDINGS_PER_EVENT);
    let for_each_event = findings * size_of::<bindings::Finding>() + size_of::<u32>();
    for_each_event.saturating_mul(events as usize)
}

/// Checks a report on `events` events by a detector of `rules` rules.
pub(super) fn check(report: Report, events: u32, rules: usize) -> Result<Judgement, Failure> {
    let findings = check_findings(report.findings, events, rules).map_err(broken)?;
    check_counts(&findings).map_err(broken)?;
    check_malformed(&report.malformed, events, &findings).map_err(broken)?;
    Ok(Judgement { findings, malformed: report.malformed, ..Judgement::default() })
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

fn check_counts(findings: &[Finding]) -> Result<(), String> {
    let too_many = |found: &&[Finding]| found.len() > MAX_FINDINGS_PER_EVENT;
    match findings.chunk_by(|one, next| one.event == next.event).find(too_many) {
        Some(found) => {
            let (event, count) = (found[0].event, found.len());
            Err(format!("{count} findings on event {event}, more than {MAX_FINDINGS_PER_EVENT}"))
        }
        None => Ok(()),
    }
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
        let expected = Judgement { findings: findings.to_vec(), malformed: vec![1, 3], ..Judgement::default() };
        assert_eq!(checked, expected);
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
    fn an_event_that_more_rules_match_than_a_tag_may_name_is_refused() {
        let most = MAX_FINDINGS_PER_EVENT as u32;
        let on_two_events = |rules: u32| (0..2).flat_map(|event| (0..rules).map(move |rule| (event, rule))).collect();
        let answer = |rules| {
            let findings: Vec<_> = on_two_events(rules);
            check(report(&findings, &[]), 2, 2 * MAX_FINDINGS_PER_EVENT)
        };
        assert_eq!(answer(most).unwrap().findings.len(), 2 * MAX_FINDINGS_PER_EVENT);
        let failure = answer(most + 1).unwrap_err();
        assert_eq!(failure.to_string(), "bad_report: 1025 findings on event 0, more than 1024");
    }

    #[test]
    fn an_exception_that_nobody_described_is_refused() {
        let mut report = report(&[(0, 0)], &[]);
        report.findings[0].exception = Some(0);
        let failure = check(report, 1, 1).unwrap_err();
        assert!(failure.detail.contains("exception 0"), "{failure}");
    }
}
