//! Slack: a message with buttons for each request, changed as the request changes. What comes back
//! is read in `http::hooks`. Knows Slack's methods and blocks; nothing of who may decide.

use super::{
    About, Channel, NotTold, key,
    message::{Message, cut},
};
use crate::say::Word;
use anyhow::{Context, anyhow};
use export::{Key, Post, SlackSecret};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::Store;

/// A channel of a Slack workspace.
pub(crate) struct Slack {
    post: Post,
    update: Post,
    whisper: Post,
    token: Key,
    /// Checks what comes from Slack.
    pub(crate) secret: SlackSecret,
    /// The workspace.
    pub(crate) team: String,
    /// The channel.
    pub(crate) channel: String,
    /// Who is who: Slack's id of a user to the name of a person. Nothing that a payload says of a
    /// user but the id is believed.
    pub(crate) people: BTreeMap<String, String>,
}

/// What Slack says of a message that it will never take, or of a channel that takes none any more.
/// Whatever else it says can be mended from outside: a token, a limit, Slack itself.
const FOR_GOOD: [&str; 14] = [
    "as_user_not_supported",
    "block_mismatch",
    "cant_update_message",
    "edit_window_closed",
    "invalid_arg_name",
    "invalid_arguments",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_charset",
    "invalid_json",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "too_many_contact_cards",
];

/// The longest text of facts: Slack takes 3,000 characters.
const FACTS: usize = 2_900;

/// What of an answer is read.
#[derive(Deserialize)]
struct Said {
    ok: bool,
    error: Option<String>,
    ts: Option<String>,
}

impl Slack {
    pub(super) fn new(slack: &config::Slack) -> anyhow::Result<Self> {
        let method = |name: &str| Post::new(&format!("{}/{name}", slack.url), slack.ca.as_deref());
        Ok(Self {
            post: method("chat.postMessage")?,
            update: method("chat.update")?,
            whisper: method("chat.postEphemeral")?,
            token: key(&slack.token)?,
            secret: SlackSecret::new(&key(&slack.signing_secret)?)?,
            team: slack.team.clone(),
            channel: slack.channel.clone(),
            people: slack.people.clone(),
        })
    }

    /// Posts a new request, or changes the message of one.
    pub(super) async fn tell(
        &self,
        store: &Store,
        channel: &Channel,
        about: &About,
        new: bool,
    ) -> Result<(), NotTold> {
        let message = Message::new(channel, about);
        let mut body = json!({
            "channel": self.channel, "text": message.title, "blocks": blocks(&message),
            // Nobody's text is taken for markup, and no link in it is fetched.
            "mrkdwn": false, "parse": "none", "unfurl_links": false, "unfurl_media": false,
        });
        let known = store.message(&channel.name, about.name()).await?;
        let Some(reference) = known else {
            if !new {
                return Ok(());
            }
            let answer = self.call(&self.post, &body).await?;
            let reference = answer.ts.context("Slack names no message")?;
            return Ok(store.keep_message(&channel.name, about.name(), &reference).await?);
        };
        if let Some(fields) = body.as_object_mut() {
            fields.insert("ts".into(), json!(reference));
        }
        match self.call(&self.update, &body).await {
            // A message that somebody deleted, or a request whose end nobody has to see any more,
            // must not keep others from being told.
            Err(NotTold::Failed(error)) if message.words.is_empty() => {
                tracing::warn!(channel = channel.name, "a message cannot be changed: {error:#}");
                Ok(())
            }
            Err(NotTold::Failed(error)) if error.to_string().contains("message_not_found") => {
                Ok(())
            }
            Err(why) => Err(why),
            Ok(_) => Ok(()),
        }
    }

    /// Tells one user something that nobody else sees.
    pub(crate) async fn whisper(&self, user: &str, text: &str) -> anyhow::Result<()> {
        let body = json!({
            "channel": self.channel, "user": user, "text": text, "mrkdwn": false, "parse": "none",
        });
        match self.call(&self.whisper, &body).await {
            Ok(_) => Ok(()),
            Err(NotTold::Refused(why)) => Err(anyhow!(why)),
            Err(NotTold::Failed(error)) => Err(error),
        }
    }

