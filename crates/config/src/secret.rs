//! Secrets by reference: where a secret is, and the secret itself once it is needed. The text of
//! `weir.toml` never holds one, and neither does anything printed from here.

use std::{env, fmt, fs, path::PathBuf};

/// A secret file longer than this is not a password, and is refused rather than read.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// Where a secret is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In this environment variable.
    Env(String),
    /// In this file; one line end after it is not part of the secret.
    File(PathBuf),
}

/// A secret in memory. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a secret cannot be had. Never holds a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretError {
    /// The environment variable is not set, or is empty.
    Unset(String),
    /// The variable or the file holds what is not UTF-8 text.
    NotText(String),
    /// The file cannot be read: which, and the system's word for why.
    Unreadable(PathBuf, String),
    /// The file holds nothing.
    Empty(PathBuf),
    /// The file is longer than any password.
    TooLong(PathBuf),
}

impl SecretSource {
    /// Follows the reference now; nothing is remembered.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Env(name) => match env::var(name) {
                Ok(text) if text.is_empty() => Err(SecretError::Unset(name.clone())),
                Ok(text) => Ok(Secret(text)),
                Err(env::VarError::NotPresent) => Err(SecretError::Unset(name.clone())),
                Err(env::VarError::NotUnicode(_)) => Err(SecretError::NotText(name.clone())),
            },
            Self::File(path) => {
                let failed = |error: std::io::Error| {
                    SecretError::Unreadable(path.clone(), error.kind().to_string())
                };
                if fs::metadata(path).map_err(failed)?.len() > MAX_SECRET_BYTES {
                    return Err(SecretError::TooLong(path.clone()));
                }
                let text = String::from_utf8(fs::read(path).map_err(failed)?)
                    .map_err(|_| SecretError::NotText(path.display().to_string()))?;
                let text = text.strip_suffix('\n').unwrap_or(&text);
                let text = text.strip_suffix('\r').unwrap_or(text);
                if text.is_empty() {
                    return Err(SecretError::Empty(path.clone()));
                }
                Ok(Secret(text.to_owned()))
            }
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

impl Secret {
    /// The secret itself, for the one place that sends or hashes it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset(name) => write!(f, "environment variable {name} is not set"),
            Self::NotText(place) => write!(f, "the secret in {place} is not UTF-8 text"),
            Self::Unreadable(path, why) => {
                write!(f, "secret file {} cannot be read: {why}", path.display())
            }
            Self::Empty(path) => write!(f, "secret file {} is empty", path.display()),
            Self::TooLong(path) => {
                write!(f, "secret file {} is longer than {MAX_SECRET_BYTES} bytes", path.display())
            }
        }
    }
}

impl std::error::Error for SecretError {}

#[cfg(test)]
mod tests;
