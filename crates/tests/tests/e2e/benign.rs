//! Ordinary work goes on: statements as analysts, ORMs, GUIs, migrations and BI tools write them,
//! run as a person for whom labelled values are masked, and give what a direct connection gives but
//! for the columns that the case names.
//!
//! `cases/benign/*.md` holds them, `cases/README.md` says how they are written.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use testkit::postgres::{SUPERUSER, SUPERUSER_PASSWORD};
use testkit::weir::{PASSWORD, PERSON};
use testkit::{Postgres, Weir, tool};
use tests::client::difference;
use tests::corpus::{self, Case, Sql};
use tests::talk::{self, Way};
use tests::wire::{Message, Raw};

/// What a case may say of itself.
const KEYS: [&str; 7] = ["masked", "scanned", "varies", "protocol", "identity", "fails", "said"];

/// Fewest cases that are a corpus.
const ENOUGH: usize = 300;

/// Two clusters that are copies of one, byte for byte, and Weir before one of them. What a case
/// changes it changes in both.
struct Twins {
    direct: Postgres,
    weir: Weir,
    _upstream: Postgres,
    /// The highest number of a relation of the shop.
    newest: u32,
}

impl Twins {
    fn start() -> Self {
        // Statistics that gather themselves would make the twins differ.
        let cluster = || Postgres::options().shop().setting("autovacuum", "off").start().unwrap();
        let (direct, upstream) = (cluster(), cluster());
        let weir = Weir::start(&upstream).unwrap();
        let newest = direct.psql("shop", "select max(oid) from pg_class").unwrap();
        let newest = newest.trim().parse().unwrap();
        Self { direct, weir, _upstream: upstream, newest }
    }

    fn sign_in(&self, identity: &str) -> Pair {
        let direct =
            Raw::sign_in(self.direct.port(), SUPERUSER, SUPERUSER_PASSWORD, "shop").unwrap();
        let through = Raw::sign_in(self.weir.port(), identity, PASSWORD, "shop").unwrap();
        Pair { direct, through, identity: identity.to_owned(), newest: self.newest }
    }
}

/// A session with each of the twins.
struct Pair {
    direct: Raw,
    through: Raw,
    identity: String,
    newest: u32,
}

/// What is wrong with a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// The direct connection fails: the case is no good.
    Broken,
    /// It fails through Weir only.
    Refused,
    /// A cell of a column without a label is another.
    OverMasked,
    /// A cell of a column with a label is the same.
    Raw,
    /// Something else is another.
    Differs,
}

/// A fault, and how it shows.
type Finding = (Fault, String);

/// Reads what the columns of a result are called.
fn names(description: &Message) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = &description.body[2..];
    while let Some(end) = rest.iter().position(|byte| *byte == 0) {
        names.push(String::from_utf8_lossy(&rest[..end]).into_owned());
        rest = &rest[end + 19..];
    }
    names
}

/// The cells of a DataRow.
fn cells(row: &Message) -> Vec<Option<&[u8]>> {
    let mut cells = Vec::new();
    let mut rest = &row.body[2..];
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        match usize::try_from(i32::from_be_bytes(*length)) {
            Ok(length) => {
                cells.push(Some(&after[..length]));
                rest = &after[length..];
            }
            Err(_) => {
                cells.push(None);
                rest = after;
            }
        }
    }
    cells
}

/// The fields of a line of COPY. Cases with masked columns have neither delimiters nor line ends in
/// their values.
fn copied(line: &Message) -> Vec<Option<&[u8]>> {
    let text = line.body.strip_suffix(b"\n").unwrap_or(&line.body);
    let delimiter = if text.contains(&b'\t') { b'\t' } else { b',' };
    text.split(|byte| *byte == delimiter).map(|field| (field != b"\\N").then_some(field)).collect()
}

/// True for the empty text and the empty array, as text and in binary: no dimensions.
fn empty(cell: &[u8]) -> bool {
    cell.is_empty() || cell == b"{}" || (cell.len() == 12 && cell.starts_with(&[0; 8]))
}

/// A case on its way: which of its masked columns have been seen to be masked.
struct Check<'a> {
    case: &'a Case,
    newest: u32,
    names: Vec<String>,
    masked: BTreeMap<&'a str, bool>,
}

