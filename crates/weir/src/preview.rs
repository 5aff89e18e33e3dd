//! What a statement would change, seen before it does: the server's plan, the true count of rows by
//! table, a few rows before and after. All of it comes out of one governed session in which
//! everything is undone. Knows no channel.
//!
//! ```text
//! asked ─▶ decided, described ─▶ planned ─▶ rows before ─▶ tried, counted ─▶ rows after ─▶ gone
//!                                     one connection, one transaction, never committed
//! ```

mod planner;
mod sample;

use crate::{mcp::verdict, serve::Shared, shares::Shares, visible::visible};
use engine_pg::inside::{Answer, Ask, Caller, Changed, Inside, Note, Upto};
use gate::{Plan, Preview, Refusal, Via};
use identity::Credential;
use model::{Identity, Outcome};
use policy::{Context, Request, Risk, Work};
use serde_json::{Map, Value, json};
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};
use store::{HoldState, KeptHold};

/// Previews at once, and those for one identity.
const MAX_PREVIEWS: usize = 8;
const MAX_PREVIEWS_OF_ONE: usize = 2;
/// How long one step may take; the server's own limit is shorter.
const STEP: Duration = Duration::from_secs(8);
/// How long all of one may take.
const ALL: Duration = Duration::from_secs(25);
/// What previews call themselves to the database.
const APPLICATION: &str = "preview";

/// Places for previews.
pub(crate) fn places() -> Arc<Shares> {
    Shares::new(MAX_PREVIEWS, MAX_PREVIEWS_OF_ONE)
}

/// A statement that somebody wants to see tried.
pub(crate) struct Wanted<'a> {
    /// As whom: it is tried with their rights, and no others.
    pub(crate) identity: Arc<Identity>,
    /// By what they signed in, if they are here themselves.
    pub(crate) credential: Option<Arc<Credential>>,
    /// From where it is asked for.
    pub(crate) peer: SocketAddr,
    /// How whoever asks proved who they are.
    pub(crate) method: &'static str,
    /// By which way it is asked for.
    pub(crate) via: Via,
    /// The task it is for, where an agent has several.
    pub(crate) task: Option<String>,
    /// The database.
    pub(crate) database: &'a str,
    /// The statement.
    pub(crate) text: &'a str,
    /// Values of its parameters.
    pub(crate) values: &'a [Option<String>],
    /// The types that were declared for them; 0 for none.
    pub(crate) types: &'a [u32],
    /// For whom.
    pub(crate) preview: Preview,
    /// What the hold is bound to that it is a preview of.
    pub(crate) digest: Option<&'a [u8]>,
    /// Who looks, if it is somebody else: they are shown no more than they may see themselves.
    pub(crate) viewer: Option<Arc<Identity>>,
}

/// Tries a statement. The error is that there is no session for it.
pub(crate) async fn preview(shared: &Shared, wanted: Wanted<'_>) -> Result<Value, Refusal> {
    let Some(_place) = shared.previews.take(&wanted.preview.by) else {
        let what = "too many previews are under way".to_owned();
        return Err(Refusal::limit(what, "Try again in a moment."));
    };
    let engine = shared.metrics.engine.get().map(Arc::clone).ok_or_else(|| {
        Refusal::limit("no database is served yet".to_owned(), "Try again in a moment.")
    })?;
    let inside = engine.open_inside(caller(&wanted)).await?;
    let said = base(&wanted);
    let mut trial = Trial { shared, wanted: &wanted, inside, said, types: Vec::new() };
    // Whatever happens, the session ends here, and with it everything that was tried.
    if tokio::time::timeout(ALL, trial.run()).await.is_err() {
        trial.stop("it took too long", None);
    }
    Ok(there(trial.said))
}

/// Only what there is.
fn there(mut said: Map<String, Value>) -> Value {
    if let Some(Value::Object(sample)) = said.get_mut("sample") {
        sample.retain(|_, value| !value.is_null());
    }
    said.retain(|_, value| !value.is_null());
    Value::Object(said)
}

