//! Random keys of this installation, made at first use and never changed. Knows not what they are
//! for beyond their names.

use crate::{Store, StoreError};
use std::fmt;

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretName {
    /// From which pseudonyms of values are derived.
    Pseudonym,
    /// From which the answers to sign-ins of unknown names are derived, so that they stay the same.
    MockSignIn,
}

/// 32 random bytes. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct InstallationSecret([u8; 32]);

impl SecretName {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pseudonym => "pseudonym",
            Self::MockSignIn => "mock_sign_in",
        }
    }
}

impl InstallationSecret {
    /// The bytes.
    pub fn expose(&self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for InstallationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Store {
    /// The key of this name, made now if it is not there. Two processes that ask at once get the
    /// same.
    pub async fn secret(&self, name: SecretName) -> Result<InstallationSecret, StoreError> {
        let mut fresh = [0_u8; 32];
        getrandom::fill(&mut fresh).map_err(|_| StoreError::Random)?;
        sqlx::query("INSERT OR IGNORE INTO secrets (name, value) VALUES (?, ?)")
            .bind(name.as_str())
            .bind(fresh.as_slice())
            .execute(&self.pool)
            .await?;
        let value: Vec<u8> = sqlx::query_scalar("SELECT value FROM secrets WHERE name = ?")
            .bind(name.as_str())
            .fetch_one(&self.pool)
            .await?;
        let damaged = |_| StoreError::Damaged(format!("key \"{}\" is not 32 bytes", name.as_str()));
        value.try_into().map(InstallationSecret).map_err(damaged)
    }
}

#[cfg(test)]
mod tests;
