//! One session's two streams, joined: every message of the client goes through the gate, every
//! message of the upstream through the masks. Knows the protocol's order; decides nothing.
//!
//! The loop is a function that makes progress where it can and sleeps when it cannot:
//!
//! ```text
//!   client.input ─▶ client messages ─▶ gate ─▶ upstream.output
//!   client.output ◀─ rows, masks ◀─ upstream messages ◀─ upstream.input
//! ```
//!
//! Each side stops reading when the other side's output is full, so memory stays bounded and
//! back-pressure reaches both ends.

mod acting;
mod asides;
mod asleep;
mod beside;
mod block;
mod change;
mod client;
mod cost;
mod delay;
mod end;
mod expected;
mod extended;
mod failure;
mod fastpath;
mod hold;
mod kept;
mod long;
mod masked;
mod names;
mod parting;
mod pipe;
mod preview;
mod probe;
mod puzzled;
mod readiness;
mod reads;
mod replication;
mod resting;
mod rows;
mod seen;
mod server;
mod structure;
mod turned;
mod watch;
mod whole;
mod words;
mod work;

use crate::{inside::Side, knowledge::KnowledgeWatch, upstream::Replication};
use block::Block;
use bytes::BytesMut;
use expected::{Expected, Portal, Prepared};
use gate::{Cleared, Refusal, Sequence, Session, Statement, Synced};
use net::{Stream, listen::Seat};
use pipe::Pipe;
use std::{
    collections::VecDeque,
    future::Future,
    pin::pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};
use wire_pg::backend::Status;

pub(crate) use acting::{Acting, ForWhom};
pub use acting::{Answer, Asserted, Asserts};
pub(crate) use end::End;
pub(crate) use parting::{Left, MakeWay, Making};
pub(crate) use resting::{Idler, Resting, obey};
pub(crate) use watch::{CancelOnce, Course, Order, Orders};

/// Limits that a session keeps.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest Query or Parse: bytes.
    pub statement_bytes: usize,
    /// The largest message that must be held whole to be masked: bytes.
    pub message_bytes: usize,
    /// A session that is idle for longer ends.
    pub idle: Option<Duration>,
    /// A statement that runs for longer is cancelled.
    pub statement: Option<Duration>,
    /// How long a statement waits for the catalog to be read again.
    pub catalog_wait: Duration,
}

/// The largest message that the protocol allows: PostgreSQL's own limit, bytes.
const PROTOCOL_MESSAGE_BYTES: usize = 0x3fff_ffff + 5;
/// Requests under way in one session beyond which no more are read from the client.
const MAX_EXPECTED: usize = 16 * 1024;
/// Rounds of reading, masking and writing after which it is another session's turn: what is read in
/// one is 64 KiB from each side.
const ROUNDS: usize = 16;
/// The same for time: a message may cost much.
const SLICE: Duration = Duration::from_millis(4);
/// How long a session that ends waits for its peers to take the last words.
pub(crate) const GOODBYE: Duration = Duration::from_secs(2);
/// Ends of COPY data one after the other that nobody asked for. They are not answered, so without a
/// bound they could fill all that may be under way.
const MAX_COPY_ENDS: usize = 64;
/// Prepared statements and portals of the protocol in one session.
const MAX_NAMES: usize = 64 * 1024;

/// What became of a client's message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Dealt with.
    Done,
    /// To be looked at again when the block is gone.
    Blocked,
}

/// Which side had nothing to read in this turn of the task: it is woken if something comes.
#[derive(Default)]
struct Dry {
    client: bool,
    upstream: bool,
}

/// A statement that waits for the disk, cleared already.
struct Parked {
    cleared: Cleared<Statement>,
}

