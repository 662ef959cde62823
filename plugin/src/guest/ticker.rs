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
    /// A call has begun for which `sleeping` ends, or it has `stopped`.
    begun: Condvar,
    /// There is a slot for one that is `waiting`.
    freed: Condvar,
}

/// Knows who waits: waking is a system call, which a call for a single event can't spare when nobody does.
#[derive(Default)]
struct State {
    calls: u32,
    /// Calls for which there is no slot yet.
    waiting: u32,
    /// Nothing ticks until the next call.
    sleeping: bool,
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
        let mut state = self.shared.lock();
        while state.calls >= self.slots {
            state.waiting += 1;
            state = self.shared.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.calls += 1;
        if std::mem::take(&mut state.sleeping) {
            self.shared.begun.notify_one();
        }
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

    /// Is there one, or (false) never again? The one that ended the sleep may be over by now.
    fn wait_for_call(&self) -> bool {
        let mut state = self.lock();
        state.sleeping = state.calls == 0;
        while state.sleeping && !state.stopped {
            state = self.begun.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        !state.stopped
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.calls -= 1;
        if state.waiting > 0 {
            self.0.freed.notify_one();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.begun.notify_one();
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
