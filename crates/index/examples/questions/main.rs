//! What the index costs and how fast it answers, over a synthetic ledger of N records that the real
//! `Ledger` writes: `cargo run --release -p index --example questions -- 10000000`.
//!
//! The ledger is that of a company in half a year: 400 identities of three kinds, 2,000 shapes over
//! 120 relations, some of them asked for all the time and most seldom; each statement names one of
//! a million people by number, and how many rows it wants. A second argument keeps the files in
//! that folder; they are not written again if they are there. A third, `now`, lets the half year
//! end now and asks nothing: a Weir is to be started on it.

mod write;

use index::{Answers, BY, Direction, Index, Limits, Question, Table};
use ledger::{Redactor, Time};
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// 2026-03-01T00:00:00Z.
const BEGINNING: i64 = 1_772_323_200_000_000;
/// Half a year.
const SPAN: i64 = 183 * 86_400_000_000;
/// Longer than a session takes: ten minutes.
const LAST_SESSION: i64 = 600_000_000;

/// Of so many of the last records it is measured what each costs where they are taken in by
/// portions, ...
const LAST: u64 = 100_000;
/// ... as beside sessions.
const PORTION: u64 = 16_000;

type Outcomes = Result<(), Box<dyn Error>>;

fn main() -> Outcomes {
    let mut arguments = std::env::args().skip(1);
    let records: u64 = arguments.next().unwrap_or_else(|| "200000".to_owned()).parse()?;
    let folder = match arguments.next() {
        Some(folder) => PathBuf::from(folder),
        None => std::env::temp_dir().join(format!("weir-questions-{}", std::process::id())),
    };
    let for_weir = match arguments.next().as_deref() {
        None => false,
        Some("now") => true,
        Some(other) => return Err(format!("the third argument is `now`, and not {other}").into()),
    };
    let (log, file) = (folder.join("ledger"), folder.join("index.sqlite"));
    if !log.exists() {
        let begin = Instant::now();
        let beginning = match for_weir {
            // The last session goes on for some minutes after it began.
            true => Time::from(SystemTime::now()).micros() - SPAN - LAST_SESSION,
            false => BEGINNING,
        };
        write::write(&log, records, beginning, SPAN)?;
        println!("written: {records} records in {:.1} s", begin.elapsed().as_secs_f64());
    }
    let begin = Instant::now();
    let mut index = Index::open(&file)?;
    let caught = index.catch_up(&log, records.saturating_sub(LAST))?;
    let took = begin.elapsed().as_secs_f64();
    if caught.records > 0 {
        println!(
            "indexed: {} records in {took:.1} s, {:.0} a second",
            caught.records,
            caught.records as f64 / took
        );
    }
    let (before, spent_before) = (index.next(), spent()?);
    while index.catch_up(&log, index.next() + PORTION)?.records > 0 {}
    let (all, spent) = (index.next(), spent()?.saturating_sub(spent_before));
    if all > before {
        let each = spent.as_secs_f64() * 1e6 / (all - before) as f64;
        println!("the last {} in portions: {each:.1} µs of CPU each", all - before);
    }
    drop(index);
    let bytes = fs::metadata(&file)?.len();
    println!("index: {} MB, {:.1} bytes a record", bytes >> 20, bytes as f64 / all as f64);
    if for_weir {
        return Ok(());
    }
    ask(&file, &log)?;
    if std::env::args().count() < 3 {
        fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

/// Questions in words, and by what they are counted, if they are.
const SEARCHES: &[(&str, &str)] = &[
    ("column:customers.email disclosure:raw since:2026-06-01", "identity"),
    ("column:customers.email disclosure:raw since:2026-06-01", ""),
    ("agent:copilot-7 acts_for:person-7", ""),
    ("agent:copilot-7 acts_for:person-7", "text"),
    ("identity:service-8", "day"),
    ("identity:service-8 disclosure:raw,masked", "text"),
    ("changes:public.r3 since:2026-07-01 until:2026-07-02T12:00", ""),
    ("changes:public.r3", ""),
    ("changes:public.r3", "identity"),
    ("value:471100", ""),
    ("value:471100 relation:public.r3", ""),
    ("value:50 identity:person-11", ""),
    ("value:50 relation:public.r3 since:2026-07-01", ""),
    ("value:nobody", ""),
    ("identity:person-11 column:r40.ssn verdict:modify", ""),
    ("label:email disclosure:masked since:24h", ""),
    ("sqlstate:40P01", ""),
    ("sqlstate:42501 relation:r77", ""),
    ("text:\"refund\" -kind:service", ""),
    ("text:\"refund_5\"", ""),
    ("text:refund text:customers", "identity"),
    ("relation:r53 use:written", ""),
    ("state:refused identity:person-3", ""),
    ("approved_by:person-9", ""),
    ("", ""),
];

/// Questions in SQL.
const QUERIES: &[&str] = &[
    "SELECT identity, sum(raw) FROM disclosed_daily WHERE origin = 'public.customers.email' \
     AND day >= '2026-06-01' AND raw > 0 GROUP BY 1 ORDER BY 2 DESC",
    "SELECT origin, labels, sum(raw), sum(masked) FROM disclosed_daily \
     WHERE identity = 'service-8' GROUP BY 1, 2",
    "SELECT origin, labels, sum(raw), sum(masked) FROM disclosed_daily \
     WHERE application = 'churn-v3' GROUP BY 1, 2",
    "SELECT day, sum(statements) FROM daily WHERE identity = 'service-8' GROUP BY 1",
    "SELECT time, text FROM statements WHERE identity = 'service-8' ORDER BY sequence DESC \
     LIMIT 20",
    "SELECT count(*) FROM statements",
    "SELECT count(*) FROM statements WHERE identity = 'service-8' AND verdict = 'modify'",
    "SELECT count(*) FROM disclosed_daily",
    "SELECT count(*) FROM sessions",
];

/// Asks everything twice: first with what a new process finds, then again.
fn ask(file: &Path, log: &Path) -> Outcomes {
    let now = Time::from_micros(BEGINNING + SPAN);
    let limits = Limits { rows: 100, time: Duration::from_secs(120) };
    let redactor = Redactor::of(log)?;
    for (question, by) in SEARCHES {
        let name = match *by {
            "" => format!("search '{question}'"),
            by => format!("search '{question}' --by {by}"),
        };
        timed(&name, || {
            let question = Question::parse(question, now)?.keyed(redactor.as_ref())?;
            let answers = Answers::open(file)?;
            Ok(match BY.iter().find(|known| known.name == *by) {
                Some(by) => answers.count(&question, *by, &limits)?,
                None => answers.search(&question, &limits)?,
            })
        })?;
    }
    timed("trace shop.customers.email", || {
        Ok(Answers::open(file)?.trace("shop.customers.email", Direction::Forward, &limits)?)
    })?;
    timed("trace --back public.r53.email", || {
        Ok(Answers::open(file)?.trace("public.r53.email", Direction::Back, &limits)?)
    })?;
    for query in QUERIES {
        timed(query, || Ok(Answers::open(file)?.sql(query, &limits)?))?;
    }
    pages(file, &limits)
}

/// Asks what the console's pages ask.
fn pages(file: &Path, limits: &Limits) -> Outcomes {
    let some = "SELECT session, number FROM statements ORDER BY sequence DESC LIMIT 1 OFFSET 5000";
    let table = Answers::open(file)?.sql(some, limits)?;
    let Some([session, number]) = table.rows.first().map(Vec::as_slice) else {
        return Err("no statement".into());
    };
    let days = (BEGINNING + SPAN) / 86_400_000_000;
    let of_a_session = of_a_session(&session.to_string(), &number.to_string());
    for (page, query) in of_a_session.into_iter().chain(of_days(days)) {
        timed(&format!("page: {page}"), || Ok(Answers::open(file)?.sql(&query, limits)?))?;
    }
    Ok(())
}

fn of_a_session(session: &str, number: &str) -> Vec<(&'static str, String)> {
    let one = format!(
        "SELECT sequence, outcome_sequence FROM statements WHERE session = '{session}'
         AND number = {number}"
    );
    let replay = format!(
        "SELECT number, statement, time, text, verdict, state FROM statements
         WHERE session = '{session}' AND number > 0 ORDER BY number LIMIT 101"
    );
    let list = "SELECT session, sequence, identity, opened FROM sessions
        WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 51";
    let of_one = "SELECT session, sequence, identity FROM sessions
        WHERE instr(lower(identity), 'person-11') > 0 ORDER BY sequence DESC LIMIT 51";
    vec![
        ("a statement", one),
        ("a replay", replay),
        ("sessions", list.to_owned()),
        ("sessions of somebody", of_one.to_owned()),
    ]
}

fn of_days(days: i64) -> Vec<(&'static str, String)> {
    let month = days - 30;
    let map = format!(
        "SELECT database, column, sum(statements), sum(raw), sum(masked) FROM columns_daily
         WHERE day_number >= {month} GROUP BY 1, 2"
    );
    let users = format!(
        "SELECT d.identity, d.kind, sum((d.statements - d.refused) * (1 - c.wrote)),
            sum((d.statements - d.refused) * c.wrote), max(d.day)
         FROM (SELECT shape, max(use = 'written') AS wrote FROM columns_used
            WHERE relation = 'public.customers' GROUP BY shape) c
         JOIN daily d ON d.shape = c.shape WHERE d.day_number >= {month}
         GROUP BY 1, 2 ORDER BY 3 DESC"
    );
    let feeds = "SELECT m.target, count(DISTINCT m.shape) FROM moves m
        WHERE m.source >= 'public.customers.' AND m.source < 'public.customers/'
        AND EXISTS (SELECT 1 FROM daily d WHERE d.shape = m.shape
            AND d.statements > d.refused) GROUP BY 1";
    let given = format!(
        "SELECT identity, sum(raw), sum(masked), max(day) FROM disclosed_daily
         WHERE origin = 'public.customers.email' AND day_number >= {month} GROUP BY 1"
    );
    let today = days - 1;
    let left = format!("SELECT label, raw, masked FROM labels_daily WHERE day_number = {today}");
    vec![
        ("the data map", map),
        ("who used a table", users),
        ("what a table feeds", feeds.to_owned()),
        ("who was given a column", given),
        ("what left today", left),
    ]
}

fn timed(name: &str, ask: impl Fn() -> Result<Table, Box<dyn Error>>) -> Outcomes {
    let once = || -> Result<([f64; 2], usize), Box<dyn Error>> {
        let (begin, spent) = (Instant::now(), spent()?);
        let rows = ask()?.rows.len();
        let took = [begin.elapsed(), self::spent()?.saturating_sub(spent)];
        Ok((took.map(|time| time.as_secs_f64() * 1000.0), rows))
    };
    let (([first, _], rows), ([again, cpu], _)) = (once()?, once()?);
    println!("{first:6.0} ms, again {again:6.0} ms with {cpu:6.0} of CPU, {rows:4} rows: {name}");
    Ok(())
}

/// CPU time of this thread: proc(5), the first field of `schedstat`, in nanoseconds.
fn spent() -> Result<Duration, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(text.split(' ').next().unwrap_or_default().parse()?))
}
