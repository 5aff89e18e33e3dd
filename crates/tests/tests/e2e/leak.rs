//! Random statements over random schemas, and not one canary on the wire. Every byte that reaches
//! a masked person or an agent is searched for every form of every labelled value.
//!
//! `WEIR_SEED` repeats a run, `WEIR_LEAK_STATEMENTS` sets its length; `cargo xtask leak` does both.

use std::env;
use std::fmt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use testkit::postgres::{SUPERUSER, SUPERUSER_PASSWORD};
use testkit::weir::{AGENT, PASSWORD, PERSON, SERVICE};
use testkit::{Postgres, Weir, tool};
use tests::canary::{Canaries, Finding};
use tests::generate::{Choices, Schema, Script, mix, script, shrink};
use tests::wire::{Message, Raw, frame};

/// Statements in CI.
const STATEMENTS: usize = 2_000;
/// Statements over one schema: as many as the limit on look-ups leaves room for.
const PER_SCHEMA: usize = 1_000;
/// One statement in so many also runs on the bare database, to measure what it is worth.
const SAMPLED: usize = 4;
/// Tries to make a finding smaller.
const SHRINKING: usize = 200;
/// Findings after which a run ends.
const FINDINGS: usize = 12;
/// Queries of SQLsmith in CI.
const SMITH_QUERIES: usize = 150;

/// How a script is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Simple,
    Joined,
    Text,
    Binary,
    Mixed,
}

const MODES: [Mode; 5] = [Mode::Simple, Mode::Text, Mode::Joined, Mode::Binary, Mode::Mixed];

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Succeeded,
    Refused,
    Failed,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
struct Figures {
    statements: usize,
    succeeded: usize,
    refused: usize,
    failed: usize,
    broken: usize,
    sampled: usize,
    bare_succeeded: usize,
    bare_shows: usize,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |part: usize, of: usize| part * 100 / of.max(1);
        write!(
            f,
            "{} statements: {} % succeeded, {} % refused by Weir, {} % failed in PostgreSQL, {} \
             connections broken; on the bare database {} % of {} succeed and {} % show a canary",
            self.statements,
            share(self.succeeded, self.statements),
            share(self.refused, self.statements),
            share(self.failed, self.statements),
            self.broken,
            share(self.bare_succeeded, self.sampled),
            self.sampled,
            share(self.bare_shows, self.sampled),
        )
    }
}

/// A connection that is opened again when it breaks.
struct Session {
    raw: Raw,
    port: u16,
    user: String,
    password: String,
    database: String,
}

impl Session {
    fn open(port: u16, user: &str, password: &str, database: &str) -> anyhow::Result<Self> {
        let raw = Self::connect(port, user, password, database)?;
        let owned = str::to_owned;
        let (user, password, database) = (owned(user), owned(password), owned(database));
        Ok(Self { raw, port, user, password, database })
    }

    fn connect(port: u16, user: &str, password: &str, database: &str) -> anyhow::Result<Raw> {
        let mut raw = Raw::sign_in(port, user, password, database)?;
        raw.query("set statement_timeout = '2s'")?;
        raw.until(b'Z')?;
        Ok(raw)
    }

    /// Runs a script; what came until it ended, or until the connection broke.
    fn run(&mut self, script: &Script, mode: Mode) -> (Vec<Message>, bool) {
        let mut messages = Vec::new();
        let whole = self.steps(script, mode, &mut messages);
        if let Err(error) = &whole {
            println!("{} broken in {mode:?}: {error:#}\n{}", self.user, script.text());
            let (user, password) = (&self.user, &self.password);
            self.raw = Self::connect(self.port, user, password, &self.database).expect("a server");
        }
        (messages, whole.is_ok())
    }

    fn steps(
        &mut self,
        script: &Script,
        mode: Mode,
        messages: &mut Vec<Message>,
    ) -> anyhow::Result<()> {
        if mode == Mode::Joined {
            self.raw.query(&script.text())?;
            messages.extend(self.raw.until(b'Z')?);
            // An error leaves out what stands behind it.
            self.raw.query("rollback")?;
            messages.extend(self.raw.until(b'Z')?);
            return Ok(());
        }
        for step in &script.steps {
            if mode == Mode::Simple {
                self.raw.query(step)?;
                messages.extend(self.raw.until(b'Z')?);
            } else {
                self.extended(step, &script.parameters, mode, messages)?;
            }
        }
        Ok(())
    }

