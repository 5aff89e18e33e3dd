//! Policies in force, a change that is tried, and why something would be decided so: by the same
//! functions as `weir policy`. Nothing here changes a policy: they are files.

mod trial;

use super::{
    Console,
    answer::{Answer, No},
    looker::{Looker, Pressed},
    sign_in::html,
};
use crate::{
    command::policy::explain::{of, told},
    exit::{Failure, render},
    http::backtests::name,
};
use axum::{
    extract::{Query, State},
    response::Html,
};
use console::{
    layout::Place,
    policies::{self, Asked, Policies, Policy, Told, Version, Why},
};
use index::{Answers, Cell, IndexError, Limits};
use policy::Listed;
use serde::Deserialize;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
pub(super) use trial::{attempt, begin, check, held, how, stop};

/// How many versions are listed.
const VERSIONS: Limits = Limits { time: Duration::from_secs(2), rows: 20 };
/// How long an explanation may take: it reads the catalog of a database.
const EXPLAINED: Duration = Duration::from_secs(20);

/// What pages are asked for with.
#[derive(Default, Deserialize)]
pub(super) struct Named {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) file: String,
}

/// `GET /console/policies`.
pub(super) async fn list(State(console): State<Arc<Console>>, looker: Looker) -> Answer {
    let looker = looker.need(Place::Policies.right())?;
    let set = console.shared.policies.load_full();
    let page = Policies {
        policies: set.policies().iter().map(listed).collect(),
        version: format!("{:016x}", set.version()),
        versions: console.ask(versions).await?,
    };
    html(policies::list(&page, &looker.viewer))
}

/// `GET /console/policies/one`.
pub(super) async fn one(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(named): Query<Named>,
) -> Answer {
    let looker = looker.need(Place::Policies.right())?;
    let set = console.shared.policies.load_full();
    let found = set.policies().iter().find(|policy| policy.id.as_str() == named.id);
    let found = found.ok_or_else(|| looker.nothing())?;
    html(policies::one(&listed(found), &looker.viewer))
}

fn listed(policy: &Listed) -> Policy {
    let annotation = |wanted: &str| {
        let found = policy.annotations.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone())
    };
    Policy {
        id: policy.id.to_string(),
        permits: policy.permits,
        shadow: annotation("shadow").is_some(),
        file: name(&policy.file),
        line: policy.line,
        scope: scope(&policy.text),
        reason: annotation("reason").unwrap_or_default(),
        text: policy.text.clone(),
    }
}

