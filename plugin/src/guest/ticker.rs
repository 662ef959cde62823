//! Counts the time of the calls in flight; sleeps while there are none. Doesn't know what is called.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wasmtime::Engine;

/// How exact a deadline is.
pub(super) const TICK: Duration = Duration::from_millis(5);

/// Advances an engine's epoch while a call is in flight, and admits only as many calls as the pool has slots.
pub(super) struct Ticker {
    shared: Arc<Shared>,
    slots: u32,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    calls: u32,
    stopped: bool,
}

/// A call in flight, until it is dropped.
pub(super) struct Call<'a>(&'a Shared);

impl Ticker {
    /// Starts the thread that ticks.
    pub(super) fn start(engine: Engine, slots: u32) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let ticking = Arc::clone(&shared);
        let thread = thread::Builder::new().name("weir-ticker".into()).spawn(move || {
            while ticking.wait_for_call() {
                thread::sleep(TICK);
                engine.increment_epoch();
            }
        })?;
        Ok(Self { shared, slots, thread: Some(thread) })
    }

    /// Announces a call, once there is a slot for it.
    pub(super) fn enter(&self) -> Call<'_> {
        let full = |state: &mut State| state.calls >= self.slots;
        self.shared.wait_while(full).calls += 1;
        self.shared.changed.notify_all();
        Call(&self.shared)
    }

    /// After how many ticks at least `time` has passed: the first may come at once.
    pub(super) fn ticks(time: Duration) -> u64 {
        let ticks = time.as_nanos().div_ceil(TICK.as_nanos()) + 1;
        // An engine adds these to its epoch, so far-off deadlines must not overflow it.
        u64::try_from(ticks).unwrap_or(u64::MAX).min(u64::MAX / 2)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, unfit: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        self.changed.wait_while(self.lock(), unfit).unwrap_or_else(PoisonError::into_inner)
    }

    /// Is there one, or (false) never again?
    fn wait_for_call(&self) -> bool {
        !self.wait_while(|state| state.calls == 0 && !state.stopped).stopped
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.lock().calls -= 1;
        self.0.changed.notify_all();
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It can't have panicked: it only sleeps and counts.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_never_short_of_its_time() {
        for (time, ticks) in [(Duration::ZERO, 1), (TICK, 2), (TICK * 3 / 2, 3), (TICK * 10, 11)] {
            assert_eq!(Ticker::ticks(time), ticks, "{time:?}");
        }
        assert_eq!(Ticker::ticks(Duration::MAX), Ticker::ticks(Duration::MAX - TICK), "far off, but no overflow");
    }
}
