//! The messages of a metric, as `prost` is told of them.
//!
//! Source: Vector's `lib/vector-core/proto/event.proto`.

use std::collections::BTreeMap;

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(message, optional, tag = "2")]
    pub timestamp: Option<Timestamp>,
    #[prost(btree_map = "string, string", tag = "3")]
    pub tags_v1: BTreeMap<String, String>,
    #[prost(btree_map = "string, message", tag = "20")]
    pub tags_v2: BTreeMap<String, TagValues>,
    #[prost(int32, tag = "4")]
    pub kind: i32,
    #[prost(string, tag = "11")]
    pub namespace: String,
    #[prost(uint32, tag = "18")]
    pub interval_ms: u32,
    #[prost(oneof = "Measured", tags = "5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17")]
    pub value: Option<Measured>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct Timestamp {
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct TagValues {
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<TagValue>,
}

#[derive(Clone, PartialEq, Message)]
pub struct TagValue {
    #[prost(string, optional, tag = "1")]
    pub value: Option<String>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Measured {
    #[prost(message, tag = "5")]
    Counter(Scalar),
    #[prost(message, tag = "6")]
    Gauge(Scalar),
    #[prost(message, tag = "7")]
    Set(Set),
    #[prost(message, tag = "8")]
    Distribution1(Distribution1),
    #[prost(message, tag = "12")]
    Distribution2(Distribution2),
    #[prost(message, tag = "9")]
    Histogram1(Histogram1),
    #[prost(message, tag = "13")]
    Histogram2(Histogram),
    #[prost(message, tag = "16")]
    Histogram3(Histogram),
    #[prost(message, tag = "10")]
    Summary1(Summary1),
    #[prost(message, tag = "14")]
    Summary2(Summary),
    #[prost(message, tag = "17")]
    Summary3(Summary),
    #[prost(message, tag = "15")]
    Sketch(Sketch),
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct Scalar {
    #[prost(double, tag = "1")]
    pub value: f64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Set {
    #[prost(string, repeated, tag = "1")]
    pub values: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Distribution1 {
    #[prost(double, repeated, tag = "1")]
    pub values: Vec<f64>,
    // Not packed, as proto2 had it: a reader has to take both.
    #[prost(uint32, repeated, packed = "false", tag = "2")]
    pub sample_rates: Vec<u32>,
    #[prost(int32, tag = "3")]
    pub statistic: i32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Distribution2 {
    #[prost(message, repeated, tag = "1")]
    pub samples: Vec<Counted>,
    #[prost(int32, tag = "2")]
    pub statistic: i32,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct Counted {
    #[prost(double, tag = "1")]
    pub value: f64,
    #[prost(uint64, tag = "2")]
    pub count: u64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Histogram1 {
    #[prost(double, repeated, packed = "false", tag = "1")]
    pub buckets: Vec<f64>,
    #[prost(uint32, repeated, tag = "2")]
    pub counts: Vec<u32>,
    #[prost(uint32, tag = "3")]
    pub count: u32,
    #[prost(double, tag = "4")]
    pub sum: f64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    #[prost(message, repeated, tag = "1")]
    pub buckets: Vec<Counted>,
    #[prost(uint64, tag = "2")]
    pub count: u64,
    #[prost(double, tag = "3")]
    pub sum: f64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Summary1 {
    #[prost(double, repeated, tag = "1")]
    pub quantiles: Vec<f64>,
    #[prost(double, repeated, tag = "2")]
    pub values: Vec<f64>,
    #[prost(uint32, tag = "3")]
    pub count: u32,
    #[prost(double, tag = "4")]
    pub sum: f64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    #[prost(message, repeated, tag = "1")]
    pub quantiles: Vec<Quantile>,
    #[prost(uint64, tag = "2")]
    pub count: u64,
    #[prost(double, tag = "3")]
    pub sum: f64,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct Quantile {
    #[prost(double, tag = "1")]
    pub quantile: f64,
    #[prost(double, tag = "2")]
    pub value: f64,
}

#[derive(Clone, PartialEq, Message)]
pub struct Sketch {
    #[prost(message, optional, tag = "1")]
    pub agent: Option<AgentSketch>,
}

#[derive(Clone, PartialEq, Message)]
pub struct AgentSketch {
    #[prost(uint32, tag = "1")]
    pub count: u32,
    #[prost(double, tag = "2")]
    pub min: f64,
    #[prost(double, tag = "3")]
    pub max: f64,
    #[prost(double, tag = "4")]
    pub sum: f64,
    #[prost(double, tag = "5")]
    pub avg: f64,
    #[prost(sint32, repeated, tag = "6")]
    pub k: Vec<i32>,
    #[prost(uint32, repeated, tag = "7")]
    pub n: Vec<u32>,
}