/// What stands between the first brackets behind the annotations: whom and what it is about.
fn scope(text: &str) -> String {
    let begins = |line: &&str| line.starts_with("permit") || line.starts_with("forbid");
    let at = text.lines().position(|line| begins(&line.trim_start())).unwrap_or(0);
    let rest = text.lines().skip(at).collect::<Vec<_>>().join(" ");
    let inside = rest.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let inside = inside.map_or("", |(inside, _)| inside);
    inside.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Which policies were in force, and which were not taken up.
fn versions(answers: &Answers) -> Result<Vec<Version>, IndexError> {
    let query = "SELECT time, detail FROM changes WHERE type = 'policy_changed'
        ORDER BY sequence DESC";
    let table = match answers.sql(query, &VERSIONS) {
        Err(IndexError::Slow(_)) => return Ok(Vec::new()),
        table => table?,
    };
    let one = |row: &Vec<Cell>| {
        let at = row.first().map(ToString::to_string).unwrap_or_default();
        // A version is a number of 64 bits, which is not one of SQLite's.
        let detail = row.get(1).map(ToString::to_string).unwrap_or_default();
        let detail: serde_json::Value = serde_json::from_str(&detail).unwrap_or_default();
        let field = |name: &str| detail.get(name).cloned().unwrap_or_default();
        let version = field("version");
        Version {
            at,
            by: field("by").as_str().unwrap_or_default().to_owned(),
            version: match version.as_u64() {
                Some(number) => format!("{number:016x}"),
                None => version.as_str().unwrap_or_default().to_owned(),
            },
            count: field("policies").as_u64().unwrap_or(0),
            refused: field("refused").as_str().map(str::to_owned),
        }
    };
    Ok(table.rows.iter().map(one).collect())
}

/// What an explanation begins with, where another page leads to it.
#[derive(Default, Deserialize)]
pub(super) struct Begins {
    #[serde(default)]
    identity: String,
    #[serde(default)]
    database: String,
    #[serde(default)]
    sql: String,
}

/// `GET /console/policies/explain`: asks nothing yet.
pub(super) async fn ask(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(Begins { identity, database, sql }): Query<Begins>,
) -> Answer {
    let looker = looker.need(Place::Policies.right())?;
    let page = console.why(Asked { identity, database, sql }).await?;
    html(policies::why(&page, &looker.viewer))
}

/// `POST /console/policies/explain`. Who asked for whom is in the record, the statement is not.
pub(super) async fn explain(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Html<String>, No> {
    let field = |name: &str| pressed.field(name).to_owned();
    let asked =
        Asked { identity: field("identity"), database: field("database"), sql: field("sql") };
    let looker = pressed.looker.need(Place::Policies.right())?;
    let (store, who) = (&console.shared.store, &looker.who.name);
    let mut page = console.why(asked).await?;
    let asked = &page.asked;
    let Some(identity) = of(&store.identities().await?, &asked.identity) else {
        page.said = Some(format!("There is no identity \"{}\".", asked.identity));
        return html(policies::why(&page, &looker.viewer));
    };
    let what = format!("explained a decision for {} by the console", asked.identity);
    store.administered(SystemTime::now(), who, &what).await?;
    let (config, set) = (console.shared.config.load_full(), console.shared.policies.load_full());
    let Ok(runs) = Arc::clone(&console.explanations).try_acquire_owned() else {
        page.said = Some("Somebody else's runs now: try again when it is done.".to_owned());
        return html(policies::why(&page, &looker.viewer));
    };
    let (database, sql) = (asked.database.clone(), asked.sql.clone());
    let here = tokio::runtime::Handle::current();
    // Deciding takes a core, and those that serve sessions are not for it. It is held until the
    // work ends, whether or not anybody still waits for it.
    let told = tokio::task::spawn_blocking(move || {
        let _runs = runs;
        here.block_on(told(&config, &set, identity, &database, &sql))
    });
    match tokio::time::timeout(EXPLAINED, told).await {
        Ok(Ok(Ok(all))) => page.told = all.into_iter().map(shown).collect(),
        Ok(Ok(Err(failure))) => page.said = Some(words(failure)),
        Ok(Err(error)) => return Err(No::because("the policies", &error)),
        Err(_) => page.said = Some("The database did not answer in time.".to_owned()),
    }
    html(policies::why(&page, &looker.viewer))
}

/// Why something is not told, as the command line says it.
fn words(failure: Failure) -> String {
    match failure {
        Failure::Problems(problems) => render(&problems),
        Failure::Refused(why) | Failure::Usage(why) => why,
        Failure::Failed(error) => {
            tracing::error!("the console cannot explain: {error:#}");
            "It cannot be told now: the database cannot be read. The log says why.".to_owned()
        }
        Failure::Ended(code) => format!("ended with {code}"),
    }
}

fn shown(told: crate::command::policy::explain::Told) -> Told {
    Told {
        who: told.who,
        text: told.text,
        outcome: told.outcome,
        reasons: told.reasons,
        advice: told.advice,
        shows: told.shows,
        questions: told.questions,
        changes: told.changes,
    }
}

impl Console {
    async fn why(&self, asked: Asked) -> Result<Why, No> {
        let accounts = self.shared.store.identities().await?;
        let config = self.shared.config.load();
        let named = config.databases.iter().map(|one| one.name.clone());
        Ok(Why {
            asked,
            identities: accounts.iter().map(|one| one.name.to_string()).collect(),
            databases: named.filter(|name| name != "*").collect(),
            ..Why::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::scope;

    #[test]
    fn a_scope_is_what_stands_in_the_first_brackets() {
        let text = "@id(\"a\")\n@reason(\"x (y)\")\npermit (\n  principal is Agent,\n  action,\n  \
                    resource\n) when { f(x) };";
        assert_eq!(scope(text), "principal is Agent, action, resource");
        assert_eq!(scope("nothing"), "");
    }
}
