//! Whether a text can be planned now, and what has to be there before. Knows no text.

use super::{
    Block, End, Relay,
    expected::{Expected, Request, settled},
};
use gate::Readiness;
use std::time::SystemTime;
use wire_pg::frontend::encode;

impl Relay {
    /// True if a text can be planned now; otherwise what is missing has been asked for.
    pub(super) fn ready(&mut self) -> bool {
        if !self.knows_for_whom() {
            return false;
        }
        let readiness = self.session.readiness(SystemTime::now());
        if !self.session.unrestricted() && self.is_unsettled() {
            self.settle();
            return false;
        }
        self.become_ready(readiness)
    }

    /// The same for those who run without being understood, where what they write where matters.
    pub(super) fn becomes_certain(&mut self) -> bool {
        if self.is_unsettled() && !self.copying_in {
            self.settle();
            return false;
        }
        let readiness = self.session.certainty();
        self.become_ready(readiness)
    }

    fn become_ready(&mut self, readiness: Readiness) -> bool {
        match readiness {
            Readiness::Ready => true,
            Readiness::CatalogStale => {
                let (reached, look) = (self.session.awaited(), self.session.needs_look());
                let wait = self.knowledge.wait(self.limits.catalog_wait, reached, look);
                match wait {
                    Some(wait) => {
                        self.block = Some(Block::Knowledge(wait));
                        false
                    }
                    // It was waited for in vain: what is known is stale, and planning says so.
                    None => true,
                }
            }
            Readiness::ScopeUnknown => self.ask_scope(),
        }
    }

    /// True if what is under way may change what the names of the next statement mean.
    fn is_unsettled(&self) -> bool {
        let ends = |e: &Expected| {
            matches!(e.request, Request::Sync | Request::Query(_) | Request::FunctionCall(_))
        };
        let under_way = &self.expected;
        // Whatever runs may take a role off, by code that stands in the database.
        // A Bind does too: it reads values as their types say, and plans.
        let runs = |e: &Expected| {
            ends(e) || matches!(e.request, Request::Execute(_) | Request::Bind(Some(_)))
        };
        let leaves = self.session.bound_role().is_some() && under_way.iter().any(runs);
        if leaves || under_way.iter().any(Expected::moves_names) {
            return true;
        }
        !settled(under_way)
            && (self.changing > 0 || self.session.is_scope_touched() && under_way.iter().any(ends))
    }

    /// Lets the client's next message wait until the server has answered all before it.
    pub(super) fn settle(&mut self) {
        if self.copying_in {
            // No statement may come before the COPY data's end, so nothing honest waits here.
            self.must_end = Some(End::ClientMistook(b'Q'));
        }
        encode::flush(&mut self.upstream.output);
        self.block = Some(Block::Settle);
    }
}
