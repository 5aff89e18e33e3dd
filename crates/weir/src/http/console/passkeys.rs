//! Passkeys of whoever looks. The first is added by whoever is signed in; every other, and taking
//! one away, takes a signature of one that there is. The command line takes away what is lost.

use super::{
    Console,
    answer::{Answer, No},
    looker::{Looker, Pressed},
    sign_in::html,
};
use crate::signing::{self, Change, of_change, once};
use axum::{extract::State, http::HeaderMap};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use console::{
    layout::{Right, Tone},
    passkeys::{self, Key, Keys},
};
use identity::passkey::register;
use ledger::Time;
use sha2::{Digest, Sha256};
use std::{sync::Arc, time::SystemTime};
use store::{MOST_PASSKEYS, NoPasskey, Passkey};

/// The longest name of a key: characters.
const NAME: usize = 60;

/// `GET /console/passkeys`.
pub(super) async fn list(State(console): State<Arc<Console>>, looker: Looker) -> Answer {
    let looker = looker.need(Right::Decide)?;
    console.passkeys_page(&looker, None).await
}

/// `POST /console/passkeys`.
pub(super) async fn add(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    pressed: Pressed,
) -> Answer {
    let added = console.add(&headers, &pressed).await?;
    let looker = pressed.looker.need(Right::Decide)?;
    let said = match added {
        Ok(name) => (Tone::Good, format!("{name} is among your passkeys now.")),
        Err(why) => (Tone::Bad, format!("Not added: {why}.")),
    };
    console.passkeys_page(&looker, Some(said)).await
}

/// `POST /console/passkeys/remove`.
pub(super) async fn remove(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
    pressed: Pressed,
) -> Answer {
    let (name, said) = (pressed.field("name").to_owned(), pressed.assertion());
    let looker = pressed.looker.need(Right::Decide)?;
    let (store, who) = (&console.shared.store, &looker.who.name);
    let site = signing::site(&console.shared.config.load(), &headers);
    let keys = store.passkeys(who).await?;
    let challenge = of_change(Change::Remove(&name), &looker.viewer.csrf, who, &keys);
    let said = said.ok_or_else(|| "it takes a signature of one of your passkeys".to_owned());
    let signed = said.and_then(|said| signing::check(&keys, site.as_ref(), &challenge, &[], &said));
    let removed = match &signed {
        Err(why) => Err(why.clone()),
        Ok(by) => {
            let (once, now) = (once(&keys, by), SystemTime::now());
            store.give_up_passkey(who, &name, once, now).await?.map_err(words)
        }
    };
    let told = match removed {
        Err(why) => (Tone::Bad, format!("Not removed: {why}.")),
        Ok(true) => (Tone::Good, format!("{name} is none of your passkeys any more.")),
        Ok(false) => (Tone::Bad, format!("There is no passkey {name}.")),
    };
    console.passkeys_page(&looker, Some(told)).await
}

impl Console {
    /// Adds a key; its name, or why not.
    async fn add(
        &self,
        headers: &HeaderMap,
        pressed: &Pressed,
    ) -> Result<Result<String, String>, No> {
        let looker = pressed.looker.clone().need(Right::Decide)?;
        let (who, now) = (&looker.who.name, SystemTime::now());
        let name: String =
            pressed.field("name").trim().chars().filter(|c| !c.is_control()).take(NAME).collect();
        let Some(site) = signing::site(&self.shared.config.load(), headers) else {
            return Ok(Err(signing::NO_SITE.to_owned()));
        };
        if name.is_empty() {
            return Ok(Err("it has no name".to_owned()));
        }
        let keys = self.shared.store.passkeys(who).await?;
        let challenge = of_change(Change::Add, &looker.viewer.csrf, who, &keys);
        let (client, said) = (pressed.field("made_client"), pressed.field("made_authenticator"));
        let made = match register(&site, &challenge, client, said) {
            Ok(made) => made,
            Err(why) => return Ok(Err(why.to_string())),
        };
        let said = pressed.assertion();
        let said = said.map(|said| signing::check(&keys, Some(&site), &challenge, &[], &said));
        let by = match said.transpose() {
            Ok(by) => by,
            Err(why) => return Ok(Err(why)),
        };
        let key = Passkey {
            id: made.id,
            person: who.clone(),
            name: name.clone(),
            public: made.key.text(),
            site: site.name().to_owned(),
            count: made.count,
            added: now,
            used: None,
        };
        let added =
            self.shared.store.add_passkey(&key, by.as_ref().map(|by| once(&keys, by))).await?;
        Ok(added.map(|()| name).map_err(words))
    }

    async fn passkeys_page(&self, looker: &Looker, said: Option<(Tone, String)>) -> Answer {
        let who = &looker.who.name;
        let keys = self.shared.store.passkeys(who).await?;
        let csrf = &looker.viewer.csrf;
        let sign = |change| URL_SAFE_NO_PAD.encode(of_change(change, csrf, who, &keys));
        let challenge = sign(Change::Add);
        let shown = keys.iter().map(|key| shown(key, sign(Change::Remove(&key.name)))).collect();
        let user = Sha256::digest(format!("weir person\n{who}\n").as_bytes());
        let keys = Keys { keys: shown, challenge, user: URL_SAFE_NO_PAD.encode(user), said };
        html(passkeys::page(&keys, &looker.viewer))
    }
}

fn shown(key: &Passkey, challenge: String) -> Key {
    let kind = key.public.split_once(':').map_or("", |(kind, _)| kind).to_owned();
    Key {
        kind,
        added: Time::from(key.added).to_string(),
        used: key.used.map(|at| Time::from(at).to_string()),
        id: key.id.clone(),
        name: key.name.clone(),
        site: key.site.clone(),
        challenge,
    }
}

fn words(why: NoPasskey) -> String {
    match why {
        NoPasskey::Name => "one of your passkeys is called so".to_owned(),
        NoPasskey::Known => "this key is known already".to_owned(),
        NoPasskey::TooMany => format!("you have {MOST_PASSKEYS} passkeys, and more are not kept"),
        NoPasskey::Unsigned => "one of your passkeys has to sign it, anew each time".to_owned(),
    }
}
