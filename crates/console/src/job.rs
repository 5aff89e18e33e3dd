//! Something that is made in the background for whoever asked: how far it is, shown and stopped
//! alike wherever there is such a thing. Knows not what is made.

use crate::{
    Shown,
    layout::{Viewer, csrf},
    parts,
};
use maud::{Markup, html};

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Others are made before it.
    Waits,
    /// The ledger is verified: records of about how many.
    Verifies(u64, u64),
    /// The record is asked: questions of how many.
    Asks(u64, u64),
    /// The record is read: records of about how many.
    Reads(u64, u64),
    /// It is there; false if it says itself that something is not sound.
    Done(bool),
    /// Whoever asked for it stopped it.
    Stopped,
    /// It came to nothing: why.
    Failed(String),
}

impl How {
    /// True if nothing more will come of it.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Done(_) | Self::Stopped | Self::Failed(_))
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Listed {
    /// By which it is asked for.
    pub id: String,
    /// What was asked for, in words.
    pub words: String,
    /// When.
    pub asked: String,
    /// How far it is.
    pub how: How,
}

/// True while one is under way.
pub fn busy(listed: &[Listed]) -> bool {
    listed.iter().any(|one| !one.how.is_over())
}

/// What was asked for, when, and how far it is; while it is under way with a way to stop it, at
/// this path.
pub(crate) fn row(one: &Listed, path: &str, viewer: &Viewer) -> Markup {
    html! {
        div .row {
            strong { (Shown(&one.words)) }
            (parts::moment(&one.asked))
            (badge(&one.how))
        }
        @match &one.how {
            How::Waits => { p .soft.small { "Another one is made before it." } }
            How::Verifies(done, all) => (progress("records verified", *done, *all)),
            How::Asks(done, all) => (progress("questions asked", *done, *all)),
            How::Reads(done, all) => (progress("records read", *done, *all)),
            How::Failed(why) => { p { (Shown(why)) } }
            How::Stopped | How::Done(_) => {}
        }
        @if !one.how.is_over() { (press("stop", "Stop", one, path, viewer)) }
    }
}

/// A button that does something about one.
pub(crate) fn press(what: &str, name: &str, one: &Listed, path: &str, viewer: &Viewer) -> Markup {
    html! {
        form method="post" action=(format!("{path}/{what}")) {
            (csrf(viewer))
            button .slim.quiet type="submit" { (name) span .sr { " " (Shown(&one.words)) } }
        }
    }
}

fn badge(how: &How) -> Markup {
    let (class, word) = match how {
        How::Waits => ("", "waits"),
        How::Verifies(..) => ("info", "verifies the ledger"),
        How::Asks(..) => ("info", "asks the record"),
        How::Reads(..) => ("info", "reads the record"),
        How::Done(true) => ("good", "done"),
        How::Done(false) => ("warn", "done"),
        How::Stopped => ("", "stopped"),
        How::Failed(_) => ("bad", "failed"),
    };
    html! { span .badge.(class) { (word) } }
}

fn progress(what: &str, done: u64, all: u64) -> Markup {
    let words = format!("{} of {} {what}", parts::grouped(done), parts::grouped(all));
    html! {
        progress value=(done.min(all)) max=(all.max(1)) aria-label=(words) {}
        p .soft.small { (words) }
    }
}
