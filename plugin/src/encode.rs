//! Turns events from the form in which they came into the form that a sink takes. Knows nothing of tags.

use bytes::Bytes;
use weir_native::json;
use weir_native::push::Push;

use crate::batch::{Form, is_blank};

/// Longest piece of more than one event, in bytes.
const PIECE_BYTES: usize = 8 << 20;

/// Events as a sink takes them.
#[derive(Clone, Debug, Default)]
pub struct Encoded {
    /// Their bytes, in order.
    pub pieces: Vec<Bytes>,
    /// How many events have no such form: they aren't the messages that Vector makes.
    pub lost: u64,
}

/// Encodes `pieces`, of which each holds whole events in the form `from`.
pub fn encode(pieces: Vec<Bytes>, from: Form, to: Form) -> Encoded {
    match (from, to) {
        (Form::Lines, Form::Native) => to_native(&pieces),
        (Form::Native, Form::Lines) => to_lines(&pieces),
        (Form::Lines, Form::Lines) | (Form::Native, Form::Native) => Encoded { pieces, lost: 0 },
    }
}

/// Cuts the events into pieces, for they may be more than one push can hold.
fn to_native(pieces: &[Bytes]) -> Encoded {
    let mut encoded = Encoded::default();
    let mut piece = Vec::new();
    for line in pieces.iter().flat_map(|piece| piece.split(|byte| *byte == b'\n')) {
        if is_blank(line) {
            continue;
        }
        let before = piece.len();
        json::to_native(line, &mut piece);
        if piece.len() > PIECE_BYTES && before > 0 {
            let event = piece.split_off(before);
            encoded.pieces.push(std::mem::replace(&mut piece, event).into());
        }
    }
    encoded.pieces.push(piece.into());
    encoded
}

fn to_lines(pieces: &[Bytes]) -> Encoded {
    let mut out = Vec::with_capacity(pieces.iter().map(Bytes::len).sum());
    let mut lost = 0;
    for piece in pieces {
        let push = Push::new(piece.clone()).expect("a push was cut between its events");
        for event in 0..push.len() {
            let start = out.len();
            match json::to_line(push.wrapper(event), &mut out) {
                Ok(()) => out.push(b'\n'),
                Err(_) => {
                    out.truncate(start);
                    lost += 1;
                }
            }
        }
    }
    Encoded { pieces: vec![out.into()], lost }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_event_by_itself_makes_a_longer_piece_than_there_should_be() {
        let event = |bytes| format!("{{\"a\":\"{}\"}}\n", "x".repeat(bytes));
        let lines = [event(PIECE_BYTES / 2), event(PIECE_BYTES / 3), event(PIECE_BYTES), event(1), event(1)].concat();
        let encoded = encode(vec![lines.into()], Form::Lines, Form::Native);
        let counts = encoded.pieces.iter().map(|piece| Push::new(piece.clone()).unwrap().len());
        assert_eq!(counts.collect::<Vec<_>>(), [2, 1, 2]);
    }
}
