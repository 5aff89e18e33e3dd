//! What a session begins with: its task, its role, and the start-up parameters that go upstream.
//! Opens no connection.

use super::work;
use crate::{Engine, Target, login::Client};
use gate::{ProtocolFeature, Refusal, Session, WorksAs};
use model::{Blame, Identity};
use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

/// Settings that change how values are written or how long things may take, and nothing else. All
/// others need a policy for `startup_option`.
const HARMLESS_SETTINGS: &[&str] = &[
    "application_name",
    "client_encoding",
    "client_min_messages",
    "datestyle",
    "extra_float_digits",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "bytea_output",
    "lock_timeout",
    "statement_timeout",
    "timezone",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "default_transaction_deferrable",
    "jit",
    "geqo",
    "search_path",
    "standard_conforming_strings",
];
/// What PostgreSQL keeps of an application_name: bytes.
const APPLICATION_NAME_BYTES: usize = 63;

/// The start-up parameters by which a client says which task it works on, and what for.
pub(crate) const TASK: &str = "weir.task";
pub(super) const PURPOSE: &str = "weir.purpose";

/// The session and the start-up parameters that go upstream, if policy lets the client begin.
pub(super) fn begin(
    engine: &Engine,
    client: &Client,
    target: &Target,
) -> Result<(Session, Vec<(String, String)>), Refusal> {
    let now = SystemTime::now();
    let (chain, database) = (client.identity.chain(), target.database.name.as_str());
    // What it has for a while, it has from the beginning of a session to its end or its own.
    let grants = engine.directory.granted(&chain, database, Instant::now());
    let identity = match grants.is_empty() {
        true => Arc::clone(&client.identity),
        false => Arc::new(client.identity.granted(&grants)),
    };
    let bound = client.credential.as_ref().and_then(|one| one.task.as_deref());
    let work = work::work(engine, &identity, bound, &client.settings)?;
    let attested = gate::Client {
        address: Some(client.peer.ip()),
        port: Some(client.peer.port()),
        method: client.method,
        via: client.via,
        credential: client.credential.as_ref().map_or_else(String::new, |one| one.id.clone()),
        tls: client.tls,
        application: client.application_name.clone(),
        grants,
        work,
        preview: client.side.preview().cloned(),
        role: role(&identity, client, target).inspect_err(|refusal| {
            let (address, chain) = (Some(client.peer.ip()), identity.chain());
            engine.gate.note_sign_in_refused(address, &chain, database, &refusal.message, now);
        })?,
    };
    let mut session = Session::open(&engine.gate, &target.database, &identity, attested, now)?;
    match judge(client, &mut session, now) {
        Ok(parameters) => Ok((session, parameters)),
        Err(refusal) => {
            session.close(&format!("refused at start: {}", refusal.message), now);
            Err(refusal)
        }
    }
}

/// As which role of the database it works.
fn role(identity: &Identity, client: &Client, target: &Target) -> Result<WorksAs, Refusal> {
    let (name, roles) = (target.database.name.as_str(), &target.roles);
    match roles.of(identity) {
        // What is copied off the server's log or files is no role's.
        Some(role) if client.replication.is_some() => Err(no_role(
            format!(
                "{} works as the role \"{role}\" at \"{name}\", which replication leaves",
                identity.name
            ),
            "Replicate as an identity that works as no role.",
        )),
        Some(role) => Ok(WorksAs { role: role.to_owned(), bound: true }),
        None if roles.refuse_others => Err(no_role(
            format!("{} has no role at \"{name}\"", identity.name),
            "Ask an operator for one: [[database.role]] in weir.toml.",
        )),
        None => Ok(WorksAs { role: target.upstream.user.clone(), bound: false }),
    }
}

fn no_role(message: String, hint: &str) -> Refusal {
    Refusal {
        sqlstate: "42501",
        message,
        detail: None,
        hint: Some(hint.to_owned()),
        position: None,
        blame: Blame::Policy,
        puzzling: false,
        record: None,
    }
}

/// A client that asks for another role, or for its own, as it connects.
fn bound_role(role: &str) -> Refusal {
    let message = format!("this session works as the role \"{role}\" and as no other");
    no_role(message, "Connect without naming a role.")
}

/// The start-up parameters that go upstream: nothing is passed through that was not judged.
fn judge(
    client: &Client,
    session: &mut Session,
    now: SystemTime,
) -> Result<Vec<(String, String)>, Refusal> {
    let database = session.database().name.as_str();
    if client.credential.as_ref().is_some_and(|one| !one.opens(database)) {
        return Err(elsewhere(database));
    }
    if client.replication.is_some() {
        session.may_use(ProtocolFeature::Replication, now)?;
    }
    let mut parameters: Vec<(String, String)> = Vec::new();
    let bound = session.bound_role().map(str::to_owned);
    for (name, value) in &client.settings {
        let lower = name.to_ascii_lowercase();
        if let (Some(role), "role" | "session_authorization") = (&bound, lower.as_str()) {
            return Err(bound_role(role));
        }
        // What is Weir's own does not reach the server.
        if matches!(lower.as_str(), TASK | PURPOSE) {
            continue;
        }
        if !HARMLESS_SETTINGS.contains(&lower.as_str()) {
            session.may_use(ProtocolFeature::StartupOption(&lower), now)?;
        }
        if matches!(lower.as_str(), "search_path" | "standard_conforming_strings" | "role") {
            session.scope_unknown();
        }
        let value = match lower.as_str() {
            "application_name" => attributed(value, &client.identity.chain()),
            _ => value.clone(),
        };
        parameters.retain(|(present, _)| *present != lower);
        parameters.push((lower, value));
    }
    if !parameters.iter().any(|(name, _)| name == "application_name") {
        let name = attributed("", &client.identity.chain());
        parameters.push(("application_name".to_owned(), name));
    }
    parameters.extend(bound.map(|role| ("role".to_owned(), role)));
    Ok(parameters)
}

/// What the upstream sees as application_name: what the client calls itself, and who it is.
fn attributed(application: &str, chain: &str) -> String {
    let suffix = format!(" [weir:{chain}]");
    let room = APPLICATION_NAME_BYTES.saturating_sub(suffix.len());
    let mut end = application.len().min(room);
    while !application.is_char_boundary(end) {
        end -= 1;
    }
    let application = application.get(..end).unwrap_or_default();
    let mut name = format!("{application}{suffix}").trim_start().to_owned();
    let mut end = name.len().min(APPLICATION_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

/// A credential that is for other databases than this one.
fn elsewhere(database: &str) -> Refusal {
    Refusal {
        sqlstate: "28000",
        message: format!("this credential is not for database \"{database}\""),
        detail: None,
        hint: Some("Sign in with one that is.".to_owned()),
        position: None,
        blame: Blame::Policy,
        puzzling: false,
        record: None,
    }
}