/// Both streams of a session and all that lies between.
pub(crate) struct Relay {
    client: Pipe,
    upstream: Pipe,
    session: Session,
    knowledge: KnowledgeWatch,
    limits: Limits,
    expected: VecDeque<Expected>,
    prepared: names::Names<Prepared>,
    /// What the client prepared on a connection before this one.
    asleep: asleep::Asleep,
    portals: names::Names<Portal>,
    /// What both make Weir keep.
    keeps: kept::Keeps,
    status: Status,
    /// The server skips what it gets until a Sync, or will once it has come to what was refused.
    skipping: bool,
    /// The server takes COPY data.
    copying_in: bool,
    /// Syncs sent before the server asked for COPY data, which it ignores once it reads any.
    ignored_syncs: usize,
    /// The server answered something since it last was ready.
    spoke: bool,
    /// Requests under way that may end a transaction.
    ending: usize,
    /// Requests under way that may change what names mean.
    changing: usize,
    /// Counts the client's requests that end in ReadyForQuery. Between two of them, where one
    /// message is ignored, so are all behind it.
    segment: u64,
    /// How many of them were answered.
    answered: u64,
    /// The client sent messages of the extended protocol behind the last of them.
    open: bool,
    /// One of those was an Execute, so that something may have run that is not settled.
    ran: bool,
    /// Intents up to here must be on stable storage before the next Sync goes.
    before_sync: Option<Sequence>,
    block: Option<Block>,
    parked: Option<Parked>,
    /// What was parked could not be made durable: the message at the front is refused.
    refuse_next: Option<Refusal>,
    /// The session must end as soon as it is looked at.
    must_end: Option<End>,
    /// The upstream said that it closes the connection, in its own words.
    upstream_said_fatal: bool,
    /// A sync that was asked for early, so that the disk works while the upstream does.
    early_sync: Option<Synced>,
    /// Rows wait for the disk.
    rows_block: Option<Synced>,
    /// Rows wait until what they use up, or what they show, is written down.
    rows_wait: Option<gate::hold::Doing<()>>,
    /// The client closed its half, and the server was asked to keep no answer back.
    flushed_last: bool,
    /// Bytes of a client message that go upstream as they come.
    client_passes: usize,
    /// Bytes of a client message that are dropped as they come.
    client_drops: usize,
    /// Bytes of an upstream message that go to the client as they come.
    upstream_passes: usize,
    /// `application_name` as the upstream was given it, and as the client gave it.
    named: Option<(Box<[u8]>, Box<str>)>,
    probe: probe::Probe,
    structure: Option<structure::Structure>,
    hold: hold::Hold,
    change: change::Change,
    cost: cost::Cost,
    /// For whom the client says that it acts.
    acting: Acting,
    /// The upstream connection is a replication connection.
    replication: Option<Replication>,
    /// A stream that runs both ways.
    both: Option<replication::Both>,
    utf8: bool,
    scratch: Vec<u8>,
    /// Hashes of rows that left, where somebody watches how much of a table is read.
    seen: seen::Seen,
    timer: watch::Timer,
    delay: delay::Delay,
    draining: bool,
    cancel: CancelOnce,
    /// What it does otherwise for a client that is a part of the program.
    side: Side,
    /// A preview's transaction can go back to where nothing was tried yet.
    untried: bool,
    keeping: parting::Keeping,
    seat: Seat,
}

impl Relay {
    /// Joins a signed-in client and a connected upstream. `input`s are bytes already read.
    pub(crate) fn new(
        client: (Stream, BytesMut),
        upstream: (Stream, BytesMut),
        session: Session,
        knowledge: KnowledgeWatch,
        limits: Limits,
        cancel: CancelOnce,
    ) -> Self {
        let (client, upstream) = (Pipe::new(client.0, client.1), Pipe::new(upstream.0, upstream.1));
        Self::of(client, upstream, session, knowledge, limits, cancel)
    }

    fn of(
        client: Pipe,
        upstream: Pipe,
        session: Session,
        knowledge: KnowledgeWatch,
        limits: Limits,
        cancel: CancelOnce,
    ) -> Self {
        Self {
            client,
            upstream,
            session,
            knowledge,
            limits,
            expected: VecDeque::new(),
            prepared: Default::default(),
            asleep: Default::default(),
            portals: Default::default(),
            keeps: Default::default(),
            status: Status::Idle,
            skipping: false,
            copying_in: false,
            ignored_syncs: 0,
            spoke: false,
            ending: 0,
            changing: 0,
            segment: 0,
            answered: 0,
            open: false,
            ran: false,
            before_sync: None,
            block: None,
            parked: None,
            refuse_next: None,
            must_end: None,
            upstream_said_fatal: false,
            early_sync: None,
            rows_block: None,
            rows_wait: None,
            flushed_last: false,
            client_passes: 0,
            client_drops: 0,
            upstream_passes: 0,
            named: None,
            probe: probe::Probe::default(),
            structure: None,
            hold: hold::Hold::default(),
            change: change::Change::default(),
            cost: cost::Cost::default(),
            acting: Acting::default(),
            replication: None,
            both: None,
            utf8: true,
            scratch: Vec::new(),
            seen: seen::Seen::default(),
            timer: watch::Timer::default(),
            delay: delay::Delay::default(),
            draining: false,
            cancel,
            side: Side::default(),
            untried: false,
            keeping: parting::Keeping::default(),
            seat: Seat::default(),
        }
    }

