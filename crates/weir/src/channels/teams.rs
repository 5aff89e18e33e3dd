//! Microsoft Teams: a card for each new request, through a workflow's webhook. Buttons on such a
//! card carry no proof of who pressed them, so there are none: people decide at the command line,
//! over the API, or in another channel.

use super::{About, Channel, NotTold, message::Message};
use export::Post;
use serde_json::{Value, json};

pub(super) async fn tell(post: &Post, channel: &Channel, about: &About) -> Result<(), NotTold> {
    let card = card(&Message::new(channel, about), channel.api.as_deref());
    let answer = post.send("application/json", &[], card.to_string()).await?;
    if answer.is_success() { Ok(()) } else { Err(NotTold::by_status("Teams", answer.status)) }
}

/// An Adaptive Card 1.4 in the envelope of workflows' webhooks.
fn card(message: &Message, api: Option<&str>) -> Value {
    // Only text runs show text as it is: text blocks and facts take Markdown.
    let run = |text: &str, more: Value| {
        let mut run = json!({ "type": "TextRun", "text": text });
        if let (Some(fields), Value::Object(more)) = (run.as_object_mut(), more) {
            fields.extend(more);
        }
        json!({ "type": "RichTextBlock", "inlines": [run] })
    };
    let mut body = vec![run(&message.title, json!({ "weight": "Bolder" }))];
    let facts = message.facts.iter().map(|(what, text)| run(&format!("{what}: {text}"), json!({})));
    body.extend(facts);
    if let Some(statement) = &message.statement {
        let lines = statement.lines().map(|line| run(line, json!({ "fontType": "Monospace" })));
        body.extend(lines);
    }
    body.push(run(
        &format!(
            "{}: {}",
            if message.decides { "Decide" } else { "Act" },
            message.how.join(" or ")
        ),
        json!({ "isSubtle": true }),
    ));
    let mut content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard",
        "version": "1.4", "body": body,
    });
    if let (Some(api), Some(fields)) = (api, content.as_object_mut()) {
        let link = json!({ "type": "Action.OpenUrl", "title": "Weir", "url": api });
        fields.insert("actions".into(), json!([link]));
    }
    let attachment =
        json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": content });
    json!({ "type": "message", "attachments": [attachment] })
}
