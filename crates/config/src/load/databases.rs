//! `[[database]]` with all that stands inside it. Knows no server.

use super::sections::pair;
use crate::{
    kind::{Count, Fault, FilePath, SecretRef, Text, Time, TimeOrNone, Word},
    settings::{Database, Iam, RoleOf, RoleRule, Upstream, UpstreamTls, WithoutRole},
    table::Table,
};
use std::{ops::Range, time::Duration};

pub(super) const DATABASE: &str =
    "A database that clients may ask for; the section stands once for each.";

const UPSTREAM: &str = "The real database behind the `[[database]]` above it.";

pub(super) const ROLE: &str = "As which role of the database whose sessions work; the section \
stands once for each. Those for an identity come before those for a group; the first that fits \
counts. An agent that none is for works as whoever it acts for does. See docs/upstream.md.";

const IAM: &[(&str, Iam)] = &[("aws", Iam::Aws), ("gcp", Iam::Gcp), ("azure", Iam::Azure)];

const WITHOUT_ROLE: &[(&str, WithoutRole)] =
    &[("refuse", WithoutRole::Refuse), ("upstream", WithoutRole::Upstream)];

/// The bytes of a name that the server looks at.
const NAME_BYTES: usize = 63;

pub(super) fn databases(table: &mut Table<'_>, environment: &str) -> Vec<Database> {
    let absent = table.span_of("database").is_none();
    let sections = table.tables("database", "[[database]]", DATABASE);
    if absent {
        let help = "add a [[database]] section; `weir init` shows one";
        table.fault(table.span(), Fault::help("the file names no database", help));
    }
    let mut databases: Vec<Database> = Vec::new();
    for section in sections {
        let span = section.span_of("name").unwrap_or(section.span());
        let reader = section.reader();
        let database = database(section, environment);
        if !database.name.is_empty() && databases.iter().any(|one| one.name == database.name) {
            let message = format!("there are two databases named \"{}\"", database.name);
            reader.fault(span, Fault::new(message));
        }
        databases.push(database);
    }
    databases
}

/// What is allowed but deserves a second look.
pub(super) fn warnings(databases: &[Database], warn: &mut impl FnMut(String, &str)) {
    for (at, one) in databases.iter().enumerate() {
        for other in databases.iter().skip(at + 1).filter(|other| is_same(one, other, databases)) {
            warn(
                format!(
                    "databases \"{}\" and \"{}\" are the same one at {}",
                    one.name, other.name, one.upstream.host
                ),
                "give it one name: labels that values take along by one name are not known by the \
                 other, and a change of the structure only after a second",
            );
        }
    }
}

/// True if two sections lead to one database. `*` leads to every one that no section is named like.
fn is_same(one: &Database, other: &Database, all: &[Database]) -> bool {
    let at = |database: &Database| (database.upstream.host.clone(), database.upstream.port);
    let behind = |database: &Database| {
        let own = Some(database.name.clone()).filter(|name| name != "*");
        database.upstream.database.clone().or(own)
    };
    let reaches = |name: &str| all.iter().all(|database| database.name != name);
    at(one) == at(other)
        && match (behind(one), behind(other)) {
            (Some(one), Some(other)) => one == other,
            (Some(name), None) | (None, Some(name)) => reaches(&name),
            (None, None) => true,
        }
}

pub(super) fn database(mut table: Table<'_>, environment: &str) -> Database {
    let name = table.required(
        "name",
        &Text { what: "a name" },
        "The name clients ask for, or \"*\" for any other name, with the upstream's database of \
         the same name behind it.",
    );
    let own = table.optional(
        "environment",
        &Text { what: "an environment" },
        "What policies know it as: production, staging, development. Without it, the \
         `environment` at the top of the file.",
    );
    let (roles, without_role) = roles(&mut table);
    let upstream = upstream(table.table("upstream", "[database.upstream]", UPSTREAM), &name);
    table.finish();
    let environment = own.unwrap_or_else(|| environment.to_owned());
    Database { name, environment, roles, without_role, upstream }
}