/// The preview of a statement that waits for approval: with the rights of whoever asked for it, for
/// `by`, who decides about it if `decides`.
pub(crate) async fn of_hold(
    shared: &Shared,
    hold: &KeptHold,
    by: &str,
    decides: bool,
    peer: SocketAddr,
) -> Result<Value, Refusal> {
    let asked = &hold.asked;
    let waits = matches!(hold.state, HoldState::Open | HoldState::Approved);
    if !waits || asked.statement.is_empty() {
        let what = "nobody has to decide about it any more, and its statement is gone".to_owned();
        return Err(Refusal::limit(what, "Ask for a preview while it waits."));
    }
    let Some(values) = values(&asked.given) else {
        let what = "its values are longer than is kept, or came in binary form".to_owned();
        return Err(Refusal::limit(what, "Judge it by its text and what is shown of its values."));
    };
    let types: Vec<u32> = asked.given.iter().map(|shown| typed(shown).1).collect();
    let whose = asked.members.first().map(String::as_str).unwrap_or_default();
    let identity = shared.directory.resolve(whose);
    let identity = identity.filter(|identity| identity.chain() == asked.identity);
    let (Some(identity), Some(viewer)) = (identity, shared.directory.resolve(by)) else {
        let what = format!("{} is not who asked for it any more", asked.identity);
        return Err(Refusal::limit(what, "Deny it, or let them ask again."));
    };
    let own = *by == *whose;
    let wanted = Wanted {
        identity,
        credential: None,
        peer,
        method: "preview",
        via: Via::Api,
        task: None,
        database: &asked.database,
        text: &asked.statement,
        values: &values,
        types: &types,
        preview: Preview { by: by.to_owned(), hold: Some(asked.hold.clone()), own, decides },
        digest: Some(&asked.digest),
        viewer: (!own).then_some(viewer),
    };
    preview(shared, wanted).await
}

/// Bind values as they are kept for whoever approves, if they are all there and came as text.
fn values(given: &[String]) -> Option<Vec<Option<String>>> {
    let value = |shown: &String| match typed(shown).0 {
        "NULL" => Some(None),
        text => text.strip_prefix('\'')?.strip_suffix('\'').map(|text| Some(text.to_owned())),
    };
    given.iter().map(value).collect()
}

/// A value as it is kept, and the type that was declared for it. One without a type ends with a
/// quotation mark or is NULL.
fn typed(shown: &str) -> (&str, u32) {
    let split =
        shown.rsplit_once("::").and_then(|(it, declared)| Some((it, declared.parse().ok()?)));
    split.unwrap_or((shown, 0))
}

fn caller(wanted: &Wanted<'_>) -> Caller {
    Caller {
        identity: Arc::clone(&wanted.identity),
        credential: wanted.credential.clone(),
        peer: wanted.peer,
        tls: true,
        method: wanted.method,
        via: wanted.via,
        application: APPLICATION.to_owned(),
        database: wanted.database.to_owned(),
        waits: false,
        preview: Some(wanted.preview.clone()),
        task: wanted.task.clone(),
    }
}

/// What every answer has.
fn base(wanted: &Wanted<'_>) -> Map<String, Value> {
    let value = json!({
        "request": wanted.preview.hold, "identity": wanted.identity.chain(),
        "database": wanted.database, "asked_by": wanted.preview.by,
        "ran": false, "rolled_back": true,
    });
    value.as_object().cloned().unwrap_or_default()
}

/// One preview on its way.
struct Trial<'a> {
    shared: &'a Shared,
    wanted: &'a Wanted<'a>,
    inside: Inside,
    said: Map<String, Value>,
    /// Types of the statement's parameters, as the server sees them.
    types: Vec<u32>,
}

/// One statement of a preview.
struct Look<'a> {
    text: &'a str,
    values: &'a [Option<String>],
    types: &'a [u32],
    upto: Upto,
    bytes: usize,
}

