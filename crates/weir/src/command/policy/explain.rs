//! `weir policy explain`: what would be decided, by which policies, and what would change it.
//! Reads a catalog and decides; nothing of the statement reaches a database.

mod change;
mod known;

use crate::{
    cli::ExplainArgs,
    exit::{Failure, problems},
    out::Out,
};
use config::Config;
pub(crate) use known::of;
use model::Identity;
use policy::{PolicySet, Question};
use rehearsal::{Circumstances, Explained, Schema};
use serde_json::json;
use std::{path::Path, time::SystemTime};

pub(super) async fn run(file: &Path, args: &ExplainArgs) -> Result<(), Failure> {
    let dir = super::folder(file, args.dir.clone())?;
    let policies = PolicySet::load(dir.as_deref()).map_err(problems)?;
    let place = known::place(file, args)?;
    let schema = known::schema(file, args, &place.database).await?;
    let whom = known::whom(file, args).await?;
    let case = Case { policies: &policies, schema: &schema, sql: &args.sql };
    let all = whom.into_iter().map(|identity| Circumstances {
        identity,
        database: place.database.as_str().into(),
        environment: place.environment.clone(),
        now: SystemTime::now(),
        address: args.from,
        tls: !args.no_tls,
        application: args.application.clone(),
        risk: policy::Risk::default(),
        purpose: String::new(),
        tainted: false,
    });
    let mut out = Out::new();
    if args.for_whom {
        for_whom(&mut out, &case, all, args.json)?;
    } else {
        for who in all {
            one(&mut out, &case, &who, args.json)?;
        }
    }
    Ok(out.flush()?)
}

/// What would be decided on one statement, in words.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Who asks.
    pub(crate) who: String,
    /// The statement.
    pub(crate) text: String,
    pub(crate) outcome: &'static str,
    pub(crate) reasons: Vec<String>,
    pub(crate) advice: Vec<String>,
    /// How each output leaves.
    pub(crate) shows: Vec<String>,
    /// Whose right, the question, the answer, by which policies.
    pub(crate) questions: Vec<Vec<String>>,
    /// What alone would let it run.
    pub(crate) changes: Vec<String>,
}

/// Of more statements in one text it is not told what would let them run: each try decides all of
/// them anew.
const TRIED: usize = 20;

/// What would be decided now if an identity that there is asked this of a database.
pub(crate) async fn told(
    config: &Config,
    policies: &PolicySet,
    who: Identity,
    database: &str,
    sql: &str,
) -> Result<Vec<Told>, Failure> {
    let schema = known::read(config, database).await?;
    let environment = config.database(database).map(|(found, _)| found.environment.clone());
    let who = Circumstances {
        identity: who,
        database: database.into(),
        environment: environment.unwrap_or_default(),
        now: SystemTime::now(),
        address: None,
        tls: true,
        application: String::new(),
        risk: policy::Risk::default(),
        purpose: String::new(),
        tainted: false,
    };
    let case = Case { policies, schema: &schema, sql };
    let all = case.explain(policies, &who);
    let tries = all.len() <= TRIED;
    let tell = |one: Explained| Told {
        who: who_asks(&who.identity),
        text: sql.get(one.span.clone()).unwrap_or(sql).trim().to_owned(),
        outcome: one.verdict.outcome.as_str(),
        reasons: one.verdict.reasons.clone(),
        advice: one.verdict.advice.iter().map(ToString::to_string).collect(),
        shows: match one.verdict.outcome {
            model::Outcome::Deny => Vec::new(),
            _ => shows(&one),
        },
        questions: rows(policies, &one),
        changes: if tries { change::changes(&case, &who, &one) } else { Vec::new() },
    };
    Ok(all.into_iter().map(tell).collect())
}

/// What is asked, without who asks.
struct Case<'a> {
    policies: &'a PolicySet,
    schema: &'a Schema,
    sql: &'a str,
}

impl Case<'_> {
    fn explain(&self, policies: &PolicySet, who: &Circumstances) -> Vec<Explained> {
        let Schema { catalog, labels } = self.schema;
        rehearsal::explain(policies, who, catalog, labels, self.sql)
    }
}

fn for_whom(
    out: &mut Out,
    case: &Case<'_>,
    all: impl Iterator<Item = Circumstances>,
    as_json: bool,
) -> Result<(), Failure> {
    let (mut rows, mut objects) = (Vec::new(), Vec::new());
    for who in all {
        let explained = case.explain(case.policies, &who);
        for one in &explained {
            rows.push(vec![
                who.identity.chain(),
                who.identity.kind.as_str().to_owned(),
                one.verdict.outcome.as_str().to_owned(),
                shows(one).join("; "),
                one.verdict.reasons.first().cloned().unwrap_or_default(),
            ]);
            objects.push(json!({ "identity": who.identity.chain(), "verdict": one.verdict }));
        }
    }
    if as_json {
        out.json(&objects)?;
    } else {
        out.table(&["IDENTITY", "KIND", "VERDICT", "SHOWS", "WHY"], &rows)?;
    }
    Ok(())
}

