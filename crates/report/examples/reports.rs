//! How long reports take over a large ledger, and how much memory: over the folder that
//! `cargo run --release -p index --example questions -- 10000000 FOLDER` leaves, run
//! `cargo run --release -p report --example reports -- FOLDER`.

use index::Answers;
use ledger::Known;
use report::{Basis, FRAMEWORKS, Made, Request, Subject, Verified};
use std::{
    error::Error,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("a folder")?);
    let (log, file) = (folder.join("ledger"), folder.join("index.sqlite"));
    let begin = Instant::now();
    let found = ledger::verify(&log, &Known::default())?;
    println!(
        "verified: {} records in {:.1} s, {} MB so far",
        found.records,
        begin.elapsed().as_secs_f64(),
        peak()? >> 10
    );
    let verified = Verified::new(&found, false);
    let mut subjects: Vec<Subject> =
        FRAMEWORKS.iter().map(|one| Subject::Framework(one.word.to_owned())).collect();
    subjects.push(Subject::Person("person-5".to_owned()));
    subjects.push(Subject::Person("service-8".to_owned()));
    subjects.push(Subject::Access("customers.email".to_owned()));
    subjects.push(Subject::Access("email".to_owned()));
    subjects.push(Subject::Job { name: "service-8".to_owned(), application: false });
    subjects.push(Subject::Job { name: "psql".to_owned(), application: true });
    for subject in subjects {
        let answers = Answers::open(&file)?;
        let basis = Basis::read(&log, &answers, Some(verified.clone()))?;
        let request = Request {
            subject: subject.clone(),
            since: None,
            until: None,
            samples: 3,
            patience: Duration::from_secs(120),
            made: Made {
                time: "2026-08-31T00:00:00.000000Z".to_owned(),
                by: "example".to_owned(),
                weir: env!("CARGO_PKG_VERSION").to_owned(),
            },
        };
        let begin = Instant::now();
        let report = report::make(&answers, &log, basis, &request)?;
        let (html, json) = (report.html().len(), report.json()?.len());
        println!(
            "{:6.1} s, {:4} MB so far, {:5} KB of HTML, {:5} KB of JSON, {:2} figures: {subject:?}",
            begin.elapsed().as_secs_f64(),
            peak()? >> 10,
            html >> 10,
            json >> 10,
            report.evidence.len(),
        );
        for one in report.evidence.iter().filter(|one| one.failed.is_some()) {
            println!("        {} has no answer: {:?}", one.id, one.failed);
        }
    }
    Ok(())
}

/// The most memory that this process had so far, in KiB.
fn peak() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}
