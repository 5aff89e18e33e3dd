//! `[[channel]]`: where people hear of statements that wait for approval, and which keys each kind
//! takes. Knows no channel from inside.

use super::exports::{host, is_own};
use crate::{
    kind::{Count, Fault, FilePath, Named, SecretRef, Text, Texts, Word},
    secret::SecretSource,
    settings::{Channel, ChannelTo, DecisionHook, Email, EmailTls, Shows, Slack},
    table::Table,
};
use std::{collections::BTreeMap, path::PathBuf};

pub(super) const CHANNEL: &str = "Where people hear of statements that wait for approval; the \
section stands once for each. A channel that is down delays nobody. Changes take effect at the \
next start. See docs/channels.md.";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Slack,
    Teams,
    Email,
    Webhook,
}

impl Kind {
    const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Slack => &["token", "signing_secret", "team", "channel", "people"],
            Self::Teams => &["hook"],
            Self::Email => &["host", "from", "to"],
            Self::Webhook => &["url", "secret"],
        }
    }

    const fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Slack => &["url", "ca"],
            Self::Teams => &["ca"],
            Self::Email => &["port", "tls", "ca", "user", "password"],
            Self::Webhook => &["ca", "deciders"],
        }
    }
}

/// Their words.
const KINDS: &[(&str, Kind)] = &[
    ("slack", Kind::Slack),
    ("teams", Kind::Teams),
    ("email", Kind::Email),
    ("webhook", Kind::Webhook),
];

/// Every key that only some kinds take.
const OWN: [&str; 17] = [
    "token",
    "signing_secret",
    "team",
    "channel",
    "people",
    "hook",
    "host",
    "from",
    "to",
    "port",
    "tls",
    "user",
    "password",
    "url",
    "secret",
    "deciders",
    "ca",
];

pub(super) fn channels(table: &mut Table<'_>) -> Vec<Channel> {
    let mut channels: Vec<Channel> = Vec::new();
    for section in table.tables("channel", "[[channel]]", CHANNEL) {
        let span = section.span_of("name").unwrap_or(section.span());
        let reader = section.reader();
        let Some(channel) = channel(section) else { continue };
        if channels.iter().any(|one| one.name == channel.name) {
            let message = format!("there are two channels named \"{}\"", channel.name);
            reader.fault(span, Fault::new(message));
        }
        channels.push(channel);
    }
    channels
}

pub(super) fn channel(mut table: Table<'_>) -> Option<Channel> {
    let spans: Vec<_> =
        OWN.iter().filter_map(|key| table.span_of(key).map(|span| (*key, span))).collect();
    let (name_span, kind_span) = (table.span_of("name"), table.span_of("kind"));
    let name = table.required(
        "name",
        &Text { what: "a name" },
        "Its name: in the record, in logs, and of its place. Letters, digits, \"-\" and \"_\".",
    );
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        let fault = Fault::new("a channel's name holds letters, digits, \"-\" and \"_\" only");
        table.fault(name_span.unwrap_or(table.span()), fault);
    }
    let kind = table.required("kind", &Word(KINDS, Kind::Webhook), "What it is.");
    let groups = table.or(
        "groups",
        &Texts { what: "a group" },
        "[]",
        "Only requests that ask one of these groups; all of them if there are none.",
    );
    let shows = table.or(
        "statement",
        &Word(
            &[("none", Shows::Nothing), ("shape", Shows::Shape), ("text", Shows::Text)],
            Shows::Shape,
        ),
        "\"shape\"",
        "What leaves of the statement: nothing, the statement without its literals, or all of it \
         with its values.",
    );
    let keys = keys(&mut table);
    let missing = kind.needs().iter().find(|key| !spans.iter().any(|(one, _)| one == *key));
    for (key, span) in &spans {
        if !kind.needs().contains(key) && !kind.takes().contains(key) {
            let word = KINDS.iter().find(|(_, one)| *one == kind).map_or("", |(word, _)| *word);
            let fault = Fault::new(format!("a channel of kind \"{word}\" takes no `{key}`"));
            table.fault(span.clone(), fault);
        }
    }
    if let (Some(key), true) = (missing, kind_span.is_some()) {
        let fault = Fault::new(format!("a channel of this kind needs `{key}`"));
        table.fault(kind_span.unwrap_or(table.span()), fault);
    }
    let to = to(kind, keys);
    if let (Err(Some(fault)), span) = (&to, table.span()) {
        table.fault(span, fault.clone());
    }
    table.finish();
    to.ok().map(|to| Channel { name, groups, shows, to })
}

/// What Slack takes.
struct SlackKeys {
    token: Option<SecretSource>,
    signing_secret: Option<SecretSource>,
    team: Option<String>,
    channel: Option<String>,
    people: Option<BTreeMap<String, String>>,
}

/// What the kinds take.
struct Keys {
    slack: SlackKeys,
    hook: Option<SecretSource>,
    host: Option<String>,
    port: u64,
    tls: EmailTls,
    user: Option<String>,
    password: Option<SecretSource>,
    from: Option<String>,
    to: Option<Vec<String>>,
    url: Option<String>,
    secret: Option<SecretSource>,
    deciders: Option<BTreeMap<String, SecretSource>>,
    ca: Option<PathBuf>,
}

