//! Judging allocates for a batch, never for an event.

#![expect(unsafe_code, reason = "an allocator that counts can't be written without")]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use weir_engine::Detector;
use weir_engine::program::{Case, Comparison, Condition, Folding, Function, Test};

use self::support::{Rules, call, equals, field, int, like, text};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator; counting touches no memory of its own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const MATCHING: &str =
    r#"{"process":{"na\u006de":["D\u006Fcker","ſystemd"],"pid":7},"user.name":"root","x":[{"é\n":"\u00e9"}]}"#;
const CLEAN: &str =
    r#"{"process":{"na\u006de":["b\u0061sh","ﬁsh"],"pid":"7"},"user.name":"r\u00f6\u00f6t","x":[{"é\n":"\u00e9"}]}"#;
const MALFORMED: &str = r#"{"process":{"na\u006de":["D\u006Fcker","ſystemd"],"pid":7},"user.name":"root""#;

#[test]
fn more_events_cost_no_more_allocations() {
    let detector = detector();
    for event in [CLEAN, "{}", " "] {
        assert_eq!(allocations(&detector, event, 10_000), allocations(&detector, event, 100), "{event}");
    }
    // The report has to grow: twice as large each time, from room for 100 to room for 2 * 10,000 findings.
    for event in [MATCHING, MALFORMED] {
        let more = allocations(&detector, event, 10_000) - allocations(&detector, event, 100);
        assert!((6..=8).contains(&more), "{event}: {more} more");
    }
}

fn allocations(detector: &Detector, event: &str, events: usize) -> usize {
    let batch = format!("{event}\n").repeat(events);
    let before = ALLOCATIONS.get();
    let report = detector.detect(batch.as_bytes());
    let after = ALLOCATIONS.get();
    let expected = if event == MATCHING { 2 * events } else { 0 };
    assert_eq!(report.findings.len(), expected, "{event}");
    after - before
}

fn detector() -> Detector {
    let mut rules = Rules::default();
    let name = rules.when("process.name", equals(&["docker", "podman"], Case::Insensitive));
    let system = rules.when("process.name", like(&["?ystem*"], Case::Insensitive));
    let pid = rules.when("process.pid", int(Comparison::Less, 100));
    let root = rules.when("user.name", equals(&["root"], Case::Sensitive));
    let container = rules.when("container.id", Test::Exists);
    let long = rules.when_calculated(call(Function::Length, [field("process.name")]), int(Comparison::Greater, 3));
    let parts = [field("user.name"), text("-"), field("process.name")];
    let joined = rules.when_calculated(call(Function::Concat, parts), equals(&["ROOT-docker"], Case::Insensitive));
    let starts = call(Function::StartsWith(Case::Insensitive), [field("process.name"), text("*")]);
    let starred = rules.when_calculated(starts, Test::Bool(true));
    let not = |condition| Condition::Not(Box::new(condition));
    rules.add(Condition::All(vec![name, pid, joined, not(container)]));
    rules.add(Condition::All(vec![system, root, long, not(starred)]));
    rules.detector(Folding::Unicode)
}
