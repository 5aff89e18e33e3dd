//! Tools that ask people: request_approval and await_approval. Who may decide is the store's to
//! say; a caller sees the requests that it made itself.

use super::{
    arguments::{Await, Statement, values},
    handler::tell,
    run::{Call, Sent},
    say::{self, Reply},
    verdict,
};
use crate::approvals::object;
use engine_pg::inside::{Answer, Note, Upto};
use rmcp::{RoleServer, service::RequestContext};
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};
use store::{HoldState, KeptHold, StoreError};

/// The longest wait of one call.
const MAX_WAIT: u64 = 300;
/// The wait if nobody says.
const WAIT: u64 = 60;
/// How often it is looked whether a request's time is over, if nothing else happens.
const LOOK: Duration = Duration::from_secs(5);

impl Call<'_> {
    /// `request_approval`: opens a request for a statement that policy holds. It does not run.
    pub(super) async fn request(&self, statement: Statement) -> Result<Reply, Reply> {
        let (caps, database) = (statement.caps(), self.database(statement.database.as_deref())?);
        let answer = self.prepared(&database, &statement, Upto::Bind).await?;
        if let Some(reply) = say::stopped(&answer) {
            return Ok(reply);
        }
        let Some(plan) = verdict::plan(&answer.notes) else {
            return Err(Reply::mistake("it was not decided on"));
        };
        if !plan.is_held() {
            let mut value = verdict::decided(plan, &answer.columns);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("needed".to_owned(), json!(false));
                let next = "It needs no approval: call query or write.";
                fields.insert("next".to_owned(), json!(next));
            }
            return Ok(Reply::good(value));
        }
        if let Some(known) = self.known(&answer).await.map_err(|error| kept(&error))? {
            return Ok(Reply::good(asked(&known)));
        }
        let values = values(&statement.parameters).map_err(Reply::mistake)?;
        let (text, upto) = (statement.sql.as_str(), Upto::Ask);
        let sent = Sent { text, values: &values, upto, reads: false, caps, rows: 0 };
        let answer = self.send(&database, &sent).await?;
        let waiting = answer.notes.iter().find_map(|note| match note {
            Note::Waiting(waiting) => Some(waiting),
            _ => None,
        });
        let Some(waiting) = waiting else { return Ok(say::ran(&answer, caps)) };
        let hold = self.mcp.shared.store.hold(&waiting.hold).await.map_err(|error| kept(&error))?;
        Ok(Reply::good(hold.as_ref().map_or_else(|| say::request(waiting), asked)))
    }

    /// The request that there is already for exactly this statement.
    async fn known(&self, answer: &Answer) -> Result<Option<KeptHold>, StoreError> {
        let digest = answer.notes.iter().find_map(|note| match note {
            Note::Bound(digest) => Some(digest),
            _ => None,
        });
        let Some(digest) = digest else { return Ok(None) };
        let store = &self.mcp.shared.store;
        store.due_holds(SystemTime::now()).await?;
        store.hold_of(digest).await
    }

    /// `await_approval`: how a request stands, once that changes or the time is over.
    pub(super) async fn wait(
        &self,
        wanted: Await,
        context: &RequestContext<RoleServer>,
    ) -> Result<Reply, Reply> {
        let seconds = wanted.seconds.unwrap_or(WAIT).min(MAX_WAIT);
        let (began, limit) = (Instant::now(), Duration::from_secs(seconds));
        let mut changes = self.mcp.shared.holds.subscribe();
        let mut place = None;
        loop {
            changes.mark_unchanged();
            let hold = self.own(&wanted.request).await?;
            let left = limit.saturating_sub(began.elapsed());
            if hold.state != HoldState::Open || left.is_zero() {
                return Ok(Reply::good(asked(&hold)));
            }
            if place.is_none() {
                place = self.mcp.waits.take(self.proven.identity.name.as_str());
            }
            if place.is_none() {
                return Err(Reply::mistake(
                    "too many calls wait for decisions; ask again in a moment, with seconds 0",
                ));
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() {
                    return Err(Reply::mistake("Weir is shutting down; ask again in a moment"));
                },
                () = tokio::time::sleep(left.min(LOOK)) => {}
            }
            tell(context, began.elapsed().as_secs(), seconds).await;
        }
    }

    /// A request of the caller's own; to anybody else there is none.
    async fn own(&self, request: &str) -> Result<KeptHold, Reply> {
        let store = &self.mcp.shared.store;
        let expired = store.due_holds(SystemTime::now()).await;
        expired.map_err(|error| kept(&error))?;
        let hold = store.hold(request).await.map_err(|error| kept(&error))?;
        let chain = self.proven.identity.chain();
        hold.filter(|hold| hold.asked.identity == chain && self.opens(&hold.asked.database))
            .ok_or_else(|| Reply::mistake("there is no such request of yours"))
    }
}

fn asked(hold: &KeptHold) -> Value {
    let mut value = object(hold, false);
    let next = match hold.state {
        HoldState::Open => {
            "Nobody decided yet: call await_approval again, or tell the person you \
                            work for whom to ask."
        }
        HoldState::Approved => {
            "Call write with exactly the same statement and parameters before \
                                its time is over. It runs once."
        }
        HoldState::Denied => "It was denied: do not ask for it again unchanged.",
        HoldState::Expired | HoldState::Withdrawn => "Its time is over; it did not run.",
        HoldState::Used => "It ran.",
    };
    if let Some(fields) = value.as_object_mut() {
        fields.insert("next".to_owned(), json!(next));
    }
    value
}

fn kept(error: &StoreError) -> Reply {
    tracing::error!(%error, "MCP cannot reach control state");
    Reply::mistake("requests for approval cannot be looked at now; try again")
}