    /// Says whether the client is a part of the program.
    pub(crate) fn beside(&mut self, side: Side) {
        self.side = side;
        if self.session.previews() {
            self.begin_preview();
        }
    }

    /// Output for the client, for what is said before the relay runs.
    pub(crate) fn greet(&mut self) -> &mut BytesMut {
        &mut self.client.output
    }

    /// Notes by which name the upstream knows what the client gave this name, so that the client
    /// hears its own where a setting goes back to that.
    pub(crate) fn named(&mut self, upstream: &[u8], own: &str) {
        self.named = Some((upstream.into(), own.into()));
    }

    /// Notes a setting that the server reported, at start or later.
    pub(crate) fn note_setting(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"client_encoding" => self.note_encoding(&String::from_utf8_lossy(value)),
            b"standard_conforming_strings" | b"search_path" => self.session.scope_unknown(),
            _ => {}
        }
    }

    /// Notes the client's encoding.
    fn note_encoding(&mut self, name: &str) {
        self.utf8 = name.eq_ignore_ascii_case("UTF8");
        self.session.set_client_encoding(name);
    }

    /// Makes all the progress that can be made now, or as much as is fair to the other sessions of
    /// the thread.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut dry = Dry::default();
        // Most turns are over with the second round: the clock is not asked for those.
        let mut begun: Option<Instant> = None;
        for _ in 0..ROUNDS {
            match self.step(cx, &mut dry) {
                Ok(true) if begun.is_some_and(|begun| begun.elapsed() >= SLICE) => break,
                Ok(true) => _ = begun.get_or_insert_with(Instant::now),
                Ok(false) => return Poll::Pending,
                Err(end) => return Poll::Ready(end),
            }
        }
        // To wake oneself would go before all that has happened elsewhere meanwhile: sockets and
        // timers are looked at first. The thread does not rest for that, and may not for long.
        self.session.gate().ledger.before_more();
        let mut later = pin!(tokio::task::yield_now());
        let _ = later.as_mut().poll(cx);
        Poll::Pending
    }

    fn step(&mut self, cx: &mut Context<'_>, dry: &mut Dry) -> Result<bool, End> {
        let mut progress = self.unblock(cx);
        if let Some(end) = self.must_end.take() {
            return Err(end);
        }
        // While somebody decides, a client that leaves must be noticed.
        let waits = self.waits_for_approval();
        let reads = self.block.is_none() || waits;
        if reads && !self.upstream.is_full() && self.expected.len() < MAX_EXPECTED {
            let read = self.client.read(cx, waits, &mut dry.client);
            progress |= read.map_err(End::ClientLost)?;
        }
        if !self.rows_are_held() && !self.client.is_full() {
            let read = self.upstream.read(cx, false, &mut dry.upstream);
            progress |= read.map_err(|error| End::UpstreamLost(Some(error)))?;
        }
        progress |= self.take_client()?;
        progress |= self.take_upstream()?;
        progress |= self.upstream.write(cx).map_err(|error| End::UpstreamLost(Some(error)))?;
        progress |= self.client.write(cx).map_err(End::ClientLost)?;
        if !progress {
            self.check_ends()?;
            // What began to wait in this round must be polled once, or nothing will wake it.
            progress = self.unblock(cx)
                || self.check_time(cx)?
                || self.client.hungers()
                || self.upstream.hungers();
        }
        Ok(progress)
    }

    /// Ends that show only when nothing else is left to do.
    fn check_ends(&self) -> Result<(), End> {
        if self.client.ended && !self.client_is_owed() && self.client.output.is_empty() {
            return Err(End::ClientLeft);
        }
        if self.upstream.ended && !self.rows_are_held() && self.client.output.is_empty() {
            return Err(End::UpstreamLost(None));
        }
        let leaves = self.is_idle() || self.may_leave_stream() || self.waits_for_approval();
        if self.draining && leaves {
            return Err(End::Ordered("weir is shutting down"));
        }
        Ok(())
    }

    /// True if a client that closed its half still gets what it asked for, as from the server
    /// itself: all that can be answered without more of it. What was behind its last Sync is
    /// answered since a Flush went behind it.
    fn client_is_owed(&self) -> bool {
        let waits_for_it = self.copying_in
            || self.client_passes > 0
            || self.both == Some(replication::Both::Open)
            || matches!(self.block, Some(Block::Hold(_) | Block::Beyond(_)));
        !waits_for_it && (self.block.is_some() || !expected::settled(&self.expected))
    }
}
