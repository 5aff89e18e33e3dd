//! What the upstream still owes: one entry per request that it will answer, in order. Knows what an
//! answer consists of, not how it is carried on.

use super::{kept::Kept, masked::Lately};
use gate::{
    CopyMask, Counts, Field, Masks, Parameters, Plan, Refusal, Statement,
    hold::{Approved, Given},
};
use std::{
    collections::VecDeque,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

/// A request on its way.
#[derive(Debug)]
pub(super) struct Expected {
    /// What was asked.
    pub(super) request: Request,
    /// Weir asked by itself: the client must not see the answer.
    pub(super) hidden: bool,
    /// What went upstream was made to fail in the refused statement's place, so that transaction
    /// state, order and skipping are the server's own; the client gets this instead of its error.
    /// Of a Bind, only if the server fails it with the same SQLSTATE.
    pub(super) refusal: Option<Box<Refusal>>,
}

impl Expected {
    /// True for a Bind whose planning may change what names mean.
    pub(super) fn moves_names(&self) -> bool {
        match &self.request {
            Request::Bind(Some((_, portal))) => portal.plan.moves_names(),
            _ => false,
        }
    }

    /// A request of the client's.
    pub(super) fn of(request: Request) -> Self {
        Self { request, hidden: false, refusal: None }
    }

    /// A request of Weir's own.
    pub(super) fn hidden(request: Request) -> Self {
        Self { request, hidden: true, refusal: None }
    }

    /// A request that fails upstream in place of what was refused.
    pub(super) fn refused(request: Request, refusal: Refusal) -> Self {
        Self { request, hidden: false, refusal: Some(Box::new(refusal)) }
    }
}

/// True if nothing that is owed may change what names stand for. The end of COPY data that nobody
/// asked for may stay where it is until something else is answered.
pub(super) fn settled(expected: &VecDeque<Expected>) -> bool {
    expected.iter().all(|expected| matches!(expected.request, Request::CopyEnd))
}

/// The kinds of requests that are answered.
#[derive(Debug)]
pub(super) enum Request {
    /// Query: answered up to ReadyForQuery.
    Query(Option<Box<Run>>),
    /// FunctionCall: answered up to ReadyForQuery.
    FunctionCall(Option<Box<Run>>),
    /// Parse; on failure the name means again what it meant before.
    Parse { name: Box<[u8]>, before: Option<Arc<Prepared>>, made: Option<Arc<Prepared>> },
    /// Bind, with the portal that it makes.
    Bind(Option<(Box<[u8]>, Arc<Portal>)>),
    /// Close; on failure the statement is still there.
    Close { name: Option<Box<[u8]>>, before: Option<Arc<Prepared>> },
    /// Describe of a statement; with how many parameters it has of its own, if it was given more.
    DescribeStatement(Option<Arc<Prepared>>, Option<usize>),
    /// Describe of a portal.
    DescribePortal(Option<Arc<Portal>>),
    /// Execute.
    Execute(Option<Box<Run>>),
    /// Sync: answered by ReadyForQuery.
    Sync,
    /// The end of COPY data that the client sent before the server asked for any.
    CopyEnd,
    /// One setting of the scope, asked by SHOW.
    Show(super::probe::Setting),
    /// The role that the session is bound to, set again.
    Role,
    /// How many rows the open transaction changed.
    Count,
    /// What the server's planner expects of a statement.
    Cost,
    /// How many rows of which tables the open transaction changed, and whether that is counted.
    Changes(Vec<crate::inside::Changed>, bool),
    /// A step of reading what the open transaction sees.
    Structure(super::structure::Part),
    /// A part of what the session has for itself.
    Look(crate::catalog::queries::Section),
}

/// A statement that was cleared and sent.
#[derive(Debug)]
pub(super) struct Run {
    /// What was cleared.
    pub(super) statement: Statement,
    /// The statement of the text that is being answered.
    pub(super) part: usize,
    /// What it did so far.
    pub(super) counts: Counts,
    /// When it was sent.
    pub(super) sent: Instant,
    /// How its rows leave; known from the description of the result on.
    pub(super) masks: Option<Arc<Masks>>,
    /// What its columns showed lately.
    pub(super) lately: Lately,
    /// How its COPY stream leaves, if it is not relayed as it is.
    pub(super) copy: Option<Box<CopyMask>>,
    /// The portal whose description tells the result's columns.
    pub(super) portal: Option<Arc<Portal>>,
    /// Its intent is on stable storage, or need not be before rows leave.
    pub(super) rows_may_leave: bool,
    /// How many rows of the cursor that it fetches from left so far, if it fetches from one.
    pub(super) fetched: Option<Arc<AtomicU64>>,
    /// Rows beyond the limit were withheld.
    pub(super) limited: bool,
    /// It is a COPY TO STDOUT.
    pub(super) copied: bool,
    /// The state of labels that its masks are made for.
    pub(super) carried: u64,
    /// How often somebody had begun to change the catalog when it was sent; nothing that is met if
    /// somebody was at it.
    pub(super) moves: u64,
    /// The last look at the catalog before it was sent.
    pub(super) looked: u64,
    /// The look at the catalog that its rows wait for.
    pub(super) look: Option<u64>,
    /// The catalog was what it was decided by when what is being answered was read.
    pub(super) certain: bool,
    /// The rows that it changes are counted, and it is undone if they are too many.
    pub(super) counted: bool,
}

/// Rows beyond a limit were withheld.
#[derive(Clone, Copy, Debug)]
pub(super) struct Withheld {
    /// How many left by this message.
    pub(super) rows: u64,
    /// How many left of the same result in all.
    pub(super) all: u64,
}

impl Run {
    /// A run that begins now.
    pub(super) fn new(statement: Statement, portal: Option<Arc<Portal>>, now: Instant) -> Self {
        let carried = statement.plan.knowledge.carried;
        let rows_may_leave = statement.durability < model::Durability::BeforeRow;
        Self {
            statement,
            part: 0,
            counts: Counts::default(),
            sent: now,
            masks: None,
            lately: Lately::default(),
            copy: None,
            portal,
            rows_may_leave,
            fetched: None,
            limited: false,
            copied: false,
            carried,
            moves: u64::MAX,
            looked: 0,
            look: None,
            certain: false,
            counted: false,
        }
    }

    /// How many further rows may leave.
    pub(super) fn rows_to_go(&self) -> u64 {
        let most = self.part().and_then(|part| part.verdict.row_limit).unwrap_or(u64::MAX);
        most.saturating_sub(self.left_before()).saturating_sub(self.counts.rows)
    }

    /// How many rows of its result left before: by other statements that fetched from its cursor,
    /// or by messages before from its portal.
    fn left_before(&self) -> u64 {
        self.left().map_or(0, |left| left.load(Ordering::Relaxed))
    }

    fn left(&self) -> Option<&AtomicU64> {
        let by_portal = || self.portal.as_ref().map(|portal| &*portal.left);
        self.fetched.as_deref().or_else(by_portal)
    }

    /// If rows were withheld: how many left, and how many in all of this result.
    pub(super) fn withheld(&self) -> Option<Withheld> {
        let rows = self.counts.rows;
        self.limited.then(|| Withheld { rows, all: rows + self.left_before() })
    }

    /// What the part that is being answered did; it is done.
    pub(super) fn take_counts(&mut self, tag: Option<&str>, sqlstate: Option<&str>) -> Counts {
        let mut counts = std::mem::take(&mut self.counts);
        if let Some(left) = self.left() {
            left.fetch_add(counts.rows, Ordering::Relaxed);
        }
        counts.duration_us = u64::try_from(self.sent.elapsed().as_micros()).unwrap_or(0);
        counts.tag = tag.map(str::to_owned);
        counts.sqlstate = sqlstate.map(str::to_owned);
        counts
    }

    /// Goes on to the next part.
    pub(super) fn next_part(&mut self) {
        self.part += 1;
        self.masks = None;
        self.lately = Lately::default();
        self.copy = None;
        self.fetched = None;
        self.limited = false;
        // What was decided again was decided for the part before.
        self.carried = self.statement.plan.knowledge.carried;
        (self.look, self.certain) = (None, false);
    }

    /// The plan of the part that is being answered.
    pub(super) fn part(&self) -> Option<&gate::Part> {
        self.statement.plan.parts.get(self.part)
    }
}

/// A prepared statement of the protocol.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The token by which it says who the end user is, when it runs.
    pub(super) asserts: Option<identity::Secret>,
    /// What it does and what was decided.
    pub(super) plan: Arc<Plan>,
    /// The types that were declared for its parameters, where values are looked at.
    pub(super) types: Box<[u32]>,
    /// The types of its parameters, once the server described those that were not all declared.
    pub(super) described: OnceLock<Box<[u32]>>,
    /// Its result's columns, once the server described them; inner `None` means no rows.
    pub(super) fields: OnceLock<Option<Box<[Field]>>>,
    /// The same, once the server described them for a portal of it.
    pub(super) shown: OnceLock<Option<Box<[Field]>>>,
    /// What they were on another connection, where it was prepared before.
    pub(super) was: OnceLock<Option<Box<[Field]>>>,
    /// Whether the server made it.
    pub(super) birth: Birth,
    /// What it makes Weir keep, counted.
    pub(super) _kept: Kept,
}

