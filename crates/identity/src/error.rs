//! Why somebody was not let in. Knows no protocol's error codes: engines map these.

use crate::directory::Bar;
use model::Blame;
use std::fmt;

/// Every failure of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityError {
    /// A SCRAM message that the RFC does not allow; the text says what is wrong with it.
    Malformed(&'static str),
    /// A SCRAM feature that is allowed and not offered here.
    Unsupported(&'static str),
    /// The client could bind to the channel and believes that the server cannot: somebody in
    /// between took the offer away.
    BindingDowngrade,
    /// The client is connected to another TLS end point than this one.
    BindingMismatch,
    /// The name is unknown, or the password is wrong. Nobody outside can tell which.
    WrongProof,
    /// The password is right, and the identity may not sign in.
    Barred(Bar),
    /// The password is right, and not enough: a code goes with it.
    SecondFactor,
    /// A sealed secret that cannot be opened.
    NotASecret,
    /// A stored verifier that cannot be read.
    NotAVerifier,
    /// The system gave no random bytes.
    Random,
    /// Who vouches for it, or what is known of it, cannot be asked now.
    Unavailable,
}

impl IdentityError {
    /// Whose doing it is.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Malformed(_)
            | Self::Unsupported(_)
            | Self::BindingDowngrade
            | Self::BindingMismatch
            | Self::WrongProof => Blame::Client,
            Self::Barred(_) | Self::SecondFactor => Blame::Policy,
            Self::NotAVerifier | Self::NotASecret | Self::Random | Self::Unavailable => {
                Blame::Internal
            }
        }
    }

    /// What the client may read. Wrong passwords and unknown names read alike.
    pub fn client_message(&self) -> &'static str {
        match self {
            Self::Malformed(what) | Self::Unsupported(what) => what,
            Self::BindingDowngrade => {
                "the client supports SCRAM channel binding but thinks the server does not; \
                 this server does, so somebody may be in between"
            }
            Self::BindingMismatch => "SCRAM channel binding check failed",
            Self::WrongProof => "wrong name or password",
            Self::Barred(bar) => bar.client_message(),
            Self::SecondFactor => {
                "the password is not enough for this identity, which has a second factor: sign in \
                 with a token (weir login URL --local)"
            }
            Self::NotAVerifier | Self::NotASecret | Self::Random => "internal error",
            Self::Unavailable => "sign-ins of this kind cannot be checked now",
        }
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "malformed SCRAM message: {what}"),
            Self::Unsupported(what) => write!(f, "unsupported SCRAM feature: {what}"),
            Self::NotAVerifier => f.write_str("a stored verifier is not SCRAM-SHA-256"),
            Self::NotASecret => f.write_str("a sealed secret cannot be opened"),
            Self::Random => f.write_str("the system gives no random bytes"),
            other => f.write_str(other.client_message()),
        }
    }
}

impl std::error::Error for IdentityError {}
