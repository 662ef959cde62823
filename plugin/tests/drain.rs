//! A run whose output nobody reads: it ends in time after a signal, and says what it couldn't deliver.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;

use weir::config::{Config, Sink, Source};
use weir::pipeline::PipelineError;
use weir::plan::Plan;

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_in_time_after_a_signal_is_counted() {
    let events = 20_000;
    let input = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&input, "{\"some\":\"event\"}\n".repeat(events)).unwrap();
    let (unread, output) = std::io::pipe().unwrap();
    let config = Config {
        source: Source::File { path: input.path().to_owned() },
        sink: Sink::File { path: format!("/proc/self/fd/{}", output.as_raw_fd()).into() },
        ..Config::default()
    };
    let mut plan = Plan::open(&config).unwrap();
    plan.pipeline.drain = Duration::from_millis(200);
    let (stopping, totals) = (plan.pipeline.stopping.clone(), Arc::clone(&plan.pipeline.totals));
    tokio::spawn(async move {
        while totals.now().events_in == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stopping.cancel();
    });

    let (summary, ended) = plan.pipeline.run().await;
    let Err(PipelineError::Drain { undelivered, .. }) = ended else { panic!("{ended:?}") };
    assert_eq!(undelivered, events as u64, "all is one batch, and the pipe takes only its beginning");
    assert_eq!((summary.events_in, summary.events_out), (events as u64, 0));
    // Lets the writer go, which the runtime waits for.
    drop(unread);
}
