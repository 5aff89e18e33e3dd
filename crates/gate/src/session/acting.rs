//! A service that acts for an end user while a transaction lasts: decisions and records are those
//! of both until then, and of the service alone after it. Knows no token.
//!
//! In the record each such transaction is a session of its own, between two records of its chain of
//! actors: so whoever asks the record who did what is told the person, too.

use super::{Client, Session};
use crate::{history::History, record, refusal::Refusal};
use ledger::{SessionId, Time};
use model::{Identity, IdentityKind};
use std::{
    hash::{Hash, Hasher},
    sync::Arc,
    time::SystemTime,
};

/// How the record says that an end user was proven.
const METHOD: &str = "end-user token";

/// The session as it is without an end user.
#[derive(Debug)]
pub(super) struct Plain {
    identity: Arc<Identity>,
    id: SessionId,
    totals: (u64, u64, u64),
    history: Arc<History>,
    method: &'static str,
    own: SessionId,
}

impl Session {
    /// Acts for a person from now on, if policy lets both connect. The caller has proven that the
    /// service may say so, and lets nothing run meanwhile.
    pub fn act_for(&mut self, person: &Arc<Identity>, now: SystemTime) -> Result<(), Refusal> {
        if let Some(known) = self.acts_for() {
            return match *known == **person {
                true => Ok(()),
                false => Err(not_now("this transaction is for another end user")),
            };
        }
        if self.identity.kind != IdentityKind::Service || person.kind != IdentityKind::Person {
            return Err(not_now("only a service acts for an end user, who is a person"));
        }
        self.beat(now);
        let both =
            Identity { acts_for: Some(Box::new((**person).clone())), ..(*self.identity).clone() };
        let plain = Plain {
            identity: Arc::clone(&self.identity),
            id: self.id,
            totals: self.totals(),
            history: Arc::clone(&self.history),
            method: self.client.method,
            own: self.own(),
        };
        self.acting = Some(Box::new(plain));
        self.history = self.gate.histories.of(&both.chain());
        self.id = self.gate.ledger.session(Time::from(now));
        (self.statements, self.rows, self.bytes) = (0, 0, 0);
        self.client.method = METHOD;
        self.become_other(Arc::new(both), now);
        let policies = self.gate.policies.load_full();
        let context = self.context(now);
        let (database, environment) = (&self.database.name, &self.database.environment);
        let allowed = policies.may_connect(&self.identity, database, environment, &context);
        let opened = match allowed {
            Ok(()) => record::session_opened(self, now),
            Err(verdict) => {
                let refusal = Refusal::by_policy(&verdict, None);
                record::session_refused(self, &refusal, now);
                Err(refusal)
            }
        };
        if let Err(refusal) = opened {
            self.restore(now);
            return Err(refusal);
        }
        Ok(())
    }

    /// Who it is when it acts for nobody.
    pub fn itself(&self) -> &Identity {
        self.acting.as_ref().map_or(&self.identity, |plain| &plain.identity)
    }

    /// Records that what was said of an end user did not hold.
    pub fn end_user_refused(&self, refusal: &Refusal, now: SystemTime) {
        let (chain, database) = (self.identity.chain(), self.database.name.as_str());
        let address = self.client.address;
        self.gate.note_sign_in_refused(address, &chain, database, &refusal.message, now);
    }

    /// The end user that it acts for now.
    pub fn acts_for(&self) -> Option<&Identity> {
        self.acting.as_ref()?;
        self.identity.acts_for.as_deref()
    }

    /// The transaction is over: it acts for nobody.
    pub fn act_for_nobody(&mut self, now: SystemTime) {
        if self.acting.is_some() {
            self.beat(now);
            record::session_closed(self, "the transaction of the end user is over", now);
            self.restore(now);
        }
    }

    /// The session by which names of its own are told from others'.
    pub(super) fn own(&self) -> SessionId {
        self.acting.as_ref().map_or(self.id, |plain| plain.own)
    }

    fn restore(&mut self, now: SystemTime) {
        let Some(plain) = self.acting.take() else { return };
        let Plain { identity, id, totals, history, method, own: _ } = *plain;
        self.id = id;
        (self.statements, self.rows, self.bytes) = totals;
        self.history = history;
        self.client.method = method;
        self.become_other(identity, now);
    }

    fn become_other(&mut self, identity: Arc<Identity>, now: SystemTime) {
        self.asker = asker_of(&identity, &self.client);
        self.identity = identity;
        (self.pulse, self.moved, self.unlike) = ((0, 0), 0, None);
        let policies = self.gate.policies.load_full();
        self.follow_policies(&policies, now);
    }
}

/// Everything about who asks that a decision depends on, as a number: part of every cache key.
pub(super) fn asker_of(identity: &Identity, client: &Client) -> u64 {
    let mut asker = crate::cache::hasher();
    let chain = std::iter::successors(Some(identity), |one| one.acts_for.as_deref());
    chain.for_each(|one| (one.name.as_str(), one.kind, &one.groups).hash(&mut asker));
    (client.address, client.tls, &client.application).hash(&mut asker);
    (client.work.task.as_ref().map(|running| &running.task)).hash(&mut asker);
    (&client.work.purpose, client.preview.is_some(), &client.role).hash(&mut asker);
    asker.finish()
}

fn not_now(what: &str) -> Refusal {
    Refusal::unenforceable(what, "End the transaction first.")
}
