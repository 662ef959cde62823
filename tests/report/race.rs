//! Runs several ways of doing the same in turn, so that what else the machine does hits all of them alike.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::Table;

type Timed<'a> = Box<dyn FnMut() -> Result<Duration, Box<dyn Error>> + 'a>;

/// What each of them is given.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many events.
    pub events: usize,
    /// How many bytes these have in all.
    pub bytes: usize,
}

/// Ways of doing the same, of which the first is what the others are compared with.
pub struct Race<'a> {
    load: Load,
    ways: Vec<(String, Timed<'a>)>,
}

impl<'a> Race<'a> {
    /// Begins with none.
    pub fn new(load: Load) -> Self {
        Self { load, ways: Vec::new() }
    }

    /// Adds one, which says how long it took.
    pub fn add(&mut self, name: impl Into<String>, run: impl FnMut() -> Result<Duration, Box<dyn Error>> + 'a) {
        self.ways.push((name.into(), Box::new(run)));
    }

    /// Runs all of them in turn, `rounds` times: a table with the fastest run of each.
    ///
    /// # Errors
    /// If one of them fails.
    pub fn run(mut self, rounds: usize, title: &str) -> Result<Table, Box<dyn Error>> {
        let mut fastest = vec![Duration::MAX; self.ways.len()];
        for _ in 0..rounds {
            for ((name, run), fastest) in self.ways.iter_mut().zip(&mut fastest) {
                let took = run().map_err(|error| io::Error::other(format!("{name}: {error}")))?;
                *fastest = took.min(*fastest);
            }
        }
        let Load { events, bytes } = self.load;
        let title = format!("{title}: {events} events of {} bytes on average; best of {rounds} rounds", bytes / events);
        let mut table = Table::new(title, &["ns/event", "MB/s", "ratio"]);
        for ((name, _), took) in self.ways.into_iter().zip(&fastest) {
            table.row(name, &self.load.costs(*took, fastest[0]));
        }
        Ok(table)
    }
}

impl Load {
    /// Nanoseconds an event, megabytes a second, and how many times as long as `first` it is.
    fn costs(self, took: Duration, first: Duration) -> [f64; 3] {
        let seconds = took.as_secs_f64();
        [seconds * 1e9 / self.events as f64, self.bytes as f64 / 1e6 / seconds, seconds / first.as_secs_f64()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_per_event_per_second_and_relative_to_the_first() {
        let load = Load { events: 1000, bytes: 2_000_000 };
        let costs = load.costs(Duration::from_millis(4), Duration::from_millis(2));
        assert_eq!(costs, [4000.0, 500.0, 2.0]);
    }
}
