//! People and groups as a provider provisions them (SCIM). Knows no protocol: names and members.
//!
//! A provider sees its own people and groups and no others. Whom it removes is disabled: names
//! never go, since records refer to them.

use crate::{
    Account, Store, StoreError, Verifier, check_foreign_name, check_name, delegations,
    identities::{account_of, end_all, insert_group, touch},
    open::micros,
    outbox::note,
    provisioned::regroup,
};
use model::IdentityKind;
use sqlx::{Row, Sqlite, Transaction};
use std::time::SystemTime;

/// Somebody whom a provider provisions.
#[derive(Clone, Debug)]
pub struct ProvisionedPerson {
    /// Who they are here.
    pub account: Account,
    /// What the provider calls them beside that.
    pub external: Option<String>,
}

/// A group that a provider provisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionedGroup {
    /// Its name here, with the provider's prefix.
    pub name: String,
    /// What the provider calls it beside that.
    pub external: Option<String>,
    /// Who is in it, of the provider's people.
    pub members: Vec<String>,
}

/// What becomes of the members of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// These and no others.
    Are(Vec<String>),
    /// These too.
    Also(Vec<String>),
    /// These no longer.
    Without(Vec<String>),
}

impl Store {
    /// A provider's people, by name.
    pub async fn provisioned(&self, provider: &str) -> Result<Vec<ProvisionedPerson>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query(
            "SELECT identity, external FROM provisioned WHERE provider = ? AND gone = 0
             ORDER BY identity",
        )
        .bind(provider)
        .fetch_all(&mut *transaction)
        .await?;
        let mut people = Vec::with_capacity(rows.len());
        for row in rows {
            let name: String = row.try_get("identity")?;
            let account = account_of(&mut transaction, &name).await?;
            people.push(ProvisionedPerson { account, external: row.try_get("external")? });
        }
        Ok(people)
    }

    /// Adds somebody who is to come by a provider. Whom it removed before comes back; a name that
    /// is anybody else's is refused. Whom an operator disabled stays so.
    pub async fn provision(
        &self,
        provider: &str,
        (name, external): (&str, Option<&str>),
        kind: IdentityKind,
        verifier: &Verifier,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        check_foreign_name(name)?;
        let by = by(provider);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let back = sqlx::query(
            "UPDATE provisioned SET gone = 0, external = ?3
             WHERE identity = ?1 AND provider = ?2 AND gone = 1",
        )
        .bind(name)
        .bind(provider)
        .bind(external)
        .execute(&mut *transaction)
        .await?;
        if back.rows_affected() > 0 {
            note(&mut transaction, now, &by, name, &format!("comes from {provider} again")).await?;
            switch(&mut transaction, provider, name, true, now).await?;
            transaction.commit().await?;
            return Ok(());
        }
        let done = sqlx::query(
            "INSERT OR IGNORE INTO identities (name, kind, verifier, enabled, created, changed)
             VALUES (?1, ?2, ?3, 1, ?4, ?4)",
        )
        .bind(name)
        .bind(kind.as_str())
        .bind(verifier.expose())
        .bind(micros(now))
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::IdentityExists(name.to_owned()));
        }
        sqlx::query("INSERT INTO provisioned (identity, provider, external) VALUES (?, ?, ?)")
            .bind(name)
            .bind(provider)
            .bind(external)
            .execute(&mut *transaction)
            .await?;
        let what = format!("added: {} from {provider}", kind.as_str());
        note(&mut transaction, now, &by, name, &what).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Removes somebody: disabled, in none of the provider's groups, and not to be seen any more.
    /// False if the provider has nobody of that name.
    pub async fn deprovision(
        &self,
        provider: &str,
        name: &str,
        prefix: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let by = by(provider);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let done = sqlx::query(
            "UPDATE provisioned SET gone = 1 WHERE identity = ? AND provider = ? AND gone = 0",
        )
        .bind(name)
        .bind(provider)
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        note(&mut transaction, now, &by, name, &format!("comes from {provider} no more")).await?;
        switch(&mut transaction, provider, name, false, now).await?;
        regroup(&mut transaction, name, (&[], prefix), &by, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Switches one of a provider's people on or off. On only whom it switched off itself: an
    /// operator's word stands. False if nothing changes.
    pub async fn set_active(
        &self,
        provider: &str,
        name: &str,
        active: bool,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let changed = switch(&mut transaction, provider, name, active, now).await?;
        transaction.commit().await?;
        Ok(changed)
    }

    /// A provider's groups, by name.
    pub async fn provisioned_groups(
        &self,
        provider: &str,
    ) -> Result<Vec<ProvisionedGroup>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let rows = sqlx::query(
            "SELECT name, external FROM provisioned_groups WHERE provider = ? ORDER BY name",
        )
        .bind(provider)
        .fetch_all(&mut *transaction)
        .await?;
        let mut groups = Vec::with_capacity(rows.len());
        for row in rows {
            let name: String = row.try_get("name")?;
            let members = members(&mut transaction, provider, &name).await?;
            groups.push(ProvisionedGroup { members, external: row.try_get("external")?, name });
        }
        Ok(groups)
    }

    /// Adds a group. False if there is one of that name.
    pub async fn provision_group(
        &self,
        provider: &str,
        name: &str,
        external: Option<&str>,
    ) -> Result<bool, StoreError> {
        check_name(name)?;
        let query =
            "INSERT OR IGNORE INTO provisioned_groups (provider, name, external) VALUES (?, ?, ?)";
        let done =
            sqlx::query(query).bind(provider).bind(name).bind(external).execute(&self.pool).await?;
        Ok(done.rows_affected() > 0)
    }

    /// Removes a group; nobody is in it any more. False if there is none.
    pub async fn deprovision_group(
        &self,
        provider: &str,
        name: &str,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let query = "DELETE FROM provisioned_groups WHERE provider = ? AND name = ?";
        let done = sqlx::query(query).bind(provider).bind(name).execute(&mut *transaction).await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let none = Members::Are(Vec::new());
        change(&mut transaction, provider, name, none, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Changes who is in a provider's group. False if there is no such group; whoever is none of
    /// the provider's people is an error, and nothing is changed then.
    pub async fn provision_members(
        &self,
        provider: &str,
        group: &str,
        changes: Vec<Members>,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let query = "SELECT count(*) FROM provisioned_groups WHERE provider = ? AND name = ?";
        let there: i64 = sqlx::query_scalar(query)
            .bind(provider)
            .bind(group)
            .fetch_one(&mut *transaction)
            .await?;
        if there == 0 {
            return Ok(false);
        }
        for one in changes {
            change(&mut transaction, provider, group, one, now).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}

async fn switch(
    transaction: &mut Transaction<'_, Sqlite>,
    provider: &str,
    name: &str,
    on: bool,
    now: SystemTime,
) -> Result<bool, StoreError> {
    // Off by the provider is who was on until now; on again who is off by it.
    let done = sqlx::query(
        "UPDATE provisioned SET off = ?3 <> 1
         WHERE provider = ?1 AND identity = ?2 AND off = (?3 = 1)
         AND (SELECT enabled FROM identities WHERE name = identity) <> ?3",
    )
    .bind(provider)
    .bind(name)
    .bind(on)
    .execute(&mut **transaction)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    touch(transaction, name, now).await?;
    sqlx::query("UPDATE identities SET enabled = ? WHERE name = ?")
        .bind(on)
        .bind(name)
        .execute(&mut **transaction)
        .await?;
    let by = by(provider);
    if !on {
        end_all(transaction, name, &by, now).await?;
    }
    note(transaction, now, &by, name, if on { "enabled" } else { "disabled" }).await?;
    Ok(true)
}

fn by(provider: &str) -> String {
    format!("provider:{provider}")
}

async fn members(
    transaction: &mut Transaction<'_, Sqlite>,
    provider: &str,
    group: &str,
) -> Result<Vec<String>, StoreError> {
    let query = "SELECT g.identity FROM identity_groups g
                 JOIN provisioned p ON p.identity = g.identity AND p.provider = ?1 AND p.gone = 0
                 WHERE g.name = ?2 ORDER BY g.identity";
    let query = sqlx::query_scalar(query).bind(provider).bind(group);
    Ok(query.fetch_all(&mut **transaction).await?)
}

async fn change(
    transaction: &mut Transaction<'_, Sqlite>,
    provider: &str,
    group: &str,
    how: Members,
    now: SystemTime,
) -> Result<(), StoreError> {
    let before = members(transaction, provider, group).await?;
    let (join, leave): (Vec<String>, Vec<String>) = match how {
        Members::Are(all) => {
            let leave = before.iter().filter(|one| !all.contains(one)).cloned().collect();
            (all, leave)
        }
        Members::Also(more) => (more, Vec::new()),
        Members::Without(fewer) => (Vec::new(), fewer),
    };
    let by = by(provider);
    for name in join {
        let query = "SELECT count(*) FROM provisioned
                     WHERE provider = ? AND identity = ? AND gone = 0";
        let known: i64 = sqlx::query_scalar(query)
            .bind(provider)
            .bind(&name)
            .fetch_one(&mut **transaction)
            .await?;
        if known == 0 {
            return Err(StoreError::NoIdentity(name.escape_debug().to_string()));
        }
        if insert_group(transaction, &name, group).await? {
            touch(transaction, &name, now).await?;
            note(transaction, now, &by, &name, &format!("groups: +{group}")).await?;
        }
    }
    for name in leave.iter().filter(|name| before.contains(name)) {
        sqlx::query("DELETE FROM identity_groups WHERE identity = ? AND name = ?")
            .bind(name)
            .bind(group)
            .execute(&mut **transaction)
            .await?;
        touch(transaction, name, now).await?;
        note(transaction, now, &by, name, &format!("groups: -{group}")).await?;
        delegations::end_of(transaction, name, Some(group), &by, now).await?;
    }
    Ok(())
}
