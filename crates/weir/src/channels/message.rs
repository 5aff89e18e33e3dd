//! What people are told of a request or a grant, whatever the channel: lines of plain text, with
//! everything that could deceive written out. Knows no channel's format.

use super::{About, Channel, about::Alarm};
use crate::{approvals::outcome, grants, say::Word, visible::visible};
use config::Shows;
use gate::hold::later_too;
use ledger::Time;
use model::verdict::Approval;
use store::{HoldState, KeptGrant, KeptHold, Review, Voice};

/// The longest statement that is shown: characters. What is cut is said to be.
const STATEMENT: usize = 2_500;
/// The most bind values that are shown.
const VALUES: usize = 20;
/// The longest other text.
const LINE: usize = 500;
/// What stands in the place of what was cut off.
const CUT: &str = " …";

/// A request or a grant in words.
pub(super) struct Message {
    /// Its name.
    pub(super) name: String,
    /// One line.
    pub(super) title: String,
    /// What, and its name: `From`, `alice on shop`.
    pub(super) facts: Vec<(&'static str, String)>,
    /// The statement, as far as the channel may show it.
    pub(super) statement: Option<String>,
    /// Something of it is left out.
    pub(super) cut: bool,
    /// What can be said to it here, with the words on buttons. Nobody consents to what they were
    /// not shown: there is no yes under what was cut.
    pub(super) words: Vec<(Word, &'static str)>,
    /// Somebody's word is wanted, here or elsewhere.
    pub(super) decides: bool,
    /// How it stands.
    pub(super) outcome: String,
    /// How to decide elsewhere.
    pub(super) how: Vec<String>,
}

impl Message {
    pub(super) fn new(channel: &Channel, about: &About) -> Self {
        let mut message = match about {
            About::Hold(hold) => of_hold(channel, hold),
            About::Grant(grant) => of_grant(channel, grant),
            About::Alarm(alarm) => of_alarm(alarm),
        };
        message.words.extend(about.words());
        message.cut |= message.facts.iter().any(|(_, text)| text.ends_with(CUT));
        if message.cut {
            message.words.retain(|(word, _)| *word != Word::Approve);
        }
        message
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
        lines
            .push(if self.decides { "See all of it and decide:" } else { "Look, and act:" }.into());
        lines.extend(self.how.iter().map(|how| format!("    {how}")));
        lines.push(String::new());
        lines.join("\n")
    }
}

fn of_hold(channel: &Channel, hold: &KeptHold) -> Message {
    let asked = &hold.asked;
    let (identity, database) = (visible(&asked.identity), visible(&asked.database));
    let title = match hold.state {
        HoldState::Open => format!("{identity} asks for approval on {database}"),
        state => format!("{identity} on {database}: {}", outcome(state)),
    };
    let mut facts = vec![("From", format!("{identity} on {database}"))];
    facts.extend(asked.reasons.iter().map(|why| ("Why", line(why))));
    needs(&mut facts, &asked.needs);
    said(&mut facts, &hold.voices, ("Consented", "Denied"));
    facts.push(("Until", Time::from(asked.until).to_string()));
    facts.push(("Request", asked.hold.clone()));
    let (statement, cut) = shown(channel.shows, hold);
    let mut how = vec![format!("weir approvals show {}", asked.hold)];
    how.extend(channel.link("approvals", &asked.hold));
    Message {
        name: asked.hold.clone(),
        title: line(&title),
        facts,
        statement,
        cut,
        words: Vec::new(),
        decides: true,
        outcome: outcome(hold.state).to_owned(),
        how,
    }
}

fn of_alarm(alarm: &Alarm) -> Message {
    let (identity, by) = (visible(&alarm.identity), visible(&alarm.by));
    Message {
        name: alarm.name.clone(),
        title: line(&format!("{identity} met the {by} and is suspended")),
        facts: vec![
            ("Who", identity.clone()),
            ("Met", by),
            ("When", Time::from(alarm.at).to_string()),
            ("Done", "its sessions are ended, and it cannot sign in".to_owned()),
        ],
        statement: None,
        cut: false,
        words: Vec::new(),
        decides: false,
        outcome: "suspended".to_owned(),
        how: vec![
            format!("weir audit search identity:{identity}"),
            format!("weir identity enable {identity}"),
        ],
    }
}

fn of_grant(channel: &Channel, grant: &KeptGrant) -> Message {
    let asked = &grant.asked;
    let (chain, databases) = (visible(&asked.chain), visible(&asked.databases.join(", ")));
    let how = if asked.emergency { "break-glass: " } else { "" };
    let outcome = grants::outcome(grant);
    let title = format!("{how}{chain}, group {} on {databases}: {outcome}", asked.group);
    let mut facts = vec![
        ("For", format!("{chain} on {databases}")),
        ("Group", visible(&asked.group)),
        ("Purpose", line(&asked.purpose)),
        ("Lasts", format!("{} seconds", asked.seconds)),
    ];
    needs(&mut facts, &asked.needs);
    said(&mut facts, &grant.voices, ("Consented", "Denied"));
    facts.extend(asked.reviewers.iter().map(|need| ("Review by", line(&need.to_string()))));
    said(&mut facts, &grant.reviews, ("Found it fine", "Found it not fine"));
    if let (Review::Open, Some(due)) = (grant.review, grant.due) {
        facts.push(("Review due", Time::from(due).to_string()));
    }
    let (what, time) = grant.ends.map_or(("Until", asked.until), |ends| ("Ends", ends));
    facts.push((what, Time::from(time).to_string()));
    facts.push(("Grant", asked.grant.clone()));
    let mut how = vec![format!("weir grants show {}", asked.grant)];
    how.extend(channel.link("grants", &asked.grant));
    Message {
        name: asked.grant.clone(),
        title: line(&title),
        facts,
        statement: None,
        cut: false,
        words: Vec::new(),
        decides: true,
        outcome,
        how,
    }
}

/// Whose consent is needed, and whose later.
fn needs(facts: &mut Vec<(&'static str, String)>, needs: &[Approval]) {
    facts.extend(needs.iter().map(|need| ("Needs", line(&need.to_string()))));
    facts.extend(needs.iter().filter_map(|need| Some(("Later", line(&later_too(need)?)))));
}

fn said(
    facts: &mut Vec<(&'static str, String)>,
    voices: &[Voice],
    (yes, no): (&'static str, &'static str),
) {
    for voice in voices {
        let word = if voice.consents { yes } else { no };
        facts.push((word, line(&format!("{} {}", voice.who(), voice.reason))));
    }
}

/// One line of a stranger's text.
fn line(text: &str) -> String {
    cut(&visible(text).replace(['\n', '\t'], " "), LINE).0
}

/// A text's first characters, with a mark if there are more, and whether there are.
pub(super) fn cut(text: &str, most: usize) -> (String, bool) {
    match text.char_indices().nth(most) {
        Some((end, _)) => (format!("{}{CUT}", text.get(..end).unwrap_or_default()), true),
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