impl<'a> Check<'a> {
    fn new(case: &'a Case, newest: u32) -> Self {
        let masked = case.expects("masked").map(|column| (column, false)).collect();
        Self { case, newest, names: Vec::new(), masked }
    }

    /// How a column stands behind a key of the case: by its name, its `#position` or `*`.
    fn listed(&self, key: &str, index: usize) -> Option<&'a str> {
        let position = format!("#{}", index + 1);
        let name = self.names.get(index);
        let is = |listed: &&str| {
            *listed == "*" || position == *listed || name.is_some_and(|name| name == listed)
        };
        self.case.expects(key).find(is)
    }

    fn row(&mut self, direct: &[Option<&[u8]>], through: &[Option<&[u8]>]) -> Result<(), Finding> {
        if direct.len() != through.len() {
            return Err((Fault::Differs, "a row of another width".to_owned()));
        }
        for (index, (raw, seen)) in direct.iter().zip(through).enumerate() {
            let name = self.names.get(index).map_or("", String::as_str);
            let show = |cell: &Option<&[u8]>| {
                let shown = cell.map(|bytes| bytes[..bytes.len().min(300)].escape_ascii());
                shown.map_or("NULL".to_owned(), |shown| shown.to_string())
            };
            let both = || format!("#{} {name}: {} is {}", index + 1, show(raw), show(seen));
            let same = raw == seen;
            if let Some(listed) = self.listed("masked", index) {
                let empty = raw.is_none_or(empty);
                if same && !empty {
                    return Err((Fault::Raw, both()));
                }
                if raw.is_none() && seen.is_some() {
                    return Err((Fault::Differs, both()));
                }
                *self.masked.entry(listed).or_default() |= !same;
            } else if !same
                && self.listed("scanned", index).is_none()
                && self.listed("varies", index).is_none()
            {
                return Err((Fault::OverMasked, both()));
            }
        }
        Ok(())
    }

    /// Compares all that both servers say to one statement.
    fn answers(&mut self, direct: &[Message], through: &[Message]) -> Result<(), Finding> {
        self.names.clear();
        let failure = |messages: &[Message]| {
            let error = messages.iter().find(|message| message.tag == b'E')?;
            let field = |kind| error.field(kind).unwrap_or_default();
            Some((field(b'C'), format!("{} {}", field(b'M'), field(b'H'))))
        };
        match (failure(direct), failure(through)) {
            (Some((code, said)), _) if !self.case.says("fails", &code) => {
                return Err((Fault::Broken, format!("{code} {said}")));
            }
            (Some((code, _)), Some((other, said))) if code != other => {
                return Err((Fault::Differs, format!("{code} is {other} {said}")));
            }
            (Some((code, said)), Some((_, other)))
                if self.case.says("said", &code) && said != other =>
            {
                return Err((Fault::Differs, format!("{said} is {other}")));
            }
            (Some(_), None) => return Err((Fault::Differs, "does not fail".to_owned())),
            (None, Some((code, said))) => {
                return Err((Fault::Refused, format!("{code} {said}")));
            }
            _ => {}
        }
        for (index, left) in direct.iter().enumerate() {
            let Some(right) = through.get(index).filter(|right| right.tag == left.tag) else {
                let right = through.get(index);
                return Err((Fault::Differs, format!("{left:?} is {right:?}")));
            };
            match left.tag {
                b'D' => self.row(&cells(left), &cells(right))?,
                b'd' if !self.masked.is_empty() => self.row(&copied(left), &copied(right))?,
                b'T' => self.names = names(left),
                _ => {}
            }
            let compared = match left.tag {
                // Rows were compared; words of errors may be withheld.
                b'D' | b'E' => false,
                b'T' => {
                    let [left, right] =
                        [left, right].map(|said| talk::described(said, self.newest));
                    if left != right {
                        let [left, right] =
                            [left, right].map(|said| said.escape_ascii().to_string());
                        return Err((Fault::Differs, format!("{left} is {right}")));
                    }
                    false
                }
                b'd' => self.masked.is_empty(),
                // Whose process notified is another's number.
                b'A' => {
                    if left.body[4..] != right.body[4..] {
                        return Err((Fault::Differs, format!("{left:?} is {right:?}")));
                    }
                    false
                }
                _ => true,
            };
            if compared && left.body != right.body {
                return Err((Fault::Differs, format!("{left:?} is {right:?}")));
            }
        }
        if direct.len() != through.len() {
            return Err((Fault::Differs, format!("more: {:?}", &through[direct.len()..])));
        }
        Ok(())
    }

    /// A masked column that nobody has seen masked is a case that says nothing.
    fn finish(self) -> Result<(), Finding> {
        match self.masked.iter().find(|(_, seen)| !**seen) {
            Some((column, _)) => Err((Fault::Broken, format!("no value of {column} was masked"))),
            None => Ok(()),
        }
    }
}

