//! PostgreSQL's own regression suite, ready to run against any server.
//!
//! Its expected output belongs to one exact version, so sources, programs and server are all taken
//! from Debian in that one version and unpacked beside each other in the cache; nothing is
//! installed. Knows nothing of Weir: a run is told host, port and account.

use crate::{cache, tool};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The source package, and the version of the suite.
const SOURCE: &str = "postgresql-15";
/// Where Debian keeps versions that no security update replaced.
const VERSION: &str = "15.18-0+deb12u1";
/// What is compiled and run.
const PACKAGES: [&str; 3] = ["postgresql-15", "postgresql-client-15", "postgresql-server-dev-15"];
/// Debian's archive, as its own `apt` reads it.
const SOURCES: &str = "deb-src http://deb.debian.org/debian bookworm main\n";

/// The suite, unpacked and compiled.
#[derive(Clone, Debug)]
pub struct Suite {
    root: PathBuf,
}

/// What a run showed: each test's name, and whether its output was as expected.
pub type Verdicts = BTreeMap<String, bool>;

/// Where to run the suite. The account must be a superuser.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Port on 127.0.0.1.
    pub port: u16,
    /// Account.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
    /// A folder for results that the server's account may write.
    pub results: &'a Path,
}

impl Suite {
    /// Fetches and compiles the suite at first use.
    pub fn get() -> Result<Self> {
        let root = cache::folder()?.join(format!("regress-{VERSION}"));
        if !root.join("ready").is_file() {
            let draft = root.with_extension(format!("draft{}", std::process::id()));
            let _ = fs::remove_dir_all(&draft);
            fs::create_dir_all(&draft)?;
            fetch(&draft).context("PostgreSQL's regression suite cannot be fetched")?;
            compile(&draft).context("regress.so cannot be compiled")?;
            tool::run("chmod", ["-R", "a+rX", &draft.to_string_lossy()])?.success()?;
            fs::write(draft.join("ready"), VERSION)?;
            if fs::rename(&draft, &root).is_err() {
                fs::remove_dir_all(&draft)?;
            }
        }
        Ok(Self { root })
    }

    /// The programs of the suite's own version, for [`crate::postgres::Options::bin`].
    pub fn bin(&self) -> PathBuf {
        self.root.join("usr/lib/postgresql/15/bin")
    }

    /// The suite's own folder: its schedule, `sql/*.sql`, and data and libraries for these.
    pub fn folder(&self) -> PathBuf {
        self.root.join("regress")
    }

    /// Runs the whole suite; returns each test's verdict and pg_regress's own words.
    pub fn run(&self, place: Place<'_>) -> Result<(Verdicts, String)> {
        let tests = self.folder();
        tool::give_to_server_account(place.results)?;
        let pg_regress = self.bin().join("../lib/pgxs/src/test/regress/pg_regress");
        let line = tool::as_server_account(&pg_regress);
        let (program, arguments) = line.split_first().context("no program")?;
        let outcome = tool::finish(
            Command::new(program)
                .args(arguments)
                .arg(format!("--bindir={}", self.bin().display()))
                .arg(format!("--inputdir={}", tests.display()))
                .arg(format!("--dlpath={}", tests.display()))
                .arg(format!("--outputdir={}", place.results.display()))
                .arg(format!("--schedule={}", tests.join("parallel_schedule").display()))
                .args(["--host=127.0.0.1", "--max-concurrent-tests=20"])
                .arg(format!("--port={}", place.port))
                .arg(format!("--user={}", place.user))
                .env("PGPASSWORD", place.password)
                .current_dir(place.results),
        )?;
        let verdicts = verdicts(&outcome.stdout);
        if verdicts.is_empty() {
            bail!("the suite did not run: {outcome}");
        }
        Ok((verdicts, outcome.stdout))
    }
}

/// Reads `test name … ok|FAILED|failed (ignored)` lines.
fn verdicts(output: &str) -> Verdicts {
    let mut verdicts = Verdicts::new();
    for line in output.lines() {
        let Some((name, verdict)) = line.split_once("... ") else { continue };
        let name = name.trim().trim_start_matches("test ").trim();
        verdicts.insert(name.to_owned(), verdict.trim_start().starts_with("ok"));
    }
    verdicts
}

fn fetch(root: &Path) -> Result<()> {
    let apt = root.join("apt");
    fs::create_dir_all(apt.join("lists/partial"))?;
    fs::write(apt.join("sources.list"), SOURCES)?;
    // Lists of our own, so that the machine's are neither needed nor touched.
    let own = [
        format!("-oDir::Etc::SourceList={}", apt.join("sources.list").display()),
        "-oDir::Etc::SourceParts=/dev/null".to_owned(),
        format!("-oDir::State::Lists={}", apt.join("lists").display()),
        "-oAPT::Sandbox::User=".to_owned() + if tool::is_root() { "root" } else { "" },
    ];
    let get = |arguments: &[&str]| -> Result<()> {
        let mut command = Command::new("apt-get");
        command.args(arguments).current_dir(root);
        tool::finish(&mut command)?.success()?;
        Ok(())
    };
    let with_own = |words: &[&str]| -> Result<()> {
        let arguments: Vec<&str> =
            own.iter().map(String::as_str).chain(words.iter().copied()).collect();
        get(&arguments)
    };
    with_own(&["update"])?;
    with_own(&["source", "--download-only", &format!("{SOURCE}={VERSION}")])?;
    for package in PACKAGES {
        get(&["download", &format!("{package}={VERSION}")])?;
    }
    unpack(root)
}

fn unpack(root: &Path) -> Result<()> {
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        let name = path.to_string_lossy().into_owned();
        if name.ends_with(".deb") {
            tool::run("dpkg", ["-x", &name, &root.to_string_lossy()])?.success()?;
            fs::remove_file(&path)?;
        } else if name.ends_with(".orig.tar.bz2") {
            let mut tar = Command::new("tar");
            tar.args(["-xjf", &name, "--no-same-owner", "--wildcards", "*/src/test/regress/*"]);
            tool::finish(tar.current_dir(root))?.success()?;
            fs::remove_file(&path)?;
        }
    }
    let tree = root.join(format!("postgresql-{}", VERSION.split('-').next().unwrap_or_default()));
    fs::rename(tree.join("src/test/regress"), root.join("regress"))?;
    fs::remove_dir_all(tree)?;
    Ok(())
}

fn compile(root: &Path) -> Result<()> {
    let include = root.join("usr/include/postgresql/15/server");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-O1", "-fPIC", "-shared"])
        .arg("-I")
        .arg(include)
        .args(["-o", "regress.so", "regress.c"])
        .current_dir(root.join("regress"));
    tool::finish(&mut compiler)?.success()?;
    // Two more libraries that the tests load from the same folder come with the server.
    for library in ["autoinc.so", "refint.so"] {
        let from = root.join("usr/lib/postgresql/15/lib").join(library);
        fs::copy(from, root.join("regress").join(library))?;
    }
    Ok(())
}
