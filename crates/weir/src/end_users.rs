//! For whom pooled applications say that they act: whose tokens count for which service, and who is
//! meant. Knows no statement.

use crate::{issuers::Issuer, providers::statement_hash, serve::Shared};
use config::Config;
use engine_pg::{Asserted, Asserts};
use identity::{Secret, token_hash};
use model::IdentityKind;
use serde_json::Value;
use sso::{Claims, SsoError};
use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

/// One service that may say so.
#[derive(Debug)]
struct Service {
    settings: config::EndUsers,
    checks: sso::Provider,
}

/// For the door: who is meant by a token that a service shows. Nothing if no service may.
pub(crate) fn asserts(config: &Config, shared: &Arc<Shared>) -> anyhow::Result<Option<Asserts>> {
    let services = config.end_users.iter().map(Service::new);
    let services: Vec<Arc<Service>> = services.collect::<anyhow::Result<_>>()?;
    if services.is_empty() {
        return Ok(None);
    }
    let shared = Arc::clone(shared);
    Ok(Some(Asserts::new(move |name, token| {
        let service = services.iter().find(|one| one.settings.service == name).cloned();
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let none = || "no [[end_user]] is for this service".to_owned();
            service.ok_or_else(none)?.end_user(&token, &shared).await
        })
    })))
}

impl Service {
    fn new(settings: &config::EndUsers) -> anyhow::Result<Arc<Self>> {
        let issuer = Issuer {
            issuer: &settings.issuer,
            audience: &settings.audience,
            algorithms: &settings.algorithms,
            keys: &settings.keys,
            skew: settings.skew,
            ca: settings.ca.as_deref(),
        };
        let checks = issuer.checks(&format!("end_user of {:?}", settings.service))?;
        Ok(Arc::new(Self { settings: settings.clone(), checks }))
    }

    /// The person that a token names, as they are now.
    async fn end_user(&self, token: &Secret, shared: &Shared) -> Result<Asserted, String> {
        let now = SystemTime::now();
        let claims = self.checks.check(token.expose(), now, Instant::now()).await;
        let claims = claims.map_err(|error| match error {
            SsoError::Token(wrong) => wrong.to_string(),
            other => {
                tracing::warn!("the keys of an end user's token cannot be read: {other}");
                "the keys cannot be read".to_owned()
            }
        })?;
        let lasts = claims.expires.duration_since(claims.issued).unwrap_or_default();
        if lasts > self.settings.longest {
            return Err("the token is good for longer than it may be (`longest`)".to_owned());
        }
        let until = claims.expires.checked_add(self.settings.skew).unwrap_or(claims.expires);
        let person = shared.directory.resolve(&self.name(&claims)?);
        let person = person.filter(|person| person.kind == IdentityKind::Person);
        let person = person.ok_or("the token names no person that may be used")?;
        if shared.directory.has_ended(&person, claims.issued) {
            return Err("its provider ended the sessions of this person since".to_owned());
        }
        if self.settings.once && !self.spend(&claims, token, (until, now), shared).await? {
            return Err("the token was shown before".to_owned());
        }
        // Whoever was ended while it was noted was not among those who act.
        let gone =
            !shared.directory.stands(&person) || shared.directory.has_ended(&person, claims.issued);
        if gone {
            return Err("the person was disabled, changed or ended meanwhile".to_owned());
        }
        Ok(Asserted { person, until })
    }

    /// False if it was shown before.
    async fn spend(
        &self,
        claims: &Claims,
        token: &Secret,
        (until, now): (SystemTime, SystemTime),
        shared: &Shared,
    ) -> Result<bool, String> {
        // The issuer's own name for the statement, where it has one.
        let statement = match claims.all.get("jti").and_then(Value::as_str) {
            Some(name) => {
                let issuer = &self.settings.issuer;
                token_hash(&Secret::from(format!("end user\0{issuer}\0{name}")))
            }
            None => statement_hash(token),
        };
        shared.store.spend(&statement, until, now).await.map_err(|error| {
            tracing::error!("an end user's token cannot be noted: {error}");
            "control state is not available".to_owned()
        })
    }

    fn name(&self, claims: &Claims) -> Result<String, String> {
        let claim = &self.settings.name_claim;
        let said = claims.all.get(claim).and_then(Value::as_str);
        let said = said.ok_or_else(|| format!("the token has no claim \"{claim}\""))?;
        // An address that anybody may enter for themselves names nobody.
        if claim == "email" && claims.all.get("email_verified") != Some(&Value::Bool(true)) {
            return Err("its address is not verified by the provider".to_owned());
        }
        Ok(format!("{said}{}", self.settings.name_suffix))
    }
}
