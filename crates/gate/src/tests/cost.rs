//! What a statement costs in counts, which repeat where times do not: allocations, and instructions
//! as valgrind counts them, in which SHA-256 is computed without the processor's help. The limits
//! are what was measured and a tenth, of allocations a fifth; whoever lowers a count lowers its
//! limit.

use super::*;
use std::{env, process::Command};

/// Statements of a run.
const STATEMENTS: u32 = 110;
/// Set for the run that valgrind watches: which statements.
const WATCHED: &str = "WEIR_GATE_WATCHED";

/// The kinds of statements, and what each may cost: allocations and instructions.
const LIMITS: [(&str, u64, u64); 3] =
    [("repeated", 7, 65_000), ("alike", 18, 94_000), ("new", 394, 800_000)];

fn text(kind: &str, number: u32) -> String {
    match kind {
        "repeated" => "select id, email from people where id = '1'".to_owned(),
        "alike" => format!("select id, email from people where id = '{}'", 100_000 + number),
        _ => format!("select id, email as e{} from people where id = '1'", 100_000 + number),
    }
}

/// What valgrind looks at, and at nothing else.
#[inline(never)]
fn counted_statement(session: &mut Session, text: &str, now: SystemTime) {
    statement(session, text, now);
}

/// From the text to the outcome, as a session goes.
fn statement(session: &mut Session, text: &str, now: SystemTime) {
    let plan = session.plan(text, now);
    let fields = [Field::new(100, 1, 25, false), Field::new(100, 2, 25, false)];
    let cleared = session.submit(&plan, Via::Simple, &Parameters::default(), None, now).unwrap();
    session.masks(&plan, 0, &fields);
    let counts = Counts { rows: 1, bytes: 20, ..Counts::default() };
    session.finish(cleared.get(), 0, &counts, now);
}

/// Runs statements of a kind, behind some that nobody counts; how many allocations they took.
fn run(kind: &str) -> u64 {
    let dir = dir(&format!("cost-{kind}"));
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let now = SystemTime::now();
    let texts: Vec<String> = (0..STATEMENTS).map(|number| text(kind, number)).collect();
    let (first, counted) = texts.split_at(10);
    first.iter().for_each(|text| statement(&mut session, text, now));
    let allocated = allocation_counter::measure(|| {
        counted.iter().for_each(|text| counted_statement(&mut session, text, now));
    });
    allocated.count_total / counted.len() as u64
}

/// The instructions of one of these, as valgrind counts them.
fn instructions(kind: &str) -> u64 {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=gate::tests::cost::counted_statement*")
        .arg(env::current_exe().unwrap())
        .args(["--exact", "tests::cost::a_statement_costs_no_more_than_it_did"])
        .env(WATCHED, kind);
    let done = valgrind.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.unwrap_or_else(|| panic!("{said}"));
    count.trim().parse::<u64>().unwrap() / u64::from(STATEMENTS - 10)
}

#[test]
fn a_statement_costs_no_more_than_it_did() {
    if let Ok(kind) = env::var(WATCHED) {
        run(&kind);
        return;
    }
    for (kind, allocations, most) in LIMITS {
        let (allocated, counted) = (run(kind), instructions(kind));
        let said = format!("{kind}: {allocated} allocations, {counted} instructions");
        println!("{said}");
        assert!(allocated <= allocations && counted <= most, "{said}");
        assert!(counted > most / 2, "{said}: nothing was counted, or the limit can be lowered");
    }
}