    fn extended(
        &mut self,
        sql: &str,
        parameters: &[String],
        mode: Mode,
        messages: &mut Vec<Message>,
    ) -> anyhow::Result<()> {
        let sync = frame(b'S', &[]);
        let parse = frame(b'P', &[b"\0", sql.as_bytes(), b"\0\0\0"].concat());
        self.raw.send(&[parse, frame(b'D', b"S\0"), sync.clone()].concat())?;
        let described = self.raw.until(b'Z')?;
        let columns = described.iter().find(|one| one.tag == b'T').map(|one| one.body[1]);
        let wrong = described.iter().any(|one| one.tag == b'E');
        messages.extend(described);
        if wrong {
            return Ok(());
        }
        let mut bind = b"\0\0\0\0".to_vec();
        bind.extend(u16::try_from(parameters.len())?.to_be_bytes());
        for value in parameters {
            bind.extend(i32::try_from(value.len())?.to_be_bytes());
            bind.extend(value.as_bytes());
        }
        let formats: Vec<u16> = match (mode, columns) {
            (Mode::Binary, _) => vec![1],
            (Mode::Mixed, Some(count)) => (0..u16::from(count)).map(|at| at % 2).collect(),
            _ => Vec::new(),
        };
        bind.extend(u16::try_from(formats.len())?.to_be_bytes());
        bind.extend(formats.iter().flat_map(|format| format.to_be_bytes()));
        let mut send = frame(b'B', &bind);
        if mode == Mode::Mixed && columns.is_some() {
            // A portal that is left after two rows and taken up again.
            send.extend(frame(b'E', b"\0\0\0\0\x02"));
        }
        send.extend(frame(b'E', b"\0\0\0\0\0"));
        send.extend(sync);
        self.raw.send(&send)?;
        messages.extend(self.raw.until(b'Z')?);
        Ok(())
    }
}

fn end(messages: &[Message]) -> End {
    let mut end = End::Succeeded;
    for message in messages.iter().filter(|message| message.tag == b'E') {
        if message.field(b'M').is_some_and(|text| text.starts_with("Weir ")) {
            return End::Refused;
        }
        // The rest of a portal that had two rows or fewer is no failure of the statement.
        if message.field(b'M').is_none_or(|text| !text.ends_with("cannot be run")) {
            end = End::Failed;
        }
    }
    end
}

/// The seed of this run, printed.
fn seed(what: &str) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let seed = env::var("WEIR_SEED").map_or(now, |seed| seed.parse().expect("WEIR_SEED"));
    println!("{what}: WEIR_SEED={seed}");
    seed
}

/// How many statements, of which CI runs so many.
fn count(in_ci: usize) -> usize {
    env::var("WEIR_LEAK_STATEMENTS").map_or(in_ci, |count| count.parse().expect("a number"))
}

/// Weir before it. Its ports may have been taken since they were chosen; another pair is not.
fn start(upstream: &Postgres) -> Weir {
    let mut tries = (0..3).map(|_| Weir::start(upstream));
    tries.find_map(|one| one.inspect_err(|error| println!("{error:#}")).ok()).expect("Weir starts")
}

/// A schema in a database of its own.
fn load(upstream: &Postgres, database: &str, seed: u64) -> (Schema, Session) {
    upstream.create_database(database).unwrap();
    let mut bare = Session::open(upstream.port(), SUPERUSER, SUPERUSER_PASSWORD, database).unwrap();
    let mut schema = Schema::random(seed);
    schema
        .load(seed, |sql| {
            bare.raw.query(sql)?;
            let answer = bare.raw.until(b'Z')?;
            let error = answer.iter().find(|one| one.tag == b'E');
            if let (Some(error), true) = (error, env::var_os("WEIR_LEAK_SHOW").is_some()) {
                println!("{sql}\n  {error:?}");
            }
            Ok(error.is_none())
        })
        .unwrap();
    upstream.psql(database, "analyze").unwrap();
    (schema, bare)
}

