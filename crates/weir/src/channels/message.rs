//! What people are told of a request, whatever the channel: lines of plain text, with everything
//! that could deceive written out. Knows no channel's format.

use super::Channel;
use crate::approvals::{outcome, visible};
use config::Shows;
use ledger::Time;
use store::{HoldState, KeptHold};

/// The longest statement that is shown: characters. What is cut is said to be.
const STATEMENT: usize = 2_500;
/// The most bind values that are shown.
const VALUES: usize = 20;
/// The longest other text.
const LINE: usize = 500;

/// A request in words.
pub(super) struct Message {
    /// One line.
    pub(super) title: String,
    /// What, and its name: `From`, `alice on shop`.
    pub(super) facts: Vec<(&'static str, String)>,
    /// The statement, as far as the channel may show it.
    pub(super) statement: Option<String>,
    /// Something of it is left out.
    pub(super) cut: bool,
    /// How to decide elsewhere.
    pub(super) how: Vec<String>,
}

impl Message {
    pub(super) fn new(channel: &Channel, hold: &KeptHold) -> Self {
        let asked = &hold.asked;
        let (identity, database) = (visible(&asked.identity), visible(&asked.database));
        let title = match hold.state {
            HoldState::Open => format!("{identity} asks for approval on {database}"),
            state => format!("{identity} on {database}: {}", outcome(state)),
        };
        let mut facts = vec![("From", format!("{identity} on {database}"))];
        facts.extend(asked.reasons.iter().map(|why| ("Why", line(why))));
        facts.extend(asked.needs.iter().map(|need| ("Needs", line(&need.to_string()))));
        facts.extend(asked.needs.iter().filter_map(|need| Some(("Later", line(&need.later()?)))));
        for voice in &hold.voices {
            let said = if voice.consents { "Consented" } else { "Denied" };
            facts.push((said, line(&format!("{} {}", voice.who(), voice.reason))));
        }
        facts.push(("Until", Time::from(asked.until).to_string()));
        facts.push(("Request", asked.hold.clone()));
        let (statement, cut) = shown(channel.shows, hold);
        let mut how = vec![format!("weir approvals show {}", asked.hold)];
        if let Some(api) = &channel.api {
            how.push(format!("{api}/api/v1/approvals/{}", asked.hold));
        }
        Self { title: line(&title), facts, statement, cut, how }
    }

    /// All of it as plain text.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![self.title.clone(), String::new()];
        lines.extend(self.facts.iter().map(|(what, text)| format!("{what}: {text}")));
        if let Some(statement) = &self.statement {
            lines.push(String::new());
            lines.extend(statement.lines().map(|line| format!("    {line}")));
        }
        lines.push(String::new());
        lines.push("See all of it and decide:".to_owned());
        lines.extend(self.how.iter().map(|how| format!("    {how}")));
        lines.push(String::new());
        lines.join("\n")
    }
}

/// One line of a stranger's text.
fn line(text: &str) -> String {
    cut(&visible(text).replace(['\n', '\t'], " "), LINE).0
}

fn cut(text: &str, most: usize) -> (String, bool) {
    match text.char_indices().nth(most) {
        Some((end, _)) => (format!("{} …", text.get(..end).unwrap_or_default()), true),
        None => (text.to_owned(), false),
    }
}

/// The statement as far as it may leave, and whether something of it was cut. What a statement is
/// without values can be shown when it is over, too; with values it is gone by then.
fn shown(shows: Shows, hold: &KeptHold) -> (Option<String>, bool) {
    let asked = &hold.asked;
    match shows {
        Shows::Nothing => (None, false),
        Shows::Shape => {
            let (text, was_cut) = cut(&visible(&asked.shape), STATEMENT);
            (Some(text).filter(|text| !text.is_empty()), was_cut)
        }
        Shows::Text if asked.statement.is_empty() => (None, false),
        Shows::Text => {
            let (mut text, mut was_cut) = cut(&visible(&asked.statement), STATEMENT);
            for (index, value) in asked.given.iter().enumerate().take(VALUES) {
                let (value, value_cut) = cut(&visible(value).replace('\n', "\\n"), LINE);
                // What was too long to be kept for whoever decides ends so.
                was_cut |= value_cut || value.ends_with('…');
                text.push_str(&format!("\n${} = {value}", index + 1));
            }
            (Some(text), was_cut || asked.given.len() > VALUES)
        }
    }
}