/// True if the server's only objection is that a type has no binary form.
fn no_binary(messages: &[Message]) -> bool {
    messages.iter().any(|message| {
        message.tag == b'E'
            && message.field(b'M').is_some_and(|said| said.contains("no binary output function"))
    })
}

/// Runs a case one way; true if it ran, false if it cannot go this way.
fn run(pair: &mut Pair, case: &Case, way: Way) -> Result<bool, Finding> {
    let mut check = Check::new(case, pair.newest);
    for sql in &case.statements {
        let at = |(fault, said): Finding| (fault, format!("{said}\n      {}", first_line(sql)));
        let said = |error: anyhow::Error| (Fault::Differs, format!("{error:#}"));
        let direct = talk::say(&mut pair.direct, sql, way).map_err(said).map_err(at)?;
        let through = talk::say(&mut pair.through, sql, way).map_err(said).map_err(at)?;
        if way == Way::Binary && no_binary(&direct) {
            return if no_binary(&through) {
                Ok(false)
            } else {
                Err(at((Fault::Differs, format!("{through:?}"))))
            };
        }
        check.answers(&direct, &through).map_err(at)?;
    }
    check.finish()?;
    Ok(true)
}

fn first_line(sql: &Sql) -> &str {
    sql.text.trim().lines().next().unwrap_or_default()
}

/// True if a session is another after the case.
fn leaves_traces(case: &Case) -> bool {
    const CLEAN: [&str; 15] = [
        "select",
        "with",
        "insert",
        "update",
        "delete",
        "begin",
        "commit",
        "rollback",
        "savepoint",
        "release",
        "explain",
        "show",
        "values",
        "table",
        "copy",
    ];
    case.statements.iter().any(|sql| {
        let text = sql.text.trim_start().to_lowercase();
        let clean = CLEAN.iter().any(|word| text.starts_with(word));
        !clean || text.contains("set_config") || text.contains("advisory")
    })
}

/// The ways that a case can go: statements with parameters need Bind.
fn ways(case: &Case) -> impl Iterator<Item = Way> {
    let bound = case.statements.iter().any(|sql| sql.values.is_some());
    let only = case.expects("protocol").next().map(str::to_owned);
    Way::ALL.into_iter().filter(move |way| match only.as_deref() {
        Some("simple") => *way == Way::Simple,
        Some("extended") => *way != Way::Simple,
        Some(other) => panic!("no protocol is called {other}"),
        None => !bound || *way != Way::Simple,
    })
}

/// How many cases of an origin have which fault.
#[derive(Default)]
struct Tally {
    cases: usize,
    faults: BTreeMap<Fault, usize>,
}

/// Runs cases; what is wrong, and a table by origin.
fn run_all(twins: &Twins, cases: &[Case]) -> (String, Tally, usize) {
    let (mut report, mut table) = (String::new(), BTreeMap::<&str, Tally>::new());
    let mut all = Tally::default();
    let (mut pair, mut runs) = (None::<Pair>, 0);
    for case in cases {
        let identity = case.expects("identity").next().unwrap_or(PERSON);
        let mut found = BTreeMap::<Finding, Vec<Way>>::new();
        for way in ways(case) {
            let mut current = match pair.take() {
                Some(pair) if pair.identity == identity => pair,
                _ => twins.sign_in(identity),
            };
            match run(&mut current, case, way) {
                Ok(ran) => {
                    runs += usize::from(ran);
                    pair = (ran && !leaves_traces(case)).then_some(current);
                }
                Err(finding) => found.entry(finding).or_default().push(way),
            }
        }
        let tally = table.entry(&case.origin).or_default();
        for tally in [tally, &mut all] {
            tally.cases += 1;
            if let Some(((fault, _), _)) = found.first_key_value() {
                *tally.faults.entry(*fault).or_default() += 1;
            }
        }
        for ((fault, said), ways) in found {
            writeln!(report, "{}: {}\n  {fault:?} {ways:?}\n      {said}", case.origin, case.name)
                .unwrap();
        }
    }
    println!("{:<16} cases  with faults", "origin");
    for (origin, tally) in table {
        println!("{origin:<16} {:>5}  {:?}", tally.cases, tally.faults);
    }
    (report, all, runs)
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/benign");
    corpus::read(&folder, &KEYS).unwrap()
}

