//! Client programs below `clients/`: each prints what it sees, the same for every honest server.
//! Knows how they are started, and nothing of what they do.

use anyhow::{Context, Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::{
    Postgres, Weir, cache, postgres,
    process::{Server, Start},
    tool, weir,
};

/// A client program.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    file: &'static str,
}

/// psycopg 3.
pub const PSYCOPG: Client = Client { file: "psycopg_client.py" };
/// psycopg 3 with cursors and statements that SQL made.
pub const BY_NAME: Client = Client { file: "by_name_client.py" };
/// asyncpg.
pub const ASYNCPG: Client = Client { file: "asyncpg_client.py" };
/// SQLAlchemy over both.
pub const SQLALCHEMY: Client = Client { file: "sqlalchemy_client.py" };
/// Alembic and Django, each with migrations of its own; the part says which.
pub const MIGRATE: Client = Client { file: "migrate_client.py" };
/// node-postgres.
pub const NODE: Client = Client { file: "node_client.js" };
/// pgjdbc.
pub const JDBC: Client = Client { file: "JdbcClient.java" };

/// psycopg 3 with a statement that waits for approval; the part is the row that it deletes.
pub const HOLD_PSYCOPG: Client = Client { file: "hold_client.py" };
/// The same by node-postgres.
pub const HOLD_NODE: Client = Client { file: "hold_client.js" };
/// The same by pgjdbc.
pub const HOLD_JDBC: Client = Client { file: "HoldClient.java" };

/// psycopg 3 with a certificate, without a password.
pub const CERTIFICATE_PSYCOPG: Client = Client { file: "certificate_client.py" };
/// The same by node-postgres.
pub const CERTIFICATE_NODE: Client = Client { file: "certificate_client.js" };
/// The same by pgjdbc, with the key as PKCS#8 and as PKCS#12.
pub const CERTIFICATE_JDBC: Client = Client { file: "CertificateClient.java" };
/// psycopg 3 in transactions for an end user; the part is the token, twice the same statements.
pub const END_USER_PSYCOPG: Client = Client { file: "end_user_client.py" };
/// The same by node-postgres.
pub const END_USER_NODE: Client = Client { file: "end_user_client.js" };
/// The same by pgjdbc.
pub const END_USER_JDBC: Client = Client { file: "EndUserClient.java" };

/// Debian's pgjdbc.
const JDBC_JAR: &str = "/usr/share/java/postgresql.jar";

/// Whom to connect as, and where.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Account or identity.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// Port on 127.0.0.1.
    pub port: u16,
    /// Database.
    pub database: &'a str,
}

impl Client {
    /// Runs the program to its end; what it printed, or an error with all that it said.
    pub fn run(self, target: Target<'_>) -> Result<String> {
        self.start(target, &[])
    }

    /// The same with variables of its own in its environment.
    pub fn run_with(self, target: Target<'_>, variables: &[(&str, &str)]) -> Result<String> {
        self.start(target, variables)
    }

    /// Compares what the program sees as an identity with full rights, over Weir and directly.
    ///
    /// # Panics
    /// Where it sees something else, with the lines before.
    pub fn sees_the_same(self, upstream: &Postgres, weir: &Weir) {
        let direct = Target {
            user: postgres::SUPERUSER,
            password: postgres::SUPERUSER_PASSWORD,
            port: upstream.port(),
            database: "shop",
        };
        let expected = self.run(direct).unwrap();
        let through =
            Target { user: weir::ADMIN, password: weir::PASSWORD, port: weir.port(), ..direct };
        let seen = self.run(through).unwrap_or_else(|error| {
            panic!("{error:#}\n{}", weir.log_tail());
        });
        if let Some(difference) = difference(&expected, &seen) {
            panic!("{difference}");
        }
    }

    /// Runs only one part of it, by the name that the program gives it.
    pub fn run_part(self, target: Target<'_>, part: &str) -> Result<String> {
        self.start(target, &[("PART", part)])
    }

    fn start(self, target: Target<'_>, variables: &[(&str, &str)]) -> Result<String> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(self.file);
        let mut command = self.interpreter()?;
        let url = postgres::url(target.user, target.password, target.port, target.database);
        command
            .arg(own)
            .env("URL", url)
            .env("PORT", target.port.to_string())
            .env("DATABASE", target.database)
            .env("USER_NAME", target.user)
            .env("PASSWORD", target.password)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("TZ", "UTC")
            .envs(variables.iter().copied());
        let said = tool::finish(&mut command)?.success()?;
        if !said.ends_with("done\n") {
            bail!("{} did not come to its end:\n{said}", self.file);
        }
        Ok(said)
    }

    fn interpreter(self) -> Result<Command> {
        let clients = packages()?;
        let (_, kind) = self.file.rsplit_once('.').context("no extension")?;
        Ok(match kind {
            "py" => Command::new(clients.join("python/bin/python")),
            "js" => {
                let mut node = Command::new("node");
                node.env("NODE_PATH", clients.join("node/node_modules"));
                node
            }
            "java" => {
                let mut java = Command::new("java");
                java.args(["-cp", JDBC_JAR]);
                java
            }
            _ => bail!("nobody runs {}", self.file),
        })
    }
}

/// Runs a Python program of `clients/` that talks to no server; what it printed.
pub fn python(file: &str, arguments: &[&Path]) -> Result<String> {
    let mut command = python_command(file)?;
    command.args(arguments);
    tool::finish(&mut command)?.success()
}

/// A Python program of `clients/`, to be started.
pub fn python_command(file: &str) -> Result<Command> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(file);
    let mut command = Command::new(packages()?.join("python/bin/python"));
    command.arg(own).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// Starts a Python program of `clients/` that serves until it is dropped; its log is in `folder`.
pub fn serve(file: &str, arguments: &[&Path], folder: &Path) -> Result<Server> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(file);
    let python = packages()?.join("python/bin/python");
    let mut command = vec![python.into_os_string(), own.into_os_string()];
    command.extend(arguments.iter().map(|argument| argument.as_os_str().to_owned()));
    let environment = vec![("PYTHONDONTWRITEBYTECODE".into(), "1".into())];
    Server::start(Start { name: file, command, environment, folder, signal: "TERM" })
}

/// Where the clients' packages are.
pub(crate) fn packages() -> Result<PathBuf> {
    Ok(match env::var_os("WEIR_CLIENTS") {
        Some(folder) => PathBuf::from(folder),
        None => cache::folder()?.join("clients"),
    })
}

/// Where two transcripts part, with the lines before: readable where a whole diff is not.
pub fn difference(direct: &str, through: &str) -> Option<String> {
    let mut last = "";
    let (mut left, mut right) = (direct.lines(), through.lines());
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (one, other) if one == other => last = one.unwrap_or_default(),
            (one, other) => {
                return Some(format!(
                    "after:   {last}\ndirect:  {}\nthrough: {}",
                    one.unwrap_or("(the end)"),
                    other.unwrap_or("(the end)")
                ));
            }
        }
    }
}
