//! What an identity signs in with: its password, tokens and keys. Knows no exchange and no store.
//!
//! All credentials of one identity have one salt and one number of iterations, so the server can
//! answer a client's first message without knowing which of them it holds.

use crate::{Bar, IdentityError, ScramVerifier, Secret};
use model::{CredentialKind, Identity};
use std::{sync::Arc, time::SystemTime};

/// The most credentials that one identity signs in with, its password among them. So many are
/// looked at for every proof, for every name, so that the time tells nothing.
pub const MAX_CREDENTIALS: usize = 32;
/// What a password is called where other credentials have names of their own.
pub const PASSWORD_ID: &str = "password";

/// One thing that an identity signs in with.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its name, which is no secret.
    pub id: String,
    /// What it is.
    pub kind: CredentialKind,
    /// What its secret is checked against.
    pub verifier: ScramVerifier,
    /// The hash of its secret, by which a bearer is found. None for a password: passwords are
    /// proven, never sent.
    pub hash: Option<[u8; 32]>,
    /// From when on it is good.
    pub not_before: SystemTime,
    /// From when on it is good no longer; never if nothing.
    pub expires: Option<SystemTime>,
    /// The databases that it is for, by Weir's names; all if empty.
    pub databases: Vec<String>,
    /// Where it comes from: a provider's name, or whoever made it.
    pub source: String,
    /// The person for whom an agent acts with it, if not whom it always acts for.
    pub acts_for: Option<String>,
    /// It is not enough by itself: a code goes with it.
    pub half: bool,
    /// Of a password, how often one was set anew before it: the same one given again differs.
    pub number: u64,
    /// The only task that it works on.
    pub task: Option<String>,
}

impl Credential {
    /// The password that this verifier is of.
    pub fn password(verifier: ScramVerifier) -> Self {
        Self {
            id: PASSWORD_ID.to_owned(),
            kind: CredentialKind::Password,
            verifier,
            hash: None,
            not_before: SystemTime::UNIX_EPOCH,
            expires: None,
            databases: Vec::new(),
            source: String::new(),
            acts_for: None,
            half: false,
            number: 0,
            task: None,
        }
    }

    /// Under which name it signs an identity in: an agent that acts for whoever gave it a token has
    /// the chain of both for a name.
    pub fn signs_in(&self, identity: &str) -> String {
        match &self.acts_for {
            Some(person) => format!("{person}/{identity}"),
            None => identity.to_owned(),
        }
    }

    /// True while it may be used.
    pub fn is_good(&self, now: SystemTime) -> bool {
        self.not_before <= now && self.expires.is_none_or(|expires| now < expires)
    }

    /// True if it may be used for this database.
    pub fn opens(&self, database: &str) -> bool {
        self.databases.is_empty() || self.databases.iter().any(|one| one == database)
    }
}

/// Somebody who has proven who they are, and with what.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Who.
    pub identity: Arc<Identity>,
    /// With what.
    pub credential: Arc<Credential>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Standing {
    /// An identity that may sign in.
    Good(Arc<Identity>),
    /// One that may not.
    Barred(Bar),
    /// No identity.
    Unknown,
}

/// What a sign-in under one name is checked against. Exists for every name, known or not, and
/// does not say which to anybody outside this crate before something was proven.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The password's, or a made-up one. Its salt and iterations are those of all.
    pub(crate) lead: Arc<Credential>,
    /// All others.
    pub(crate) others: Arc<[Arc<Credential>]>,
    pub(crate) standing: Standing,
}

impl Claim {
    /// What the password is checked against, as it is stored.
    pub fn verifier(&self) -> String {
        self.lead.verifier.to_text()
    }

    /// Who it is, if this is the password: for channels that carry the password itself, encrypted.
    /// Takes the same time whether or not the name is known; no password is right for one that is
    /// not. Tokens and keys are no passwords here: whoever has one needs no other sign-in.
    pub fn prove(self, password: &Secret) -> Result<Arc<Identity>, IdentityError> {
        let proven = self.lead.verifier.matches(password);
        self.standing.admit(proven)
    }

    /// The credential at this place, and whether it is one at all: places beyond the last have
    /// the work of the others and no right answer.
    pub(crate) fn at(&self, place: usize) -> (&Arc<Credential>, bool) {
        match place.checked_sub(1) {
            None => (&self.lead, true),
            Some(other) => match self.others.get(other) {
                Some(credential) => (credential, true),
                None => (&self.lead, false),
            },
        }
    }
}

impl Standing {
    /// The identity, if something was proven and it may sign in.
    pub(crate) fn admit(self, proven: bool) -> Result<Arc<Identity>, IdentityError> {
        match self {
            Self::Good(identity) if proven => Ok(identity),
            Self::Barred(bar) if proven => Err(IdentityError::Barred(bar)),
            Self::Good(_) | Self::Barred(_) | Self::Unknown => Err(IdentityError::WrongProof),
        }
    }
}

#[cfg(test)]
mod tests;