fn upstream(mut table: Table<'_>, name: &str) -> Upstream {
    let database_span = table.span_of("database");
    let host = table.required(
        "host",
        &Text { what: "a host" },
        "Host name or IP address of the real database.",
    );
    let port = table.or("port", &Count(1..=65_535), "5432", "Its TCP port.");
    let database = table.optional(
        "database",
        &Text { what: "a database" },
        "The upstream's own name of the database. Without it, the name the client asked for.",
    );
    if let (Some(span), "*", Some(_)) = (database_span, name, &database) {
        let help = "leave it out, or give the [[database]] a name";
        table.fault(span, Fault::help("`database` cannot stand under name = \"*\"", help));
    }
    let (user, vault, iam) = signs_in_as(&mut table);
    let ((keep, keep_idle, keep_age), release_idle) = (keeps(&mut table), release(&mut table));
    let iam_span = iam.as_ref().map(|(span, _)| span.clone());
    let upstream = Upstream {
        host,
        port: u16::try_from(port).unwrap_or(0),
        database,
        user,
        vault,
        iam: iam.map(|(_, iam)| iam),
        password: table.optional(
            "password",
            &SecretRef,
            "Where the role's password is. It is read at the start and whenever weir.toml is read \
             again (SIGHUP after a rotation). Without it, none is sent.",
        ),
        tls: table.or(
            "tls",
            &Word(
                &[
                    ("disable", UpstreamTls::Disable),
                    ("require", UpstreamTls::Require),
                    ("verify-full", UpstreamTls::VerifyFull),
                ],
                UpstreamTls::VerifyFull,
            ),
            "\"verify-full\"",
            "How it is spoken to: without TLS, with TLS whoever answers, or with TLS, a \
             certificate by a known authority and the right host name in it.",
        ),
        ca: table.optional(
            "ca",
            &FilePath,
            "PEM file of certificate authorities. Without it, the system's.",
        ),
        certificate: pair(
            &mut table,
            "PEM file of a client certificate to sign in with.",
            "PEM file of the client certificate's private key.",
        ),
        connect_timeout: connect_timeout(&mut table),
        tcp_user_timeout: user_timeout(&mut table),
        keep,
        keep_idle,
        keep_age,
        release_idle,
    };
    if let Some(span) = iam_span {
        encrypted(&table, span, &upstream);
    }
    table.finish();
    upstream
}

/// What becomes of connections whose session has ended: how many are kept, how long, how old.
fn keeps(table: &mut Table<'_>) -> (usize, Duration, Duration) {
    let most = table.or(
        "keep",
        &Count(0..=1_000),
        "4",
        "Connections whose session has ended that are kept for the next sessions of the same \
         identity, for each identity: reset before, and never given to another one. 0 keeps none.",
    );
    let idle = table.or(
        "keep_idle",
        &Time { range: Duration::from_millis(100)..=Duration::from_secs(600) },
        "\"3s\"",
        "How long one is kept that nobody comes for.",
    );
    let age = table.or(
        "keep_age",
        &Time { range: Duration::from_secs(1)..=Duration::from_secs(86_400) },
        "\"60s\"",
        "One that was opened longer ago is not kept: what the server looks at when somebody \
         connects has been looked at no longer ago than this.",
    );
    (usize::try_from(most).unwrap_or(0), idle, age)
}

fn release(table: &mut Table<'_>) -> Option<Duration> {
    table.or(
        "release_idle",
        &TimeOrNone(Time { range: Duration::from_millis(100)..=Duration::from_secs(86_400) }),
        "\"0\"",
        "A session that stands idle outside of a transaction for so long gives its connection up, \
         if nothing stands in the server's session that it could miss, and gets another one with \
         its next message; sooner where the server is full. \"0\" leaves each session its own.",
    )
}

fn connect_timeout(table: &mut Table<'_>) -> Duration {
    table.or(
        "connect_timeout",
        &Time { range: Duration::from_millis(100)..=Duration::from_secs(600) },
        "\"10s\"",
        "From connect to the end of sign-in at the upstream.",
    )
}

fn user_timeout(table: &mut Table<'_>) -> Option<Duration> {
    table.or(
        "tcp_user_timeout",
        &TimeOrNone(Time { range: Duration::from_secs(1)..=Duration::from_secs(86_400) }),
        "\"0\"",
        "A connection on which the upstream's host has acknowledged nothing of what was sent for \
         so long is given up (Linux's TCP_USER_TIMEOUT). \"0\" leaves it to the system, which \
         tries for about a quarter of an hour. A server that reads nothing for so long, since it \
         computes, is given up too.",
    )
}

/// A token is good for whoever hears it: it is shown to the right server alone.
fn encrypted(table: &Table<'_>, span: Range<usize>, upstream: &Upstream) {
    if upstream.tls != UpstreamTls::VerifyFull || upstream.host.starts_with('/') {
        let help = "whoever hears or is shown a token can use it until its end: it goes by TLS, to \
                    a server whose certificate was checked, and nowhere else";
        let fault = Fault::help("`iam` needs tls = \"verify-full\" and a `host` by name", help);
        table.fault(span, fault);
    }
}