/// `email: email partial`, one for each output.
fn shows(one: &Explained) -> Vec<String> {
    let outputs = one.facts.iter().flat_map(|facts| facts.outputs.iter().flatten());
    outputs
        .zip(&one.verdict.disclosures)
        .map(|(output, shows)| format!("{}: {}", output.name, rehearsal::disclosure(shows)))
        .collect()
}

fn one(out: &mut Out, case: &Case<'_>, who: &Circumstances, as_json: bool) -> Result<(), Failure> {
    for one in case.explain(case.policies, who) {
        let text = case.sql.get(one.span.clone()).unwrap_or(case.sql).trim();
        let changes = change::changes(case, who, &one);
        if as_json {
            out.json(&object(case.policies, text, &one, &changes))?;
            continue;
        }
        let verdict = &one.verdict;
        out.line(format!("{}: {}", who_asks(&who.identity), text.replace('\n', " ")))?;
        out.line(verdict.outcome.as_str())?;
        verdict.reasons.iter().try_for_each(|reason| out.line(format!("  {reason}")))?;
        verdict.advice.iter().try_for_each(|advice| out.line(format!("  advice: {advice}")))?;
        if verdict.outcome != model::Outcome::Deny {
            shows(&one).iter().try_for_each(|shown| out.line(format!("  shows {shown}")))?;
        }
        out.line("")?;
        let rows = rows(case.policies, &one);
        out.table(&["WHOSE RIGHT", "QUESTION", "ANSWER", "BY"], &rows)?;
        if !changes.is_empty() {
            out.line("")?;
            out.line("Each of these alone would let it run:")?;
            changes.iter().try_for_each(|change| out.text(change))?;
        }
    }
    Ok(())
}

fn who_asks(identity: &Identity) -> String {
    let groups = match identity.groups.as_slice() {
        [] => String::new(),
        groups => format!(" in {}", groups.join(", ")),
    };
    format!("{} {}{groups}", identity.kind.as_str(), identity.chain())
}

/// The questions with their answers. Where all was understood, what was not foreseen decides
/// nothing.
fn rows(policies: &PolicySet, one: &Explained) -> Vec<Vec<String>> {
    let understood = one.facts.as_ref().is_some_and(|facts| {
        let all = facts.unknowns.is_empty() && !facts.dynamic && !facts.outputs_unknown;
        all && !facts.outputs.iter().flatten().any(|output| output.unknown)
    });
    let shown = one.questions.iter().filter(|question| !(understood && question.unforeseen));
    shown.map(|question| row(policies, question)).collect()
}

fn row(policies: &PolicySet, question: &Question) -> Vec<String> {
    let label = question.label.as_ref().map_or(String::new(), |label| format!(" ({label})"));
    let wide = if question.unbounded { " unbounded" } else { "" };
    let masks = question.action == "disclose" && question.label.is_some();
    let answer = match (question.allowed, question.policies.is_empty()) {
        (true, _) if !question.needs.is_empty() => "hold",
        (true, _) => "permit",
        (false, false) => "forbid",
        (false, true) if masks => "no policy: masked",
        (false, true) => "no policy",
    };
    let about = match question.unforeseen {
        true => "(anything not foreseen)".to_owned(),
        false => format!("{}{label}", question.resource),
    };
    vec![
        question.identity.clone(),
        format!("{}{wide} {about}", question.action),
        answer.to_owned(),
        by(policies, question).join(", "),
    ]
}

/// The policies that decided, with where they stand.
fn by(policies: &PolicySet, question: &Question) -> Vec<String> {
    let failed = question.failed.iter().map(|id| (id, " (failed)"));
    let all = question.policies.iter().map(|id| (id, "")).chain(failed);
    all.map(|(id, word)| {
        let listed = policies.policies().iter().find(|one| one.id == *id);
        let place =
            listed.map_or_else(String::new, |one| format!(" {}:{}", one.file.display(), one.line));
        let need = question.needs.iter().find(|(policy, _)| policy == id);
        let need = need.map_or_else(String::new, |(_, need)| {
            let verb =
                if listed.is_some_and(|one| one.permits) { "permit once" } else { "forbid until" };
            format!(" ({verb} approved by {need})")
        });
        format!("{id}{place}{need}{word}")
    })
    .collect()
}

fn object(
    policies: &PolicySet,
    text: &str,
    one: &Explained,
    changes: &[String],
) -> serde_json::Value {
    let questions = one.questions.iter().map(|question| {
        json!({
            "identity": question.identity,
            "action": question.action,
            "resource": question.resource,
            "label": question.label,
            "unbounded": question.unbounded,
            "allowed": question.allowed,
            "needs": question.needs.iter().map(|(_, need)| need.to_string()).collect::<Vec<_>>(),
            "unforeseen": question.unforeseen,
            "by": by(policies, question),
        })
    });
    json!({
        "text": text,
        "verdict": one.verdict,
        "shows": shows(one),
        "questions": questions.collect::<Vec<_>>(),
        "changes": changes,
    })
}
