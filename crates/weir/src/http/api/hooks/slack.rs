//! `POST /hooks/slack`: buttons that were pressed.

use super::{Word, header, refused, take, timely};
use crate::{
    approvals::words,
    channels::{Channel, Slack, Way},
    http::api::{
        Api, Peer,
        problem::{Kind, Problem},
    },
    say,
};
use axum::{
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use store::StoreError;

/// How long a button waits for the message that it stands under to be known: Slack itself waits
/// for three seconds ("Acknowledgment response").
const POSTING: Duration = Duration::from_secs(2);

/// What of a payload is read.
#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    user: User,
    team: Id,
    channel: Id,
    container: Container,
    actions: Vec<Action>,
    #[serde(default)]
    state: Values,
}

#[derive(Deserialize)]
struct User {
    id: String,
    team_id: Option<String>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
struct Container {
    message_ts: String,
}

#[derive(Deserialize)]
struct Action {
    action_id: String,
    #[serde(default)]
    value: String,
}

#[derive(Default, Deserialize)]
struct Values {
    #[serde(default)]
    values: HashMap<String, HashMap<String, Input>>,
}

#[derive(Deserialize)]
struct Input {
    value: Option<String>,
}

impl Payload {
    fn reason(&self) -> &str {
        let input = self.state.values.get("reason").and_then(|inputs| inputs.get("reason"));
        input.and_then(|input| input.value.as_deref()).unwrap_or_default()
    }
}

/// Takes what Slack signed. Answered with nothing at once; people hear of it in the channel.
pub(in crate::http::api) async fn slack(
    State(api): State<Arc<Api>>,
    ConnectInfo(Peer { address: peer, .. }): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let time = header(&headers, "x-slack-request-timestamp");
    let signature = header(&headers, "x-slack-signature");
    if timely(time, SystemTime::now()).is_none() {
        return Err(Kind::Unsigned.into());
    }
    let signed = |slack: &Slack| slack.secret.verify(time, &body, signature);
    let signed: Vec<(&Channel, &Slack)> = api.slacks().filter(|(_, slack)| signed(slack)).collect();
    if signed.is_empty() {
        return Err(Kind::Unsigned.into());
    }
    let form: HashMap<String, String> =
        serde_urlencoded::from_bytes(&body).map_err(|_| Kind::Malformed)?;
    let payload = form.get("payload").ok_or(Kind::Malformed)?;
    let payload: Payload = serde_json::from_str(payload).map_err(|_| Kind::Malformed)?;
    // One app can stand in several workspaces and channels; each has people of its own.
    let ours = |slack: &Slack| {
        let team = payload.user.team_id.as_ref().unwrap_or(&payload.team.id);
        slack.team == payload.team.id && slack.team == *team && slack.channel == payload.channel.id
    };
    let claimed = format!("slack {}", payload.user.id);
    let Some((channel, slack)) = signed.into_iter().find(|(_, slack)| ours(slack)) else {
        refused(&api, peer, &claimed, "another workspace or channel");
        return Err(Kind::Elsewhere.into());
    };
    let action = match (payload.kind.as_str(), payload.actions.as_slice()) {
        ("block_actions", [action]) => action,
        _ => return Err(Kind::Malformed.into()),
    };
    let Some(what) = say::Word::read(&action.action_id) else {
        // Other elements of the message tell of themselves, too.
        return Ok(StatusCode::OK);
    };
    // The button stands under the message that Weir sent for this request.
    let known = sent(&api, &channel.name, &action.value).await?;
    if known.as_deref() != Some(payload.container.message_ts.as_str()) {
        refused(&api, peer, &claimed, "no message that Weir sent for this request");
        return Err(Kind::Elsewhere.into());
    }
    let user = &payload.user.id;
    let Some(person) = slack.people.get(user) else {
        refused(&api, peer, &claimed, "nobody's id: see `people` of the channel");
        tell(slack, user, "Weir knows no person by your Slack account, so it cannot take this.")
            .await;
        return Ok(StatusCode::OK);
    };
    let reason = payload.reason();
    let (request, channel) = (action.value.as_str(), channel.name.as_str());
    let word = Word { channel, person, request, word: what, reason };
    // One signature has many spellings, and is taken once.
    let signature = signature.to_ascii_lowercase();
    if let Err(why) = take(&api, &signature, word).await? {
        tell(slack, user, &format!("Weir did not take this: {}", words(&why, person))).await;
    }
    Ok(StatusCode::OK)
}

/// What Slack calls the message about a request, with the time that it takes to be known: people
/// can see a message, and press its button, before Slack's answer to whoever posted it is here.
async fn sent(api: &Api, channel: &str, request: &str) -> Result<Option<String>, StoreError> {
    let until = Instant::now() + POSTING;
    loop {
        let known = api.shared.store.message(channel, request).await?;
        if known.is_some() || Instant::now() >= until {
            return Ok(known);
        }
        tokio::time::sleep(POSTING / 20).await;
    }
}

/// Tells somebody why; that it does not reach them changes nothing.
async fn tell(slack: &Slack, user: &str, text: &str) {
    /// Slack waits for three seconds in all.
    const LIMIT: std::time::Duration = std::time::Duration::from_millis(1_500);
    let told = tokio::time::timeout(LIMIT, slack.whisper(user, text)).await;
    if !matches!(told, Ok(Ok(()))) {
        tracing::warn!("somebody in Slack could not be told why their word was not taken");
    }
}

impl Api {
    fn slacks(&self) -> impl Iterator<Item = (&Channel, &Slack)> {
        self.channels.iter().filter_map(|channel| match &channel.way {
            Way::Slack(slack) => Some((&**channel, &**slack)),
            Way::Teams(_) | Way::Email(_) | Way::Webhook(_) => None,
        })
    }
}
