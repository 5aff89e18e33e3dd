//! The end of a session: last words to both sides, what is open in the record, and whether the
//! upstream connection may serve another. Knows no server.

use super::{Block, End, Relay, expected::Request, pipe::Pipe};
use gate::Plan;
use net::Stream;
use std::{fmt, mem, pin::Pin, time::SystemTime};
use wire_pg::{
    backend::{ParameterStatus, Status},
    frontend::encode,
};

/// Settings that the server may report in one session before its connection is not kept.
const MAX_REPORTED: usize = 1_000;

/// What may become of the upstream connection while the session rests, and when it has ended.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    /// It may serve another session as far as can be told.
    on: bool,
    /// The session could miss something of it that nobody can ask for.
    pub(super) attached: bool,
    /// Settings that the server reported since sign-in.
    reported: Vec<(String, String)>,
    way: Option<MakeWay>,
    /// It was made for the message at the front.
    made: bool,
    /// When it is given up.
    pub(super) resting: super::resting::When,
}

/// Takes connections of Weir's own that nobody uses out of a statement's way.
pub(crate) struct MakeWay(pub(crate) Box<dyn Fn(&Plan) -> Making + Send + Sync>);

/// Ends when they are gone, or were waited for long enough.
pub(crate) type Making = Pin<Box<dyn Future<Output = ()> + Send>>;

impl fmt::Debug for MakeWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MakeWay")
    }
}

/// An upstream connection that stands idle outside of a transaction, with everything answered.
pub(crate) struct Left {
    /// The connection.
    pub(crate) stream: Stream,
    /// Settings that the server reported since sign-in, in its order.
    pub(crate) reported: Vec<(String, String)>,
    /// It may serve another session.
    pub(crate) keeps: bool,
    /// Others wait for its place.
    pub(crate) asked: bool,
}

impl Keeping {
    /// True if the session may give its connection up by and by.
    pub(super) fn may_rest(&self) -> bool {
        self.resting.is_on() && !self.attached
    }

    /// The upstream connection of a session that rests.
    pub(super) fn left(self, stream: Stream) -> Left {
        Left { stream, reported: self.reported, keeps: self.on, asked: self.resting.asked }
    }
}

impl Relay {
    /// Says that the upstream connection may serve another session.
    pub(crate) fn keep_upstream(&mut self) {
        self.keeping.on = true;
    }

    /// Says how way is made for statements that must find nobody else connected.
    pub(crate) fn makes_way(&mut self, way: MakeWay) {
        self.keeping.way = Some(way);
    }

    /// True if nothing of Weir's own is in the way of a plan that is about to run; else it has to
    /// wait.
    pub(super) fn has_way(&mut self, plan: &Plan) -> bool {
        let Keeping { way: Some(MakeWay(make)), made: false, .. } = &self.keeping else {
            return true;
        };
        if !plan.concerns_others() {
            return true;
        }
        self.block = Some(Block::Knowledge(make(plan)));
        self.keeping.made = true;
        false
    }

    /// The way that was made is no other message's.
    pub(super) fn way_used(&mut self) {
        self.keeping.made = false;
    }

    /// What runs may leave something that no reset takes back, or that nobody can ask for.
    pub(super) fn may_linger(&mut self, plan: &Plan) {
        self.keeping.on = self.keeping.on && !plan.lingers();
        self.keeping.attached = self.keeping.attached || plan.is_attached();
        self.keeping.resting.ran();
    }

    /// The server reported settings since sign-in, before the relay came.
    pub(crate) fn reported_before(&mut self, reported: Vec<(String, String)>) {
        self.keeping.reported = reported;
    }

    /// The server reported a setting, to whomever.
    pub(super) fn reported(&mut self, status: ParameterStatus<'_>) {
        let rests = self.keeping.may_rest();
        let Keeping { on, reported, attached, .. } = &mut self.keeping;
        if reported.len() >= MAX_REPORTED {
            (*on, *attached) = (false, true);
        } else if *on || rests {
            let text = |text: wire_pg::Text<'_>| text.lossy().into_owned();
            let (name, value) = (text(status.name), text(status.value));
            reported.push((name, value));
        }
    }

    /// Another session must not have the upstream connection.
    pub(super) fn keep_nothing(&mut self) {
        self.keeping.on = false;
    }

