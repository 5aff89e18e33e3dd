//! What a client comes to work on: the task of an agent, and what for. Knows no statement.

use super::begin::{PURPOSE, TASK};
use crate::Engine;
use gate::{Refusal, work::Running};
use model::{Blame, Identity, IdentityKind};
use std::sync::Arc;

/// The longest purpose that is kept: characters.
const PURPOSE_CHARACTERS: usize = 200;

/// What a client works on. An agent that has tasks works on one of them: to leave its task out
/// would be to widen its right by itself. `bound` is the task that its token is for, and no other.
pub(super) fn work(
    engine: &Engine,
    identity: &Identity,
    bound: Option<&str>,
    settings: &[(String, String)],
) -> Result<gate::Working, Refusal> {
    let said = |wanted: &str| {
        let found = settings.iter().rev().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    let purpose = said(PURPOSE).unwrap_or_default();
    let purpose: String =
        purpose.chars().filter(|it| !it.is_control()).take(PURPOSE_CHARACTERS).collect();
    let acts_for = identity.acts_for.as_ref().map_or("", |principal| principal.name.as_str());
    let mut tasks = match identity.kind {
        IdentityKind::Agent => engine.gate.works.of(identity.name.as_str(), acts_for),
        IdentityKind::Person | IdentityKind::Service => Vec::new(),
    };
    let names = |tasks: &[Arc<Running>]| {
        let mut names: Vec<_> = tasks.iter().map(|one| one.task.name.clone()).collect();
        names.sort();
        names.join(", ")
    };
    if let (Some(bound), Some(said)) = (bound, said(TASK))
        && bound != said
    {
        let what = format!("this token is for task {bound} alone");
        return Err(no_work(what, format!("Exchange another token for task {said}.")));
    }
    let task = match bound.or_else(|| said(TASK)) {
        Some(name) => match tasks.iter().position(|one| one.task.name == name) {
            Some(at) => Some(tasks.swap_remove(at)),
            None => {
                let what = format!("{} has no task \"{name}\" now", identity.name);
                let hint = match tasks.is_empty() {
                    true => "Ask whoever you act for: weir task create …".to_owned(),
                    false => format!("Its tasks are {}.", names(&tasks)),
                };
                return Err(no_work(what, hint));
            }
        },
        None if tasks.len() > 1 => {
            let what = format!("{} has several tasks", identity.name);
            let hint = format!(
                "Say on which it works, by the start-up option -c {TASK}=NAME: {}.",
                names(&tasks)
            );
            return Err(no_work(what, hint));
        }
        None => tasks.pop(),
    };
    Ok(gate::Working { task, purpose })
}

fn no_work(what: String, hint: String) -> Refusal {
    Refusal {
        sqlstate: "28000",
        message: what,
        detail: None,
        hint: Some(hint),
        position: None,
        blame: Blame::Client,
        puzzling: false,
        record: None,
    }
}
