//! Whether a session may go on, and who tells it otherwise. Knows no messages.

use crate::{
    Engine,
    login::Client,
    relay::{ForWhom, Idler, Orders},
};
use gate::Session;
use std::{
    sync::{Arc, PoisonError},
    time::{Instant, SystemTime},
};
use tokio::sync::Notify;

pub(super) fn orders(
    engine: &Arc<Engine>,
    client: &Client,
    session: &Session,
    (cancelled, ended, person): (Arc<Notify>, Arc<Notify>, ForWhom),
    idler: Option<Arc<Idler>>,
) -> Orders {
    let (directory, identity) = (Arc::clone(&engine.directory), Arc::clone(&client.identity));
    let (credential, opened) = (client.credential.clone(), client.signed_in);
    let certified = client.certified;
    let certain = certified.map(|(_, ends)| ends);
    let (database, grants) = (session.database().name.clone(), session.client().grants.clone());
    let (task, works) = (session.client().work.task.clone(), Arc::clone(&engine.gate.works));
    Orders {
        until: sooner(client.credential.as_ref().and_then(|one| one.expires), certain),
        draining: engine.draining.clone(),
        identities: engine.identities.clone(),
        cancelled,
        ended,
        idler,
        still_valid: Box::new(move || {
            let name = identity.name.as_str();
            if !directory.stands(&identity) {
                // A chain of actors is known as long as there is a token for it.
                return Err(match &credential {
                    Some(one) if one.acts_for.is_some() => {
                        "its token was revoked, or who acts by it was disabled or changed"
                    }
                    _ => "the identity was disabled or changed",
                });
            }
            if directory.has_ended(&identity, opened) {
                return Err("its provider ended the sessions of this identity");
            }
            let person = person.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some((person, since)) = person
                && (!directory.stands(&person) || directory.has_ended(&person, since))
            {
                return Err("the end user of this transaction was disabled, changed or ended");
            }
            if task.as_ref().is_some_and(|task| task.is_over()) {
                return Err("the task of this session is over");
            }
            if task.is_none() && works.await_agent(&identity) {
                return Err("its agent was given a task; connect again to work on it");
            }
            if certified.is_some_and(|(begins, _)| !directory.takes_certificate(name, begins)) {
                return Err("the certificate that this session signed in with was revoked");
            }
            if certain.is_some_and(|until| until <= SystemTime::now()) {
                return Err("the certificate that this session signed in with has expired");
            }
            let until = match &credential {
                Some(credential) => is_still_good(&directory, name, credential, &database)?,
                None => None,
            };
            let until = sooner(until, certain);
            let now = directory.granted(&identity.chain(), database.as_str(), Instant::now());
            match grants.iter().all(|granted| now.contains(granted)) {
                true => Ok(until),
                false => Err("a grant of this session is over; connect again without it"),
            }
        }),
    }
}

/// The first of two moments of which either may never come.
fn sooner(one: Option<SystemTime>, other: Option<SystemTime>) -> Option<SystemTime> {
    one.into_iter().chain(other).min()
}

/// Until when a session may go on with what it signed in with, or why it may not.
fn is_still_good(
    directory: &identity::Directory,
    name: &str,
    credential: &identity::Credential,
    database: &model::DatabaseName,
) -> Result<Option<SystemTime>, &'static str> {
    let Some(credential) = directory.still(name, credential) else {
        return Err("the credential that this session signed in with was revoked");
    };
    if !credential.is_good(SystemTime::now()) {
        return Err("the credential that this session signed in with has expired");
    }
    if !credential.opens(database.as_str()) {
        return Err("the credential of this session is no longer for this database");
    }
    Ok(credential.expires)
}
