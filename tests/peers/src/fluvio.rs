//! The rule as a SmartModule in Fluvio's engine, which is wasmtime too: a batch of records in, a batch out.

use std::fs;
use std::path::Path;

use fluvio_smartengine::{DEFAULT_SMARTENGINE_VERSION, SmartEngine, SmartModuleChainBuilder, SmartModuleConfig};
use fluvio_smartmodule::Record;
use fluvio_smartmodule::dataplane::smartmodule::SmartModuleInput;
use nix::sys::resource::UsageWho;

use crate::events::{Events, cpu_time};
use crate::{Fallible, Outcome};

/// Records a call: about as many bytes as Weir's batches have.
const BATCH: usize = 1_000;

/// Runs it over all events, in an instance of its own: it leaks what it is given, up to a limit of 1 GB.
pub fn run(events: &Events) -> Fallible<Outcome> {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target/peers".into());
    let module = Path::new(&target).join("wasm32-unknown-unknown/release/weir_peers_smartmodule.wasm");
    let config = SmartModuleConfig::builder().smartmodule_names(vec!["rule".to_owned()]).build()?;
    let mut builder = SmartModuleChainBuilder::default();
    builder.add_smart_module(config, fs::read(module)?);
    let mut chain = builder.initialize(&SmartEngine::new())?;
    let lines: Vec<_> = events.lines().collect();
    let before = cpu_time(UsageWho::RUSAGE_SELF)?;
    let mut matching = 0;
    for batch in lines.chunks(BATCH) {
        let records = batch.iter().map(|line| Record::new(*line)).collect();
        let output = chain.process(SmartModuleInput::try_from_records(records, DEFAULT_SMARTENGINE_VERSION)?)?;
        let tagged = |record: &&Record| record.value.as_ref().windows(6).any(|window| window == b"TA0002");
        // Only what grew can have been tagged: looking at the rest isn't the peer's cost.
        let grown = batch.iter().zip(&output.successes).filter(|(line, record)| record.value.len() > line.len());
        matching += grown.filter(|(_, record)| tagged(record)).count();
    }
    Ok(Outcome::Ran { took: cpu_time(UsageWho::RUSAGE_SELF)? - before, matching })
}
