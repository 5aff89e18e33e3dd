//! Persons, services and agents. Knows nothing of how they prove themselves.

use crate::ids::IdentityName;
use serde::{Deserialize, Serialize};

/// What kind of being is behind an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityKind {
    /// A human being.
    Person,
    /// A program that acts for itself: a job, a backend.
    Service,
    /// A program that acts for somebody else; its right is never more than that somebody's.
    Agent,
}

/// A verified identity. Whoever holds one may assume that credentials were checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Unique name.
    pub name: IdentityName,
    /// Person, service or agent.
    pub kind: IdentityKind,
    /// Groups that policies refer to, in ascending order. Kinds imply no group.
    pub groups: Vec<String>,
    /// For an agent: the identity it acts for, with its groups as they are now (`act`, RFC 8693
    /// read from the other side). `None` for persons and services; an agent without one is refused
    /// at sign-in.
    pub acts_for: Option<Box<Identity>>,
}

/// A grant that counts in a session: the rights of a group for a while.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Granted {
    /// The grant's name.
    pub grant: String,
    /// The group whose rights it gives.
    pub group: String,
}

impl Identity {
    /// The same with the groups of these grants. Whom it acts for stays as it is: a grant is never
    /// handed on.
    pub fn granted(&self, grants: &[Granted]) -> Self {
        let mut identity = self.clone();
        identity.groups.extend(grants.iter().map(|granted| granted.group.clone()));
        identity.groups.sort();
        identity.groups.dedup();
        identity
    }

    /// The whole chain in one string, outermost actor last: `alice` or `alice/agent-copilot`.
    pub fn chain(&self) -> String {
        match &self.acts_for {
            Some(principal) => format!("{}/{}", principal.chain(), self.name),
            None => self.name.to_string(),
        }
    }
}

impl IdentityKind {
    /// The word used in config, policies and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
            Self::Agent => "agent",
        }
    }
}

/// What kind of credential somebody signed in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// Its password: one, and until it is changed.
    Password,
    /// A short-lived token that stands for a sign-in elsewhere.
    Token,
    /// A key of a service or an agent.
    Key,
}

impl CredentialKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Token => "token",
            Self::Key => "key",
        }
    }

    /// The kind of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Password, Self::Token, Self::Key].into_iter().find(|kind| kind.as_str() == word)
    }
}
