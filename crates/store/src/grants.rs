//! Grants: membership of a group for a time, on some databases, for a purpose. Knows who consented
//! and when each begins and ends; nothing of policies, and nothing of how a person proves who they
//! are.
//!
//! ```text
//! open ─▶ granted ─▶ begun ─▶ ended
//!   │        │         └───▶ revoked
//!   │        ├───▶ void (when it was to begin, it could not)
//!   └────────┴───▶ denied, expired, revoked
//! ```
//!
//! Every step is one transaction with the event that tells of it.

mod life;
mod say;

pub(crate) use life::revoke_of;

use crate::{
    Store, StoreError, Voice,
    json::read,
    open::{micros, time},
    outbox::note_grant,
    voices::Said,
};
use model::verdict::Approval;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use std::time::{Duration, SystemTime};

/// How long after the end of a grant its review is overdue.
pub const REVIEW_WITHIN: Duration = Duration::from_secs(24 * 3_600);

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewGrant {
    /// Its name.
    pub grant: String,
    /// The group whose rights it gives.
    pub group: String,
    /// To whom.
    pub identity: String,
    /// The same with everybody it acts for: `alice/copilot`.
    pub chain: String,
    /// Everybody in that chain: none of them has a say in it.
    pub members: Vec<String>,
    /// On which databases, by Weir's names.
    pub databases: Vec<String>,
    /// It is a break-glass grant.
    pub emergency: bool,
    /// What for, in their words.
    pub purpose: String,
    /// When it was asked for.
    pub asked: SystemTime,
    /// Until when it can be consented to, and begin.
    pub until: SystemTime,
    /// How long it lasts from its beginning: seconds.
    pub seconds: u64,
    /// Whose consent it needs before it begins; nobody's if empty.
    pub needs: Vec<Approval>,
    /// Who must review it afterwards; nobody if empty.
    pub reviewers: Vec<Approval>,
}

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantState {
    /// It waits for consent.
    Open,
    /// It may begin.
    Granted,
    /// It is in force.
    Begun,
    /// Its time is over.
    Ended,
    /// It was taken back, before or after it began.
    Revoked,
    /// Somebody denied it.
    Denied,
    /// Nobody consented in time, or it did not begin in time.
    Expired,
    /// When it was to begin, it could not.
    Void,
}

impl GrantState {
    const ALL: [Self; 8] = [
        Self::Open,
        Self::Granted,
        Self::Begun,
        Self::Ended,
        Self::Revoked,
        Self::Denied,
        Self::Expired,
        Self::Void,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Begun => "begun",
            Self::Ended => "ended",
            Self::Revoked => "revoked",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Void => "void",
        }
    }

    /// True while it gives a right, or still can.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Open | Self::Granted | Self::Begun)
    }
}

/// How the review of a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    /// Nobody has to look at it, or it did not begin yet.
    None,
    /// It is to be done.
    Open,
    /// It was looked at, and was as it should be.
    Fine,
    /// It was looked at, and was not.
    NotFine,
}

impl Review {
    const ALL: [Self; 4] = [Self::None, Self::Open, Self::Fine, Self::NotFine];

    /// The word for it; empty for none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Open => "open",
            Self::Fine => "fine",
            Self::NotFine => "not_fine",
        }
    }
}

/// A grant as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptGrant {
    /// What was asked for.
    pub asked: NewGrant,
    /// Where it stands.
    pub state: GrantState,
    /// When it began.
    pub begins: Option<SystemTime>,
    /// When it ends, or would have ended.
    pub ends: Option<SystemTime>,
    /// How much of it has passed, as a moment between the two.
    pub seen: Option<SystemTime>,
    /// How its review stands.
    pub review: Review,
    /// From when on that is overdue.
    pub due: Option<SystemTime>,
    /// Who consented or denied, in order.
    pub voices: Vec<Voice>,
    /// Who reviewed it, in order; `consents` if they found it fine.
    pub reviews: Vec<Voice>,
}

impl KeptGrant {
    /// True if nobody reviewed it in time.
    pub fn is_overdue(&self, now: SystemTime) -> bool {
        self.review == Review::Open && self.due.is_some_and(|due| due <= now)
    }
}

/// Which grants to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Those that wait, are in force or are to be reviewed.
    Live,
    /// Those in force.
    InForce,
    /// Those to be reviewed.
    ToReview,
    /// All.
    All,
}

