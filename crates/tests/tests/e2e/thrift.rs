//! What a repeated statement costs Weir beyond what it costs any proxy, in counts: writes and
//! wake-ups of the threads that sessions run on. A busy machine can only add wake-ups, by timers
//! that come up while a statement takes longer, so the least of a few looks counts.

use anyhow::{Context, Result};
use std::fs;
use testkit::{tool, weir::ADMIN, weir::PERSON};
use tests::Stage;

/// Statements between two looks.
const STATEMENTS: u64 = 1_000;
/// How often it is looked at most.
const LOOKS: usize = 4;
/// One for the client's message, one for the server's answer, and a little.
const MOST_SLEEPS: f64 = 2.4;

/// What the threads of sessions did so far.
#[derive(Clone, Copy, Debug)]
struct Done {
    /// write(2) and its kin on files, of which a statement's intent is one.
    writes: u64,
    /// Times that they slept and were woken.
    sleeps: u64,
}

fn done(pid: u32) -> Result<Done> {
    let mut done = Done { writes: 0, sleeps: 0 };
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let task = task?.path();
        // Other threads come and go; those of sessions stay.
        let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
        if !name.starts_with("sessions-") {
            continue;
        }
        let number = |file: &str, name: &str| -> Result<u64> {
            let text = fs::read_to_string(task.join(file))?;
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            Ok(line.context("no such count")?.trim().parse()?)
        };
        done.writes += number("io", "syscw:")?;
        done.sleeps += number("status", "voluntary_ctxt_switches:")?;
    }
    Ok(done)
}

/// What each of so many statements takes, sign-in taken out.
fn each(stage: &Stage, identity: &str, protocol: &str) -> Result<[f64; 2]> {
    let pid = stage.weir.pid()?;
    let script = stage.weir.folder().join("one.sql");
    fs::write(
        &script,
        "\\set id random(1, 50)\nselect customer_no from customers where id = :id;\n",
    )?;
    let url = format!("{}?sslmode=disable", stage.weir.url(identity, "shop"));
    let run = |statements: u64| -> Result<Done> {
        let before = done(pid)?;
        let (count, script) = (statements.to_string(), script.to_string_lossy());
        let arguments = ["-n", "-M", protocol, "-c", "1", "-t", &count, "-f", &script, &url];
        tool::run("pgbench", arguments)?.success()?;
        let after = done(pid)?;
        Ok(Done { writes: after.writes - before.writes, sleeps: after.sleeps - before.sleeps })
    };
    run(20)?;
    let (few, many) = (run(20)?, run(20 + STATEMENTS)?);
    let part = |few: u64, many: u64| many.saturating_sub(few) as f64 / STATEMENTS as f64;
    Ok([part(few.writes, many.writes), part(few.sleeps, many.sleeps)])
}

#[test]
fn a_repeated_statement_is_one_write_and_two_wake_ups() {
    let stage = Stage::shop().unwrap();
    for identity in [ADMIN, PERSON] {
        for protocol in ["simple", "extended", "prepared"] {
            let mut looks = (0..LOOKS).map(|_| each(&stage, identity, protocol).unwrap());
            let [mut writes, mut sleeps] = looks.next().unwrap();
            while sleeps >= MOST_SLEEPS
                && let Some(more) = looks.next()
            {
                [writes, sleeps] = [writes.max(more[0]), sleeps.min(more[1])];
            }
            // Its intent goes to the kernel before it is sent, so where nobody else writes this
            // cannot be less than one.
            let said = format!("{identity}, {protocol}: {writes} writes, {sleeps} sleeps");
            assert!((0.9..1.1).contains(&writes), "{said}");
            assert!(sleeps < MOST_SLEEPS, "{said}");
            println!("{said}");
        }
    }
}
