//! What comes back from channels: signed requests of Slack's, and of whoever decides by a webhook.
//! The signature says who sent it, the configuration whose word it is; whether that word counts is
//! the store's to say, as everywhere. Nothing else in a request is believed.
//!
//! ```text
//! time near ours ─▶ signature ─▶ not taken before ─▶ person by configuration ─▶ say
//! ```

mod slack;
mod webhook;

pub(super) use slack::slack;
pub(super) use webhook::webhook;

use super::{
    Api,
    problem::{Kind, Problem},
    strangers::note_stranger,
};
use crate::{
    approvals::Proven,
    say::{self, say},
    signing,
};
use axum::http::HeaderMap;
use export::TOLERANCE_SECONDS;
use identity::token_hash;
use std::{
    net::SocketAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use store::{NoVoice, Signing};

/// How long a signed request is remembered: longer than one of its time could come again.
const REMEMBERED: Duration = Duration::from_secs(3 * TOLERANCE_SECONDS);

/// A header's text; empty if there is none.
fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The time that a request says it was signed at, if it is near ours.
fn timely(text: &str, now: SystemTime) -> Option<u64> {
    let time: u64 = text.parse().ok()?;
    let now = now.duration_since(UNIX_EPOCH).ok()?.as_secs();
    (time.abs_diff(now) <= TOLERANCE_SECONDS).then_some(time)
}

/// What was decided, by whom, and through which channel.
struct Word<'w> {
    channel: &'w str,
    person: &'w str,
    request: &'w str,
    word: say::Word,
    reason: &'w str,
}

/// Takes a decision whose signature is good. What came before is not taken again, not even what
/// was refused.
async fn take(
    api: &Api,
    signature: &str,
    word: Word<'_>,
) -> Result<Result<&'static str, NoVoice>, Problem> {
    let now = SystemTime::now();
    let key = format!("{} {signature}", word.channel);
    let hash = token_hash(&identity::Secret::from(key));
    if !api.shared.store.take_once(&hash, now, now + REMEMBERED).await? {
        return Err(Kind::Replayed.into());
    }
    let person = Proven::by_signature(word.person, word.channel);
    let unsigned = signing::unsigned(&api.shared.config.load());
    let signing = Signing { unsigned, by: None };
    let store = &api.shared.store;
    let said = say(store, word.request, &person, word.word, word.reason, &signing).await;
    if said.is_err() {
        // Nobody's word was kept, so the same message may come again.
        api.shared.store.forget_taken(&hash).await?;
    }
    Ok(said?)
}

/// Somebody sent what is not theirs to send: into the record, with what they claimed to be.
fn refused(api: &Api, peer: SocketAddr, claimed: &str, why: &str) {
    note_stranger(api, peer, claimed, format!("a channel: {why}"));
}
