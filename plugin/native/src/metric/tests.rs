//! What is read was written by prost, the encoder that Vector has.

use proptest::prelude::*;
use prost::Message;

use self::messages::*;
use super::*;

mod messages;

fn written(metric: &Metric) -> Result<String, Malformed> {
    let mut out = Vec::new();
    write_metric(&metric.encode_to_vec(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn counter() -> Metric {
    Metric { name: "n".into(), value: Some(Measured::Counter(Scalar { value: 1.0 })), ..Metric::default() }
}

fn tag_values<const N: usize>(values: [Option<&str>; N]) -> TagValues {
    TagValues { values: values.map(|value| TagValue { value: value.map(Into::into) }).into() }
}

#[test]
fn a_whole_metric_is_written_as_vector_writes_it() {
    let metric = Metric {
        name: "requests \"x\"".into(),
        namespace: "web".into(),
        timestamp: Some(Timestamp { seconds: 1_542_182_950, nanos: 11 }),
        tags_v1: [("b".into(), "2".into()), ("a".into(), "1".into())].into(),
        kind: 1,
        interval_ms: 10_000,
        value: Some(Measured::Counter(Scalar { value: 100.0 })),
        ..Metric::default()
    };
    let expected = concat!(
        r#"{"name":"requests \"x\"","namespace":"web","tags":{"a":"1","b":"2"},"#,
        r#""timestamp":"2018-11-14T08:09:10.000000011Z","interval_ms":10000,"#,
        r#""kind":"absolute","counter":{"value":100.0}}"#
    );
    assert_eq!(written(&metric).unwrap(), expected);
    assert_eq!(written(&counter()).unwrap(), r#"{"name":"n","kind":"incremental","counter":{"value":1.0}}"#);
}

#[test]
fn what_is_empty_is_left_out() {
    let empty_namespace_and_interval = b"\x5a\0\x90\x01\0";
    let metric = [&*counter().encode_to_vec(), empty_namespace_and_interval].concat();
    let mut out = Vec::new();
    write_metric(&metric, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), written(&counter()).unwrap());
}

#[test]
fn a_tag_has_its_last_value() {
    let metric = |tags_v1: &[(&str, &str)], tags_v2: &[(&str, TagValues)]| Metric {
        tags_v1: tags_v1.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
        tags_v2: tags_v2.iter().map(|(key, values)| (key.to_string(), values.clone())).collect(),
        ..counter()
    };
    for (metric, expected) in [
        (metric(&[], &[("a", tag_values([Some("1"), None, Some("2"), None]))]), r#""tags":{"a":"2"},"#),
        (
            metric(&[("a", "3")], &[("a", tag_values([Some("1")])), ("b", tag_values([Some("")]))]),
            r#""tags":{"a":"3","b":""},"#,
        ),
        (metric(&[], &[("a", tag_values([None])), ("b", tag_values([]))]), ""),
    ] {
        let expected = format!(r#"{{"name":"n",{expected}"kind":"incremental","counter":{{"value":1.0}}}}"#);
        assert_eq!(written(&metric).unwrap(), expected, "{metric:?}");
    }
}

/// Each form of each value, and what Vector makes of it.
fn measured() -> Vec<(Measured, &'static str)> {
    let counted = |value, count| Counted { value, count };
    let buckets = vec![counted(0.5, 2), counted(f64::INFINITY, 1)];
    let histogram = Histogram { buckets, count: 3, sum: 2.5 };
    let quantiles = vec![Quantile { quantile: 0.5, value: 2.0 }, Quantile { quantile: 0.99, value: -3.0 }];
    let summary = Summary { quantiles, count: 3, sum: 2.5 };
    let histogram_json = concat!(
        r#""aggregated_histogram":{"buckets":[{"upper_limit":0.5,"count":2},"#,
        r#"{"upper_limit":"inf","count":1}],"count":3,"sum":2.5}"#
    );
    let summary_json = concat!(
        r#""aggregated_summary":{"quantiles":[{"quantile":0.5,"value":2.0},"#,
        r#"{"quantile":0.99,"value":-3.0}],"count":3,"sum":2.5}"#
    );
    vec![
        (Measured::Counter(Scalar { value: 0.0 }), r#""counter":{"value":0.0}"#),
        (Measured::Gauge(Scalar { value: -1e300 }), r#""gauge":{"value":-1e+300}"#),
        (Measured::Gauge(Scalar { value: f64::NAN }), r#""gauge":{"value":null}"#),
        (Measured::Set(Set { values: ["b", "a", "b"].map(Into::into).into() }), r#""set":{"values":["a","b"]}"#),
        (
            Measured::Distribution1(Distribution1 {
                values: vec![1.0, 2.0],
                sample_rates: vec![3, 300, 5],
                statistic: 1,
            }),
            r#""distribution":{"samples":[{"value":1.0,"rate":3},{"value":2.0,"rate":300}],"statistic":"summary"}"#,
        ),
        (
            Measured::Distribution2(Distribution2 { samples: vec![counted(1.0, 3), counted(0.0, 0)], statistic: 0 }),
            r#""distribution":{"samples":[{"value":1.0,"rate":3},{"value":0.0,"rate":0}],"statistic":"histogram"}"#,
        ),
        (
            Measured::Histogram1(Histogram1 {
                buckets: vec![f64::NEG_INFINITY, f64::NAN, 0.5],
                counts: vec![1, 2, u32::MAX],
                count: 3,
                sum: 2.5,
            }),
            concat!(
                r#""aggregated_histogram":{"buckets":[{"upper_limit":"-inf","count":1},"#,
                r#"{"upper_limit":"NaN","count":2},{"upper_limit":0.5,"count":4294967295}],"count":3,"sum":2.5}"#
            ),
        ),
        (Measured::Histogram2(histogram.clone()), histogram_json),
        (Measured::Histogram3(histogram), histogram_json),
        (
            Measured::Histogram3(Histogram { buckets: vec![counted(1.0, 1 << 40)], count: 1 << 41, sum: 0.0 }),
            concat!(
                r#""aggregated_histogram":{"buckets":[{"upper_limit":1.0,"count":1099511627776}],"#,
                r#""count":2199023255552,"sum":0.0}"#
            ),
        ),
        (
            Measured::Summary1(Summary1 { quantiles: vec![0.5, 0.99], values: vec![2.0, -3.0], count: 3, sum: 2.5 }),
            summary_json,
        ),
        (Measured::Summary2(summary.clone()), summary_json),
        (Measured::Summary3(summary), summary_json),
        (
            Measured::Sketch(Sketch {
                agent: Some(AgentSketch {
                    count: 3,
                    min: 1.0,
                    max: 2.0,
                    sum: 4.0,
                    avg: 1.5,
                    k: vec![-1, 0, 1338, 40_000, i32::MIN],
                    n: vec![1, 2, 3, 70_000, 4],
                }),
            }),
            concat!(
                r#""sketch":{"sketch":{"AgentDDSketch":{"bins":{"k":[-1,0,1338,32767,-32768],"n":[1,2,3,65535,4]},"#,
                r#""count":3,"min":1.0,"max":2.0,"sum":4.0,"avg":1.5}}}"#
            ),
        ),
    ]
}

#[test]
fn each_value_is_written_as_vector_writes_it() {
    for (value, expected) in measured() {
        let metric = Metric { value: Some(value), ..counter() };
        let expected = format!(r#"{{"name":"n","kind":"incremental",{expected}}}"#);
        assert_eq!(written(&metric).unwrap(), expected, "{metric:?}");
    }
}

#[test]
fn what_a_vector_would_panic_on_is_malformed() {
    let sketch = |agent| Metric { value: Some(Measured::Sketch(Sketch { agent })), ..counter() };
    for (what, metric) in [
        ("no value", Metric { value: None, ..counter() }),
        ("no sketch", sketch(None)),
        ("a bin without its count", sketch(Some(AgentSketch { k: vec![1], ..AgentSketch::default() }))),
        ("a time before time", Metric { timestamp: Some(Timestamp { seconds: i64::MIN, nanos: 0 }), ..counter() }),
    ] {
        assert_eq!(written(&metric), Err(Malformed), "{what}");
    }
}

#[test]
fn a_field_of_another_type_is_malformed() {
    for (what, field) in [
        ("a name that is a number", &b"\x08\x01"[..]),
        ("a counter that is a number", b"\x28\x01"),
        ("a counter's value that is a string", b"\x2a\x03\x0a\x01x"),
        ("an interval that is a double", b"\x91\x01\0\0\0\0\0\0\0\0"),
        ("a list with half a double", b"\x42\x06\x0a\x04\0\0\0\0"),
        ("a list with half a varint", b"\x42\x04\x12\x02\x01\x80"),
        ("a list with a varint of eleven bytes", b"\x42\x0d\x12\x0b\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\0"),
    ] {
        let metric = [&*counter().encode_to_vec(), field].concat();
        assert_eq!(write_metric(&metric, &mut Vec::new()), Err(Malformed), "{what}");
    }
}

proptest! {
    #[test]
    fn a_metric_with_any_bytes_wrong_is_json_or_an_error(
        which in any::<prop::sample::Selector>(),
        cut in any::<prop::sample::Index>(),
        (at, byte) in any::<(prop::sample::Index, u8)>(),
    ) {
        let (value, _) = which.select(measured());
        let tags_v2 = [("tag".to_owned(), tag_values([Some("x"), None]))].into();
        let timestamp = Some(Timestamp { seconds: 1, nanos: 1 });
        let mut metric = Metric { value: Some(value), tags_v2, timestamp, interval_ms: 5, ..counter() }.encode_to_vec();
        let position = at.index(metric.len());
        metric[position] = byte;
        for metric in [&metric[..], &metric[..cut.index(metric.len())]] {
            let mut out = Vec::new();
            if write_metric(metric, &mut out).is_ok() {
                prop_assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok());
            }
        }
    }
}