fn slack(table: &mut Table<'_>) -> SlackKeys {
    SlackKeys {
        token: table.optional("token", &SecretRef, "slack: where the bot's token is (xoxb-…)."),
        signing_secret: table.optional(
            "signing_secret",
            &SecretRef,
            "slack: where the app's signing secret is, by which its requests are known.",
        ),
        team: table.optional(
            "team",
            &Text { what: "an id" },
            "slack: the workspace's id (T…). What comes from another is refused.",
        ),
        channel: table.optional(
            "channel",
            &Text { what: "an id" },
            "slack: the channel's id (C…).",
        ),
        people: table.optional(
            "people",
            &Named(Text { what: "a person" }),
            "slack: who is who, { U0123 = \"carol\" }: a user's id there, a person's name here.",
        ),
    }
}

fn keys(table: &mut Table<'_>) -> Keys {
    Keys {
        slack: slack(table),
        hook: table.optional(
            "hook",
            &SecretRef,
            "teams: where the workflow's URL is; whoever knows it can post.",
        ),
        host: table.optional(
            "host",
            &Text { what: "a host" },
            "email: host name or IP address of the SMTP server.",
        ),
        port: table.or("port", &Count(1..=65_535), "587", "email: its TCP port."),
        tls: table.or(
            "tls",
            &Word(
                &[
                    ("starttls", EmailTls::StartTls),
                    ("implicit", EmailTls::Implicit),
                    ("disable", EmailTls::Disable),
                ],
                EmailTls::StartTls,
            ),
            "\"starttls\"",
            "email: TLS by STARTTLS, from the first byte, or none. The server has to prove its \
             name.",
        ),
        user: table.optional("user", &Text { what: "a user" }, "email: who signs in."),
        password: table.optional("password", &SecretRef, "email: where the password is."),
        from: table.optional("from", &Text { what: "an address" }, "email: from whom."),
        to: table.optional("to", &Texts { what: "an address" }, "email: to whom, a list."),
        url: table
            .or(
                "url",
                &Text { what: "a URL" },
                "\"https://slack.com/api\"",
                "webhook: where to POST, https:// or http://. slack: where its methods are.",
            )
            .into(),
        secret: table.optional(
            "secret",
            &SecretRef,
            "webhook: where the key is that Weir signs with (HMAC-SHA-256, Standard Webhooks).",
        ),
        deciders: table.optional(
            "deciders",
            &Named(SecretRef),
            "webhook: who may send decisions, { carol = { file = \"…\" } }: a person's name, and \
             where the key is that they sign with.",
        ),
        ca: table.optional(
            "ca",
            &FilePath,
            "PEM file of certificate authorities. Without it, the system's.",
        ),
    }
}

/// `Err(None)` if a needed key is missing.
fn to(kind: Kind, keys: Keys) -> Result<ChannelTo, Option<Fault>> {
    let url = keys.url.ok_or(None)?;
    let begins = |scheme: &str| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty());
    if !begins("https://") && !begins("http://") {
        let help = "write https://HOST or http://HOST";
        return Err(Some(Fault::help(
            format!("\"{url}\" is not a URL that this kind takes"),
            help,
        )));
    }
    let ca = keys.ca;
    Ok(match kind {
        Kind::Slack => ChannelTo::Slack(Slack {
            url: url.trim_end_matches('/').to_owned(),
            ca,
            token: keys.slack.token.ok_or(None)?,
            signing_secret: keys.slack.signing_secret.ok_or(None)?,
            team: keys.slack.team.ok_or(None)?,
            channel: keys.slack.channel.ok_or(None)?,
            people: keys.slack.people.ok_or(None)?,
        }),
        Kind::Teams => ChannelTo::Teams { url: keys.hook.ok_or(None)?, ca },
        Kind::Email => ChannelTo::Email(Email {
            host: keys.host.ok_or(None)?,
            port: u16::try_from(keys.port).unwrap_or(0),
            tls: keys.tls,
            ca,
            user: match (keys.user, keys.password) {
                (Some(user), Some(password)) => Some((user, password)),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => {
                    let message = "`user` and `password` stand together or not at all";
                    return Err(Some(Fault::new(message)));
                }
            },
            from: keys.from.ok_or(None)?,
            to: keys.to.filter(|to| !to.is_empty()).ok_or(None)?,
        }),
        Kind::Webhook => ChannelTo::Webhook(DecisionHook {
            url,
            ca,
            secret: keys.secret.ok_or(None)?,
            deciders: keys.deciders.unwrap_or_default(),
        }),
    })
}

/// What is allowed but deserves a second look.
pub(super) fn warnings(channels: &[Channel], warn: &mut impl FnMut(String, &str)) {
    for Channel { name, to, .. } in channels {
        let (url, open) = match to {
            ChannelTo::Slack(slack) => (Some(&slack.url), None),
            ChannelTo::Webhook(hook) => (Some(&hook.url), None),
            ChannelTo::Teams { .. } => (None, None),
            ChannelTo::Email(email) => {
                (None, (email.tls == EmailTls::Disable).then(|| email.host.clone()))
            }
        };
        let open = open.or(url.and_then(|url| url.strip_prefix("http://")).map(host));
        if let Some(host) = open.filter(|host| !is_own(host)) {
            warn(
                format!("channel \"{name}\": requests go to {host} without TLS"),
                "they say who asks for what; use TLS unless the network itself encrypts",
            );
        }
    }
}
