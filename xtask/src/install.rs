//! What a command needs beyond Rust: found, installed, or named in one line to paste. Knows
//! Debian's package names and no test.

use crate::step::{show, step};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::{cache, tool};

/// Something needed: how it is recognised, and Debian's package that has it.
struct Need {
    package: &'static str,
    present: fn() -> bool,
}

/// What the demo needs.
const SERVERS: [Need; 3] = [
    Need { package: "libclang-dev", present: has_libclang },
    Need { package: "postgresql-15", present: || is_file("/usr/lib/postgresql/15/bin/postgres") },
    Need { package: "openssl", present: || tool::find("openssl").is_some() },
];

/// What the benchmark needs besides.
const POOLER: [Need; 1] =
    [Need { package: "pgbouncer", present: || tool::find("pgbouncer").is_some() }];

/// What makes random statements.
const FUZZERS: [Need; 1] =
    [Need { package: "sqlsmith", present: || tool::find("sqlsmith").is_some() }];

/// What the tests' clients need besides.
const CLIENTS: [Need; 13] = [
    Need { package: "python3-venv", present: has_venv },
    Need { package: "nodejs", present: || tool::find("node").is_some() },
    Need { package: "chromium", present: || tool::find("chromium").is_some() },
    Need { package: "chromium-driver", present: || tool::find("chromedriver").is_some() },
    Need { package: "npm", present: || tool::find("npm").is_some() },
    Need { package: "default-jdk-headless", present: || tool::find("javac").is_some() },
    Need {
        package: "libpostgresql-jdbc-java",
        present: || is_file("/usr/share/java/postgresql.jar"),
    },
    Need { package: "bzip2", present: || tool::find("bzip2").is_some() },
    Need { package: "nats-server", present: || tool::find("nats-server").is_some() },
    Need { package: "rsyslog", present: || tool::find("rsyslogd").is_some() },
    Need { package: "valgrind", present: || tool::find("valgrind").is_some() },
    Need { package: "poppler-utils", present: || tool::find("pdftotext").is_some() },
    Need { package: "rsyslog-openssl", present: || has_library("rsyslog/lmnsd_ossl.so") },
];

/// Python clients, what migrates with them, an SMTP server, MCP's official SDK and the published
/// OCSF schema, with their versions: a new release must not break a build.
const PYTHON: [&str; 14] = [
    "psycopg[binary]==3.3.9",
    "asyncpg==0.32.0",
    "pg8000==1.31.6",
    "SQLAlchemy==2.1.9",
    "alembic==1.20.1",
    "Django==5.2.19",
    "greenlet==3.5.6",
    "ocsf-json-schema==1.2.0",
    "jsonschema==4.26.0",
    "opentelemetry-proto==1.45.2",
    "moto[server]==5.2.5",
    "aiosmtpd==1.4.6",
    "mcp==2.3.0",
    "duckdb==2.0.1",
];

/// What tries the API by its description. It has an environment of its own: it wants other versions
/// than the clients.
const FUZZER: [&str; 1] = ["schemathesis==4.32.5"];

/// What makes labelled data, and what Weir's detection is compared with.
const EVALUATION: [&str; 2] = ["Faker==40.63.0", "presidio-analyzer==2.2.366"];

/// The node client, a provider of OpenID Connect, and what finds pages that not everybody can use.
const NODE: [&str; 3] = ["pg@8.23.1", "oidc-provider@9.13.3", "axe-core@4.14.1"];

fn is_file(path: &str) -> bool {
    Path::new(path).is_file()
}

/// The parser's bindings are generated against libclang and its headers.
fn has_libclang() -> bool {
    let versions = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut folders =
        versions.filter(|entry| entry.file_name().to_string_lossy().starts_with("llvm-"));
    folders.any(|folder| folder.path().join("lib/libclang.so").exists())
}

/// Whether a file is below /usr/lib or the folder of this machine's architecture there.
fn has_library(name: &str) -> bool {
    let below = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    is_file(&format!("/usr/lib/{name}")) || below.into_iter().any(|e| e.path().join(name).exists())
}

fn has_venv() -> bool {
    tool::run("/usr/bin/python3", ["-c", "import ensurepip, venv"])
        .is_ok_and(|outcome| outcome.code == Some(0))
}

/// PostgreSQL and what Weir's build needs.
pub(crate) fn servers() -> Result<()> {
    packages(SERVERS.iter())
}

/// The same and PgBouncer.
pub(crate) fn servers_and_pooler() -> Result<()> {
    packages(SERVERS.iter().chain(&POOLER))
}

/// The same servers and what makes random statements.
pub(crate) fn fuzzing() -> Result<()> {
    packages(SERVERS.iter().chain(&FUZZERS))
}

/// All that the tests need.
pub(crate) fn everything() -> Result<()> {
    packages(SERVERS.iter().chain(&POOLER).chain(&FUZZERS).chain(&CLIENTS))?;
    step("clients for Python and Node", || {
        python()?;
        node()
    })
}

fn packages<'a>(needs: impl Iterator<Item = &'a Need>) -> Result<()> {
    let missing: Vec<&str> =
        needs.filter(|need| !(need.present)()).map(|need| need.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !tool::is_root() {
        bail!("these packages are missing; run:\n\n  sudo apt-get install -y {names}\n");
    }
    step(&format!("installing {names}"), || {
        let quiet = ["-qq", "-o", "Dpkg::Use-Pty=0"];
        show(Command::new("apt-get").arg("update").args(quiet))?;
        let install = ["install", "-y", "--no-install-recommends"];
        show(
            Command::new("apt-get")
                .args(install)
                .args(quiet)
                .args(&missing)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    })
}

/// The folder that the tests' clients are in; named to the tests by `WEIR_CLIENTS`.
pub(crate) fn clients() -> Result<PathBuf> {
    Ok(cache::folder()?.join("clients"))
}

/// What the evaluation needs; answers its Python.
pub(crate) fn evaluation() -> Result<PathBuf> {
    packages(CLIENTS.iter().filter(|need| need.package == "python3-venv"))?;
    let folder = cache::folder()?.join("evaluation");
    step("Faker and Presidio", || environment(&folder, &EVALUATION))?;
    Ok(folder.join("bin/python"))
}

fn python() -> Result<()> {
    environment(&clients()?.join("python"), &PYTHON)?;
    environment(&clients()?.join("schemathesis"), &FUZZER)
}

/// A virtual environment that says which versions it has: others replace it.
fn environment(folder: &Path, wanted: &[&str]) -> Result<()> {
    let stamp = folder.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == wanted.join("\n")) {
        return Ok(());
    }
    show(Command::new("/usr/bin/python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    show(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(wanted))?;
    std::fs::write(stamp, wanted.join("\n")).context("cannot note what is installed")
}

fn node() -> Result<()> {
    let folder = clients()?.join("node");
    let stamp = folder.join("installed");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == NODE.join("\n")) {
        return Ok(());
    }
    std::fs::create_dir_all(&folder)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder)
        .args(NODE);
    show(&mut npm)?;
    std::fs::write(stamp, NODE.join("\n")).context("cannot note what is installed")
}