/// A statement that let something out, made small.
fn report(
    session: &mut Session,
    schema: &Schema,
    canaries: &Canaries,
    (tape, mode): (&[u32], Mode),
) -> String {
    let again = |tape: &[u32]| {
        script(
            schema,
            &mut Choices::replay(tape.to_vec()),
            !matches!(mode, Mode::Simple | Mode::Joined),
        )
    };
    let mut found: Vec<Finding> = Vec::new();
    let small = shrink(tape, SHRINKING, |tape| {
        let (messages, _) = session.run(&again(tape), mode);
        let now = canaries.scan_messages(&messages);
        let leaks = !now.is_empty();
        if leaks {
            found = now;
        }
        leaks
    });
    let found: Vec<String> = found.iter().map(Finding::to_string).collect();
    format!("smaller:\n{}\n  {}", again(&small).text(), found.join("\n  "))
}

#[test]
fn no_canary_leaves_by_random_statements() {
    let (seed, count) = (seed("random statements"), count(STATEMENTS));
    let upstream = Postgres::options().setting("max_wal_size", "2GB").start().unwrap();
    let mut figures = Figures::default();
    let mut leaks = Vec::new();
    let begin = Instant::now();
    for number in 0..count.div_ceil(PER_SCHEMA) {
        let schema_seed = mix(seed, number as u64);
        let database = format!("leak{number}");
        let (schema, mut bare) = load(&upstream, &database, schema_seed);
        let weir = start(&upstream);
        let canaries = Canaries::new(schema.secrets().iter().cloned()).unwrap();
        // A service may ask most of what a person is refused, and sees as little.
        let mut sessions = [PERSON, SERVICE, PERSON, SERVICE, PERSON, SERVICE, AGENT]
            .map(|user| Session::open(weir.port(), user, PASSWORD, &database).unwrap());
        for at in number * PER_SCHEMA..count.min((number + 1) * PER_SCHEMA) {
            let mode = MODES[at % MODES.len()];
            let session = &mut sessions[at % 7];
            let mut choices = Choices::new(mix(schema_seed, at as u64));
            let parameters = !matches!(mode, Mode::Simple | Mode::Joined);
            let one = script(&schema, &mut choices, parameters);
            let (messages, whole) = session.run(&one, mode);
            show("WEIR", &one, &messages);
            figures.statements += 1;
            match end(&messages) {
                End::Succeeded => figures.succeeded += 1,
                End::Refused => figures.refused += 1,
                End::Failed => figures.failed += 1,
            }
            if !whole {
                figures.broken += 1;
                println!("{}", weir.log_tail());
            }
            let found = canaries.scan_messages(&messages);
            if !found.is_empty() {
                let small = report(session, &schema, &canaries, (choices.tape(), mode));
                let found: Vec<String> = found.iter().map(Finding::to_string).collect();
                let user = &session.user;
                let text = one.text();
                let leak = format!(
                    "seed {seed}, schema {number}, statement {at}, {user}, {mode:?}:\n{text}\n  \
                     {}\n{small}\n",
                    found.join("\n  ")
                );
                println!("LEAK {leak}");
                leaks.push(leak);
            }
            if at % SAMPLED == 0 && !one.lasting {
                let (messages, _) = bare.run(&one, mode);
                figures.sampled += 1;
                let ended = end(&messages);
                figures.bare_succeeded += usize::from(ended == End::Succeeded);
                figures.bare_shows += usize::from(!canaries.scan_messages(&messages).is_empty());
                show("BARE", &one, &messages);
            }
        }
        println!("seed {seed}, {:.0} s: {figures}", begin.elapsed().as_secs_f64());
        if leaks.len() >= FINDINGS {
            break;
        }
    }
    assert!(leaks.is_empty(), "{} leaks with seed {seed}:\n{}", leaks.len(), leaks.join("\n"));
    assert_eq!(figures.broken, 0, "a connection broke");
    // What finds nothing on the bare database proves nothing.
    assert!(figures.bare_succeeded * 100 >= figures.sampled * 60, "too many fail: {figures}");
    assert!(figures.bare_shows * 100 >= figures.sampled * 15, "too few show a canary: {figures}");
}