    async fn call(&self, method: &Post, body: &Value) -> Result<Said, NotTold> {
        let authorization = format!("Bearer {}", self.token.expose());
        let headers = [("authorization", authorization.as_str())];
        let kind = "application/json; charset=utf-8";
        let answer = method.send(kind, &headers, body.to_string()).await?;
        if !answer.is_success() {
            return Err(NotTold::by_status("Slack", answer.status));
        }
        let said: Said = serde_json::from_slice(&answer.body).context("Slack answers no JSON")?;
        if !said.ok {
            let error = said.error.as_deref().unwrap_or("not ok");
            let why = format!("Slack answers {error}");
            return Err(match FOR_GOOD.contains(&error) {
                true => NotTold::Refused(why),
                false => NotTold::Failed(anyhow!(why)),
            });
        }
        Ok(said)
    }
}

fn plain(text: &str) -> Value {
    json!({ "type": "plain_text", "text": text, "emoji": false })
}

/// The message in Block Kit. Everything that somebody else wrote stands in plain text or in
/// preformatted rich text, where nothing is markup.
fn blocks(message: &Message) -> Value {
    let mut blocks = vec![json!({ "type": "section", "text": plain(&message.title) })];
    let facts = message.facts.iter().map(|(what, text)| format!("{what}: {text}"));
    let facts = facts.collect::<Vec<_>>().join("\n");
    let (facts, cut) = cut(&facts, FACTS);
    blocks.push(json!({ "type": "section", "text": plain(&facts) }));
    if let Some(statement) = &message.statement {
        let text = json!({ "type": "text", "text": statement });
        let preformatted = json!({ "type": "rich_text_preformatted", "elements": [text] });
        blocks.push(json!({ "type": "rich_text", "elements": [preformatted] }));
    }
    if message.words.is_empty() {
        let end = json!({ "type": "context", "elements": [plain(&message.outcome)] });
        blocks.push(end);
        return Value::Array(blocks);
    }
    let element = json!({
        "type": "plain_text_input", "action_id": "reason", "max_length": 500,
    });
    blocks.push(json!({
        "type": "input", "block_id": "reason", "optional": true,
        "label": plain("Reason"), "element": element,
    }));
    let button = |(word, text): &(Word, &str)| {
        let style = match word {
            Word::Approve | Word::Fine => "primary",
            Word::Deny | Word::NotFine | Word::Revoke => "danger",
        };
        json!({
            "type": "button", "action_id": word.as_str(), "value": message.name,
            "text": plain(text), "style": style,
        })
    };
    // Nobody consents to what they were not shown.
    let words = message.words.iter().filter(|(word, _)| !cut || *word != Word::Approve);
    let buttons: Vec<Value> = words.map(button).collect();
    blocks.push(json!({ "type": "actions", "block_id": "decide", "elements": buttons }));
    let how = format!("All of it: {}", message.how.join(" or "));
    blocks.push(json!({ "type": "context", "elements": [plain(&how)] }));
    Value::Array(blocks)
}

#[cfg(test)]
mod tests {
    use super::{Message, Word, blocks};

    #[test]
    fn facts_that_are_cut_have_no_button_to_consent() {
        let of = |databases: usize| Message {
            name: "grant-1".into(),
            title: "alice asks".into(),
            facts: vec![("For", "d".repeat(databases * 100)), ("Needs", "two of admins".into())],
            statement: None,
            cut: false,
            words: vec![(Word::Approve, "Approve"), (Word::Deny, "Deny")],
            decides: true,
            outcome: String::new(),
            how: Vec::new(),
        };
        let button = |message: &Message, word: Word| {
            blocks(message).to_string().contains(&format!("\"action_id\":\"{}\"", word.as_str()))
        };
        assert!(button(&of(1), Word::Approve) && button(&of(1), Word::Deny));
        assert!(!button(&of(32), Word::Approve) && button(&of(32), Word::Deny));
    }
}
