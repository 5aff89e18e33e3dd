//! The codes of people's second factor, checked against what is kept. Knows no route and no
//! password.

use crate::{seal, serve::Shared};
use anyhow::Context;
use identity::{Secret, Totp, recovery_hash};
use std::time::SystemTime;

/// What a code came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// They have no second factor.
    None,
    /// It was right, and is used up.
    Right,
    /// There is none, and one is needed.
    Missing,
    /// It is wrong, of another time, or was used before.
    Wrong,
    /// It cannot be told now.
    Failed,
}

/// Checks a code of somebody whose password was right, and uses it up.
pub(crate) async fn check(shared: &Shared, name: &str, code: Option<&Secret>) -> Checked {
    match checked(shared, name, code).await {
        Ok(checked) => checked,
        Err(error) => {
            tracing::error!("a second factor cannot be checked: {error:#}");
            Checked::Failed
        }
    }
}

async fn checked(shared: &Shared, name: &str, code: Option<&Secret>) -> anyhow::Result<Checked> {
    let Some(kept) = shared.store.second_factor(name).await? else { return Ok(Checked::None) };
    let Some(code) = code else { return Ok(Checked::Missing) };
    let now = SystemTime::now();
    if let Some(hash) = recovery_hash(code.expose()) {
        let taken = shared.store.take_recovery_code(name, &hash, now).await?;
        return Ok(if taken { Checked::Right } else { Checked::Wrong });
    }
    let key = seal::key(&shared.config.load().state_dir, false)?;
    let totp = Totp::open(&kept.sealed, &key, name).context("the second factor of a person")?;
    let Some(step) = totp.step(code.expose(), now) else { return Ok(Checked::Wrong) };
    // Of two who show the same code at once, one is first.
    let taken = shared.store.take_step(name, step).await?;
    Ok(if taken { Checked::Right } else { Checked::Wrong })
}
