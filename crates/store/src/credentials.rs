//! What identities sign in with beside their password: tokens and keys. Knows no secret: of each
//! it has a verifier and a hash.
//!
//! A token follows from a sign-in elsewhere and ends soon; one more than an identity may have ends
//! the oldest. A key is given by a person; one more than it may have is refused.

use crate::{
    Store, StoreError, Verifier,
    open::{micros, time},
    outbox::note,
    tokens::SIGN_IN,
};
use model::{CredentialKind, IdentityName};
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use std::{
    fmt,
    net::IpAddr,
    time::{Duration, SystemTime},
};

/// Tokens of one identity that are good at once.
const MAX_TOKENS: u32 = 20;
/// Keys of one identity that are good at once. With the tokens and a password, no more than the
/// server looks at for one proof.
const MAX_KEYS: i64 = 11;
/// How long a token is kept after its end, to be listed.
const TOKENS_LISTED: Duration = Duration::from_secs(24 * 3_600);
/// How exactly it is kept when a credential was last used.
const USE_EXACT: Duration = Duration::from_secs(600);
/// The same where it is used from another address than before.
const MOVE_EXACT: Duration = Duration::from_secs(60);

/// That a credential was used: its name, when, and from where if that is known.
pub type CredentialUse = (String, SystemTime, Option<IpAddr>);

/// What makes a credential one by which an agent acts for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegated {
    /// The person that the agent acts for.
    pub acts_for: IdentityName,
    /// The only task that it works on.
    pub task: Option<String>,
    /// The person's credential that it follows from, and ends with.
    pub subject: Option<String>,
    /// The agent's own, likewise.
    pub actor: Option<String>,
}

/// A credential to be added.
#[derive(Clone)]
pub struct NewCredential {
    /// Its name, which is no secret.
    pub id: String,
    /// Whose it is.
    pub identity: IdentityName,
    /// A token or a key.
    pub kind: CredentialKind,
    /// What its secret is checked against: with the salt and the iterations of the password.
    pub verifier: Verifier,
    /// The SHA-256 of its secret.
    pub hash: [u8; 32],
    /// The databases that it is for, by Weir's names; all if empty.
    pub databases: Vec<String>,
    /// Where it comes from, in a word: a provider's name, `command line`.
    pub source: String,
    /// From when on it is good.
    pub not_before: SystemTime,
    /// From when on no longer; never if nothing.
    pub expires: Option<SystemTime>,
    /// The key that it takes the place of.
    pub replaces: Option<String>,
    /// What it follows from, and ends with, where it is its own identity's.
    pub follows: Option<String>,
    /// For whom an agent acts with it, if not for whom it always does.
    pub delegated: Option<Delegated>,
}

/// A credential as it is kept.
#[derive(Clone, Debug)]
pub struct KeptCredential {
    /// What was added.
    pub new: NewCredential,
    /// When it was made.
    pub created: SystemTime,
    /// About when it was last used.
    pub used: Option<SystemTime>,
    /// From where it was used then.
    pub used_from: Option<IpAddr>,
    /// When it was revoked.
    pub revoked: Option<SystemTime>,
}

impl KeptCredential {
    /// True if it can be used now or later.
    pub fn is_live(&self, now: SystemTime) -> bool {
        self.revoked.is_none() && self.new.expires.is_none_or(|expires| now < expires)
    }
}

impl NewCredential {
    /// Under which name it signs in, which is the chain of actors where it says one.
    pub fn chain(&self) -> String {
        match &self.delegated {
            Some(delegated) => format!("{}/{}", delegated.acts_for, self.identity),
            None => self.identity.to_string(),
        }
    }
}

impl fmt::Debug for NewCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, identity, kind, source, expires, .. } = self;
        write!(f, "{} {id} of {identity} from {source} until {expires:?}", kind.as_str())
    }
}

impl Store {
    /// Adds a credential of an enabled identity.
    pub async fn add_credential(
        &self,
        new: &NewCredential,
        by: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        add(&mut transaction, new, by, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Every credential of an identity, or of all, newest first; those that are over included as
    /// long as they are kept.
    pub async fn credentials(&self, of: Option<&str>) -> Result<Vec<KeptCredential>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM credentials WHERE ?1 IS NULL OR identity = ?1 ORDER BY created DESC, id",
        )
        .bind(of)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(kept).collect()
    }

