//! What a metric measured, as one member of a JSON object; knows nothing of names, tags and times.
//!
//! Sources: Vector's `lib/vector-core/proto/event.proto` for the numbers, `lib/vector-core/src/event/proto.rs` for how
//! it reads the older forms, `lib/vector-core/src/event/metric/value.rs` and `lib/vector-core/src/metrics/ddsketch.rs`
//! for the names and their order.

use std::collections::BTreeSet;
use std::fmt::Display;

use serde_json::Value;

use super::read::{bytes, double, doubles, varint, varints};
use crate::event::contents;
use crate::wire::Malformed;

/// Does a `Metric` have one of its values in field `number`?
pub(super) fn is_kind(number: u32) -> bool {
    matches!(number, 5..=10 | 12..=17)
}

/// The value in a `Metric`'s field `kind`, as `"name":{…}`.
pub(super) fn to_json(kind: u32, value: &[u8]) -> Result<String, Malformed> {
    Ok(match kind {
        5 => format!(r#""counter":{{"value":{}}}"#, number(double(value, 1)?)),
        6 => format!(r#""gauge":{{"value":{}}}"#, number(double(value, 1)?)),
        7 => set(value)?,
        8 => distribution(&side_by_side(value, varints)?, varint(value, 3)?),
        12 => distribution(&one_by_one(value, varint)?, varint(value, 2)?),
        9 => histogram(&side_by_side(value, varints)?, varint(value, 3)?, double(value, 4)?),
        13 | 16 => histogram(&one_by_one(value, varint)?, varint(value, 2)?, double(value, 3)?),
        10 => summary(&side_by_side(value, doubles)?, varint(value, 3)?, double(value, 4)?),
        14 | 17 => summary(&one_by_one(value, double)?, varint(value, 2)?, double(value, 3)?),
        15 => sketch(bytes(value, 1)?.ok_or(Malformed)?)?,
        _ => return Err(Malformed),
    })
}

/// Pairs in the oldest form, a list of the first and a list of the second; one without its other is left out.
fn side_by_side<T>(
    value: &[u8],
    second: fn(&[u8], u32) -> Result<Vec<T>, Malformed>,
) -> Result<Vec<(f64, T)>, Malformed> {
    Ok(doubles(value, 1)?.into_iter().zip(second(value, 2)?).collect())
}

/// Pairs in the form since then, a list of pairs.
fn one_by_one<T>(value: &[u8], second: fn(&[u8], u32) -> Result<T, Malformed>) -> Result<Vec<(f64, T)>, Malformed> {
    contents(value, 1).map(|pair| pair.and_then(|pair| Ok((double(pair, 1)?, second(pair, 2)?)))).collect()
}

fn set(value: &[u8]) -> Result<String, Malformed> {
    let values = contents(value, 1).collect::<Result<BTreeSet<_>, _>>()?;
    let values = list(values, |value| Value::from(String::from_utf8_lossy(value)));
    Ok(format!(r#""set":{{"values":{values}}}"#))
}

fn distribution(samples: &[(f64, u64)], statistic: u64) -> String {
    let samples = list(samples, |(value, rate)| format!(r#"{{"value":{},"rate":{rate}}}"#, number(*value)));
    let statistic = if statistic == 1 { "summary" } else { "histogram" };
    format!(r#""distribution":{{"samples":{samples},"statistic":"{statistic}"}}"#)
}

fn histogram(buckets: &[(f64, u64)], count: u64, sum: f64) -> String {
    let buckets = list(buckets, |(up_to, count)| format!(r#"{{"upper_limit":{},"count":{count}}}"#, limit(*up_to)));
    format!(r#""aggregated_histogram":{{"buckets":{buckets},"count":{count},"sum":{}}}"#, number(sum))
}

fn summary(quantiles: &[(f64, f64)], count: u64, sum: f64) -> String {
    let quantiles = list(quantiles, |(quantile, value)| {
        format!(r#"{{"quantile":{},"value":{}}}"#, number(*quantile), number(*value))
    });
    format!(r#""aggregated_summary":{{"quantiles":{quantiles},"count":{count},"sum":{}}}"#, number(sum))
}

/// A sketch's bins have keys and counts of 16 bits in Vector, which brings those beyond to the nearest.
fn sketch(sketch: &[u8]) -> Result<String, Malformed> {
    let (keys, counts) = (varints(sketch, 6)?, varints(sketch, 7)?);
    if keys.len() != counts.len() {
        return Err(Malformed);
    }
    let keys = list(keys, |key| zigzag(key).clamp(i16::MIN.into(), i16::MAX.into()));
    let counts = list(counts, |count| count.min(u16::MAX.into()));
    let members = ["min", "max", "sum", "avg"]
        .iter()
        .zip(2..)
        .map(|(name, field)| Ok(format!(r#","{name}":{}"#, number(double(sketch, field)?))));
    let members = members.collect::<Result<String, Malformed>>()?;
    let sketch = format!(r#"{{"bins":{{"k":{keys},"n":{counts}}},"count":{}{members}}}"#, varint(sketch, 1)?);
    Ok(format!(r#""sketch":{{"sketch":{{"AgentDDSketch":{sketch}}}}}"#))
}

/// An integer with a sign, as Protocol Buffers' `sint32` has it.
fn zigzag(varint: u64) -> i64 {
    (varint >> 1) as i64 ^ -((varint & 1) as i64)
}

/// Displays as JSON: `null` if it isn't finite.
fn number(double: f64) -> Value {
    double.into()
}

/// A bucket's limit, the only number that Vector spells out if it isn't finite.
fn limit(double: f64) -> Value {
    if double.is_finite() { double.into() } else { double.to_string().into() }
}

fn list<T, D: Display>(items: impl IntoIterator<Item = T>, to_json: impl FnMut(T) -> D) -> String {
    let items: Vec<_> = items.into_iter().map(to_json).map(|json| json.to_string()).collect();
    format!("[{}]", items.join(","))
}