/// For work on the generator: what fails, and why.
fn show(place: &str, script: &Script, messages: &[Message]) {
    if env::var_os("WEIR_LEAK_SHOW").is_some()
        && let Some(error) = messages.iter().find(|message| message.tag == b'E')
    {
        println!("{place} {:?} {}", error.field(b'M'), script.text().replace('\n', " "));
    }
}

/// Relays one client to a server and keeps what the server says.
fn relay(client: TcpStream, port: u16, kept: Arc<Mutex<Vec<Vec<u8>>>>) {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (mut from_server, mut to_client) = (server, client);
    let own = {
        let mut kept = kept.lock().unwrap();
        kept.push(Vec::new());
        kept.len() - 1
    };
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from_server.read(&mut buffer) {
        kept.lock().unwrap()[own].extend(&buffer[..count]);
        if to_client.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
}

/// The messages in what a server said.
fn messages(mut bytes: &[u8]) -> Vec<Message> {
    let mut all = Vec::new();
    while let Some((head, rest)) = bytes.split_first_chunk::<5>() {
        let [tag, length @ ..] = *head;
        let length = (u32::from_be_bytes(length) as usize).saturating_sub(4).min(rest.len());
        let (body, behind) = rest.split_at(length);
        all.push(Message { tag, body: body.to_vec() });
        bytes = behind;
    }
    all
}

/// Listens where SQLsmith may connect; what the server says is kept, by connection.
fn listen(server: u16) -> (u16, Arc<Mutex<Vec<Vec<u8>>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let mine = Arc::clone(&kept);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let kept = Arc::clone(&mine);
            std::thread::spawn(move || relay(client, server, kept));
        }
    });
    (port, kept)
}

#[test]
fn no_canary_leaves_by_sqlsmith() {
    let seed = seed("SQLsmith");
    let queries = count(SMITH_QUERIES);
    let upstream = Postgres::options().start().unwrap();
    let (schema, _) = load(&upstream, "smith", seed);
    upstream.psql("smith", "alter database smith set statement_timeout = '2s'").unwrap();
    let weir = start(&upstream);
    let canaries = Canaries::new(schema.secrets().iter().cloned()).unwrap();
    let (mut ends, mut rows, mut leaks) = (Vec::new(), 0, Vec::new());
    for (number, user) in [PERSON, SERVICE].into_iter().enumerate() {
        let (port, kept) = listen(weir.port());
        let mut smith = Command::new(tool::find("sqlsmith").expect("apt-get install sqlsmith"));
        smith
            .arg(format!(
                "--target=host=127.0.0.1 port={port} user={user} password='{PASSWORD}' \
                 dbname=smith sslmode=disable"
            ))
            .arg(format!("--max-queries={}", queries / 2))
            .arg(format!("--seed={}", (seed + number as u64) % 1_000_000))
            .args(["--exclude-catalog", "--verbose"]);
        let outcome = tool::finish(&mut smith).unwrap();
        let before = ends.len();
        // Its first connection reads the catalog only.
        for (at, bytes) in std::mem::take(&mut *kept.lock().unwrap()).iter().enumerate() {
            for answer in messages(bytes).split_inclusive(|message| message.tag == b'Z') {
                let found = canaries.scan_messages(answer);
                leaks.extend(found.iter().map(|one| format!("{user}: {one}")));
                if at > 0 && answer.iter().any(|one| b"ETn".contains(&one.tag)) {
                    rows += answer.iter().filter(|one| one.tag == b'D').count();
                    ends.push(end(answer));
                    show("SMITH", &Script::default(), answer);
                }
            }
        }
        assert!(ends.len() > before, "it did not run: {outcome}");
    }
    let share =
        |wanted| ends.iter().filter(|one| **one == wanted).count() * 100 / ends.len().max(1);
    println!(
        "SQLsmith, seed {seed}: {} queries, {} % succeeded with {rows} rows, {} % refused by Weir, \
         {} % failed in PostgreSQL",
        ends.len(),
        share(End::Succeeded),
        share(End::Refused),
        share(End::Failed),
    );
    assert!(leaks.is_empty(), "seed {seed}:\n{}", leaks.join("\n"));
    assert!(ends.contains(&End::Succeeded), "none succeeds");
}