impl Trial<'_> {
    async fn run(&mut self) {
        let Some(plan) = self.described().await else { return };
        if !self.is_the_same().await {
            return;
        }
        self.planned().await;
        if !plan.changes() {
            return self.stop("it only reads: nothing would change", None);
        }
        if let Err(refusal) = plan.undone() {
            return self.refused(&refusal);
        }
        let before = self.before(&plan).await;
        let Some(carries) = self.tried().await else { return };
        let sample = self.sample(&plan, before, carries).await;
        self.put("sample", sample);
    }

    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.said.insert(name.to_owned(), value.into());
    }

    /// It is not tried, or no further.
    fn stop(&mut self, why: &str, next: Option<&str>) {
        self.put("why", why);
        self.put("next", next);
    }

    fn refused(&mut self, refusal: &Refusal) {
        self.stop(&refusal.message, refusal.hint.as_deref());
        self.put("receipt", refusal.record.clone());
    }

    /// `None` if the session ended, which is said then.
    async fn ask(&mut self, look: Look<'_>) -> Option<Answer> {
        let Look { text, values, types, upto, bytes } = look;
        let ask = Ask { text, values, types, upto, reads: false, rows: 0, bytes, time: STEP };
        match self.inside.run(ask).await {
            Ok(answer) => Some(answer),
            Err(ended) => {
                self.stop(&ended.to_string(), None);
                None
            }
        }
    }

    /// What is decided on it, and how the server describes it. `None` if it does not go on.
    async fn described(&mut self) -> Option<Arc<Plan>> {
        let text = self.wanted.text;
        let types = self.wanted.types;
        let look = Look { text, values: &[], types, upto: Upto::Parse, bytes: 0 };
        let answer = self.ask(look).await?;
        let plan = planned(&answer);
        if let Some(plan) = &plan {
            let decided = verdict::decided(plan, &answer.columns);
            for name in ["outcome", "reasons", "policies", "does", "needs"] {
                if let Some(value) = decided.get(name) {
                    self.put(name, value.clone());
                }
            }
        }
        if self.stopped(&answer) {
            return None;
        }
        self.types.clone_from(&answer.parameters);
        plan
    }

    /// True if a refusal or an error is what came, which is said then.
    fn stopped(&mut self, answer: &Answer) -> bool {
        if let Some(refusal) = refusal(answer) {
            self.refused(refusal);
        } else if let Some(error) = &answer.error {
            self.fails(error);
        }
        answer.error.is_some()
    }

    fn fails(&mut self, error: &engine_pg::inside::Said) {
        let message = visible(error.message());
        self.put("fails", json!({ "message": message, "sqlstate": error.sqlstate() }));
        self.stop("it would fail", None);
    }

    /// True if it is what the hold is about, to the byte and to what is decided on it.
    async fn is_the_same(&mut self) -> bool {
        let Some(digest) = self.wanted.digest else { return true };
        let (text, values) = (self.wanted.text, self.wanted.values);
        let types = self.wanted.types;
        let look = Look { text, values, types, upto: Upto::Bind, bytes: 0 };
        let Some(answer) = self.ask(look).await else { return false };
        if self.stopped(&answer) {
            return false;
        }
        let bound = answer.notes.iter().any(|note| match note {
            Note::Bound(bound) => bound == digest,
            _ => false,
        });
        if !bound {
            let why = "what its names mean, what policy says of it, or whose rights it has is not \
                       what it was when it was asked for";
            self.stop(why, Some("An approval would not fit any more: let them send it again."));
        }
        bound
    }

    /// What the server's planner expects, as far as it may be seen.
    async fn planned(&mut self) {
        let text = format!("EXPLAIN (FORMAT JSON) {}", self.wanted.text);
        let (values, types) = (self.wanted.values, self.types.clone());
        let (upto, bytes) = (Upto::Execute, planner::BYTES);
        let look = Look { text: &text, values, types: &types, upto, bytes };
        let Some(answer) = self.ask(look).await else { return };
        self.put("plan", planner::plan(&answer));
    }

    /// Tries it, and says what it changed. `None` if it failed or was refused; else whether it puts
    /// labelled values where no label tells of them.
    async fn tried(&mut self) -> Option<bool> {
        let (text, values) = (self.wanted.text, self.wanted.values);
        let types = self.wanted.types;
        let look = Look { text, values, types, upto: Upto::Try, bytes: 0 };
        let answer = self.ask(look).await?;
        let receipt = answer.notes.iter().find_map(|note| match note {
            Note::Cleared(_, ids) => ids.first().cloned(),
            _ => None,
        });
        self.put("ran", receipt.is_some());
        if self.stopped(&answer) {
            if receipt.is_some() {
                self.put("receipt", receipt);
            }
            return None;
        }
        self.put("receipt", receipt);
        let changed = answer.notes.iter().find_map(|note| match note {
            Note::Changed(changed) => Some(changed.as_deref()),
            _ => None,
        });
        match changed.flatten() {
            Some(changed) => {
                let changes = self.changes(changed);
                self.put("changes", changes);
            }
            None => self.stop("the server does not count changes (track_counts)", None),
        }
        Some(answer.notes.iter().any(|note| matches!(note, Note::Carries)))
    }

    /// Counts by table. Whoever does not decide hears nothing of tables that they may not read, not
    /// even whether anything changed there.
    fn changes(&self, changed: &[Changed]) -> Value {
        let decides = self.wanted.preview.decides;
        let seen = |one: &&Changed| decides || one.readable;
        let shown: Vec<&Changed> = changed.iter().filter(seen).collect();
        let rows: u64 = shown.iter().map(|one| one.inserted + one.updated + one.deleted).sum();
        let table = |one: &&Changed| {
            json!({
                "table": format!("{}.{}", one.schema, one.table),
                "inserted": one.inserted, "updated": one.updated, "deleted": one.deleted,
            })
        };
        let tables: Vec<Value> = shown.iter().map(table).collect();
        json!({ "rows": rows, "tables": tables, "elsewhere": !decides })
    }

    /// What policy says to a person who looks about what a statement does.
    fn decided(
        &self,
        identity: &Identity,
        plan: &Plan,
        facts: &model::Facts,
    ) -> Option<model::Verdict> {
        let config = self.shared.config.load();
        let named = config.databases.iter().find(|one| one.name == self.wanted.database);
        let found = named.or_else(|| config.databases.iter().find(|one| one.name == "*"))?;
        let context = Context {
            now: SystemTime::now(),
            address: Some(self.wanted.peer.ip()),
            tls: true,
            application: APPLICATION,
            risk: Risk::default(),
            // A person: who acts for others has no voice, and looks at no hold of others'.
            work: Work::default(),
        };
        let policies = self.shared.policies.load();
        Some(policies.decide(&Request {
            identity,
            database: &model::DatabaseName::from(self.wanted.database),
            environment: &found.environment,
            facts,
            catalog: &plan.knowledge.catalog,
            labels: &plan.knowledge.labels,
            context: &context,
        }))
    }
}

const fn runs(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Allow | Outcome::Modify)
}

/// The plan that was decided on last.
fn planned(answer: &Answer) -> Option<Arc<Plan>> {
    answer.notes.iter().rev().find_map(|note| match note {
        Note::Planned(plan) | Note::Cleared(plan, _) => Some(Arc::clone(plan)),
        _ => None,
    })
}

fn refusal(answer: &Answer) -> Option<&Refusal> {
    answer.notes.iter().rev().find_map(|note| match note {
        Note::Refused(refusal) => Some(refusal),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::values;

    #[test]
    fn values_are_given_back_exactly_or_not_at_all() {
        let shown = |values: &[&str]| values.iter().map(|&it| it.to_owned()).collect::<Vec<_>>();
        let given = values(&shown(&["NULL", "'NULL'", "'a''b'", "''", "'…'"]));
        let exact = [None, Some("NULL"), Some("a''b"), Some(""), Some("…")];
        assert_eq!(given, Some(exact.map(|it| it.map(str::to_owned)).to_vec()));
        for part in ["'abc'…", "\\x0001", "and further values, not shown …"] {
            assert_eq!(values(&shown(&["'1'", part])), None, "{part}");
        }
        assert_eq!(values(&[]), Some(Vec::new()));
    }
}
