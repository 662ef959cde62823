//! Puts a program into the generic guest and wraps it as a component, or leaves it a core module for
//! [Fluent Bit](fluent_bit); knows nothing of rule files or of running it.
//!
//! The guest is run once, by an interpreter: so the same code serves `weir build` and `plugin/build.rs`, which makes the
//! module with the shipped rules before there is a host.
#![forbid(unsafe_code)]

pub mod fluent_bit;
mod section;
mod sources;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wasmi::{Engine, Instance, Linker, Module, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};
use weir_engine::limits::{self, DescriptionError, MAX_MODULE_BYTES};
use weir_engine::program::Program;
use weir_engine::{Detector, ProgramError};

pub use self::sources::{RuleSource, SourcesError, attach, sources};

/// Why no module could be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The program isn't one that the engine runs.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The rules say more of themselves than may go into tags and logs.
    #[error(
        "the module would describe {0}, and no Weir would load it; shorten that, or build fewer rules into one module"
    )]
    Description(#[from] DescriptionError),
    /// The module is longer than one may be.
    #[error(
        "the module would have {bytes} bytes, more than the {MAX_MODULE_BYTES} that a module may have; build fewer rules into \
         one module"
    )]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
    /// An exception that isn't always in force, for a module that has no clock.
    #[error(
        "exception `{exception}` has `not_before` or `expires`, but a filter for Fluent Bit has no clock to heed them; remove \
         them, or keep the exception out of this module"
    )]
    Window {
        /// Its name.
        exception: String,
    },
    /// The rules take so much memory that too little would be left for records.
    #[error(
        "the rules take {} MiB of the {} MiB that a filter for Fluent Bit may use, more than half; build fewer rules into one \
         module",
        bytes >> 20,
        fluent_bit::MAX_MEMORY_BYTES >> 20
    )]
    NoRoom {
        /// How much they take.
        bytes: u64,
    },
    /// The guest isn't what `plugin/build.rs` makes, or it trapped.
    #[error("the generic guest couldn't take the rules while {doing}; rebuild weir")]
    Guest {
        /// The step that failed.
        doing: &'static str,
        /// What the tool said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Makes the component: `guest` with `program` in it. The same input gives the same bytes.
///
/// # Errors
/// If the program is malformed or beyond a limit of [`weir_engine::limits`], which the host would refuse, or `guest` isn't Weir's generic guest.
pub fn build(guest: &[u8], program: &Program) -> Result<Vec<u8>, BuildError> {
    check(program)?;
    let core = snapshot(guest, program, "weir-reserve")?;
    let module = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&core)
        .and_then(|encoder| encoder.encode())
        .map_err(failed("wrapping it as a component"))?;
    check_length(module.len())?;
    Ok(module)
}

/// Refuses what the guest or the host would: faults are better found here, where they can be told, than as a trap.
fn check(program: &Program) -> Result<(), BuildError> {
    // Limits before all, for what is beyond them may take for ever to index.
    limits::check(program.rules.iter().map(|rule| &rule.meta), &program.fields)?;
    limits::check_exceptions(program.exceptions.iter().map(|exception| &exception.meta), program.rules.len())?;
    Detector::new(program.clone())?;
    Ok(())
}

fn check_length(bytes: usize) -> Result<(), BuildError> {
    if bytes > MAX_MODULE_BYTES { Err(BuildError::TooLong { bytes }) } else { Ok(()) }
}

/// Runs the guest's loading and writes down the memory that it leaves; `reserve` is what the guest calls giving room.
fn snapshot(guest: &[u8], program: &Program, reserve: &str) -> Result<Vec<u8>, BuildError> {
    let bytes = program.to_bytes().map_err(failed("serialising the program"))?;
    let mut wizer = Wizer::new();
    wizer.init_func("weir-load");
    let (context, instrumented) = wizer.instrument(guest).map_err(failed("instrumenting it"))?;
    let mut loaded = Loaded::new(&instrumented, &bytes, reserve).map_err(failed("loading the program"))?;
    now(wizer.snapshot(&context, &mut loaded)).map_err(failed("taking the snapshot"))
}

fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(doing: &'static str) -> impl Fn(E) -> BuildError {
    move |source| BuildError::Guest { doing, source: source.into() }
}

/// The answer of a future that never waits: wizer's traits are asynchronous, the interpreter isn't.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("the interpreter answers at once"),
    }
}

/// A guest that has taken its program.
struct Loaded {
    store: Store<()>,
    instance: Instance,
}

impl Loaded {
    fn new(guest: &[u8], program: &[u8], reserve: &str) -> Result<Self, wasmi::Error> {
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, guest)?;
        let instance = Linker::new(&engine).instantiate_and_start(&mut store, &module)?;
        let reserve = instance.get_typed_func::<u32, u32>(&store, reserve)?;
        let load = instance.get_typed_func::<(u32, u32), ()>(&store, "weir-load")?;
        let len = program.len() as u32;
        let start = reserve.call(&mut store, len)?;
        let memory = instance.get_memory(&store, "memory").ok_or_else(|| wasmi::Error::new("it exports no memory"))?;
        memory.write(&mut store, start as usize, program).map_err(|error| wasmi::Error::new(error.to_string()))?;
        load.call(&mut store, (start, len))?;
        Ok(Self { store, instance })
    }
}

impl InstanceState for Loaded {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let global = self.instance.get_global(&self.store, name).expect("wizer asks for globals that it has exported");
        match global.get(&self.store) {
            Val::I32(value) => SnapshotVal::I32(value),
            Val::I64(value) => SnapshotVal::I64(value),
            Val::F32(value) => SnapshotVal::F32(value.to_bits()),
            Val::F64(value) => SnapshotVal::F64(value.to_bits()),
            other => unreachable!("the guest has no global such as {other:?}"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory =
            self.instance.get_memory(&self.store, name).expect("wizer asks for the memory that it has exported");
        contents(memory.data(&self.store));
    }
}

#[cfg(test)]
mod tests {
    use weir_engine::program::{Condition, Rule, RuleMeta};

    use super::*;

    #[test]
    fn no_module_is_made_that_the_host_would_refuse_for_what_it_says() {
        let meta = RuleMeta { id: "r".into(), name: "x".repeat(257), severity: "low".into(), ..RuleMeta::default() };
        let rules = vec![Rule { meta, condition: Condition::Constant(true) }];
        let program = Program { rules, ..Program::default() };
        let error = build(b"", &program).err().map(|error| error.to_string());
        let expected = "the module would describe rule `r` with a name of 257 bytes, more than 256, and no Weir would load it; \
                        shorten that, or build fewer rules into one module";
        assert_eq!(error.as_deref(), Some(expected));
    }

    #[test]
    fn a_name_of_thousands_of_segments_is_refused_before_it_is_indexed() {
        let fields = vec!["a.".repeat(20_000)];
        let program = Program { fields, ..Program::default() };
        // Indexing it would take some gigabytes.
        assert!(matches!(build(b"", &program), Err(BuildError::Description(_))));
    }

    #[test]
    fn no_module_is_made_that_the_host_would_refuse_for_its_length() {
        assert!(check_length(MAX_MODULE_BYTES).is_ok());
        let error = check_length(MAX_MODULE_BYTES + 1).err().map(|error| error.to_string());
        assert!(
            error
                .is_some_and(|error| error.starts_with("the module would have 67108865 bytes, more than the 67108864"))
        );
    }
}
