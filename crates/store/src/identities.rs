//! Persons, services and agents as they are stored. Knows no password: a verifier is a text.

use crate::{
    Store, StoreError, credentials, delegations, grants,
    open::{micros, time},
    outbox::note,
    tasks,
};
use model::{IdentityKind, IdentityName};
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use std::{collections::HashMap, fmt, time::SystemTime};

/// Longest name of an identity or a group: what PostgreSQL's own names may have (NAMEDATALEN - 1),
/// so that a client need not shorten it.
pub const MAX_NAME_BYTES: usize = 63;

/// What a password is checked against. As good as the password to a thief who can try guesses, so
/// it prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier(String);

/// An identity to be added.
#[derive(Clone, Debug)]
pub struct NewIdentity {
    /// Its name; see [`check_name`].
    pub name: IdentityName,
    /// What it is.
    pub kind: IdentityKind,
    /// Groups, in any order.
    pub groups: Vec<String>,
    /// For an agent, whom it acts for.
    pub acts_for: Option<IdentityName>,
    /// What its password is checked against.
    pub verifier: Verifier,
}

/// An identity as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: IdentityName,
    /// What it is.
    pub kind: IdentityKind,
    /// Groups in ascending order.
    pub groups: Vec<String>,
    /// For an agent, whom it acts for.
    pub acts_for: Option<IdentityName>,
    /// What its password is checked against.
    pub verifier: Verifier,
    /// How often its password was set anew, the same one given again too.
    pub passwords: u64,
    /// Whether it may sign in.
    pub enabled: bool,
    /// When it was added.
    pub created: SystemTime,
    /// When it was last changed.
    pub changed: SystemTime,
}

impl Verifier {
    /// The text itself, to be parsed by who checks passwords.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Verifier {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Checks the name of an identity or a group: letters, digits and `. _ - @ + :`, beginning with a
/// letter or digit, at most [`MAX_NAME_BYTES`]. A slash would make chains (`alice/agent`)
/// ambiguous, a space or comma lists of groups.
pub fn check_name(name: &str) -> Result<(), StoreError> {
    let bad = |why| Err(StoreError::BadName(name.escape_debug().to_string(), why));
    if name.is_empty() {
        return bad("it is empty");
    }
    if name.len() > MAX_NAME_BYTES {
        return bad("it is longer than 63 bytes");
    }
    if !name.starts_with(char::is_alphanumeric) {
        return bad("it must begin with a letter or digit");
    }
    if !name.chars().all(|c| c.is_alphanumeric() || "._-@+:".contains(c)) {
        return bad("it may hold letters, digits and . _ - @ + : only");
    }
    Ok(())
}

/// Checks a name that somebody elsewhere chose: [`check_name`], and none that reads like another in
/// the record. `os:root`, `provider:corp` and `weir` are how it names who changes what, and letters
/// beyond ASCII look like others.
pub fn check_foreign_name(name: &str) -> Result<(), StoreError> {
    check_name(name)?;
    let bad = |why| Err(StoreError::BadName(name.escape_debug().to_string(), why));
    if !name.is_ascii() || name.contains(':') {
        return bad("from a provider it may hold letters and digits of ASCII and . _ - @ + only");
    }
    if name.eq_ignore_ascii_case("weir") {
        return bad("it is how the record names Weir itself");
    }
    Ok(())
}

impl Store {
    /// Every identity, by name.
    pub async fn identities(&self) -> Result<Vec<Account>, StoreError> {
        // One transaction, so that groups and identities are of one moment.
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query(
            "SELECT name, kind, acts_for, verifier, passwords, enabled, created, changed
             FROM identities ORDER BY name",
        )
        .fetch_all(&mut *transaction)
        .await?;
        let pairs = sqlx::query("SELECT identity, name FROM identity_groups ORDER BY name")
            .fetch_all(&mut *transaction)
            .await?;
        let mut groups: HashMap<String, Vec<String>> = HashMap::new();
        for pair in pairs {
            groups.entry(pair.try_get("identity")?).or_default().push(pair.try_get("name")?);
        }
        rows.iter().map(|row| account(row, &mut groups)).collect()
    }

    /// The identity of this name.
    pub async fn identity(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let mut all = self.identities().await?;
        let index = all.iter().position(|account| account.name.as_str() == name);
        Ok(index.map(|index| all.swap_remove(index)))
    }

