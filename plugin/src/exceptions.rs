//! Which matches are suppressed now: exceptions have windows, and the host's clock says which are in force, never an
//! event's timestamp.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use weir_engine::program::{ExceptionMeta, Expiry};

use crate::guest::Finding;

/// Seconds since 1970, by this machine's clock.
pub fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    // A clock that stands before 1970 isn't set yet.
    elapsed.map_or(0, |elapsed| elapsed.as_secs() as i64)
}

/// Leaves one finding of each match. The exception in it is the first that covers the match and is in force `now`: it
/// suppresses the match.
pub(crate) fn settle(findings: &mut Vec<Finding>, exceptions: &[ExceptionMeta], now: i64) {
    let is_in_force = |number: &u32| exceptions[*number as usize].window.contains(now);
    for finding in findings.iter_mut() {
        finding.exception = finding.exception.filter(is_in_force);
    }
    findings.dedup_by(|next, kept| {
        let is_same_match = (next.event, next.rule) == (kept.event, kept.rule);
        if is_same_match {
            kept.exception = kept.exception.or(next.exception);
        }
        is_same_match
    });
}

/// What an operator should know `now`: the exceptions that have expired, and those that will within a week.
pub fn expiring(exceptions: &[ExceptionMeta], now: i64) -> Vec<String> {
    exceptions.iter().filter_map(|exception| expiry_of(exception, now)).collect()
}

fn expiry_of(exception: &ExceptionMeta, now: i64) -> Option<String> {
    let (name, end) = (&exception.name, moment(exception.window.expires?));
    Some(match exception.window.expiry(now)? {
        Expiry::Past => format!(
            "exception `{name}` expired at {end} and suppresses nothing any more; remove it or give it a later `expires`, and \
             rebuild the module"
        ),
        Expiry::Near => format!(
            "exception `{name}` expires at {end}, within a week; if it will still be needed, give it a later `expires` and \
             rebuild the module"
        ),
    })
}

/// Why an exception isn't in force `now`, or nothing if it is.
pub fn idle(exception: &ExceptionMeta, now: i64) -> Option<String> {
    let (name, window) = (&exception.name, exception.window);
    match (window.not_before, window.expires) {
        (_, Some(end)) if end <= now => Some(format!("exception `{name}` expired at {}", moment(end))),
        (Some(start), _) if start > now => {
            Some(format!("exception `{name}` is in force only from {} on", moment(start)))
        }
        _ => None,
    }
}

/// A number of seconds since 1970, such as `2027-01-31T00:00:00Z`.
pub fn moment(seconds: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|moment| moment.format(&Rfc3339).ok());
    // A module made elsewhere may name a moment that no calendar has.
    moment.unwrap_or_else(|| format!("{seconds} s after 1970"))
}

#[cfg(test)]
mod tests {
    use weir_engine::program::Window;

    use super::*;

    /// In force before 100, from 100 to 200, and always.
    fn exceptions() -> Vec<ExceptionMeta> {
        let windows = [(None, Some(100)), (Some(100), Some(200)), (None, None)];
        let of = |(not_before, expires)| Window { not_before, expires };
        windows.map(|window| ExceptionMeta { window: of(window), ..ExceptionMeta::default() }).to_vec()
    }

    fn finding(event: u32, rule: u32, exception: Option<u32>) -> Finding {
        Finding { event, rule, exception }
    }

    #[test]
    fn the_first_exception_in_force_suppresses_a_match() {
        for (covering, now, suppressed_by) in [
            (&[0, 1, 2][..], 50, Some(0)),
            (&[0, 1, 2], 100, Some(1)),
            (&[0, 1, 2], 200, Some(2)),
            (&[0, 1], 200, None),
            (&[1], 99, None),
            (&[2], i64::MIN, Some(2)),
        ] {
            let mut findings: Vec<_> = covering.iter().map(|number| finding(7, 3, Some(*number))).collect();
            settle(&mut findings, &exceptions(), now);
            assert_eq!(findings, [finding(7, 3, suppressed_by)], "{covering:?} at {now}");
        }
    }

    #[test]
    fn each_match_is_settled_by_itself() {
        let mut findings = vec![
            finding(0, 0, None),
            finding(0, 1, Some(0)),
            finding(0, 1, Some(1)),
            finding(1, 1, Some(0)),
            finding(1, 2, Some(2)),
            finding(2, 2, None),
        ];
        settle(&mut findings, &exceptions(), 150);
        let settled = [
            finding(0, 0, None),
            finding(0, 1, Some(1)),
            finding(1, 1, None),
            finding(1, 2, Some(2)),
            finding(2, 2, None),
        ];
        assert_eq!(findings, settled);
    }

    #[test]
    fn an_exception_that_is_not_in_force_says_why() {
        for (number, now, why) in [
            (0, 99, None),
            (0, 100, Some("exception `` expired at 1970-01-01T00:01:40Z")),
            (1, 99, Some("exception `` is in force only from 1970-01-01T00:01:40Z on")),
            (1, 100, None),
            (1, 200, Some("exception `` expired at 1970-01-01T00:03:20Z")),
            (2, 0, None),
        ] {
            assert_eq!(idle(&exceptions()[number], now).as_deref(), why, "{number} at {now}");
        }
    }

    #[test]
    fn what_has_expired_or_is_about_to_is_told_with_its_moment() {
        let exception = |expires| ExceptionMeta {
            name: "Builds".into(),
            window: Window { not_before: None, expires },
            ..ExceptionMeta::default()
        };
        let now = 1_800_000_000;
        for (expires, beginning) in [
            (now, "exception `Builds` expired at 2027-01-15T08:00:00Z and suppresses nothing"),
            (now + 60, "exception `Builds` expires at 2027-01-15T08:01:00Z, within a week;"),
            (i64::MIN, "exception `Builds` expired at -9223372036854775808 s after 1970 and"),
        ] {
            let told = expiring(&[exception(None), exception(Some(expires))], now);
            assert!(told.len() == 1 && told[0].starts_with(beginning), "{told:?}");
        }
        assert!(expiring(&[exception(Some(now + 8 * 24 * 60 * 60))], now).is_empty());
    }
}
