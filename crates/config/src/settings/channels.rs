//! Where people hear of statements that wait for approval. Data only.

use crate::secret::SecretSource;
use std::{collections::BTreeMap, path::PathBuf};

/// `[[channel]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its name: in the record, in logs and of its place.
    pub name: String,
    /// Only requests that ask one of these groups; all if there are none.
    pub groups: Vec<String>,
    /// What leaves of the statement.
    pub shows: Shows,
    /// Where to.
    pub to: ChannelTo,
}

/// What leaves of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Nothing.
    Nothing,
    /// What it is without its values.
    Shape,
    /// All of it, values too.
    Text,
}

/// Where people hear of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelTo {
    /// A channel of a Slack workspace.
    Slack(Slack),
    /// A workflow of Microsoft Teams.
    Teams {
        /// Where its URL is.
        url: SecretSource,
        /// PEM file of certificate authorities; `None` means the system's.
        ca: Option<PathBuf>,
    },
    /// Mail.
    Email(Email),
    /// A server that hears of every step, and may send decisions.
    Webhook(DecisionHook),
}

/// A channel of a Slack workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slack {
    /// Where the methods are; without a slash at its end.
    pub url: String,
    /// PEM file of certificate authorities; `None` means the system's.
    pub ca: Option<PathBuf>,
    /// Where the bot's token is.
    pub token: SecretSource,
    /// Where the app's signing secret is.
    pub signing_secret: SecretSource,
    /// The workspace's id.
    pub team: String,
    /// The channel's id.
    pub channel: String,
    /// Users' ids, and the names of persons.
    pub people: BTreeMap<String, String>,
}

/// An SMTP server, and who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: EmailTls,
    /// PEM file of certificate authorities; `None` means the system's.
    pub ca: Option<PathBuf>,
    /// User, and where the password is.
    pub user: Option<(String, SecretSource)>,
    /// From whom.
    pub from: String,
    /// To whom; never empty.
    pub to: Vec<String>,
}

/// How an SMTP server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailTls {
    /// With TLS after STARTTLS, and not without.
    StartTls,
    /// With TLS from the first byte.
    Implicit,
    /// Without TLS.
    Disable,
}

/// A server that hears of every step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionHook {
    /// `https://…` or `http://…`.
    pub url: String,
    /// PEM file of certificate authorities; `None` means the system's.
    pub ca: Option<PathBuf>,
    /// Where the key is that Weir signs with.
    pub secret: SecretSource,
    /// Names of persons, and where the keys are that they sign with.
    pub deciders: BTreeMap<String, SecretSource>,
}