    /// Adds an identity, enabled.
    pub async fn add_identity(
        &self,
        new: NewIdentity,
        by: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        check_name(new.name.as_str())?;
        new.groups.iter().try_for_each(|group| check_name(group))?;
        match (new.kind, &new.acts_for) {
            (IdentityKind::Person | IdentityKind::Service, Some(_)) => {
                return Err(StoreError::ActsFor("only an agent acts for somebody"));
            }
            // An agent without anybody acts for whoever's token it is given.
            (IdentityKind::Agent, Some(_)) | (_, None) => {}
        }
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        if exists(&mut transaction, new.name.as_str()).await? {
            return Err(StoreError::IdentityExists(new.name.to_string()));
        }
        if let Some(principal) = &new.acts_for
            && !exists(&mut transaction, principal.as_str()).await?
        {
            return Err(StoreError::NoIdentity(principal.to_string()));
        }
        sqlx::query(
            "INSERT INTO identities (name, kind, acts_for, verifier, enabled, created, changed)
             VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5)",
        )
        .bind(new.name.as_str())
        .bind(new.kind.as_str())
        .bind(acts_for(&new).map(IdentityName::as_str))
        .bind(new.verifier.expose())
        .bind(micros(now))
        .execute(&mut *transaction)
        .await?;
        for group in &new.groups {
            insert_group(&mut transaction, new.name.as_str(), group).await?;
        }
        let what = added(&new);
        note(&mut transaction, now, by, new.name.as_str(), &what).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Replaces what an identity's password is checked against. What was signed in with the one
    /// before is over, also if this is the same.
    pub async fn set_verifier(
        &self,
        name: &str,
        verifier: &Verifier,
        by: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        touch(&mut transaction, name, now).await?;
        let set = "UPDATE identities SET verifier = ?, passwords = passwords + 1 WHERE name = ?";
        sqlx::query(set).bind(verifier.expose()).bind(name).execute(&mut *transaction).await?;
        credentials::fit(&mut transaction, name, verifier, now).await?;
        note(&mut transaction, now, by, name, "password changed").await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Lets an identity sign in or not. False if it was so already; nothing is noted then. Whom a
    /// provider had switched off is so by this word from then on.
    pub async fn set_enabled(
        &self,
        name: &str,
        enabled: bool,
        by: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        touch(&mut transaction, name, now).await?;
        let done =
            sqlx::query("UPDATE identities SET enabled = ?1 WHERE name = ?2 AND enabled <> ?1")
                .bind(enabled)
                .bind(name)
                .execute(&mut *transaction)
                .await?;
        let taken_over =
            sqlx::query("UPDATE provisioned SET off = 0 WHERE identity = ? AND off = 1")
                .bind(name)
                .execute(&mut *transaction)
                .await?;
        if done.rows_affected() + taken_over.rows_affected() == 0 {
            return Ok(false);
        }
        if !enabled {
            end_all(&mut transaction, name, by, now).await?;
        }
        let what = if enabled { "enabled" } else { "disabled" };
        note(&mut transaction, now, by, name, what).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Ends what an identity may do, as [`Self::set_enabled`] does, and notes it in any case: also
    /// of one that is disabled already, or that is not there any more.
    pub async fn suspend(&self, name: &str, by: &str, now: SystemTime) -> Result<(), StoreError> {
        let what = match self.set_enabled(name, false, by, now).await {
            Ok(true) => return Ok(()),
            Ok(false) => "disabled already",
            Err(StoreError::NoIdentity(_)) => "removed already",
            Err(error) => return Err(error),
        };
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        note(&mut transaction, now, by, name, what).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Puts an identity into a group. False if it was there already; nothing is noted then.
    pub async fn add_group(
        &self,
        name: &str,
        group: &str,
        by: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        check_name(group)?;
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        touch(&mut transaction, name, now).await?;
        if !insert_group(&mut transaction, name, group).await? {
            return Ok(false);
        }
        note(&mut transaction, now, by, name, &format!("groups: +{group}")).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Takes an identity out of a group. False if it was not in it; nothing is noted then.
    pub async fn remove_group(
        &self,
        name: &str,
        group: &str,
        by: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        touch(&mut transaction, name, now).await?;
        let done = sqlx::query("DELETE FROM identity_groups WHERE identity = ? AND name = ?")
            .bind(name)
            .bind(group)
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        note(&mut transaction, now, by, name, &format!("groups: -{group}")).await?;
        delegations::end_of(&mut transaction, name, Some(group), by, now).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Ends what somebody has who is disabled: what was granted to them, or to their agents, does not
/// come back with them.
pub(crate) async fn end_all(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
    by: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    grants::revoke_of(transaction, name, by, now).await?;
    tasks::end_of(transaction, name, by, now).await?;
    credentials::revoke_tokens(transaction, name, now).await?;
    delegations::end_of(transaction, name, None, by, now).await
}

/// An identity, in the transaction that has changed it.
pub(crate) async fn account_of(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
) -> Result<Account, StoreError> {
    let row = sqlx::query("SELECT * FROM identities WHERE name = ?")
        .bind(name)
        .fetch_one(&mut **transaction)
        .await?;
    let query = "SELECT name FROM identity_groups WHERE identity = ? ORDER BY name";
    let groups = sqlx::query_scalar(query).bind(name).fetch_all(&mut **transaction).await?;
    account(&row, &mut HashMap::from([(name.to_owned(), groups)]))
}

async fn exists(transaction: &mut Transaction<'_, Sqlite>, name: &str) -> Result<bool, StoreError> {
    let found: i64 = sqlx::query_scalar("SELECT count(*) FROM identities WHERE name = ?")
        .bind(name)
        .fetch_one(&mut **transaction)
        .await?;
    Ok(found > 0)
}

/// Sets the time of the last change and ends what was signed in before; fails if there is no such
/// identity.
pub(crate) async fn touch(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
    now: SystemTime,
) -> Result<(), StoreError> {
    let done = sqlx::query("UPDATE identities SET changed = ? WHERE name = ?")
        .bind(micros(now))
        .bind(name)
        .execute(&mut **transaction)
        .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::NoIdentity(name.escape_debug().to_string()));
    }
    crate::tokens::end_all(transaction, name, now).await
}

pub(crate) async fn insert_group(
    transaction: &mut Transaction<'_, Sqlite>,
    name: &str,
    group: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query("INSERT OR IGNORE INTO identity_groups (identity, name) VALUES (?, ?)")
        .bind(name)
        .bind(group)
        .execute(&mut **transaction)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// For whom, as it is stored: every agent has somebody there, and one that acts for nobody yet has
/// itself, which nobody can be given.
fn acts_for(new: &NewIdentity) -> Option<&IdentityName> {
    let nobody = (new.kind == IdentityKind::Agent).then_some(&new.name);
    new.acts_for.as_ref().or(nobody)
}

/// The event of an addition, in words.
fn added(new: &NewIdentity) -> String {
    let mut what = format!("added: {}", new.kind.as_str());
    if let Some(principal) = &new.acts_for {
        what += &format!(" for {principal}");
    }
    if !new.groups.is_empty() {
        what += &format!(" in {}", new.groups.join(", "));
    }
    what
}

fn account(
    row: &SqliteRow,
    groups: &mut HashMap<String, Vec<String>>,
) -> Result<Account, StoreError> {
    let name: String = row.try_get("name")?;
    let kind = match row.try_get("kind")? {
        "person" => IdentityKind::Person,
        "service" => IdentityKind::Service,
        "agent" => IdentityKind::Agent,
        _ => return Err(StoreError::Damaged(format!("identity \"{name}\" is of no known kind"))),
    };
    let acts_for: Option<String> = row.try_get("acts_for")?;
    let acts_for = acts_for.filter(|principal| *principal != name);
    let verifier: String = row.try_get("verifier")?;
    let passwords: i64 = row.try_get("passwords")?;
    Ok(Account {
        groups: groups.remove(&name).unwrap_or_default(),
        name: IdentityName::new(name),
        kind,
        acts_for: acts_for.map(IdentityName::new),
        verifier: Verifier(verifier),
        passwords: passwords.unsigned_abs(),
        enabled: row.try_get("enabled")?,
        created: time(row.try_get("created")?),
        changed: time(row.try_get("changed")?),
    })
}

#[cfg(test)]
mod tests;
