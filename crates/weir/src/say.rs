//! A person's word about whatever can be decided: requests for approval and grants, by their names.
//! The same for every channel. Who has a voice is the store's to say.

use crate::{
    approvals::{self, Proven},
    grants,
};
use store::{NoVoice, Signing, Store, StoreError};

/// What somebody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Yes.
    Approve,
    /// No.
    Deny,
    /// Of a grant: not any more.
    Revoke,
    /// Of a grant that began: it was as it should be.
    Fine,
    /// Of a grant that began: it was not.
    NotFine,
}

impl Word {
    const ALL: [Self; 5] = [Self::Approve, Self::Deny, Self::Revoke, Self::Fine, Self::NotFine];

    /// As it stands in messages.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Revoke => "revoke",
            Self::Fine => "fine",
            Self::NotFine => "not_fine",
        }
    }

    /// By what stands in a message.
    pub(crate) fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.as_str() == text)
    }
}

/// True if this is the name of a grant; else it is that of a request for approval.
pub(crate) fn is_grant(about: &str) -> bool {
    about.starts_with(grants::PREFIX)
}

/// Takes somebody's word; gives how it stands then.
pub(crate) async fn say(
    store: &Store,
    about: &str,
    person: &Proven,
    word: Word,
    reason: &str,
    signing: &Signing<'_>,
) -> Result<Result<&'static str, NoVoice>, StoreError> {
    match (is_grant(about), word) {
        (false, Word::Approve | Word::Deny) => {
            let consents = word == Word::Approve;
            let said = approvals::decide(store, about, person, consents, reason, signing).await?;
            Ok(said.map(store::HoldState::as_str))
        }
        (false, Word::Revoke | Word::Fine | Word::NotFine) => Ok(Err(NoVoice::Nothing)),
        (true, Word::Approve | Word::Deny) => {
            let consents = word == Word::Approve;
            let said = grants::decide(store, about, person, consents, reason, signing).await?;
            Ok(said.map(store::GrantState::as_str))
        }
        (true, Word::Revoke) => {
            let said = grants::revoke(store, about, person, reason).await?;
            Ok(said.map(store::GrantState::as_str))
        }
        (true, Word::Fine | Word::NotFine) => {
            let said = grants::review(store, about, person, word == Word::Fine, reason).await?;
            Ok(said.map(store::Review::as_str))
        }
    }
}
