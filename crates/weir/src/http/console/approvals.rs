//! What waits for a decision: listed, shown, decided. Who may look and who may decide is said by
//! the same code as for the API; what is said here is the store's to take or not.

mod preview;

use super::{
    Console,
    answer::{Answer, No},
    grants,
    looker::{Looker, Pressed},
    sign_in::html,
    statement,
    weave::Past,
};
use crate::{
    approvals::{Proven, decide, outcome, take_back, words},
    http::api::approvals::{may_see, tried},
    signing::{self, Matter},
};
use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Html,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use console::{
    approvals::{self, Inbox, Listed, Request, Sign, Stop, Voice, preview::Preview},
    layout::{Place, Right, Tone},
    sql::Marked,
};
use ledger::{ShapeId, Time};
use std::{sync::Arc, time::SystemTime};
use store::{HoldState, KeptHold, SignedIn, Signing, Unsigned};

/// Labelled columns, and what makes it risky.
type Known = (Vec<Marked>, Vec<(String, u32)>);

/// The most requests that are looked at for the inbox.
const LISTED: u32 = 500;
/// The states in which nothing can be decided any more.
const PAST: [HoldState; 5] = [
    HoldState::Approved,
    HoldState::Denied,
    HoldState::Expired,
    HoldState::Withdrawn,
    HoldState::Used,
];

/// `GET /console/approvals`.
pub(super) async fn inbox(State(console): State<Arc<Console>>, looker: Looker) -> Answer {
    let looker = looker.need(Place::Approvals.right())?;
    let (store, now) = (&console.shared.store, SystemTime::now());
    store.due_holds(now).await?;
    let seen = |holds: Vec<KeptHold>| -> Vec<Listed> {
        let theirs = holds.iter().filter(|hold| may_see(hold, &looker.who));
        theirs.map(|hold| listed(hold, &looker.who, now)).collect()
    };
    let mut open = seen(store.holds(&[HoldState::Open], LISTED).await?);
    open.sort_by_key(|one| (one.own, one.left));
    let past = seen(store.holds(&PAST, LISTED / 5).await?);
    let grants = grants::waiting(store, &looker, now).await?;
    html(approvals::inbox(&Inbox { open, past, grants }, &looker.viewer))
}

/// `GET /console/approvals/{request}`.
pub(super) async fn show(
    State(console): State<Arc<Console>>,
    Path(request): Path<String>,
    looker: Looker,
) -> Answer {
    let looker = looker.need(Right::Decide)?;
    console.shared.store.due_holds(SystemTime::now()).await?;
    let hold = console.hold(&request, &looker).await?;
    console.request_page(&hold, &looker, None, None).await
}

/// `POST /console/approvals/{request}`.
pub(super) async fn say(
    State(console): State<Arc<Console>>,
    Path(request): Path<String>,
    headers: HeaderMap,
    pressed: Pressed,
) -> Result<Html<String>, No> {
    let consents = match pressed.field("word") {
        "approve" => true,
        "deny" => false,
        "withdraw" => return console.withdraw(&request, pressed).await,
        _ => return Err(No::Forged),
    };
    let reason = pressed.field("reason").to_owned();
    let assertion = pressed.assertion();
    let looker = pressed.looker.need(Right::Decide)?;
    let hold = console.hold(&request, &looker).await?;
    let (store, config) = (&console.shared.store, console.shared.config.load());
    let (name, site) = (&looker.who.name, signing::site(&config, &headers));
    let (matter, site, assertion) = (Matter::from(&hold), site.as_ref(), assertion.as_ref());
    let told = match matter.signature(store, name, consents, site, assertion).await? {
        Err(why) => (Tone::Bad, format!("Not taken: {why}.")),
        Ok(signed) => {
            let signing = Signing { unsigned: signing::unsigned(&config), by: signed.as_ref() };
            let person = Proven::by_console(&looker.who);
            match decide(store, &request, &person, consents, &reason, &signing).await? {
                Ok(state) => (Tone::Good, format!("Taken: {}.", outcome(state))),
                Err(why) => (Tone::Bad, format!("Not taken: {}.", words(&why, name))),
            }
        }
    };
    let hold = console.hold(&request, &looker).await?;
    console.request_page(&hold, &looker, Some(told), None).await
}

/// `POST /console/approvals/{request}/preview`: what it would change, tried and undone.
pub(super) async fn attempt(
    State(console): State<Arc<Console>>,
    Path(request): Path<String>,
    pressed: Pressed,
) -> Answer {
    let looker = pressed.looker.need(Right::Decide)?;
    let hold = console.hold(&request, &looker).await?;
    let said = tried(&console.shared, &hold, &looker.who, looker.peer.address).await?;
    console.request_page(&hold, &looker, None, Some(preview::told(&said))).await
}

