//! Every section and key of the file. To add a key is to add one read here.

use super::{
    api, approvals, ca, canaries, channels, clouds, console, databases, end_users, evidence,
    exports, keys, labels, providers, transmitters, vault, workloads,
};
use crate::{
    kind::{Address, Count, Fault, FilePath, OrOff, Size, Text, Time, TimeOrNone, Word},
    settings::{
        ClientName, Config, Labels, Limits, Listen, Log, LogFormat, LogLevel, Plaintext, Policies,
        Tls,
    },
    table::{Reader, Section, Table},
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use toml::{Spanned, de::DeTable};

pub(super) const TOP: &str =
    "What concerns the whole process. These keys stand before any section.";

const LISTEN: &str = "Where Weir listens. Loopback unless you say otherwise.";

const TLS: &str = "How clients are spoken to. Without `certificate` and `key` a self-signed \
development certificate is made in `state_dir`.";

const TLS_CLIENT: &str = "A name in clients' certificates and who it is; the section stands once \
for each. A name that none of them is for signs nobody in.";

const POLICIES: &str = "Where policies are.";

const LIMITS: &str = "Limits. Durations are written \"250ms\", \"30s\", \"5m\", \"2h\" or \"1d\"; \
sizes \"512KiB\", \"16MiB\" or \"1GiB\". They hold for connections that open after a change.";

const LOG: &str = "What Weir writes to standard error. It never holds a value, a literal or a \
secret, at any level.";

const MIB: u64 = 1 << 20;

/// Every section with its keys, in the order of the file: what reading an empty file asks for.
pub(crate) fn documented() -> Vec<Section> {
    let reader = Reader::new(Path::new(""));
    let empty = || Spanned::new(0..0, DeTable::new());
    top(Table::new(&reader, "", TOP, empty()));
    let table = Table::new(&reader, "[[database]]", databases::DATABASE, empty());
    databases::database(table, "");
    databases::role(Table::new(&reader, "[[database.role]]", databases::ROLE, empty()));
    tls_client(Table::new(&reader, "[[tls.client]]", TLS_CLIENT, empty()));
    labels::rule(Table::new(&reader, "[[labels.rule]]", labels::RULE, empty()));
    canaries::canary(Table::new(&reader, "[[canary]]", canaries::CANARY, empty()));
    evidence::witness(Table::new(&reader, "[[ledger.witness]]", evidence::WITNESS, empty()));
    evidence::repository(Table::new(&reader, "[[ledger.git]]", evidence::GIT, empty()));
    evidence::bucket(Table::new(&reader, "[[ledger.bucket]]", evidence::BUCKET, empty()));
    exports::export(Table::new(&reader, "[[export]]", exports::EXPORT, empty()));
    channels::channel(Table::new(&reader, "[[channel]]", channels::CHANNEL, empty()));
    providers::provider(Table::new(&reader, "[[provider]]", providers::PROVIDER, empty()));
    workloads::workload(Table::new(&reader, "[[workload]]", workloads::WORKLOAD, empty()));
    workloads::rule(Table::new(&reader, "[[workload.rule]]", workloads::RULE, empty()));
    let table = Table::new(&reader, "[[transmitter]]", transmitters::TRANSMITTER, empty());
    transmitters::transmitter(table);
    end_users::end_user(Table::new(&reader, "[[end_user]]", end_users::END_USER, empty()));
    let mut sections = reader.into_found().sections;
    // A section is finished after those inside it; for the reader an outer one comes first.
    let order = |section: &Section| match section.heading {
        "" => 0,
        "[listen]" => 1,
        "[tls]" => 2,
        "[[tls.client]]" => 2,
        "[ca]" => 3,
        "[policies]" => 3,
        "[[database]]" => 4,
        "[[database.role]]" => 4,
        "[database.upstream]" => 5,
        "[vault]" => 6,
        "[aws]" | "[gcp]" | "[azure]" => 6,
        "[labels]" => 7,
        "[[labels.rule]]" => 7,
        "[[canary]]" => 8,
        "[ledger]" => 9,
        "[[ledger.witness]]" => 10,
        "[[ledger.git]]" => 11,
        "[[ledger.bucket]]" => 12,
        "[witness]" => 13,
        "[api]" => 14,
        "[console]" => 15,
        "[approvals]" => 16,
        "[[provider]]" => 17,
        "[[transmitter]]" => 18,
        "[[workload]]" => 19,
        "[[workload.rule]]" => 20,
        "[[end_user]]" => 21,
        "[keys]" => 22,
        "[[channel]]" => 23,
        "[limits]" => 24,
        "[[export]]" => 25,
        _ => 26,
    };
    sections.sort_by_key(order);
    sections
}

pub(super) fn top(mut table: Table<'_>) -> Config {
    let state_dir = table.or(
        "state_dir",
        &FilePath,
        "\"state\"",
        "Folder of the control state, the ledger and the development certificate. It is made with \
         mode 0700; back it up.",
    );
    let environment = table.or(
        "environment",
        &Text { what: "an environment" },
        "\"production\"",
        "What policies know each database as that does not say so itself.",
    );
    let (labels, rules) = labels::labels(table.table("labels", "[labels]", labels::LABELS));
    let mut config = Config {
        file: PathBuf::new(),
        state_dir,
        listen: listen(table.table("listen", "[listen]", LISTEN)),
        tls: tls(table.table("tls", "[tls]", TLS)),
        ca: {
            let present = table.span_of("ca").is_some();
            ca::ca(table.table("ca", "[ca]", ca::CA), present)
        },
        policies: policies(table.table("policies", "[policies]", POLICIES)),
        limits: limits(table.table("limits", "[limits]", LIMITS)),
        databases: databases::databases(&mut table, &environment),
        api: api::api(table.table("api", "[api]", api::API)),
        console: console::console(table.table("console", "[console]", console::CONSOLE)),
        approvals: {
            approvals::approvals(table.table("approvals", "[approvals]", approvals::APPROVALS))
        },
        keys: keys::keys(table.table("keys", "[keys]", keys::KEYS)),
        vault: {
            let present = table.span_of("vault").is_some();
            vault::vault(table.table("vault", "[vault]", vault::VAULT), present)
        },
        clouds: clouds::clouds(&mut table),
        labels: Labels { refresh: None, rules: Vec::new() },
        canaries: canaries::canaries(&mut table),
        ledger: evidence::ledger(table.table("ledger", "[ledger]", evidence::LEDGER)),
        witness: {
            evidence::witnessing(table.table("witness", "[witness]", evidence::WITNESSING))
        },
        providers: providers::providers(&mut table),
        transmitters: Vec::new(),
        workloads: Vec::new(),
        end_users: end_users::end_users(&mut table),
        channels: channels::channels(&mut table),
        exports: exports::exports(&mut table),
        log: log(table.table("log", "[log]", LOG)),
        warnings: Vec::new(),
    };
    for name in vault::missing(config.vault.as_ref(), &config.databases) {
        let message = format!("the upstream of database \"{name}\" needs a [vault] section");
        table.fault(table.span(), Fault::new(message));
    }
    ca::alone(&table, config.ca.as_ref(), config.tls.client_ca.as_ref());
    for (at, fault) in labels::check(&labels, &config.databases) {
        table.fault(rules.get(at).cloned().unwrap_or(table.span()), fault);
    }
    config.labels = labels;
    config.transmitters = transmitters::transmitters(&mut table, &config.providers);
    config.workloads = workloads::workloads(&mut table, &config.providers);
    table.finish();
    config
}

fn listen(mut table: Table<'_>) -> Listen {
    let (postgres_span, http_span) = (table.span_of("postgres"), table.span_of("http"));
    let api_span = table.span_of("api");
    let listen = Listen {
        postgres: table.or(
            "postgres",
            &Address,
            "\"127.0.0.1:6432\"",
            "Address for PostgreSQL clients. Port 0 takes a free one and logs which.",
        ),
        http: table.or(
            "http",
            &OrOff(Address),
            "\"127.0.0.1:6480\"",
            "Address for /healthz, /readyz and /metrics. It asks nobody who they are: keep it on \
             an address that only your own machines reach.",
        ),
        api: table.or(
            "api",
            &OrOff(Address),
            "\"off\"",
            "Address for the API, where people sign in and decide about requests for approval; \
             always TLS, with the certificate of [tls].",
        ),
    };
    let taken = [Some(listen.postgres), listen.http, listen.api];
    let shared = taken.iter().enumerate().any(|(at, address)| {
        let fixed = address.is_some_and(|address| address.port() != 0);
        fixed && taken.iter().skip(at + 1).any(|other| other == address)
    });
    if shared && let Some(span) = api_span.or(http_span).or(postgres_span) {
        let fault = Fault::new("`postgres`, `http` and `api` cannot share one address");
        table.fault(span, fault);
    }
    table.finish();
    listen
}

fn tls(mut table: Table<'_>) -> Tls {
    let certificate = pair(
        &mut table,
        "PEM file of the server's certificate, followed by its intermediates.",
        "PEM file of the certificate's private key.",
    );
    let plaintext = table.or(
        "plaintext",
        &Word(
            &[
                ("loopback", Plaintext::Loopback),
                ("never", Plaintext::Never),
                ("anywhere", Plaintext::Anywhere),
            ],
            Plaintext::Never,
        ),
        "\"loopback\"",
        "From where clients may connect without TLS. `anywhere` is for networks that encrypt \
         below TCP (WireGuard, a service mesh).",
    );
    let client_ca = table.optional(
        "client_ca",
        &FilePath,
        "PEM file of the authorities that sign clients' certificates. A client that shows one of \
         theirs signs in by it, as `[[tls.client]]` says, and needs no password.",
    );
    let span = table.span_of("client");
    let clients = table.tables("client", "[[tls.client]]", TLS_CLIENT);
    let clients: Vec<_> = clients.into_iter().filter_map(tls_client).collect();
    if client_ca.is_none() && !clients.is_empty() {
        let fault = Fault::new("`[[tls.client]]` without `client_ca`: nobody could show one");
        table.fault(span.unwrap_or(table.span()), fault);
    }
    table.finish();
    Tls { certificate, plaintext, client_ca, clients }
}

pub(super) fn tls_client(mut table: Table<'_>) -> Option<ClientName> {
    let san_span = table.span_of("san");
    let san = table.required(
        "san",
        &Text { what: "a name" },
        "A name in the certificate: a URI (`spiffe://example.org/reports`), `dns:` and a host \
         name, or `cn:` and the subject's common name. One `*` stands for a part without a slash.",
    );
    let identity = table.required(
        "identity",
        &Text { what: "an identity" },
        "Who signs in by it, which must be the user that the client asks for. A `*` is what the \
         name's stood for.",
    );
    let stars = |text: &str| text.matches('*').count();
    let named = san.contains("://") || san.starts_with("dns:") || san.starts_with("cn:");
    if !named || stars(&san) > 1 || stars(&identity) > stars(&san) {
        let help = "spiffe://example.org/agent/* and *, or dns:reports.example.org and reports";
        let fault = Fault::help("the name is not understood", help);
        table.fault(san_span.unwrap_or(table.span()), fault);
    }
    table.finish();
    (named && stars(&san) <= 1).then_some(ClientName { san, identity })
}

/// `certificate` and `key`, which stand both or not at all.
pub(super) fn pair(
    table: &mut Table<'_>,
    certificate: &'static str,
    key: &'static str,
) -> Option<(PathBuf, PathBuf)> {
    let span = table.span_of("certificate").or(table.span_of("key"));
    let both = (
        table.optional("certificate", &FilePath, certificate),
        table.optional("key", &FilePath, key),
    );
    match both {
        (Some(certificate), Some(key)) => return Some((certificate, key)),
        (None, None) => {}
        (Some(_), None) | (None, Some(_)) => {
            let fault = Fault::new("`certificate` and `key` stand together or not at all");
            table.fault(span.unwrap_or(table.span()), fault);
        }
    }
    None
}

fn policies(mut table: Table<'_>) -> Policies {
    let dir = table.optional(
        "dir",
        &FilePath,
        "Folder of .cedar files that add to the shipped baseline. A change applies to live \
         sessions; a broken file is reported and the last good set stays. Without it the baseline \
         stands alone.",
    );
    table.finish();
    Policies { dir }
}

fn limits(mut table: Table<'_>) -> Limits {
    let second = Duration::from_secs(1);
    let day = second * 86_400;
    let time = |least: Duration, most: Duration| Time { range: least..=most };
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let limits = Limits {
        sign_in_timeout: table.or(
            "sign_in_timeout",
            &time(second, second * 600),
            "\"30s\"",
            "From connect to the end of sign-in.",
        ),
        idle_timeout: table.or(
            "idle_timeout",
            &TimeOrNone(time(second, day * 30)),
            "\"0\"",
            "A session whose client has sent nothing for so long, outside of a statement, ends.",
        ),
        statement_timeout: table.or(
            "statement_timeout",
            &TimeOrNone(time(Duration::from_millis(1), day * 30)),
            "\"0\"",
            "A statement that runs longer is cancelled at the upstream; one sent behind others has \
             its time from when these are answered.",
        ),
        drain_timeout: table.or(
            "drain_timeout",
            &time(Duration::ZERO, day),
            "\"30s\"",
            "How long open sessions may go on after SIGTERM before they are ended.",
        ),
        max_connections: whole(table.or(
            "max_connections",
            &Count(1..=1_000_000),
            "1000",
            "Client connections at once. One more is told that there are too many.",
        )),
        max_connections_per_identity: whole(table.or(
            "max_connections_per_identity",
            &Count(1..=1_000_000),
            "200",
            "Client connections at once of one identity.",
        )),
        max_signing_in: whole(table.or(
            "max_signing_in",
            &Count(1..=1_000_000),
            "2000",
            "Connections at once that have not signed in yet, of which one address may have 500; \
             one more is closed.",
        )),
        max_statement_bytes: whole(table.or(
            "max_statement_bytes",
            &Size(1024..=256 * MIB),
            "\"4MiB\"",
            "Longest statement text that is analysed. A longer one counts as not understood.",
        )),
        max_message_bytes: whole(table.or(
            "max_message_bytes",
            &Size(64 * 1024..=1024 * MIB),
            "\"256MiB\"",
            "Longest message of a client that is accepted. PostgreSQL's own limit is 1GiB.",
        )),
    };
    table.finish();
    limits
}

fn log(mut table: Table<'_>) -> Log {
    let log = Log {
        level: table.or(
            "level",
            &Word(
                &[
                    ("error", LogLevel::Error),
                    ("warn", LogLevel::Warn),
                    ("info", LogLevel::Info),
                    ("debug", LogLevel::Debug),
                    ("trace", LogLevel::Trace),
                ],
                LogLevel::Info,
            ),
            "\"info\"",
            "The least important level that is written.",
        ),
        format: table.or(
            "format",
            &Word(&[("text", LogFormat::Text), ("json", LogFormat::Json)], LogFormat::Text),
            "\"text\"",
            "For people, or one JSON object a line for machines.",
        ),
    };
    table.finish();
    log
}
