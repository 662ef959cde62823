//! Calls a detector: each time in a fresh instance, within a deadline and a memory, and says what went wrong.

use std::time::Duration;

use wasmtime::component::{Component, ComponentExportIndex, Linker};
use wasmtime::{ResourceLimiter, Store, Trap};

use super::bindings::{Detector, ModulePre, Report};
use super::ticker::{Call, Ticker};
use super::{Failure, Limits, Reason};

/// A compiled detector, of which an instance takes microseconds.
pub(super) struct Instances {
    prepared: ModulePre<Memory>,
    detect: ComponentExportIndex,
    ticker: Ticker,
    memory_bytes: usize,
}

/// A place in the pool, for one instance at a time; time counts while it is held.
pub(super) struct Slot<'a> {
    instances: &'a Instances,
    _call: Call<'a>,
}

/// The memory of an instance, and whether it wanted more.
pub(super) struct Memory {
    most_bytes: usize,
    refused: bool,
}

impl Instances {
    /// Prepares a component that imports nothing and exports the interface, with its function `detect` there.
    pub(super) fn new(component: &Component, detect: ComponentExportIndex, limits: &Limits) -> wasmtime::Result<Self> {
        let engine = component.engine();
        let linked = Linker::new(engine).instantiate_pre(component)?;
        Ok(Self {
            prepared: ModulePre::new(linked)?,
            detect,
            ticker: Ticker::start(engine.clone(), limits.workers)?,
            memory_bytes: limits.memory_bytes,
        })
    }

    /// Waits for a place in the pool.
    pub(super) fn slot(&self) -> Slot<'_> {
        Slot { instances: self, _call: self.ticker.enter() }
    }
}

impl Slot<'_> {
    /// Has a fresh instance asked for what it is, and takes an answer of at most `most_bytes`.
    pub(super) fn ask<R>(
        &self,
        deadline: Duration,
        most_bytes: usize,
        ask: impl FnOnce(&mut Store<Memory>, &Detector) -> wasmtime::Result<R>,
    ) -> Result<R, Failure> {
        self.call(deadline, most_bytes, |store| {
            let module = self.instances.prepared.instantiate(&mut *store)?;
            ask(store, module.weir_detector_detector())
        })
    }

    /// Has a fresh instance judge `events`, and takes an answer of at most `most_bytes`.
    pub(super) fn detect(&self, deadline: Duration, most_bytes: usize, events: &[u8]) -> Result<Report, Failure> {
        let Instances { prepared, detect, .. } = self.instances;
        // `prepared.instantiate` would check the types of all functions anew, which counts for a batch of one event.
        self.call(deadline, most_bytes, |store| {
            let instance = prepared.instance_pre().instantiate(&mut *store)?;
            let detect = instance.get_typed_func::<(&[u8],), (Report,)>(&mut *store, detect)?;
            let (report,) = detect.call(store, (events,))?;
            Ok(report)
        })
    }

    fn call<R>(
        &self,
        deadline: Duration,
        most_bytes: usize,
        call: impl FnOnce(&mut Store<Memory>) -> wasmtime::Result<R>,
    ) -> Result<R, Failure> {
        let Instances { prepared, memory_bytes, .. } = self.instances;
        let mut store = Store::new(prepared.engine(), Memory { most_bytes: *memory_bytes, refused: false });
        store.limiter(|memory| memory);
        store.set_epoch_deadline(Ticker::ticks(deadline));
        store.set_hostcall_fuel(most_bytes);
        // A trapped instance may hold half-written memory: each call has its own, and leaves nothing to the next.
        call(&mut store).map_err(|error| failure(&error, deadline, store.data()))
    }
}

/// A trap is the detector's fault; anything else is an answer that can't be read.
fn failure(error: &wasmtime::Error, deadline: Duration, memory: &Memory) -> Failure {
    let detail = error.root_cause().to_string();
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Failure { reason: Reason::Deadline, detail: format!("no answer within {deadline:?}") },
        Some(_) if memory.refused => Failure {
            reason: Reason::Memory,
            detail: format!("wanted more than {} bytes, then: {detail}", memory.most_bytes),
        },
        Some(_) => Failure { reason: Reason::Trap, detail },
        None => Failure { reason: Reason::BadReport, detail },
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired <= self.most_bytes;
        self.refused |= !fits;
        Ok(fits)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // The pool bounds tables.
        Ok(true)
    }
}
