//! Starts the PostgreSQL engine with what the rest of the program built, and keeps its settings up
//! to date. Knows the engine's settings, not its protocol.

use super::{
    Shared, Stop, Stopping, bearers, canaries, histories, holds::Kept, jobs::Jobs, labels,
};
use crate::{cloud::Cloud, layout, vault::Place};
use anyhow::Context;
use config::{Config, Database, Plaintext, UpstreamTls, WithoutRole};
use engine_pg::{
    DatabaseConfig, Engine, Host, Limits, RoleOf, RoleRule, Roles, Settings, UpstreamConfig,
    login::{ClientRule, Door, Plaintext as DoorPlaintext},
    upstream::{
        Keep,
        credentials::{Credentials, Fetched, Source},
    },
};
use gate::Gate;
use net::{
    listen::{Limits as Crowding, Listener, Threads},
    tls::{ClientTls, Mode, ServerTls, authority},
};
use std::{future::Future, sync::Arc, thread, time::Duration};
use tokio::sync::watch;

/// How long a statement waits for the catalog to be read again before it is refused.
const CATALOG_WAIT: Duration = Duration::from_secs(10);
/// How often readiness and settings are compared with what is in force.
const LOOK: Duration = Duration::from_millis(250);

/// Starts the engine. It accepts sessions until `stopping` says to drain; the future that comes
/// back resolves when the last session has ended.
pub(super) async fn start(
    shared: &Arc<Shared>,
    stopping: Stopping,
    jobs: &mut Jobs,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let config = shared.config.load_full();
    let settings = settings(&config)?;
    let key = shared.pseudonym_key.clone();
    let gate = Gate::new(Arc::clone(&shared.policies), shared.ledger.clone(), key)
        .with_histories(Arc::clone(&shared.histories))
        .with_works(Arc::clone(&shared.works));
    let gate = Arc::new(gate);
    // Before anybody can write: what is written takes its labels along from the first statement.
    let _ = gate.keep.set(labels::keep(shared));
    let _ = gate.holds.set(Arc::new(Kept::new(shared)));
    canaries::plant(&gate, &config)?;
    let _ = gate.alarm.set(canaries::alarm(shared));
    let kept = Arc::clone(shared);
    jobs.keep("what identities did", move || histories::follow(Arc::clone(&kept)));
    let (drain, draining) = watch::channel(false);
    let planted = Arc::clone(&gate);
    let (people, shelf) = (shared.people.subscribe(), labels::shelf(shared));
    let door = door(shared, &config)?;
    let engine = Engine::new(gate, door, settings, draining, people, Some(shelf));
    // There is one engine of this kind; whoever set it before is the same.
    let _first = shared.metrics.engine.set(Arc::clone(&engine));
    let crowding = Crowding { pending_total: config.limits.max_signing_in, ..Crowding::default() };
    let address = config.listen.postgres;
    let listener = Listener::bind(address, crowding)
        .await
        .with_context(|| format!("listen.postgres: {address} cannot be listened on"))?;
    let _first = engine.counters.crowd.set(listener.crowd().clone());
    tracing::info!(address = %listener.address(), "postgres listens");
    let work = follow(Arc::clone(shared), Arc::clone(&engine), planted, config);
    jobs.spawn("settings of sessions", work);
    let serving = Arc::clone(&engine);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let leader = shared.ledger.leader();
    let threads = Threads::start(cores, move || leader.before_rest());
    let threads = Arc::new(threads.context("the threads of sessions")?);
    Ok(async move {
        let stop = async {
            stopping.wait(Stop::Drain).await;
            drain.send_replace(true);
        };
        // The caller limits how long the drain may take.
        let handle = move |accepted| {
            let (threads, serving) = (Arc::clone(&threads), Arc::clone(&serving));
            async move { threads.run(accepted, |accepted| serving.serve(accepted)).await }
        };
        listener.serve(stop, Duration::MAX, handle).await;
        drop(engine.inside_ended().await);
    })
}

/// The certificate that clients are shown.
pub(super) fn tls(config: &Config) -> anyhow::Result<ServerTls> {
    let tls = match &config.tls.certificate {
        Some((certificate, key)) => ServerTls::from_files(certificate, key),
        None => ServerTls::development(&config.state_dir),
    };
    tls.context("[tls]")
}

/// The same, with the authorities that sign clients' certificates.
fn trusting(mut tls: ServerTls, config: &Config) -> anyhow::Result<ServerTls> {
    if let Some(authorities) = &config.tls.client_ca {
        tls = tls.trusting(authorities).context("[tls] client_ca")?;
    }
    if config.ca.is_some() {
        let authority = authority::certificate(&layout::ca_folder(&config.state_dir));
        tls = tls.trusting(&authority).context("[ca]: weir ca init makes the authority")?;
    }
    Ok(tls)
}

/// Whether Weir could show its certificate, as far as the files tell. Makes none: where none is
/// named, the development certificate is made at the start.
pub(crate) fn certificate_stands(config: &Config) -> anyhow::Result<()> {
    if config.tls.certificate.is_some() {
        trusting(tls(config)?, config)?;
    }
    Ok(())
}

