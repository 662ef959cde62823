//! Reads what a detector answers. The answer is a stranger's: whatever breaks the contract makes all of it worthless.

use weir_engine::limits::MAX_FINDINGS_PER_EVENT;

use super::bindings::{self, Report};
use super::describe::Description;
use super::{Failure, Finding, Judgement, Reason};

/// How much a report on `events` may take once it has left the detector; checked before that is allocated.
pub(super) fn most_bytes(events: u32, by: &Description) -> usize {
    let findings = by.rules.len().min(MAX_FINDINGS_PER_EVENT) * by.exceptions.len().max(1);
    let for_each_event = findings * size_of::<bindings::Finding>() + size_of::<u32>();
    for_each_event.saturating_mul(events as usize)
}

/// Checks a report on `events` events by a detector that describes itself so.
pub(super) fn check(report: Report, events: u32, by: &Description) -> Result<Judgement, Failure> {
    let findings = check_findings(report.findings, events, by).map_err(broken)?;
    check_counts(&findings).map_err(broken)?;
    check_malformed(&report.malformed, events).map_err(broken)?;
    Ok(Judgement { findings, malformed: report.malformed, ..Judgement::default() })
}

fn broken(detail: String) -> Failure {
    Failure { reason: Reason::BadReport, detail }
}

fn check_findings(found: Vec<bindings::Finding>, events: u32, by: &Description) -> Result<Vec<Finding>, String> {
    let rules = by.rules.len();
    let mut findings: Vec<Finding> = Vec::with_capacity(found.len());
    for bindings::Finding { event, rule, exception } in found {
        let finding = Finding { event, rule, exception };
        if event >= events {
            return Err(format!("a finding on event {event}, but only {events} were sent"));
        }
        if rule as usize >= rules {
            return Err(format!("a finding of rule {rule}, but there are only {rules}"));
        }
        check_exception(finding, by)?;
        if findings.last().is_some_and(|last| !may_follow(*last, finding)) {
            return Err(format!("the finding of rule {rule} on event {event} is out of order or twice there"));
        }
        findings.push(finding);
    }
    Ok(findings)
}

fn check_exception(finding: Finding, by: &Description) -> Result<(), String> {
    let Some(number) = finding.exception else { return Ok(()) };
    match by.exceptions.get(number as usize) {
        None => {
            let described = by.exceptions.len();
            Err(format!("a finding with exception {number}, but there are only {described}"))
        }
        Some(exception) if !exception.rules.includes(finding.rule) => {
            Err(format!("a finding of rule {} with exception {number}, which doesn't cover it", finding.rule))
        }
        Some(_) => Ok(()),
    }
}

/// A match has one finding without an exception, or one for each exception that covers it.
fn may_follow(last: Finding, next: Finding) -> bool {
    let is_same_match = (last.event, last.rule) == (next.event, next.rule);
    last < next && !(is_same_match && last.exception.is_none())
}

fn check_counts(findings: &[Finding]) -> Result<(), String> {
    for found in findings.chunk_by(|one, next| one.event == next.event) {
        let count = found.chunk_by(|one, next| one.rule == next.rule).count();
        if count > MAX_FINDINGS_PER_EVENT {
            return Err(format!("{count} rules match event {}, more than {MAX_FINDINGS_PER_EVENT}", found[0].event));
        }
    }
    Ok(())
}

/// An event may be called malformed and have findings: what is too much for one rule needn't be so for the others.
fn check_malformed(malformed: &[u32], events: u32) -> Result<(), String> {
    if !malformed.is_sorted_by(|a, b| a < b) {
        return Err("the malformed events are out of order or twice there".into());
    }
    match malformed.last().filter(|event| **event >= events) {
        Some(event) => Err(format!("event {event} is called malformed, but only {events} were sent")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use weir_engine::program::{Coverage, ExceptionMeta, RuleMeta};

    use super::*;

    /// A detector of so many rules; exception 0 is for all of them, 1 only for rule 1.
    fn detector(rules: usize) -> Description {
        let exception = |rules| ExceptionMeta { rules, ..ExceptionMeta::default() };
        Description {
            rules: vec![RuleMeta::default(); rules],
            exceptions: vec![exception(Coverage::All), exception(Coverage::Rules(vec![1]))],
            fields: Vec::new(),
        }
    }

    type Found = (u32, u32, Option<u32>);

    fn report(findings: &[Found], malformed: &[u32]) -> Report {
        let finding = |&(event, rule, exception): &Found| bindings::Finding { event, rule, exception };
        Report { findings: findings.iter().map(finding).collect(), malformed: malformed.to_vec() }
    }

    #[test]
    fn a_report_that_keeps_the_contract_is_taken_as_it_is() {
        let found = [(0, 0, None), (0, 1, Some(0)), (0, 1, Some(1)), (2, 0, Some(0))];
        let checked = check(report(&found, &[1, 2, 3]), 4, &detector(2)).unwrap();
        let findings = found.map(|(event, rule, exception)| Finding { event, rule, exception });
        let expected = Judgement { findings: findings.to_vec(), malformed: vec![1, 2, 3], ..Judgement::default() };
        assert_eq!(checked, expected);
    }

    #[test]
    fn a_report_that_breaks_the_contract_is_refused() {
        for (findings, malformed, complaint) in [
            (&[(4, 0, None)][..], &[][..], "finding on event 4"),
            (&[(0, 2, None)], &[], "finding of rule 2"),
            (&[(1, 0, None), (0, 0, None)], &[], "out of order"),
            (&[(1, 1, None), (1, 0, None)], &[], "out of order"),
            (&[(1, 1, None), (1, 1, None)], &[], "twice"),
            (&[(1, 1, None), (1, 1, Some(0))], &[], "twice"),
            (&[(1, 1, Some(1)), (1, 1, Some(0))], &[], "out of order"),
            (&[(1, 1, Some(1)), (1, 1, Some(1))], &[], "twice"),
            (&[(1, 1, Some(2))], &[], "exception 2, but there are only 2"),
            (&[(1, 0, Some(1))], &[], "rule 0 with exception 1, which doesn't cover it"),
            (&[], &[4], "event 4 is called malformed"),
            (&[], &[2, 1], "out of order"),
            (&[], &[1, 1], "twice"),
        ] {
            let failure = check(report(findings, malformed), 4, &detector(2)).unwrap_err();
            assert_eq!(failure.reason, Reason::BadReport);
            assert!(failure.detail.contains(complaint), "{failure} lacks {complaint:?}");
        }
    }

    #[test]
    fn an_event_that_more_rules_match_than_a_tag_may_name_is_refused() {
        let most = MAX_FINDINGS_PER_EVENT as u32;
        let pairs = |rules| (0..2).flat_map(move |event| (0..rules).map(move |rule| (event, rule)));
        // One of the rules is covered by two exceptions, which make no more matches of it.
        let told = |(event, rule)| {
            let exceptions = if rule == 1 { vec![Some(0), Some(1)] } else { vec![None] };
            exceptions.into_iter().map(move |exception| (event, rule, exception))
        };
        let answer = |rules| {
            let findings: Vec<_> = pairs(rules).flat_map(told).collect();
            check(report(&findings, &[]), 2, &detector(2 * MAX_FINDINGS_PER_EVENT))
        };
        assert_eq!(answer(most).unwrap().findings.len(), 2 * (MAX_FINDINGS_PER_EVENT + 1));
        let failure = answer(most + 1).unwrap_err();
        assert_eq!(failure.to_string(), "bad_report: 1025 rules match event 0, more than 1024");
    }
}
