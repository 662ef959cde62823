//! A push of Vector's is cut, shown to rules, tagged and turned into lines, or refused; what isn't touched stays.

use std::sync::LazyLock;

use bytes::Bytes;
use weir_native::json::{to_line, to_native};
use weir_native::project::Projection;
use weir_native::push::Push;
use weir_native::tag::{marked, tagged};

use super::is_event;
use super::tagger::{MATCHES, TAGGER};

static PROJECTION: LazyLock<Projection> =
    LazyLock::new(|| Projection::new(["a", "a.b", "a.b.c", "process.name", "message", "tags"]));

/// Takes the bytes for a push, and for a line that becomes one.
pub(super) fn check(bytes: &[u8]) {
    if let Ok(push) = Push::new(Bytes::copy_from_slice(bytes)) {
        check_push(&push);
    }
    let mut native = Vec::new();
    to_native(bytes, &mut native);
    let push = Push::new(native.into()).expect("what Weir writes, it reads");
    assert_eq!(push.len(), 1);
    assert!(to_line(push.wrapper(0), &mut Vec::new()).is_ok());
}

fn check_push(push: &Push) {
    let events = 0..push.len();
    let parts: Vec<u8> = events.clone().flat_map(|event| push.bytes()[push.whole(event)].to_vec()).collect();
    assert!(parts == *push.bytes() || push.is_empty());
    assert_eq!(push.part(events.clone()), parts);
    events.for_each(|event| check_event(push.wrapper(event)));
}

fn check_event(wrapper: &[u8]) {
    let mut line = Vec::new();
    if PROJECTION.line(wrapper, &mut line).is_ok() {
        assert!(line.is_empty() || line == b"null" || is_event(&line), "{}", String::from_utf8_lossy(&line));
        assert!(!line.contains(&b'\n'));
    } else {
        assert!(line.is_empty());
    }
    for matches in MATCHES {
        check_additions(wrapper, |wrapper, out| tagged(wrapper, &TAGGER, matches, out).is_ok());
    }
    check_additions(wrapper, |wrapper, out| marked(wrapper, "too_large", out).is_ok());
    let _ = to_line(wrapper, &mut Vec::new());
}

fn check_additions(wrapper: &[u8], add: impl Fn(&[u8], &mut Vec<u8>) -> bool) {
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    if add(wrapper, &mut once) {
        assert!(once.len() >= wrapper.len());
        assert!(add(&once, &mut twice), "a tagged event is an event");
        assert!(once == twice);
    } else {
        assert!(once.is_empty());
    }
}
