//! Grants that wait for consent: shown and decided, signed where whoever decides has a passkey. Who
//! may look is said by the same code as for the API; what is said here is the store's to take or
//! not.

use super::{
    Console,
    answer::{Answer, No},
    approvals::voice,
    looker::{Looker, Pressed},
    sign_in::html,
};
use crate::{
    approvals::{Proven, words},
    grants::{decide, outcome},
    http::api::grants::may_see,
    signing::{self, Matter},
};
use axum::{
    extract::{Path, State},
    http::HeaderMap,
};
use console::{
    grants::{self, Grant, Listed},
    layout::{Right, Tone},
};
use ledger::Time;
use std::{sync::Arc, time::SystemTime};
use store::{GrantState, KeptGrant, Listing, SignedIn, Signing, Store};

/// The most grants that are looked at for the inbox.
const LISTED: u32 = 500;

/// The grants that wait for consent and are this person's to see.
pub(super) async fn waiting(
    store: &Store,
    looker: &Looker,
    now: SystemTime,
) -> Result<Vec<Listed>, No> {
    store.due_grants(now).await?;
    let live = store.grants(Listing::Live, LISTED).await?;
    let waits = |grant: &&KeptGrant| grant.state == GrantState::Open && may_see(grant, &looker.who);
    Ok(live.iter().filter(waits).map(|grant| listed(grant, &looker.who)).collect())
}

/// `GET /console/grants/{grant}`.
pub(super) async fn show(
    State(console): State<Arc<Console>>,
    Path(grant): Path<String>,
    looker: Looker,
) -> Answer {
    let looker = looker.need(Right::Decide)?;
    console.shared.store.due_grants(SystemTime::now()).await?;
    let grant = console.grant(&grant, &looker).await?;
    console.grant_page(&grant, &looker, None).await
}

/// `POST /console/grants/{grant}`.
pub(super) async fn say(
    State(console): State<Arc<Console>>,
    Path(grant): Path<String>,
    headers: HeaderMap,
    pressed: Pressed,
) -> Answer {
    let consents = match pressed.field("word") {
        "approve" => true,
        "deny" => false,
        _ => return Err(No::Forged),
    };
    let (reason, assertion) = (pressed.field("reason").to_owned(), pressed.assertion());
    let looker = pressed.looker.need(Right::Decide)?;
    let kept = console.grant(&grant, &looker).await?;
    let (store, config) = (&console.shared.store, console.shared.config.load());
    let (name, site) = (&looker.who.name, signing::site(&config, &headers));
    let (matter, site) = (Matter::from(&kept), site.as_ref());
    let signed = matter.signature(store, name, consents, site, assertion.as_ref()).await?;
    let taken = match signed {
        Err(why) => Err(why),
        Ok(signed) => {
            let signing = Signing { unsigned: signing::unsigned(&config), by: signed.as_ref() };
            let person = Proven::by_console(&looker.who);
            let said = decide(store, &grant, &person, consents, &reason, &signing).await?;
            said.map_err(|why| words(&why, name))
        }
    };
    let kept = console.grant(&grant, &looker).await?;
    let told = match taken {
        Ok(_) => (Tone::Good, format!("Taken: {}.", outcome(&kept))),
        Err(why) => (Tone::Bad, format!("Not taken: {why}.")),
    };
    console.grant_page(&kept, &looker, Some(told)).await
}

impl Console {
    /// The grant, if it is this person's to see; to anybody else there is none.
    async fn grant(&self, grant: &str, looker: &Looker) -> Result<KeptGrant, No> {
        let grant = self.shared.store.grant(grant).await?;
        grant.filter(|grant| may_see(grant, &looker.who)).ok_or_else(|| looker.nothing())
    }

    /// The page of a grant. That somebody read it is in the record before they do.
    async fn grant_page(
        &self,
        grant: &KeptGrant,
        looker: &Looker,
        said: Option<(Tone, String)>,
    ) -> Answer {
        let (asked, who) = (&grant.asked, &looker.who);
        let read = format!("read the grant {}", asked.grant);
        self.shared.store.administered(SystemTime::now(), &who.name, &read).await?;
        let listed = listed(grant, who);
        let spoke = grant.voices.iter().any(|voice| voice.person == who.name);
        let speaks = asked.needs.iter().flat_map(|need| need.asks());
        let speaks = { speaks }.any(|group| who.speaks_in(group));
        let page = Grant {
            decides: grant.state == GrantState::Open && !listed.own && !spoke && speaks,
            listed,
            emergency: asked.emergency,
            until: Time::from(asked.until).to_string(),
            needs: asked.needs.iter().map(ToString::to_string).collect(),
            reviewers: asked.reviewers.iter().map(ToString::to_string).collect(),
            voices: grant.voices.iter().map(voice).collect(),
            said,
            sign: self.sign(&Matter::from(grant), &who.name).await?,
        };
        html(grants::one(&page, &looker.viewer))
    }
}

fn listed(grant: &KeptGrant, who: &SignedIn) -> Listed {
    let asked = &grant.asked;
    Listed {
        id: asked.grant.clone(),
        identity: asked.chain.clone(),
        group: asked.group.clone(),
        databases: asked.databases.clone(),
        seconds: asked.seconds,
        purpose: asked.purpose.clone(),
        asked: Time::from(asked.asked).to_string(),
        state: outcome(grant),
        own: asked.members.contains(&who.name),
    }
}
