//! Certificates by which identities sign in: that one was issued, and that none of before counts
//! any more. Knows no certificate.

use crate::{
    Store, StoreError,
    identities::touch,
    open::{micros, time},
    outbox::note,
};
use sqlx::Row;
use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

impl Store {
    /// Notes that an enabled identity is given a certificate, and says from when on it is to be
    /// good so that it counts: a certificate knows whole seconds.
    pub async fn issue_certificate(
        &self,
        name: &str,
        lasts: Duration,
        by: &str,
        now: SystemTime,
    ) -> Result<SystemTime, StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let query = "SELECT certificates FROM identities WHERE name = ? AND enabled = 1";
        let row = sqlx::query(query).bind(name).fetch_optional(&mut *transaction).await?;
        let row = row.ok_or_else(|| StoreError::NoIdentity(name.escape_debug().to_string()))?;
        let revoked: Option<i64> = row.try_get("certificates")?;
        let present = whole(now);
        let begins = match revoked.map(time) {
            Some(revoked) if present <= revoked => whole(revoked) + Duration::from_secs(1),
            _ => present,
        };
        let what = format!("certificate issued for {} s", lasts.as_secs());
        note(&mut transaction, now, by, name, &what).await?;
        transaction.commit().await?;
        Ok(begins)
    }

    /// Ends every certificate of an identity that there is, by whoever it was signed.
    pub async fn revoke_certificates(
        &self,
        name: &str,
        by: &str,
        now: SystemTime,
    ) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        touch(&mut transaction, name, now).await?;
        // One that followed an earlier revocation begins with the second behind that.
        let query = "UPDATE identities SET certificates =
             max(?, coalesce((certificates / 1000000 + 1) * 1000000, 0)) WHERE name = ?";
        sqlx::query(query).bind(micros(now)).bind(name).execute(&mut *transaction).await?;
        note(&mut transaction, now, by, name, "certificates revoked").await?;
        transaction.commit().await?;
        Ok(())
    }

    /// When certificates were revoked, by whose they are.
    pub async fn revoked_certificates(&self) -> Result<HashMap<String, SystemTime>, StoreError> {
        let query = "SELECT name, certificates FROM identities WHERE certificates IS NOT NULL";
        let rows = sqlx::query(query).fetch_all(&self.pool).await?;
        let one = |row: &sqlx::sqlite::SqliteRow| {
            Ok((row.try_get("name")?, time(row.try_get("certificates")?)))
        };
        rows.iter().map(one).collect()
    }
}

/// The beginning of the second.
fn whole(moment: SystemTime) -> SystemTime {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(since.as_secs())
}
