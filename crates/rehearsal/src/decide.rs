//! One text through the calls that decide on the wire: connecting, analysis, decision.

use model::{Catalog, DatabaseName, Facts, Identity, LabelMap, Verdict};
use policy::{Context, PolicySet, Request};
use std::{net::IpAddr, ops::Range, sync::Arc, time::SystemTime};

/// Who asks, where, and under which circumstances.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// Who.
    pub identity: Identity,
    /// On which database, by Weir's name for it.
    pub database: DatabaseName,
    /// The database's environment.
    pub environment: String,
    /// When.
    pub now: SystemTime,
    /// From where.
    pub address: Option<IpAddr>,
    /// Over an encrypted connection.
    pub tls: bool,
    /// What the client calls itself.
    pub application: String,
}

/// A statement with what was decided on it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// What it does.
    pub facts: Arc<Facts>,
    /// What was decided.
    pub verdict: Verdict,
    /// Where it stands in the text: bytes.
    pub span: Range<usize>,
    /// As the grammar words what is wrong with it, if it does not parse.
    pub syntax_error: Option<String>,
}

impl Circumstances {
    /// What policies are told of them.
    pub fn context(&self) -> Context<'_> {
        let Self { now, address, tls, application, .. } = self;
        Context { now: *now, address: *address, tls: *tls, application }
    }
}

/// Decides each statement of a text in a fresh session. The error is the refusal to connect.
pub fn decide(
    policies: &PolicySet,
    who: &Circumstances,
    catalog: &Catalog,
    labels: &LabelMap,
    text: &str,
) -> Result<Vec<Decided>, Box<Verdict>> {
    let context = who.context();
    let (identity, database) = (&who.identity, &who.database);
    policies.may_connect(identity, database, &who.environment, &context)?;
    let lenient = policies.unproven_allowed(identity, database, &who.environment, &context);
    let search_path = catalog.search_path.clone();
    let scope = sql::Scope { search_path, lenient, ..sql::Scope::default() };
    let decided = sql::analyse(text, catalog, &scope).into_iter().map(|statement| Decided {
        verdict: policies.decide(&Request {
            identity,
            database,
            environment: &who.environment,
            facts: &statement.facts,
            catalog,
            labels,
            context: &context,
        }),
        facts: statement.facts,
        span: statement.span,
        syntax_error: statement.syntax_error.map(|error| error.message),
    });
    Ok(decided.collect())
}
