//! MCP: databases as tools for models, through the same gate as every other client. Knows the
//! protocol's words; understands no SQL and decides nothing.
//!
//! ```text
//! POST /mcp ─▶ http (origin, bearer ─▶ identity) ─▶ rmcp ─▶ handler ─▶ tools
//! stdio ─▶ bridge ─▶ POST /mcp                                          │
//!                                 engine-pg::inside ◀─ sessions ◀── run ┘ ─▶ say
//! ```
//!
//! Every tool that touches a database runs a statement in a governed session. One that only asks
//! (`why`) prepares one: it is decided on, described by the server, and not run. `preview` tries it
//! in a session in which everything is undone.
//!
//! A request carries who asks; there is no session id that could stand for it, and none is issued.

mod approvals;
mod arguments;
mod bearer;
mod bridge;
pub(crate) mod catalog;
mod handler;
mod http;
mod run;
mod say;
mod sessions;
mod tools;
pub(crate) mod verdict;

pub(crate) use bridge::{Remote, bridge, post, tool};
pub(crate) use http::{METADATA, metadata, router};

use crate::{serve::Shared, shares::Shares};
use sessions::Sessions;
use std::sync::Arc;

/// Calls at once that wait for people to decide, and those of one identity.
const MAX_WAITS: usize = 64;
const MAX_WAITS_OF_ONE: usize = MAX_WAITS / 4;

/// What the tools work with.
pub(crate) struct Mcp {
    shared: Arc<Shared>,
    sessions: Arc<Sessions>,
    waits: Arc<Shares>,
}

impl Mcp {
    /// Tools over this program's engine.
    pub(crate) fn new(shared: Arc<Shared>) -> Arc<Self> {
        let sessions = Sessions::new(Arc::clone(&shared));
        let waits = Shares::new(MAX_WAITS, MAX_WAITS_OF_ONE);
        Arc::new(Self { shared, sessions, waits })
    }
}
