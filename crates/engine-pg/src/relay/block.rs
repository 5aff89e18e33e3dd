//! What the client's next message has to wait for, and when it need not any more. Knows no message.

use super::{Parked, Relay, acting, expected, hold};
use gate::{Refusal, Synced};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::error::Elapsed;

/// How long a statement that brings a column its first label waits for those of others that were
/// decided before. They may wait for a lock that its own transaction holds.
pub(super) const OTHERS: Duration = Duration::from_secs(5);

/// Why the client's next message has to wait.
pub(super) enum Block {
    /// Its intent must be on stable storage first.
    Sync(Synced),
    /// What is known of the database is being read again, or what is in the way goes.
    Knowledge(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// The server is being asked for the scope; cleared when the answers are in.
    Probe,
    /// The server is being asked what the open transaction sees; cleared when it is ready again.
    Structure,
    /// What is under way may change what names mean; cleared when all of it is answered.
    Settle,
    /// Labels that its values will carry are being kept.
    Labels(gate::Keeping),
    /// Others are at something that was decided before the labels that it brings; the error is that
    /// they still are.
    Others(Pin<Box<dyn Future<Output = Result<(), Elapsed>> + Send>>),
    /// Somebody must approve it.
    Hold(hold::Wait),
    /// What a limited statement changed is being counted.
    Count,
    /// The server's planner is being asked what it will cost.
    Cost,
    /// A part of its task's budget is being reserved.
    Budget(gate::hold::Doing<()>),
    /// What was said of the end user is being checked.
    EndUser(acting::Answer),
    /// A request to cancel what ran before is on its way: it must not meet what comes now.
    Cancel,
    /// It changed too much, and consent to that is asked for.
    Beyond(gate::hold::Doing<gate::hold::Asked>),
}

/// Others go on with what was decided before.
fn others_at_work() -> Refusal {
    Refusal::unenforceable(
        "it brings values of a label into a column, and statements of others, which began before \
         the column had that label, still read it",
        "Try again when they are over; if this transaction holds a lock that they wait for, roll \
         it back first.",
    )
}

impl Relay {
    /// Lifts blocks whose time has come.
    pub(super) fn unblock(&mut self, cx: &mut Context<'_>) -> bool {
        let mut lifted = self.poll_hold(cx) || self.poll_beyond(cx);
        if let Some(early) = &mut self.early_sync
            && Pin::new(early).poll(cx).is_ready()
        {
            self.early_sync = None;
        }
        self.timer.poll_cancel(cx);
        let done = match &mut self.block {
            Some(Block::Cancel) => !self.timer.cancels(),
            None | Some(Block::Probe | Block::Structure | Block::Hold(_) | Block::Beyond(_)) => {
                false
            }
            Some(Block::Budget(_)) => self.poll_budget(cx),
            Some(Block::EndUser(_)) => self.poll_end_user(cx),
            // Lifted by the answer.
            Some(Block::Count | Block::Cost) => false,
            // A server that waits for COPY data answers nothing else.
            Some(Block::Settle) => expected::settled(&self.expected) || self.copying_in,
            Some(Block::Knowledge(wait)) => wait.as_mut().poll(cx).is_ready(),
            Some(Block::Labels(kept)) => match kept.as_mut().poll(cx) {
                Poll::Pending => false,
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(error)) => {
                    tracing::error!(%error, "a label could not be kept");
                    self.refuse_next = Some(Refusal::unrecordable());
                    true
                }
            },
            Some(Block::Others(over)) => match over.as_mut().poll(cx) {
                Poll::Pending => false,
                Poll::Ready(over) => {
                    if over.is_err() {
                        self.refuse_next = Some(others_at_work());
                    }
                    true
                }
            },
            Some(Block::Sync(synced)) => match Pin::new(synced).poll(cx) {
                Poll::Pending => false,
                Poll::Ready(Ok(())) => true,
                Poll::Ready(Err(_)) => {
                    self.sync_failed();
                    true
                }
            },
        };
        if done {
            self.block = None;
            lifted = true;
        }
        if let Some(synced) = &mut self.rows_block
            && let Poll::Ready(result) = Pin::new(synced).poll(cx)
        {
            self.rows_block = None;
            lifted = true;
            self.rows_synced(result.is_ok());
        }
        lifted |= self.poll_rows(cx);
        lifted
    }

    /// What was parked could not be made durable: it does not run, and the client is told.
    fn sync_failed(&mut self) {
        if let Some(Parked { cleared }) = self.parked.take() {
            self.session.abandon(cleared, "not synced", std::time::SystemTime::now());
        }
        self.refuse_next = Some(Refusal::unrecordable());
    }
}