/// Until the server has said that it made what a name stands for, the name may stand for what it
/// stood for before. Up to the next Sync that does no harm: a server that ignores the one ignores
/// the other.
#[derive(Debug)]
pub(super) struct Birth {
    confirmed: AtomicBool,
    pub(super) segment: u64,
}

impl Birth {
    /// Asked for in this segment.
    pub(super) fn asked(segment: u64) -> Self {
        Self { confirmed: AtomicBool::new(false), segment }
    }

    /// The server said so.
    pub(super) fn confirm(&self) {
        self.confirmed.store(true, Ordering::Relaxed);
    }

    /// True if the server said so.
    pub(super) fn is_confirmed(&self) -> bool {
        self.confirmed.load(Ordering::Relaxed)
    }

    /// True if a message of this segment may rely on it.
    pub(super) fn is_sure(&self, segment: u64) -> bool {
        self.segment == segment || self.confirmed.load(Ordering::Relaxed)
    }

    /// The same, for a copy.
    pub(super) fn again(&self) -> Self {
        let confirmed = self.confirmed.load(Ordering::Relaxed).into();
        Self { confirmed, segment: self.segment }
    }
}

/// A portal.
#[derive(Debug)]
pub(super) struct Portal {
    /// What it does and what was decided.
    pub(super) plan: Arc<Plan>,
    /// The statement it was bound from.
    pub(super) prepared: Option<Arc<Prepared>>,
    /// The result formats of the Bind: true is binary. None for all text, one for all columns.
    pub(super) binary: Box<[bool]>,
    /// Bind values as the record keeps them.
    pub(super) parameters: Parameters,
    /// Bind values for whoever approves; kept where the plan is held.
    pub(super) given: Option<Given>,
    /// The approval that it runs by.
    pub(super) approved: OnceLock<Approved>,
    /// Its result's columns, once known.
    pub(super) fields: OnceLock<Option<Box<[Field]>>>,
    /// A description was asked for.
    pub(super) asked: AtomicBool,
    /// The Bind was too long to be read whole: `binary` says nothing.
    pub(super) unknown_formats: AtomicBool,
    /// The Bind as it came, where its cost is limited.
    pub(super) bound: Option<Box<[u8]>>,
    /// How many rows it changed so far, where its changes are limited.
    pub(super) counted: AtomicU64,
    /// How many of its rows left so far: a limit on rows is for all of them, however many messages
    /// fetch them. Shared by the same portal under other plans, and by SQL's FETCH.
    pub(super) left: Arc<AtomicU64>,
    /// Whether the server made it.
    pub(super) birth: Birth,
    /// What it makes Weir keep, counted.
    pub(super) kept: Kept,
}

impl Portal {
    /// The result's columns, from the portal's own description or from its statement's.
    pub(super) fn columns(&self) -> Option<&Option<Box<[Field]>>> {
        if let Some(fields) = self.fields.get() {
            return Some(fields);
        }
        if self.unknown_formats.load(Ordering::Relaxed) {
            return None;
        }
        let of_statement = self.prepared.as_ref()?.fields.get()?;
        Some(
            self.fields.get_or_init(|| of_statement.as_ref().map(|fields| self.in_formats(fields))),
        )
    }

    fn in_formats(&self, fields: &[Field]) -> Box<[Field]> {
        let format = |index: usize| match &*self.binary {
            [] => false,
            [all] => *all,
            each => each.get(index).copied().unwrap_or(false),
        };
        let fields = fields.iter().enumerate().map(|(index, field)| {
            let format = if format(index) { gate::Format::Binary } else { gate::Format::Text };
            Field { format, ..field.clone() }
        });
        fields.collect()
    }
}