impl Console {
    /// The request, if it is this person's to see; to anybody else there is none.
    async fn hold(&self, request: &str, looker: &Looker) -> Result<KeptHold, No> {
        let hold = self.shared.store.hold(request).await?;
        hold.filter(|hold| may_see(hold, &looker.who)).ok_or_else(|| looker.nothing())
    }

    /// Whoever asked takes it back.
    async fn withdraw(&self, request: &str, pressed: Pressed) -> Answer {
        let looker = pressed.looker.need(Right::Decide)?;
        self.hold(request, &looker).await?;
        let person = Proven::by_console(&looker.who);
        let told = match take_back(&self.shared.store, request, &person, "").await? {
            Ok(state) => (Tone::Good, format!("Taken: {}.", outcome(state))),
            Err(why) => (Tone::Bad, format!("Not taken: {}.", words(&why, &looker.who.name))),
        };
        let hold = self.hold(request, &looker).await?;
        self.request_page(&hold, &looker, Some(told), None).await
    }

    /// Labelled columns and risk of what is asked for, if its shape is in the index already.
    async fn known(&self, shape: &str) -> Result<Known, No> {
        let Ok(shape) = shape.parse::<ShapeId>() else { return Ok(Known::default()) };
        let files = self.files();
        let found = tokio::task::spawn_blocking(move || {
            let shape = files.shape(shape)?;
            Some((statement::marks(&shape), shape.risk.iter().map(statement::risk).collect()))
        });
        let found = found.await.map_err(|error| No::because("the record", &error))?;
        Ok(found.unwrap_or_default())
    }

    /// What somebody's consent is signed with.
    pub(super) async fn sign(&self, matter: &Matter, person: &str) -> Result<Sign, No> {
        let keys = self.shared.store.passkeys(person).await?;
        let must = match signing::unsigned(&self.shared.config.load()) {
            Unsigned::None => true,
            Unsigned::Keyless => !keys.is_empty(),
            Unsigned::All => false,
        };
        let challenge = matter.challenge(person, true);
        Ok(Sign {
            challenge: URL_SAFE_NO_PAD.encode(challenge),
            keys: keys.into_iter().map(|key| key.id).collect(),
            must,
        })
    }

    /// The page of a request. That somebody read it is in the record before they do.
    async fn request_page(
        &self,
        hold: &KeptHold,
        looker: &Looker,
        said: Option<(Tone, String)>,
        preview: Option<Preview>,
    ) -> Answer {
        let (asked, now) = (&hold.asked, SystemTime::now());
        let read = format!("read the request for approval {}", asked.hold);
        self.shared.store.administered(now, &looker.who.name, &read).await?;
        let listed = listed(hold, &looker.who, now);
        let spoke = hold.voices.iter().any(|voice| voice.person == looker.who.name);
        let speaks = asked.needs.iter().flat_map(|need| need.asks());
        let speaks = { speaks }.any(|group| looker.who.speaks_in(group));
        let (marks, risk) = self.known(&asked.shape).await?;
        let waits = HoldState::WAITING.contains(&hold.state);
        let stops = match listed.own {
            _ if !waits => None,
            true => Some(Stop::Withdraw),
            false => (speaks && (spoke || hold.state == HoldState::Approved)).then_some(Stop::Deny),
        };
        let request = Request {
            stops,
            decides: hold.state == HoldState::Open && !listed.own && !spoke && speaks,
            listed,
            statement: asked.statement.clone(),
            values: asked.given.clone(),
            marks,
            until: Time::from(asked.until).to_string(),
            needs: asked.needs.iter().map(ToString::to_string).collect(),
            voices: hold.voices.iter().map(voice).collect(),
            risk,
            tries: waits && !asked.statement.is_empty(),
            preview,
            said,
            sign: self.sign(&Matter::from(hold), &looker.who.name).await?,
        };
        html(approvals::request(&request, &looker.viewer))
    }
}

fn listed(hold: &KeptHold, who: &SignedIn, now: SystemTime) -> Listed {
    let asked = &hold.asked;
    let left = asked.until.duration_since(now).ok().map(|left| left.as_secs());
    Listed {
        id: asked.hold.clone(),
        identity: asked.identity.clone(),
        database: asked.database.clone(),
        state: hold.state.as_str(),
        asked: Time::from(asked.asked).to_string(),
        left: left.filter(|_| HoldState::WAITING.contains(&hold.state)),
        reasons: asked.reasons.clone(),
        own: asked.members.contains(&who.name),
    }
}

pub(super) fn voice(voice: &store::Voice) -> Voice {
    Voice {
        person: voice.who(),
        at: Time::from(voice.at).to_string(),
        consents: voice.consents,
        reason: voice.reason.clone(),
        via: voice.via.clone(),
    }
}
