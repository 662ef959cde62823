//! Who judges a batch, and where it goes then: what a reload replaces as a whole.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;

use crate::batch::{Chunk, Form};
use crate::encode::{Encoded, encode};
use crate::judge::{Judge, Judged, Rest, Then};
use crate::metrics::Counts;
use crate::sink::Sink;

/// A judge and what comes after it.
pub struct Route {
    /// Who judges.
    pub judge: Judge,
    /// Where all events go.
    pub sink: Arc<Sink>,
    /// Where copies of the events go that match a rule.
    pub alerts: Option<Arc<Sink>>,
    /// What is counted of all this.
    pub counts: Counts,
}

/// The route of the next batch; clones share it.
#[derive(Clone)]
pub struct Routes(Arc<RwLock<Arc<Route>>>);

/// Events that were judged, ready to be sent.
#[derive(Debug)]
pub struct Parcel {
    /// What was said of them. Those that are lost aren't among its events.
    pub judged: Judged,
    /// How many events have no form that the sink takes.
    pub lost: u64,
    added: usize,
    all: Load,
    alerts: Option<Load>,
}

/// Some events, as they came and as they go.
#[derive(Debug)]
struct Load {
    came: Vec<Bytes>,
    came_as: Form,
    encoded: Encoded,
    goes_as: Form,
}

impl Routes {
    /// Starts with `route`.
    pub fn new(route: Route) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(route))))
    }

    /// The route as it is now. Who holds it may go on with it, whatever replaces it.
    pub fn now(&self) -> Arc<Route> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends the batches from now on along `route`.
    pub fn replace(&self, route: Route) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(route);
    }
}

impl Route {
    /// Judges and tags a chunk, and makes it ready for the sinks. Blocks its thread.
    pub fn judge(&self, chunk: Chunk) -> Parcel {
        let form = chunk.form();
        let is_piece = matches!(chunk, Chunk::Piece { .. });
        let mut judged = self.judge.judge(chunk);
        if is_piece && !self.sink.takes_pieces() {
            judged.tagged.pieces.clear();
            return Parcel { lost: std::mem::take(&mut judged.events), ..self.pack(judged, form) };
        }
        self.pack(judged, form)
    }

    /// Does the same with what is left of a chunk.
    pub fn tag(&self, rest: Rest) -> Parcel {
        let form = rest.form();
        self.pack(self.judge.tag(rest), form)
    }

    fn pack(&self, mut judged: Judged, came: Form) -> Parcel {
        let pieces = std::mem::take(&mut judged.tagged.pieces);
        let all = Load::of(pieces, came, self.sink.form());
        let alerts = self.alerts.as_ref().filter(|_| !judged.tagged.matching.is_empty());
        let alerts = alerts.map(|sink| Load::of(separate(&judged.tagged.matching, came), came, sink.form()));
        let encoded = [Some(&all), alerts.as_ref()].into_iter().flatten().filter(|load| load.goes_as != load.came_as);
        let added = judged.tagged.added + encoded.map(|load| size(&load.encoded.pieces)).sum::<usize>();
        let lost = all.encoded.lost;
        judged.events -= lost;
        Parcel { judged, lost, added, all, alerts }
    }
}

impl Parcel {
    /// All events, as a sink takes them that takes `form`.
    pub fn all(&self, form: Form) -> Vec<Bytes> {
        self.all.pieces(form)
    }

    /// Those that match a rule, if there are any and somebody wants them.
    pub fn alerts(&self, form: Form) -> Option<Vec<Bytes>> {
        self.alerts.as_ref().map(|alerts| alerts.pieces(form))
    }

    /// Memory that it takes beside what came, in bytes.
    pub fn added_bytes(&self) -> usize {
        self.added
    }

    /// What follows this parcel.
    pub fn then(self) -> Then {
        self.judged.then
    }
}

impl Load {
    fn of(came: Vec<Bytes>, came_as: Form, goes_as: Form) -> Self {
        Self { encoded: encode(came.clone(), came_as, goes_as), came, came_as, goes_as }
    }

    /// A reload may have put a sink of another form in the place of the one that this was made for.
    fn pieces(&self, form: Form) -> Vec<Bytes> {
        if form == self.goes_as {
            return self.encoded.pieces.clone();
        }
        encode(self.came.clone(), self.came_as, form).pieces
    }
}

fn size(pieces: &[Bytes]) -> usize {
    pieces.iter().map(Bytes::len).sum()
}

/// Events by themselves, as pieces of a stream.
fn separate(events: &[Bytes], form: Form) -> Vec<Bytes> {
    match form {
        Form::Native => events.to_vec(),
        Form::Lines => events.iter().flat_map(|event| [event.clone(), Bytes::from_static(b"\n")]).collect(),
    }
}
