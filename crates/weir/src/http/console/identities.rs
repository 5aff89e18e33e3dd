//! Who there is and what is known of them; disabling, enabling and ending sessions, by the same
//! functions as the command line.

mod known;

use super::{
    Console,
    answer::{Answer, No},
    looker::{Looker, Pressed},
    sign_in::html,
};
use axum::{
    extract::{Path, Query, State},
    response::Redirect,
};
use console::{
    identities::{self, Identities, Listed},
    layout::{Place, Right, Tone},
};
use engine_pg::Opened;
use ledger::Time;
use serde::Deserialize;
use std::{sync::Arc, time::SystemTime};
use store::Account;

/// The most identities that are listed.
const LISTED: usize = 500;

/// What pages are asked for with.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    done: String,
}

/// `GET /console/identities`.
pub(super) async fn list(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::Identities.right())?;
    let (text, open) = (asked.q.trim().to_lowercase(), console.opened());
    let fits = |account: &Account| {
        let mut words = account.groups.iter().map(String::as_str).chain([account.name.as_str()]);
        (asked.kind.is_empty() || account.kind.as_str() == asked.kind)
            && words.any(|word| word.to_lowercase().contains(&text))
    };
    let all = console.shared.store.identities().await?;
    let fit: Vec<&Account> = all.iter().filter(|account| fits(account)).collect();
    let page = Identities {
        listed: fit.iter().take(LISTED).map(|account| listed(account, &open)).collect(),
        more: fit.len().saturating_sub(LISTED),
        text: asked.q,
        kind: asked.kind,
    };
    html(identities::list(&page, &looker.viewer))
}

/// `GET /console/identities/{name}`: who read it is in the record.
pub(super) async fn one(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::Identities.right())?;
    let all = console.shared.store.identities().await?;
    let account = all.iter().find(|account| account.name.as_str() == name);
    let account = account.ok_or_else(|| looker.nothing())?;
    let read = format!("read the identity {name} by the console");
    console.shared.store.administered(SystemTime::now(), &looker.who.name, &read).await?;
    let mut page = console.all_of(account, &all).await?;
    page.done = done(&asked.done, &name);
    html(identities::one(&page, &looker.viewer))
}

fn done(word: &str, name: &str) -> Option<(Tone, String)> {
    let good = |words: String| Some((Tone::Good, words));
    match word {
        "disable" => good(format!("{name} may no longer sign in.")),
        "enable" => good(format!("{name} may sign in again.")),
        "end" => good("Its sessions were told to end.".to_owned()),
        "self" => {
            let words =
                "Nobody shuts themselves out here: somebody else, or the command line, can.";
            Some((Tone::Bad, words.to_owned()))
        }
        _ => None,
    }
}

/// `GET /console/identities/{name}/{what}`: the page that asks first.
pub(super) async fn ask(
    State(console): State<Arc<Console>>,
    Path((name, what)): Path<(String, String)>,
    looker: Looker,
) -> Answer {
    let looker = looker.need(Right::Administer)?;
    let what = change_of(&what).ok_or_else(|| looker.nothing())?;
    console.shared.store.identity(&name).await?.ok_or_else(|| looker.nothing())?;
    let open = console.opened().iter().filter(|opened| is_of(opened, &name)).count();
    html(identities::confirm(&name, what, open, &looker.viewer))
}

/// `POST /console/identities/{name}/{what}`.
pub(super) async fn change(
    State(console): State<Arc<Console>>,
    Path((name, what)): Path<(String, String)>,
    pressed: Pressed,
) -> Result<Redirect, No> {
    let looker = pressed.looker.need(Right::Administer)?;
    let what = change_of(&what).ok_or_else(|| looker.nothing())?;
    let (store, by, now) = (&console.shared.store, &looker.who.name, SystemTime::now());
    store.identity(&name).await?.ok_or_else(|| looker.nothing())?;
    let mut done = what;
    match what {
        "disable" | "enable" if *by == name => done = "self",
        "disable" => drop(store.set_enabled(&name, false, by, now).await?),
        "enable" => drop(store.set_enabled(&name, true, by, now).await?),
        _ => {
            let engine = console.shared.metrics.engine.get();
            let engine = engine.ok_or(No::Unavailable("the engine"))?;
            for opened in console.opened().iter().filter(|opened| is_of(opened, &name)) {
                let words = format!("ended session {} by the console", opened.id);
                store.administered(now, by, &words).await?;
                // One that ended by itself meanwhile is as it should be.
                engine.end(&opened.id);
            }
        }
    }
    Ok(Redirect::to(&format!("{}?done={done}", identities::link(&name))))
}

fn change_of(word: &str) -> Option<&'static str> {
    ["disable", "enable", "end"].into_iter().find(|known| *known == word)
}

/// True if an identity is anywhere in a session's chain of actors.
fn is_of(opened: &Opened, name: &str) -> bool {
    opened.identity.split('/').any(|actor| actor == name)
}

fn listed(account: &Account, open: &[Arc<Opened>]) -> Listed {
    let name = account.name.as_str();
    let outermost = |opened: &&Arc<Opened>| opened.identity.rsplit('/').next() == Some(name);
    Listed {
        name: name.to_owned(),
        kind: account.kind.as_str(),
        acts_for: account.acts_for.as_ref().map(ToString::to_string),
        enabled: account.enabled,
        groups: account.groups.clone(),
        sessions: open.iter().filter(outermost).count(),
        changed: Time::from(account.changed).to_string(),
    }
}

impl Console {
    /// Every session that is open.
    fn opened(&self) -> Vec<Arc<Opened>> {
        let engine = self.shared.metrics.engine.get();
        engine.map(|engine| engine.opened()).unwrap_or_default()
    }
}