fn share(count: usize, of: usize) -> String {
    format!("{count} of {of} ({:.1} %)", 100.0 * count as f64 / of.max(1) as f64)
}

#[test]
fn ordinary_statements_work_and_leave_unlabelled_columns_alone() {
    let mut cases = cases();
    cases.retain(|case| !case.statements.is_empty());
    let twins = Twins::start();
    let (report, all, runs) = run_all(&twins, &cases);
    println!("{report}");
    let count = |fault| all.faults.get(&fault).copied().unwrap_or(0);
    println!("cases: {}, runs: {runs}", all.cases);
    println!("refused: {}", share(count(Fault::Refused), all.cases));
    println!("over-masked: {}", share(count(Fault::OverMasked), all.cases));
    assert!(all.cases >= ENOUGH, "only {} cases", all.cases);
    assert!(all.faults.is_empty(), "{:?}\n{report}", all.faults);
}

/// Runs the commands of a case in one session of psql, which shows the statements behind them; what
/// it says, with a line before each command.
fn psql(url: &str, case: &Case) -> String {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-E", "-d", url]);
    for command in &case.commands {
        let quoted = command.replace('\\', "\\\\").replace('\'', "''");
        psql.args(["-c", &format!("\\echo '{MARK}{quoted}'"), "-c", command]);
    }
    // Both streams in one, in the order in which they were written.
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" 2>&1", "sh"]).arg(psql.get_program()).args(psql.get_args());
    tool::finish(&mut shell).unwrap().stdout
}

/// Stands before each command in what psql says.
const MARK: &str = "command: ";

/// What psql says to each command.
fn by_command(said: &str) -> Vec<(String, String)> {
    let mark = format!("\n{MARK}");
    let parts = said.split(&mark).map(|part| part.trim_start_matches(MARK));
    let parts = parts.map(|part| part.split_once('\n').unwrap_or((part, "")));
    parts.map(|(command, said)| (command.to_owned(), said.to_owned())).collect()
}

/// What psql sent for a command.
fn shown(said: &str) -> Vec<Sql> {
    let queries = said.split("********* QUERY **********\n").skip(1);
    let text = queries.filter_map(|rest| rest.split_once("\n**************************"));
    text.map(|(query, _)| Sql {
        text: query.trim_end().trim_end_matches(';').to_owned(),
        values: None,
        input: Vec::new(),
    })
    .collect()
}

/// psql's own commands print alike, and what it sends for them gives the same over every protocol.
#[test]
fn psql_describes_for_people_what_it_describes_directly() {
    let mut cases = cases();
    cases.retain(|case| !case.commands.is_empty());
    let twins = Twins::start();
    let (direct, through) = (twins.direct.url("shop"), twins.weir.url(PERSON, "shop"));
    let (mut commands, mut report, mut sent) = (0, String::new(), Vec::new());
    for case in &cases {
        commands += case.commands.len();
        let (expected, seen) = (psql(&direct, case), psql(&through, case));
        let (expected, seen) = (by_command(&expected), by_command(&seen));
        assert_eq!(expected.len(), case.commands.len(), "{}", case.name);
        for ((command, expected), (_, seen)) in expected.iter().zip(&seen) {
            if let Some(how) = difference(expected, seen) {
                writeln!(report, "{command}\n{how}").unwrap();
            }
            let statements = shown(expected);
            if !statements.is_empty() {
                let (origin, name) = (case.origin.clone(), command.clone());
                sent.push(Case { origin, name, statements, ..case.clone() });
            }
        }
    }
    println!("commands: {commands}\n{report}");
    let (more, all, runs) = run_all(&twins, &sent);
    println!("{more}\ncommands with statements: {}, runs: {runs}", all.cases);
    assert!(report.is_empty() && all.faults.is_empty(), "{report}{more}");
}
