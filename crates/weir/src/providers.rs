//! The providers that vouch for people, and what their tokens mean here: who it is, in which
//! groups. Knows no route and no password.
//!
//! ```text
//! token ─▶ provider by issuer ─▶ signature, claims ─▶ Person { subject, name, groups }
//! ```

use anyhow::Context;
use config::Config;
use identity::{Secret, token_hash};
use serde_json::{Map, Value};
use sso::{Claims, Expected, SsoError, Web, Wrong};
use std::{
    fmt,
    time::{Instant, SystemTime},
};

/// What is shorter could be guessed: bytes.
const LEAST_TOKEN: usize = 32;
/// The claim that is none: the provider's tokens say no groups.
const NO_CLAIM: &str = "none";
/// The most groups of one person that are taken over.
const MAX_GROUPS: usize = 200;

/// One provider: its settings, and how its tokens are checked.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) settings: config::Provider,
    checks: sso::Provider,
    /// The hash of the token with which it provisions people and groups, if it does.
    pub(crate) scim: Option<[u8; 32]>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Providers(Vec<Provider>);

/// Somebody whom a provider vouches for.
pub(crate) struct Person<'p> {
    pub(crate) provider: &'p Provider,
    pub(crate) subject: String,
    pub(crate) name: String,
    /// With their prefix, in order, each once; nothing if its tokens do not say them.
    pub(crate) groups: Option<Vec<String>>,
    /// When the provider said so.
    pub(crate) issued: SystemTime,
    /// The hash of the statement that says so, and until when it does.
    pub(crate) token: ([u8; 32], SystemTime),
}

/// What is kept of a token that counts once: the hash of what was signed. The signature itself can
/// be written differently by whoever has it.
pub(crate) fn statement_hash(token: &Secret) -> [u8; 32] {
    token_hash(&Secret::from(sso::check::signed_part(token.expose()).to_owned()))
}

/// Why a token says nothing.
#[derive(Debug)]
pub(crate) enum NoPerson {
    /// It is from nobody whom Weir believes, or does not hold.
    Token(Wrong),
    /// The provider cannot be asked for its keys.
    Unavailable(SsoError),
    /// It says no name, or one that cannot be a name here.
    Name(String),
    /// It does not say the groups.
    Groups(&'static str),
}

impl fmt::Display for NoPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(wrong) => write!(f, "{wrong}"),
            Self::Unavailable(_) => f.write_str("the provider's keys cannot be read"),
            Self::Name(why) => f.write_str(why),
            Self::Groups(why) => f.write_str(why),
        }
    }
}

impl Providers {
    /// The providers of the configuration. Nobody is asked yet.
    pub(crate) fn read(config: &Config) -> anyhow::Result<Self> {
        let all = config.providers.iter().map(Provider::new);
        Ok(Self(all.collect::<anyhow::Result<_>>()?))
    }

    /// All, in the order of the file.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter()
    }

    /// True if there is one.
    pub(crate) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whom a token is about, if it holds.
    pub(crate) async fn person(
        &self,
        token: &Secret,
        now: SystemTime,
        instant: Instant,
    ) -> Result<Person<'_>, NoPerson> {
        let issuer = sso::check::issuer_of(token.expose()).map_err(NoPerson::Token)?;
        let provider = self.0.iter().find(|one| one.settings.issuer == issuer);
        let provider = provider.ok_or(NoPerson::Token(Wrong::Issuer))?;
        let claims = provider.checks.check(token.expose(), now, instant).await;
        let claims = claims.map_err(|error| match error {
            SsoError::Token(wrong) => NoPerson::Token(wrong),
            other => NoPerson::Unavailable(other),
        })?;
        provider.person(claims, token)
    }
}

impl Provider {
    fn new(settings: &config::Provider) -> anyhow::Result<Self> {
        let of = || format!("provider {:?}", settings.name);
        let algorithms: Result<Vec<_>, _> =
            settings.algorithms.iter().map(|name| name.parse::<sso::Algorithm>()).collect();
        let expected = Expected {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone().unwrap_or_else(|| settings.client_id.clone()),
            client: Some(settings.client_id.clone()),
            algorithms: algorithms.with_context(of)?,
            skew: settings.skew,
            require: settings.require.clone(),
        };
        let web = Web::new(settings.ca.as_deref()).with_context(of)?;
        let scim = settings.scim_token.as_ref().map(config::SecretSource::read).transpose();
        let scim = scim.with_context(of)?.map(|token| Secret::from(token.expose().to_owned()));
        if scim.as_ref().is_some_and(|token| token.expose().len() < LEAST_TOKEN) {
            anyhow::bail!("{}: `scim_token` is shorter than {LEAST_TOKEN} bytes", of());
        }
        let scim = scim.as_ref().map(token_hash);
        Ok(Self { settings: settings.clone(), checks: sso::Provider::new(web, expected), scim })
    }

    fn person(&self, claims: Claims, token: &Secret) -> Result<Person<'_>, NoPerson> {
        let end = claims.expires.checked_add(self.settings.skew).unwrap_or(claims.expires);
        Ok(Person {
            name: self.name(&claims.all)?,
            groups: self.groups(&claims.all)?,
            subject: claims.subject,
            issued: claims.issued,
            token: (statement_hash(token), end),
            provider: self,
        })
    }

    fn name(&self, all: &Map<String, Value>) -> Result<String, NoPerson> {
        let claim = &self.settings.name_claim;
        let said = all.get(claim).and_then(Value::as_str);
        let said = said.ok_or_else(|| NoPerson::Name(format!("it has no claim \"{claim}\"")))?;
        // An address that anybody may enter for themselves names nobody.
        if claim == "email" && all.get("email_verified") != Some(&Value::Bool(true)) {
            return Err(NoPerson::Name("its address is not verified by the provider".to_owned()));
        }
        let name = format!("{said}{}", self.settings.name_suffix);
        store::check_foreign_name(&name).map_err(|error| NoPerson::Name(error.to_string()))?;
        Ok(name)
    }

    /// The groups, if it is for its tokens to say them. A token without them is refused: who may
    /// choose what a token says (its scopes) would else put off a group that forbids something.
    fn groups(&self, all: &Map<String, Value>) -> Result<Option<Vec<String>>, NoPerson> {
        let claim = &self.settings.groups_claim;
        if self.scim.is_some() || claim == NO_CLAIM {
            return Ok(None);
        }
        // Who is in too many groups for a token gets a reference to them instead. Unknown groups
        // are not no groups: one of them may be one that policies forbid things to.
        let elsewhere = all.get("_claim_names").and_then(|names| names.get(claim));
        if elsewhere.is_some() {
            return Err(NoPerson::Groups("it names the groups elsewhere: there are too many"));
        }
        let said: Vec<&str> = match all.get(claim) {
            None | Some(Value::Null) => {
                return Err(NoPerson::Groups("it does not say the groups"));
            }
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(list)) => {
                let names: Option<Vec<&str>> = list.iter().map(Value::as_str).collect();
                names.ok_or(NoPerson::Groups("its groups are not names"))?
            }
            Some(_) => return Err(NoPerson::Groups("its groups are not names")),
        };
        if said.len() > MAX_GROUPS {
            return Err(NoPerson::Groups("it names too many groups"));
        }
        let prefix = &self.settings.groups_prefix;
        let mut groups: Vec<String> = said.iter().map(|one| format!("{prefix}{one}")).collect();
        // No policy can mean a group that nobody can be in.
        groups.retain(|group| store::check_name(group).is_ok());
        groups.sort();
        groups.dedup();
        Ok(Some(groups))
    }
}

#[cfg(test)]
mod tests;
