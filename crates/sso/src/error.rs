//! What can go wrong between Weir and a provider. Nothing in these texts is a secret.

use crate::Wrong;
use std::fmt;

/// Why a sign-in elsewhere came to nothing.
#[derive(Debug)]
pub enum SsoError {
    /// The provider cannot be reached, or not over an encrypted channel.
    Unreachable(String),
    /// The certificate of whoever is asked does not convince.
    Untrusted(String),
    /// The provider answers what the specifications do not allow.
    Provider(String),
    /// The provider says no: its error, and its words.
    Refused(String, String),
    /// What it said about a person does not hold.
    Token(Wrong),
    /// The answer that came back is not the one to this question: somebody else's, or a replay.
    NotOurs(&'static str),
    /// Nobody signed in in time.
    TooLate,
    /// The system gave no random bytes.
    Random,
}

impl fmt::Display for SsoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "the provider cannot be reached: {why}"),
            Self::Untrusted(why) => write!(f, "the provider's certificate is not trusted: {why}"),
            Self::Provider(what) => write!(f, "the provider is not as it should be: {what}"),
            Self::Refused(error, words) if words.is_empty() => {
                write!(f, "the provider refuses: {error}")
            }
            Self::Refused(error, words) => write!(f, "the provider refuses: {error}: {words}"),
            Self::Token(wrong) => write!(f, "{wrong}"),
            Self::NotOurs(what) => write!(f, "the answer is not ours: {what}"),
            Self::TooLate => f.write_str("nobody signed in in time"),
            Self::Random => f.write_str("the system gives no random bytes"),
        }
    }
}

impl std::error::Error for SsoError {}

impl From<Wrong> for SsoError {
    fn from(wrong: Wrong) -> Self {
        Self::Token(wrong)
    }
}
