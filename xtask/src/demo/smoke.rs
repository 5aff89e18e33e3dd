//! The demo runs its own lines and checks what they print. Each line goes through a shell, exactly
//! as it is printed for people.

use super::{Demo, READ};
use anyhow::{Context, Result, bail};
use testkit::tool::{self, Outcome};
use testkit::weir;

/// What was checked, and whether it held.
#[derive(Default)]
struct Checks {
    failed: usize,
    passed: usize,
}

impl Checks {
    fn check(&mut self, what: &str, holds: bool, evidence: &str) {
        if holds {
            self.passed += 1;
            println!("ok      {what}");
        } else {
            self.failed += 1;
            println!("FAILED  {what}\n{}", indent(evidence));
        }
    }
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("        | {line}\n")).collect()
}

/// Starts the demo, runs its lines, checks what they print, and ends.
pub(crate) fn smoke() -> Result<()> {
    let demo = Demo::start()?;
    let mut checks = Checks::default();
    let mut said = Vec::new();
    for line in demo.lines() {
        let outcome = tool::run("sh", ["-c", &line.text])?;
        println!("\n# {}\n$ {}\n{}", line.about, line.text, outcome.all().trim_end());
        said.push(outcome);
    }
    println!();
    let [read, drop, count, agent, write, admin, tail, verify] =
        <[Outcome; 8]>::try_from(said).ok().context("a line has no check")?;
    values(&demo, &mut checks, [&read, &agent, &admin])?;
    refusals(&demo, &mut checks, &drop, &write)?;
    let works = count.code == Some(0) && count.stdout.contains("shipped");
    checks.check("a service reads", works, &count.all());
    record(&mut checks, &tail, &verify);
    println!();
    let Checks { passed, failed } = checks;
    if failed > 0 {
        println!("{}", indent(&demo.weir.log_tail()));
        bail!("{failed} of {} checks failed", passed + failed);
    }
    println!("demo: {passed} checks passed");
    Ok(())
}

/// Who sees what of the same three rows.
fn values(demo: &Demo, checks: &mut Checks, [read, agent, admin]: [&Outcome; 3]) -> Result<()> {
    let raw = demo.upstream.psql("shop", READ)?;
    let fields = |name: usize| raw.lines().filter_map(move |row| row.split('|').nth(name));
    let secrets: Vec<&str> =
        fields(1).chain(fields(2)).chain(fields(3)).filter(|field| !field.is_empty()).collect();
    if secrets.len() < 8 {
        bail!("the shop has no such rows: {raw}");
    }
    let leaks = |outcome: &Outcome| secrets.iter().any(|secret| outcome.stdout.contains(secret));
    let rows = |outcome: &Outcome| outcome.code == Some(0) && outcome.stdout.contains("(3 rows)");
    checks.check("alice gets her rows", rows(read), &read.all());
    checks.check("no name, email or phone of them is raw", rows(read) && !leaks(read), &read.all());
    checks.check("an agent for alice sees no more", rows(agent) && !leaks(agent), &agent.all());
    let all = rows(admin) && secrets.iter().all(|secret| admin.stdout.contains(secret));
    checks.check("an admin sees the values as they are", all, &admin.all());
    Ok(())
}

fn refusals(demo: &Demo, checks: &mut Checks, drop: &Outcome, write: &Outcome) -> Result<()> {
    let reason = "destructive DDL";
    let refused = drop.code == Some(1) && drop.stderr.contains(reason);
    checks.check("DROP TABLE is refused with the reason", refused, &drop.all());
    let still = demo.upstream.psql("shop", "select count(*) from customers")?;
    checks.check("the table is still there", still.trim() == "12000", &still);
    let refused = write.code == Some(1) && write.stderr.contains("agent");
    checks.check("an agent may not write", refused, &write.all());
    Ok(())
}

fn record(checks: &mut Checks, tail: &Outcome, verify: &Outcome) {
    let lines = |who: &str, words: &[&str]| {
        tail.stdout.lines().any(|line| {
            let mut columns = line.split("  ").map(str::trim).filter(|word| !word.is_empty());
            columns.any(|word| word == who) && words.iter().all(|word| line.contains(word))
        })
    };
    let all = tail.all();
    checks.check("the record names alice", lines(weir::PERSON, &["select", "customers"]), &all);
    let denied = lines(weir::PERSON, &["deny", "drop table customers"]);
    checks.check("and what she was refused", denied, &all);
    let chain = format!("{}/{}", weir::PERSON, weir::AGENT);
    checks.check("and for whom the agent acted", lines(&chain, &["select"]), &all);
    checks.check("and the service", lines(weir::SERVICE, &["select"]), &all);
    checks.check("and the admin", lines(weir::ADMIN, &["select"]), &all);
    checks.check("the record is whole", verify.code == Some(0), &verify.all());
}
