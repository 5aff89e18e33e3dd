//! The issuers that vouch for services, and whose their tokens are here: claims to an identity by
//! rules. Knows no route and no session.
//!
//! ```text
//! token ─▶ workload by issuer ─▶ signature, claims ─▶ the one rule that fits ─▶ Vouched
//! ```

use crate::{issuers::Issuer, providers::statement_hash};
use config::{Config, WorkloadRule};
use identity::{Secret, token_hash};
use serde_json::{Map, Value};
use sso::{Claims, SsoError, Wrong};
use std::{
    fmt,
    time::{Instant, SystemTime},
};

/// What separates the parts of a claim that a `*` stays within.
const SEPARATORS: [char; 2] = ['/', ':'];
/// Characters of a subject that the record shows.
const SHOWN: usize = 120;

/// One issuer: its settings, and how its tokens are checked.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) settings: config::Workload,
    checks: sso::Provider,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Workloads(Vec<Workload>);

/// A service for which an issuer vouches.
pub(crate) struct Vouched<'w> {
    pub(crate) settings: &'w config::Workload,
    pub(crate) rule: &'w WorkloadRule,
    /// By what it is told whether the token was shown before.
    pub(crate) statement: [u8; 32],
    /// Until when the token holds.
    pub(crate) until: SystemTime,
    /// The issuer and its name for the service, for the record.
    pub(crate) source: String,
}

/// Why a token is nobody's.
#[derive(Debug)]
pub(crate) enum NoWorkload {
    /// It is from nobody whom Weir believes, or does not hold.
    Token(Wrong),
    /// The issuer cannot be asked for its keys.
    Unavailable(SsoError),
    /// No rule is for it.
    NoRule,
    /// More than one rule is for it, and which of them counts is not for Weir to choose.
    SeveralRules,
}

impl fmt::Display for NoWorkload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(wrong) => write!(f, "{wrong}"),
            Self::Unavailable(_) => f.write_str("the issuer's keys cannot be read"),
            Self::NoRule => f.write_str("no [[workload.rule]] is for what this token says"),
            Self::SeveralRules => {
                f.write_str("more than one [[workload.rule]] is for what this token says")
            }
        }
    }
}

impl Workloads {
    /// The issuers of the configuration. Nobody is asked yet.
    pub(crate) fn read(config: &Config) -> anyhow::Result<Self> {
        let all = config.workloads.iter().map(Workload::new);
        Ok(Self(all.collect::<anyhow::Result<_>>()?))
    }

    /// True if a token says that one of them issued it.
    pub(crate) fn issued(&self, token: &Secret) -> bool {
        let issuer = sso::check::issuer_of(token.expose());
        issuer.is_ok_and(|issuer| self.0.iter().any(|one| one.settings.issuer == issuer))
    }

    /// Whose a token is, if it holds.
    pub(crate) async fn vouched(
        &self,
        token: &Secret,
        now: SystemTime,
        instant: Instant,
    ) -> Result<Vouched<'_>, NoWorkload> {
        let issuer = sso::check::issuer_of(token.expose()).map_err(NoWorkload::Token)?;
        let workload = self.0.iter().find(|one| one.settings.issuer == issuer);
        let workload = workload.ok_or(NoWorkload::Token(Wrong::Issuer))?;
        let claims = workload.checks.check(token.expose(), now, instant).await;
        let claims = claims.map_err(|error| match error {
            SsoError::Token(wrong) => NoWorkload::Token(wrong),
            other => NoWorkload::Unavailable(other),
        })?;
        workload.vouch(&claims, token)
    }
}

impl Workload {
    fn new(settings: &config::Workload) -> anyhow::Result<Self> {
        let issuer = Issuer {
            issuer: &settings.issuer,
            audience: &settings.audience,
            algorithms: &settings.algorithms,
            keys: &settings.keys,
            skew: settings.skew,
            ca: settings.ca.as_deref(),
        };
        let checks = issuer.checks(&format!("workload {:?}", settings.name))?;
        Ok(Self { settings: settings.clone(), checks })
    }

    fn vouch(&self, claims: &Claims, token: &Secret) -> Result<Vouched<'_>, NoWorkload> {
        let mut fitting = self.settings.rules.iter().filter(|rule| is_for(rule, &claims.all));
        let rule = match (fitting.next(), fitting.next()) {
            (Some(rule), None) => rule,
            (None, _) => return Err(NoWorkload::NoRule),
            (Some(_), Some(_)) => return Err(NoWorkload::SeveralRules),
        };
        // The issuer's own name for the statement, where it has one.
        let name = claims.all.get("jti").and_then(Value::as_str);
        let statement = match name {
            Some(name) => token_hash(&Secret::from(format!("{}\0{name}", self.settings.issuer))),
            None => statement_hash(token),
        };
        let subject = claims.subject.chars().filter(|c| !c.is_control()).take(SHOWN);
        Ok(Vouched {
            settings: &self.settings,
            rule,
            statement,
            until: claims.expires.checked_add(self.settings.skew).unwrap_or(claims.expires),
            source: format!("{} ({})", self.settings.name, subject.collect::<String>()),
        })
    }
}

/// True if a token says all that a rule asks for. A claim that is missing, or is an object, says
/// nothing.
fn is_for(rule: &WorkloadRule, all: &Map<String, Value>) -> bool {
    rule.claims.iter().all(|(name, wanted)| match all.get(name) {
        Some(Value::String(said)) => fits(wanted, said),
        Some(Value::Bool(said)) => wanted.parse() == Ok(*said),
        Some(Value::Number(said)) => *wanted == said.to_string(),
        Some(Value::Array(list)) => {
            list.iter().any(|one| one.as_str().is_some_and(|said| fits(wanted, said)))
        }
        Some(Value::Null | Value::Object(_)) | None => false,
    })
}

/// True if a text is as a pattern has it: the same parts between the same separators.
fn fits(pattern: &str, text: &str) -> bool {
    let separators =
        |text: &str| -> Vec<char> { text.chars().filter(|c| SEPARATORS.contains(c)).collect() };
    separators(pattern) == separators(text)
        && pattern
            .split(SEPARATORS)
            .zip(text.split(SEPARATORS))
            .all(|(one, other)| part_fits(one, other))
}

/// The same for one part: a `*` stands for one or more characters. In time that grows with the
/// product of both lengths, whatever stands there.
fn part_fits(pattern: &str, part: &str) -> bool {
    let mut fitting: Vec<bool> = vec![false; part.chars().count() + 1];
    if let Some(nothing) = fitting.first_mut() {
        *nothing = true;
    }
    for wanted in pattern.chars() {
        let mut next = vec![false];
        for (before, found) in fitting.iter().zip(part.chars()) {
            let longer = wanted == '*' && next.last() == Some(&true);
            next.push(longer || *before && (wanted == '*' || wanted == found));
        }
        fitting = next;
    }
    fitting.last() == Some(&true)
}

#[cfg(test)]
mod tests;