    /// True if nothing of the session is under way at the upstream, and nothing of it stays there
    /// but what a reset takes back.
    fn leaves_upstream(&self, end: &End) -> bool {
        let left = matches!(end, End::ClientLeft | End::ClientLost(_));
        self.keeping.on && left && self.leaves_nothing_open()
    }

    /// True if nothing of the session is under way at the upstream.
    pub(super) fn leaves_nothing_open(&self) -> bool {
        let asked = self.expected.is_empty() && !self.open && !self.ran && self.block.is_none();
        let streams = self.copying_in
            || self.both.is_some()
            || self.client_passes > 0
            || self.client_drops > 0
            || self.upstream_passes > 0
            || self.ignored_syncs > 0;
        let waits = self.parked.is_some()
            || self.refuse_next.is_some()
            || self.must_end.is_some()
            || self.before_sync.is_some()
            || self.structure.is_some();
        let upstream = &self.upstream;
        let quiet = upstream.input.is_empty() && upstream.output.is_empty() && !upstream.ended;
        let whole = self.client.input.is_empty();
        self.status == Status::Idle
            && asked
            && quiet
            && whole
            && !streams
            && !waits
            && !self.skipping
            && !self.upstream_said_fatal
            && self.replication.is_none()
            && !self.session.previews()
            && !self.side.is_inside()
    }

    /// True if nothing goes on for a client that has left: whoever has a budget of time leaves
    /// nothing behind that uses it up, nor a preview locks.
    pub(super) fn leaves_nothing_behind(&self) -> bool {
        self.session.time_left().is_some() || self.session.previews()
    }

    /// Says goodbye to both sides and closes what is open in the record. The upstream connection is
    /// not closed if it may serve another session.
    pub(super) async fn part(mut self: Box<Self>, end: &End) -> Option<Left> {
        let now = SystemTime::now();
        let why = end.short();
        let leaves = self.leaves_upstream(end);
        // Outside of a transaction block, too, a statement may be under way.
        let busy = self.status != Status::Idle || !self.expected.is_empty();
        self.tell_seen();
        self.leave_change(why);
        for expected in mem::take(&mut self.expected) {
            if let Request::Query(Some(mut run))
            | Request::FunctionCall(Some(mut run))
            | Request::Execute(Some(mut run)) = expected.request
            {
                let counts = run.take_counts(None, None);
                self.session.leave(&run.statement, run.part, &counts, why, now);
            }
        }
        if let Some(parked) = self.parked.take() {
            self.session.abandon(parked.cleared, why, now);
        }
        self.session.close(&end.to_string(), now);
        let left = matches!(end, End::ClientLeft | End::ClientLost(_));
        let for_nobody = left && self.leaves_nothing_behind();
        if busy && (for_nobody || matches!(end, End::Ordered(_) | End::TooLarge { .. })) {
            drop((self.cancel.0)());
        }
        self.say_goodbye(end);
        // What a client said before it left has been cleared, and goes; what Weir ends goes no
        // further. Within a message a goodbye would be read as the rest of it.
        let goes = left && !for_nobody;
        let halfway = self.client_passes > 0 || !goes && !self.upstream.output.is_empty();
        let streaming = self.both.is_some();
        let Self { client, upstream, keeping, .. } = *self;
        let to_client = says_the_last(client, streaming);
        if leaves {
            let _ = tokio::time::timeout(super::GOODBYE, to_client).await;
            let Keeping { reported, .. } = keeping;
            let stream = upstream.into_stream();
            return Some(Left { stream, reported, keeps: true, asked: false });
        }
        let lost = matches!(end, End::UpstreamLost(_));
        let to_upstream = async {
            let mut upstream = upstream;
            if !lost {
                if !goes {
                    upstream.output.clear();
                }
                if !halfway {
                    encode::terminate(&mut upstream.output);
                }
                let _ = upstream.finish().await;
            }
        };
        let goodbye = async { tokio::join!(to_client, to_upstream) };
        // A client that never reads must not keep the session open.
        let _ = tokio::time::timeout(super::GOODBYE, goodbye).await;
        None
    }
}

/// Writes what is left for a client and closes its connection.
pub(super) async fn says_the_last(mut client: Pipe, streaming: bool) {
    if streaming {
        let _ = client.linger().await;
    }
    let _ = client.finish().await;
}