    /// Lets a live credential be good for longer or for less long. False if there is none.
    pub async fn prolong_credential(
        &self,
        id: &str,
        expires: SystemTime,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE credentials SET expires = ?2
             WHERE id = ?1 AND revoked IS NULL AND (expires IS NULL OR expires > ?3)",
        )
        .bind(id)
        .bind(micros(expires))
        .bind(micros(now))
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends a credential for good. False if there is none that is live; nothing is noted then.
    pub async fn revoke_credential(
        &self,
        id: &str,
        by: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let row = sqlx::query(
            "UPDATE credentials SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL
             RETURNING identity, kind",
        )
        .bind(id)
        .bind(micros(now))
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let (identity, kind): (String, String) = (row.try_get("identity")?, row.try_get("kind")?);
        let what = format!("{kind} {id} revoked");
        note(&mut transaction, now, by, &identity, &what).await?;
        revoke_following(&mut transaction, id, by, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Keeps when credentials were used, and from where: about, so that a busy one does not make
    /// work.
    pub async fn credentials_used(&self, uses: &[CredentialUse]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for (id, at, from) in uses {
            let before = |exact| at.checked_sub(exact).map_or(0, micros);
            sqlx::query(
                "UPDATE credentials SET used = ?2, used_from = ?3 WHERE id = ?1
                 AND (used IS NULL OR used < ?4 OR (used_from IS NOT ?3 AND used < ?5))",
            )
            .bind(id)
            .bind(micros(*at))
            .bind(from.map(|address| address.to_string()))
            .bind(before(USE_EXACT))
            .bind(before(MOVE_EXACT))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Adds a credential, in the transaction of whatever leads to it.
pub(crate) async fn add(
    transaction: &mut Transaction<'_, Sqlite>,
    new: &NewCredential,
    by: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT verifier FROM identities WHERE name = ? AND enabled = 1")
        .bind(new.identity.as_str())
        .fetch_optional(&mut **transaction)
        .await?;
    let row = row.ok_or_else(|| StoreError::NoIdentity(new.identity.to_string()))?;
    let lead: String = row.try_get("verifier")?;
    none_ended(transaction, new).await?;
    if let Some(delegated) = &new.delegated {
        may_be_acted_for(transaction, delegated).await?;
    } else if salt(&lead) != salt(new.verifier.expose()) {
        return Err(StoreError::Credential("it was made for another password"));
    }
    let delegated = new.delegated.as_ref();
    let from = delegated.map_or([&new.follows, &None], |one| [&one.subject, &one.actor]);
    for id in from.into_iter().flatten() {
        outlives(transaction, id, new).await?;
    }
    make_room(transaction, new, by, now).await?;
    let done = sqlx::query(
        "INSERT OR IGNORE INTO credentials
         (id, identity, kind, verifier, hash, databases, source, created, not_before, expires,
          replaces, acts_for, task, subject, actor)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&new.id)
    .bind(new.identity.as_str())
    .bind(new.kind.as_str())
    .bind(new.verifier.expose())
    .bind(new.hash.as_slice())
    .bind(serde_json::to_string(&new.databases).unwrap_or_default())
    .bind(&new.source)
    .bind(micros(now))
    .bind(micros(new.not_before))
    .bind(new.expires.map(micros))
    .bind(&new.replaces)
    .bind(delegated.map(|one| one.acts_for.as_str()))
    .bind(delegated.and_then(|one| one.task.as_deref()))
    .bind(delegated.map_or(new.follows.as_deref(), |one| one.subject.as_deref()))
    .bind(delegated.and_then(|one| one.actor.as_deref()))
    .execute(&mut **transaction)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::Credential("there was one of this secret before"));
    }
    let mut what = format!("{} {} made by {}", new.kind.as_str(), new.id, new.source);
    if !new.databases.is_empty() {
        what += &format!(" for {}", new.databases.join(", "));
    }
    note(transaction, now, by, &new.chain(), &what).await
}

/// Whether an agent may act for this one: a person, and enabled.
async fn may_be_acted_for(
    transaction: &mut Transaction<'_, Sqlite>,
    delegated: &Delegated,
) -> Result<(), StoreError> {
    let name = delegated.acts_for.as_str();
    let query = "SELECT 1 FROM identities WHERE name = ? AND enabled = 1 AND kind = 'person'";
    let found = sqlx::query(query).bind(name).fetch_optional(&mut **transaction).await?;
    found.map(|_| ()).ok_or_else(|| StoreError::NoIdentity(name.to_owned()))
}

/// Whether what a token follows from is in force, and at least as long: it may have ended while
/// the token was made.
async fn outlives(
    transaction: &mut Transaction<'_, Sqlite>,
    id: &str,
    new: &NewCredential,
) -> Result<(), StoreError> {
    let until = new.expires.map_or(i64::MAX, micros);
    let found = sqlx::query(
        "SELECT 1 FROM credentials WHERE id = ?1 AND revoked IS NULL
             AND (expires IS NULL OR expires >= ?2)
         UNION ALL SELECT 1 FROM tokens WHERE ?3 || hex(hash) = ?1 AND until >= ?2",
    )
    .bind(id)
    .bind(until)
    .bind(SIGN_IN)
    .fetch_optional(&mut **transaction)
    .await?;
    found.map(|_| ()).ok_or(StoreError::Credential("what it follows from is over"))
}

/// Ends what follows from a credential that is ended.
pub(crate) async fn revoke_following(
    transaction: &mut Transaction<'_, Sqlite>,
    id: &str,
    by: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "UPDATE credentials SET revoked = ?2
         WHERE (subject = ?1 OR actor = ?1) AND revoked IS NULL RETURNING *",
    )
    .bind(id)
    .bind(micros(now))
    .fetch_all(&mut **transaction)
    .await?;
    for row in &rows {
        let new = kept(row)?.new;
        let what = format!("{} {} revoked with {id}", new.kind.as_str(), new.id);
        note(transaction, now, by, &new.chain(), &what).await?;
    }
    Ok(())
}

/// Refuses what was made before a provider ended what was open of whoever it is for.
async fn none_ended(
    transaction: &mut Transaction<'_, Sqlite>,
    new: &NewCredential,
) -> Result<(), StoreError> {
    let query = "SELECT count(*) FROM identities WHERE name IN (?1, ?2) AND ended >= ?3";
    let over: i64 = sqlx::query_scalar(query)
        .bind(new.identity.as_str())
        .bind(new.delegated.as_ref().map(|one| one.acts_for.as_str()))
        .bind(micros(new.not_before))
        .fetch_one(&mut **transaction)
        .await?;
    match over {
        0 => Ok(()),
        _ => Err(StoreError::Credential("its provider ended what was open before")),
    }
}

/// Ends the oldest tokens, so that there is room for one more; refuses a key beyond the limit.
async fn make_room(
    transaction: &mut Transaction<'_, Sqlite>,
    new: &NewCredential,
    by: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    let name = new.identity.as_str();
    match new.kind {
        CredentialKind::Password => Err(StoreError::Credential("a password is no such credential")),
        CredentialKind::Token => {
            sqlx::query("DELETE FROM credentials WHERE kind = 'token' AND expires <= ?")
                .bind(now.checked_sub(TOKENS_LISTED).map_or(0, micros))
                .execute(&mut **transaction)
                .await?;
            let ended = sqlx::query(
                "UPDATE credentials SET revoked = ?2
                 WHERE identity = ?1 AND acts_for IS ?4 AND kind = 'token' AND revoked IS NULL
                 AND id NOT IN
                 (SELECT id FROM credentials WHERE identity = ?1 AND acts_for IS ?4
                  AND kind = 'token' AND revoked IS NULL AND expires > ?2
                  ORDER BY created DESC, id LIMIT ?3) RETURNING id, expires",
            )
            .bind(name)
            .bind(micros(now))
            .bind(MAX_TOKENS - 1)
            .bind(new.delegated.as_ref().map(|one| one.acts_for.as_str()))
            .fetch_all(&mut **transaction)
            .await?;
            for row in &ended {
                let id: String = row.try_get("id")?;
                let end: Option<i64> = row.try_get("expires")?;
                if end.is_none_or(|end| end > micros(now)) {
                    let what = format!("token {id} revoked: a newer one took its place");
                    note(transaction, now, by, &new.chain(), &what).await?;
                }
                revoke_following(transaction, &id, by, now).await?;
            }
            Ok(())
        }
        CredentialKind::Key => {
            let live: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM credentials WHERE identity = ?1 AND kind = 'key'
                 AND revoked IS NULL AND (expires IS NULL OR expires > ?2)",
            )
            .bind(name)
            .bind(micros(now))
            .fetch_one(&mut **transaction)
            .await?;
            match live < MAX_KEYS {
                true => Ok(()),
                false => Err(StoreError::Credential(
                    "it has as many keys as it may have; revoke one of them first",
                )),
            }
        }
    }
}

/// Ends every token of an identity and of agents that act for it by theirs, in the transaction that
/// takes something from it.
pub(crate) async fn revoke_tokens(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE credentials SET revoked = ?2
         WHERE (identity = ?1 OR acts_for = ?1) AND kind = 'token' AND revoked IS NULL",
    )
    .bind(name)
    .bind(micros(now))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Ends whatever does not go with a new password, in the transaction that sets it: every token,
/// and keys that were made with another salt.
pub(crate) async fn fit(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
    verifier: &Verifier,
    now: SystemTime,
) -> Result<(), StoreError> {
    revoke_tokens(transaction, name, now).await?;
    let keys = sqlx::query("SELECT id, verifier FROM credentials WHERE identity = ?")
        .bind(name)
        .fetch_all(&mut **transaction)
        .await?;
    for key in keys {
        let (id, own): (String, String) = (key.try_get("id")?, key.try_get("verifier")?);
        if salt(&own) != salt(verifier.expose()) {
            sqlx::query("UPDATE credentials SET revoked = ? WHERE id = ? AND revoked IS NULL")
                .bind(micros(now))
                .bind(id)
                .execute(&mut **transaction)
                .await?;
        }
    }
    Ok(())
}

fn delegated(row: &SqliteRow) -> Result<Option<Delegated>, StoreError> {
    let Some(acts_for) = row.try_get::<Option<String>, _>("acts_for")? else { return Ok(None) };
    Ok(Some(Delegated {
        acts_for: IdentityName::new(acts_for),
        task: row.try_get("task")?,
        subject: row.try_get("subject")?,
        actor: row.try_get("actor")?,
    }))
}

/// Mechanism, iterations and salt of a verifier: all before its keys.
fn salt(verifier: &str) -> &str {
    verifier.rsplit_once('$').map_or("", |(head, _)| head)
}

pub(crate) fn kept(row: &SqliteRow) -> Result<KeptCredential, StoreError> {
    let id: String = row.try_get("id")?;
    let damaged = |what: &str| StoreError::Damaged(format!("credential {id} has {what}"));
    let kind = CredentialKind::from_word(row.try_get("kind")?);
    let hash: Vec<u8> = row.try_get("hash")?;
    let databases = serde_json::from_str(row.try_get("databases")?);
    let verifier: String = row.try_get("verifier")?;
    let moment = |column: &str| -> Result<Option<SystemTime>, StoreError> {
        Ok(row.try_get::<Option<i64>, _>(column)?.map(time))
    };
    let delegated = delegated(row)?;
    let follows = if delegated.is_some() { None } else { row.try_get("subject")? };
    let new = NewCredential {
        identity: IdentityName::new(row.try_get::<String, _>("identity")?),
        kind: kind.ok_or_else(|| damaged("no known kind"))?,
        verifier: Verifier::from(verifier),
        hash: hash.try_into().map_err(|_| damaged("no hash"))?,
        databases: databases.map_err(|_| damaged("no list of databases"))?,
        source: row.try_get("source")?,
        not_before: time(row.try_get("not_before")?),
        expires: moment("expires")?,
        replaces: row.try_get("replaces")?,
        follows,
        delegated,
        id,
    };
    let used_from: Option<String> = row.try_get("used_from")?;
    Ok(KeptCredential {
        created: time(row.try_get("created")?),
        used: moment("used")?,
        used_from: used_from.and_then(|address| address.parse().ok()),
        revoked: moment("revoked")?,
        new,
    })
}

#[cfg(test)]
mod tests;
