//! Writes a point in time as Vector's JSON has it: RFC 3339, with as many decimals as it takes, in groups of three.

use crate::wire::{Content, Malformed, fields};

/// The years that Vector, by the crate chrono, knows.
const YEARS: std::ops::RangeInclusive<i64> = -262_143..=262_142;
const DAY: i64 = 24 * 60 * 60;
const SECOND: u32 = 1_000_000_000;

/// A point in time, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// In the Gregorian calendar.
    pub year: i64,
    /// From 1.
    pub month: i64,
    /// From 1.
    pub day: i64,
    /// Up to 23.
    pub hour: i64,
    /// Up to 59.
    pub minute: i64,
    /// Up to 59.
    pub second: i64,
    /// Below 10⁹, or from there up to 2 · 10⁹ in the leap second that follows `second`.
    pub nanos: u32,
}

impl Timestamp {
    /// This point in time as a JSON string; nothing if it isn't one that Vector knows.
    pub fn to_json(&self) -> Option<String> {
        let Self { year, month, day, hour, minute, second, nanos } = *self;
        // A leap second is told as the second before, with nanoseconds beyond one second.
        let leap = i64::from(nanos / SECOND);
        let is_date = YEARS.contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        let is_time = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
        if !is_date || !is_time || leap > i64::from(second == 59) {
            return None;
        }
        let second = second + leap;
        let year = if (0..=9999).contains(&year) { format!("{year:04}") } else { format!("{year:+05}") };
        let decimals = decimals(nanos % SECOND);
        Some(format!("\"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{decimals}Z\""))
    }
}

/// Appends a `google.protobuf.Timestamp` as a JSON string.
pub(crate) fn write_timestamp(message: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (seconds, nanos) = read(message)?;
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let time = seconds.rem_euclid(DAY);
    let timestamp = Timestamp { year, month, day, hour: time / 3600, minute: time / 60 % 60, second: time % 60, nanos };
    out.extend_from_slice(timestamp.to_json().ok_or(Malformed)?.as_bytes());
    Ok(())
}

fn read(message: &[u8]) -> Result<(i64, u32), Malformed> {
    let (mut seconds, mut nanos) = (0, 0);
    for field in fields(message) {
        let field = field?;
        match (field.number, field.content) {
            (1, Content::Varint(bits)) => seconds = bits as i64,
            // Negative ones, which are invalid, are beyond the range.
            (2, Content::Varint(bits)) => nanos = u32::try_from(bits).map_err(|_| Malformed)?,
            (1 | 2, _) => return Err(Malformed),
            _ => {}
        }
    }
    Ok((seconds, nanos))
}

fn decimals(nanos: u32) -> String {
    match nanos {
        0 => String::new(),
        _ if nanos.is_multiple_of(1_000_000) => format!(".{:03}", nanos / 1_000_000),
        _ if nanos.is_multiple_of(1_000) => format!(".{:06}", nanos / 1_000),
        _ => format!(".{nanos:09}"),
    }
}

/// The year, month and day of a number of days since 1970-01-01, in the Gregorian calendar at any time.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn date(days: i64) -> (i64, i64, i64) {
    const ERA: i64 = 400 * 365 + 97;
    // Years begin in March here, so that a leap day is the last of its year.
    let days = days + 719_468;
    let era = days.div_euclid(ERA);
    let day_of_era = days.rem_euclid(ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (400 * era + year_of_era + i64::from(month <= 2), month, day)
}
