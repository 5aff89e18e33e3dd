//! One text through the calls that decide on the wire: connecting, analysis, decision.

use model::{Catalog, DatabaseName, Facts, Identity, LabelMap, Verdict};
use policy::{Context, PolicySet, Question, Request, Risk};
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
    /// How risky it is: what it does not tell by itself is in the past of who asks.
    pub risk: Risk,
    /// What it is for.
    pub purpose: String,
    /// An agent was shown what others can write.
    pub tainted: bool,
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
        let Self { now, address, tls, application, risk, .. } = self;
        let work =
            policy::Work { purpose: &self.purpose, tainted: self.tainted, ..Default::default() };
        Context { now: *now, address: *address, tls: *tls, application, risk: *risk, work }
    }
}

/// A statement with what was decided on it and every question that led there.
#[derive(Clone, Debug)]
pub struct Explained {
    /// What it does; `None` where it did not come to that, because connecting is refused.
    pub facts: Option<Arc<Facts>>,
    /// What was decided.
    pub verdict: Verdict,
    /// The questions.
    pub questions: Vec<Question>,
    /// Where it stands in the text: bytes.
    pub span: Range<usize>,
}

/// Decides each statement of a text in a fresh session. The error is the refusal to connect.
pub fn decide(
    policies: &PolicySet,
    who: &Circumstances,
    catalog: &Catalog,
    labels: &LabelMap,
    text: &str,
) -> Result<Vec<Decided>, Box<Verdict>> {
    let analysed = analyse(policies, who, catalog, text)?;
    let context = who.context();
    let decided = analysed.into_iter().map(|statement| Decided {
        verdict: policies.decide(&request(who, &context, &statement.facts, catalog, labels)),
        facts: statement.facts,
        span: statement.span,
        syntax_error: statement.syntax_error.map(|error| error.message),
    });
    Ok(decided.collect())
}

/// The same with every question; a refusal to connect is the verdict on the whole text.
pub fn explain(
    policies: &PolicySet,
    who: &Circumstances,
    catalog: &Catalog,
    labels: &LabelMap,
    text: &str,
) -> Vec<Explained> {
    let context = who.context();
    let analysed = match analyse(policies, who, catalog, text) {
        Ok(analysed) => analysed,
        Err(verdict) => {
            let (verdict, questions) = (*verdict, Vec::new());
            return vec![Explained { facts: None, verdict, questions, span: 0..text.len() }];
        }
    };
    let explained = analysed.into_iter().map(|statement| {
        let request = request(who, &context, &statement.facts, catalog, labels);
        let policy::Explained { verdict, questions } = policies.explain(&request);
        let (facts, span) = (Some(Arc::clone(&statement.facts)), statement.span);
        Explained { facts, verdict, questions, span }
    });
    explained.collect()
}

/// As a session does: first whether it may connect, then what the text does.
fn analyse(
    policies: &PolicySet,
    who: &Circumstances,
    catalog: &Catalog,
    text: &str,
) -> Result<Vec<sql::Analysed>, Box<Verdict>> {
    let context = who.context();
    let (identity, database) = (&who.identity, &who.database);
    policies.may_connect(identity, database, &who.environment, &context)?;
    let lenient = policies.full_rights(identity, database, &who.environment, &context);
    let search_path = catalog.search_path.clone();
    let scope = sql::Scope { search_path, lenient, ..sql::Scope::default() };
    Ok(sql::analyse(text, catalog, &scope))
}

fn request<'a>(
    who: &'a Circumstances,
    context: &'a Context<'a>,
    facts: &'a Facts,
    catalog: &'a Catalog,
    labels: &'a LabelMap,
) -> Request<'a> {
    let Circumstances { identity, database, environment, .. } = who;
    Request { identity, database, environment, facts, catalog, labels, context }
}