fn door(shared: &Arc<Shared>, config: &Config) -> anyhow::Result<Door> {
    let tls = trusting(tls(config)?, config)?;
    let mut door = Door::new(Some(tls), Arc::clone(&shared.directory));
    let rule = |client: &config::ClientName| ClientRule {
        san: client.san.clone(),
        identity: client.identity.clone(),
    };
    door.clients = config.tls.clients.iter().map(rule).collect();
    door.clients.extend(config.ca.as_ref().map(|ca| ClientRule {
        san: format!("spiffe://{}/identity/*", ca.trust_domain),
        identity: "*".to_owned(),
    }));
    door.attempts = Arc::clone(&shared.attempts);
    door.bearers = Some(bearers::bearers(shared));
    door.asserts = crate::end_users::asserts(config, shared)?;
    door.deadline = config.limits.sign_in_timeout;
    door.plaintext = match config.tls.plaintext {
        Plaintext::Loopback => DoorPlaintext::Loopback,
        Plaintext::Never => DoorPlaintext::Never,
        Plaintext::Anywhere => DoorPlaintext::Anywhere,
    };
    Ok(door)
}

/// Tells health which databases are known, and takes up settings as they change.
async fn follow(
    shared: Arc<Shared>,
    engine: Arc<Engine>,
    gate: Arc<Gate>,
    mut in_force: Arc<Config>,
) {
    loop {
        tokio::time::sleep(LOOK).await;
        for (name, reached) in engine.reachable() {
            shared.health.upstream(&name, reached);
        }
        let config = shared.config.load_full();
        if Arc::ptr_eq(&config, &in_force) {
            continue;
        }
        if config.labels != in_force.labels {
            shared.labels.send_modify(|count| *count += 1);
        }
        if let Err(error) = canaries::plant(&gate, &config) {
            tracing::error!("canaries not taken up: {error:#}");
        }
        match settings(&config) {
            Ok(settings) => engine.reload(settings),
            Err(error) => tracing::error!("settings not taken up: {error:#}"),
        }
        in_force = config;
    }
}

fn settings(config: &Config) -> anyhow::Result<Settings> {
    let known = config.databases.iter().map(|one| database(config, one));
    let databases = known.collect::<anyhow::Result<_>>()?;
    let limits = &config.limits;
    Ok(Settings {
        databases,
        limits: Limits {
            statement_bytes: limits.max_statement_bytes,
            message_bytes: limits.max_message_bytes,
            idle: limits.idle_timeout,
            statement: limits.statement_timeout,
            catalog_wait: CATALOG_WAIT,
        },
        max_sessions: limits.max_connections,
        max_sessions_per_identity: limits.max_connections_per_identity,
    })
}

fn database(config: &Config, database: &Database) -> anyhow::Result<DatabaseConfig> {
    Ok(DatabaseConfig {
        name: database.name.clone(),
        environment: database.environment.clone(),
        roles: roles(database),
        upstream: self::upstream(config, database)?,
    })
}

/// As which roles of it sessions work.
fn roles(database: &Database) -> Roles {
    let rule = |rule: &config::RoleRule| RoleRule {
        whose: match &rule.whose {
            config::RoleOf::Identity(name) => RoleOf::Identity(name.clone()),
            config::RoleOf::Group(name) => RoleOf::Group(name.clone()),
        },
        role: rule.role.clone(),
    };
    Roles {
        rules: database.roles.iter().map(rule).collect(),
        refuse_others: database.without_role == WithoutRole::Refuse,
    }
}

/// A password that could not be read: each session reads it again, and fails until it is there.
#[derive(Debug)]
struct Unread(config::SecretSource);

impl Source for Unread {
    fn fetch(&self) -> Fetched {
        let read = self.0.read();
        Box::pin(async move {
            let secret = read.map_err(|error| error.to_string())?;
            let password = secret.expose().to_owned().into();
            Ok(Credentials { user: None, password, lease: None })
        })
    }

    fn refused(&self, _: &Credentials) {}
}

/// How the real database behind this one is reached.
pub(crate) fn upstream(config: &Config, database: &Database) -> anyhow::Result<UpstreamConfig> {
    let upstream = &database.upstream;
    let of = || format!("database {:?}", database.name);
    let host = if upstream.host.starts_with('/') {
        Host::Unix(upstream.host.clone().into())
    } else {
        Host::Tcp(upstream.host.clone())
    };
    let certificate = upstream.certificate.as_ref();
    let certificate = certificate.map(|(certificate, key)| (&**certificate, &**key));
    let client_tls = |mode| ClientTls::new(mode, upstream.ca.as_deref(), certificate).map(Some);
    let tls = match upstream.tls {
        UpstreamTls::Disable => None,
        UpstreamTls::Require => client_tls(Mode::Require).with_context(of)?,
        UpstreamTls::VerifyFull => client_tls(Mode::VerifyFull).with_context(of)?,
    };
    let name = upstream.database.as_deref().unwrap_or(&database.name);
    let mut reached = UpstreamConfig::new(host, upstream.port, &upstream.user, name);
    match upstream.password.as_ref().map(|source| (source, source.read())) {
        Some((_, Ok(secret))) => reached.password = Some(secret.expose().to_owned().into()),
        // One lost secret keeps no other database from being served.
        Some((source, Err(_))) => {
            reached.credentials = Some(Arc::new(Unread(source.clone())));
        }
        None => {}
    }
    reached.tls = tls;
    if let (Some(path), Some(vault)) = (&upstream.vault, &config.vault) {
        reached.credentials = Some(Arc::new(Place::new(vault, path).with_context(of)?));
    }
    if let Some(iam) = upstream.iam {
        let cloud = Cloud::new(iam, &config.clouds, upstream).with_context(of)?;
        reached.credentials = Some(Arc::new(cloud));
    }
    reached.connect_timeout = upstream.connect_timeout;
    reached.user_timeout = upstream.tcp_user_timeout;
    let (most, idle, age) = (upstream.keep, upstream.keep_idle, upstream.keep_age);
    reached.keep = Keep { most, idle, age, release: upstream.release_idle };
    Ok(reached)
}
