//! The start-up packet: who wants which database, how. Judges form, not rights.

use super::{Reason, options, talk::Talk};
use crate::upstream::Replication;
use bytes::BytesMut;
use wire_pg::{
    Text,
    backend::encode,
    handshake::{self, First, VERSION_3_0},
};

/// The newest minor version of protocol 3 that is spoken here (3.2: long cancel keys).
const NEWEST_MINOR: u16 = 2;
/// What the name of a protocol extension begins with.
const EXTENSION_PREFIX: &str = "_pq_.";
/// Parameters of a start-up packet that are no settings. Names of settings go upstream in lower
/// case, so any spelling of these would be read as one of them there.
const NO_SETTINGS: [&str; 4] = ["database", "options", "replication", "user"];

/// A start-up packet, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) database: String,
    pub(super) application_name: String,
    pub(super) settings: Vec<(String, String)>,
    pub(super) replication: Option<Replication>,
    /// The minor version agreed on.
    pub(super) minor: u16,
    /// What the client must be told before anything else: that less is spoken than it asked for.
    pub(super) less: Option<Less>,
}

/// What the client asked for and does not get.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Less {
    extensions: Vec<String>,
}

/// Reads a start-up packet.
pub(super) fn read(packet: &[u8]) -> Result<Wish, Reason> {
    let Ok(Some((First::Startup(startup), _))) = handshake::parse(packet) else {
        return Err(protocol("invalid startup packet layout"));
    };
    let mut name = String::new();
    let mut database = String::new();
    let mut replication = None;
    let mut from_options = Vec::new();
    let mut settings = Vec::new();
    let mut extensions = Vec::new();
    for (key, value) in startup.parameters() {
        let (key, value) = (text(key)?, text(value)?);
        match key {
            "user" => value.clone_into(&mut name),
            "database" => value.clone_into(&mut database),
            "options" => from_options = options::parse(value).map_err(Reason::Parameter)?,
            "replication" => replication = replication_mode(value)?,
            extension if extension.starts_with(EXTENSION_PREFIX) => {
                extensions.push(extension.to_owned());
            }
            setting => settings.push((setting.to_owned(), value.to_owned())),
        }
    }
    if name.is_empty() {
        return Err(Reason::Protocol("no user name specified in startup packet".to_owned()));
    }
    if database.is_empty() {
        database.clone_from(&name);
    }
    from_options.append(&mut settings);
    from_options.iter().try_for_each(|(name, _)| is_setting(name))?;
    let less =
        (startup.minor > NEWEST_MINOR || !extensions.is_empty()).then_some(Less { extensions });
    Ok(Wish {
        application_name: last_named(&from_options, "application_name"),
        name,
        database,
        settings: from_options,
        replication,
        minor: startup.minor.min(NEWEST_MINOR),
        less,
    })
}

/// Tells the client what it does not get, where it asked for more than there is.
pub(super) async fn negotiate(talk: &mut Talk, wish: &Wish) -> Result<(), Reason> {
    let Some(less) = &wish.less else {
        return Ok(());
    };
    let mut out = BytesMut::new();
    let names: Vec<&[u8]> = less.extensions.iter().map(String::as_bytes).collect();
    encode::negotiate_protocol_version(&mut out, VERSION_3_0 | u32::from(wish.minor), &names)
        .map_err(|error| Reason::Protocol(error.client_message()))?;
    talk.send(&out).await
}

/// As PostgreSQL reads it: a boolean, or `database` for logical replication.
fn replication_mode(value: &str) -> Result<Option<Replication>, Reason> {
    if value == "database" {
        return Ok(Some(Replication::Logical));
    }
    match boolean(value) {
        Some(true) => Ok(Some(Replication::Physical)),
        Some(false) => Ok(None),
        None => Err(Reason::Parameter(format!(
            "invalid value for parameter \"replication\": \"{value}\""
        ))),
    }
}

/// PostgreSQL's `parse_bool`: any unique prefix, in any case.
fn boolean(value: &str) -> Option<bool> {
    let value = value.to_ascii_lowercase();
    let begins = |word: &str, least: usize| value.len() >= least && word.starts_with(&value);
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || value == "1" {
        Some(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || value == "0" {
        Some(false)
    } else {
        None
    }
}

/// The value that counts: names of settings are compared in any case, and the last one wins.
fn last_named(settings: &[(String, String)], wanted: &str) -> String {
    settings
        .iter()
        .rev()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.clone())
        .unwrap_or_default()
}

/// Refuses what would be another part of the start-up packet upstream, past everything that is
/// asked of one: a second user or database, options within options, a replication connection.
fn is_setting(name: &str) -> Result<(), Reason> {
    let lower = name.to_ascii_lowercase();
    if NO_SETTINGS.contains(&lower.as_str()) || lower.starts_with(EXTENSION_PREFIX) {
        return Err(Reason::Parameter(format!(
            "\"{name}\" is no setting: a start-up packet has it by itself and in lower case"
        )));
    }
    Ok(())
}

/// Names and values must be text that the record can hold and policy can compare.
fn text(text: Text<'_>) -> Result<&str, Reason> {
    text.utf8().ok_or_else(|| protocol("a start-up parameter is not UTF-8"))
}

fn protocol(what: &str) -> Reason {
    Reason::Protocol(what.to_owned())
}

#[cfg(test)]
mod tests;