/// A word of the file, and where it stands.
type Said<T> = (Range<usize>, T);

/// The role that Weir signs in as, and the path at the vault or the cloud that says with what.
fn signs_in_as(table: &mut Table<'_>) -> (String, Option<String>, Option<Said<Iam>>) {
    let user = table.optional(
        "user",
        &Text { what: "a role" },
        "The role Weir signs in as. It may be left out where what stands at `vault` names it.",
    );
    let (vault_span, iam_span) = (table.span_of("vault"), table.span_of("iam"));
    let vault = table.optional(
        "vault",
        &Text { what: "a path" },
        "A path at the [vault] that says with what to sign in: `secret/data/shop` (KV, version 2: \
         `password`, or another field behind a `#`, and `username`), or `database/creds/weir`, \
         where a user is made that is renewed, and taken away at the end.",
    );
    let iam = table.optional(
        "iam",
        &Word(IAM, Iam::Aws),
        "Signs in by the word of a cloud, with a token in the password's place: of AWS (RDS, \
         Aurora), GCP (Cloud SQL, AlloyDB) or Azure (Microsoft Entra). Needs tls = \
         \"verify-full\". See [aws], [gcp] and [azure].",
    );
    if user.is_none() && vault.is_none() {
        let help = "user = \"weir\", or vault = \"database/creds/weir\"";
        let fault = Fault::help("[database.upstream] needs `user` (a role)", help);
        table.fault(table.span(), fault);
    }
    let password = table.span_of("password").is_some();
    if let (Some(span), true) = (vault_span.clone(), password) {
        table.fault(span, Fault::new("`password` and `vault` cannot stand together"));
    }
    if let (Some(span), true) = (iam_span.clone(), password || vault_span.is_some()) {
        let message = "`iam` cannot stand together with `password` or `vault`";
        table.fault(span, Fault::new(message));
    }
    (user.unwrap_or_default(), vault, iam_span.zip(iam))
}

/// Its `[[database.role]]` sections, and what becomes of those that none is for.
fn roles(table: &mut Table<'_>) -> (Vec<RoleRule>, WithoutRole) {
    let span = table.span_of("without_role");
    let without = table.optional(
        "without_role",
        &Word(WITHOUT_ROLE, WithoutRole::Refuse),
        "What becomes of sessions that no [[database.role]] is for: they are refused, or work as \
         the upstream's `user`. To be said where there are such sections.",
    );
    let sections = table.tables("role", "[[database.role]]", ROLE);
    let (some, any) = (!sections.is_empty(), span.is_some());
    let roles = sections.into_iter().filter_map(role).collect();
    if some != any {
        let message = match any {
            true => "`without_role` without a [[database.role]] section",
            false => "[[database.role]] sections need `without_role` in their [[database]]",
        };
        let help = "without_role = \"refuse\", or \"upstream\"";
        table.fault(span.unwrap_or(table.span()), Fault::help(message, help));
    }
    (roles, without.unwrap_or(WithoutRole::Upstream))
}

/// One of them; also read empty, for the reference page.
pub(super) fn role(mut table: Table<'_>) -> Option<RoleRule> {
    let span = table.span_of("role");
    let identity = table.optional(
        "identity",
        &Text { what: "an identity" },
        "Whose sessions: an identity's, by its name.",
    );
    let group =
        table.optional("group", &Text { what: "a group" }, "Or those of everybody in a group.");
    let role = table.required(
        "role",
        &Text { what: "a role" },
        "The role, which the upstream's `user` must be a member of. The session cannot leave it.",
    );
    let fits = role.len() <= NAME_BYTES && !role.contains('\0') && role != "none";
    if !fits && let Some(span) = span {
        let help = "a name of the database's own, of 63 bytes at most; \"none\" is no role";
        table.fault(span, Fault::help("this cannot be a role", help));
    }
    let whose = match (identity, group) {
        (Some(identity), None) => Some(RoleOf::Identity(identity)),
        (None, Some(group)) => Some(RoleOf::Group(group)),
        (Some(_), Some(_)) | (None, None) => {
            let fault = Fault::new("a [[database.role]] is for an `identity` or for a `group`");
            table.fault(table.span(), fault);
            None
        }
    };
    table.finish();
    whose.filter(|_| fits).map(|whose| RoleRule { whose, role })
}