impl Store {
    /// One grant.
    pub async fn grant(&self, grant: &str) -> Result<Option<KeptGrant>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        get(&mut transaction, grant).await
    }

    /// Grants, newest first.
    pub async fn grants(&self, listing: Listing, limit: u32) -> Result<Vec<KeptGrant>, StoreError> {
        let query = match listing {
            Listing::Live => {
                "SELECT * FROM grants WHERE state IN ('open', 'granted', 'begun')
                 OR review = 'open' ORDER BY asked DESC LIMIT ?"
            }
            Listing::InForce => {
                "SELECT * FROM grants WHERE state = 'begun' ORDER BY asked DESC LIMIT ?"
            }
            Listing::ToReview => {
                "SELECT * FROM grants WHERE review = 'open' ORDER BY asked DESC LIMIT ?"
            }
            Listing::All => "SELECT * FROM grants ORDER BY asked DESC LIMIT ?",
        };
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query(query).bind(limit).fetch_all(&mut *transaction).await?;
        all(&mut transaction, &rows).await
    }
}

async fn all(
    transaction: &mut SqliteConnection,
    rows: &[SqliteRow],
) -> Result<Vec<KeptGrant>, StoreError> {
    let mut grants = Vec::with_capacity(rows.len());
    for row in rows {
        grants.push(kept(transaction, row).await?);
    }
    Ok(grants)
}

async fn get(
    transaction: &mut SqliteConnection,
    grant: &str,
) -> Result<Option<KeptGrant>, StoreError> {
    let row = sqlx::query("SELECT * FROM grants WHERE grant_id = ?")
        .bind(grant)
        .fetch_optional(&mut *transaction)
        .await?;
    match row {
        Some(row) => kept(transaction, &row).await.map(Some),
        None => Ok(None),
    }
}

/// Puts a grant into another state, with the event that tells of it.
async fn settle(
    transaction: &mut SqliteConnection,
    grant: &KeptGrant,
    state: GrantState,
    said: Said<'_>,
    now: SystemTime,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE grants SET state = ?, decided = ? WHERE grant_id = ?")
        .bind(state.as_str())
        .bind(micros(now))
        .bind(&grant.asked.grant)
        .execute(&mut *transaction)
        .await?;
    note_grant(transaction, grant, state.as_str(), said, now).await
}

async fn kept(
    transaction: &mut SqliteConnection,
    row: &SqliteRow,
) -> Result<KeptGrant, StoreError> {
    let asked = asked(row)?;
    let word: String = row.try_get("state")?;
    let state = GrantState::ALL.into_iter().find(|state| state.as_str() == word);
    let review: Option<String> = row.try_get("review")?;
    let review = review.unwrap_or_default();
    let known = Review::ALL.into_iter().find(|known| known.as_str() == review);
    let moment = |name: &str| -> Result<Option<SystemTime>, StoreError> {
        Ok(row.try_get::<Option<i64>, _>(name)?.map(time))
    };
    Ok(KeptGrant {
        state: state.ok_or_else(|| StoreError::Damaged(format!("a grant is \"{word}\"")))?,
        begins: moment("begins")?,
        ends: moment("ends")?,
        seen: moment("seen")?,
        review: known.ok_or_else(|| StoreError::Damaged(format!("a review is \"{review}\"")))?,
        due: moment("due")?,
        voices: say::voices(transaction, &asked.grant, "consent").await?,
        reviews: say::voices(transaction, &asked.grant, "review").await?,
        asked,
    })
}

fn asked(row: &SqliteRow) -> Result<NewGrant, StoreError> {
    let seconds: i64 = row.try_get("seconds")?;
    Ok(NewGrant {
        grant: row.try_get("grant_id")?,
        group: row.try_get("in_group")?,
        identity: row.try_get("identity")?,
        chain: row.try_get("chain")?,
        members: read(row.try_get("members")?)?,
        databases: read(row.try_get("databases")?)?,
        emergency: row.try_get("emergency")?,
        purpose: row.try_get("purpose")?,
        asked: time(row.try_get("asked")?),
        until: time(row.try_get("until")?),
        seconds: u64::try_from(seconds).unwrap_or(0),
        needs: read(row.try_get("needs")?)?,
        reviewers: read(row.try_get("reviewers")?)?,
    })
}

#[cfg(test)]
mod tests;
