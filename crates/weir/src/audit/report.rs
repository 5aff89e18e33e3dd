//! `weir report`: verifies the ledger, asks the index, writes the report. What is asked for is in
//! the record itself.

use super::answer;
use crate::{
    actor::actor,
    cli::{ReportArgs, ReportCommand, ReportFormat},
    exit::Failure,
    progress::Progress,
};
use ::report::{Basis, Made, Request, Subject, Verified};
use config::Config;
use ledger::{Keys, Known, Time};
use std::{
    cell::RefCell,
    fs,
    io::{IsTerminal, Write},
    ops::ControlFlow,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    thread,
    time::{Duration, SystemTime},
};

/// How often it is looked for a checkpoint that covers what the index has, and how long it is
/// waited in between: a running Weir makes one within half a second.
const LOOKS: u32 = 20;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

pub(crate) fn report(
    load: impl Fn(&str) -> Result<Config, Failure>,
    command: &ReportCommand,
) -> Result<(), Failure> {
    let (subject, args) = asked(command);
    let now = Time::from(SystemTime::now());
    let what = told(&subject, args.since.as_deref(), args.until.as_deref());
    let (found, answers) = answer::open(load, &args.place, &what)?;
    let subject = match subject {
        Subject::Named(_) => named(&found.ledger, command)?,
        other => other,
    };
    let verified = match args.no_verify {
        true => None,
        false => Some(verify(&found.ledger, args.key.as_deref(), answers.state()?.next)?),
    };
    wait_for_checkpoint(&found.ledger, answers.state()?.next)?;
    let basis = Basis::read(&found.ledger, &answers, verified)?;
    let sound = basis.verified.as_ref().is_none_or(|found| found.sound);
    let request = Request {
        subject,
        since: args.since.clone(),
        until: args.until.clone(),
        samples: args.samples,
        patience: Duration::from_secs(args.timeout),
        made: Made {
            time: now.to_string(),
            by: actor(),
            weir: env!("CARGO_PKG_VERSION").to_owned(),
        },
    };
    let progress = RefCell::new(Progress::new());
    let tell = |done: usize, all: usize| {
        progress.borrow_mut().tell("questions asked", done as u64, all as u64);
    };
    let report = ::report::make_telling(&answers, &found.ledger, basis, &request, &tell)?;
    drop(progress);
    let text = match args.format {
        ReportFormat::Html => report.html().into_bytes(),
        ReportFormat::Json => report.json()?.into_bytes(),
        ReportFormat::Pdf if args.out.is_none() && std::io::stdout().is_terminal() => {
            return Err(Failure::Refused("a PDF is nothing for a terminal: --out FILE".into()));
        }
        ReportFormat::Pdf => report.pdf(),
    };
    write(&text, args.out.as_deref())?;
    if sound {
        return Ok(());
    }
    let dir = found.ledger.display();
    Err(Failure::Refused(format!("the ledger in {dir} is not sound, and the report says so")))
}

fn asked(command: &ReportCommand) -> (Subject, &ReportArgs) {
    let framework = |word: &str| Subject::Framework(word.to_owned());
    match command {
        ReportCommand::Soc2(args) => (framework("soc2"), args),
        ReportCommand::Iso27001(args) => (framework("iso27001"), args),
        ReportCommand::Hipaa(args) => (framework("hipaa"), args),
        ReportCommand::Gdpr(args) => (framework("gdpr"), args),
        ReportCommand::Pci(args) => (framework("pci"), args),
        ReportCommand::Person { name, args } => (Subject::Person(name.clone()), args),
        ReportCommand::Access { target, args } => (Subject::Access(target.clone()), args),
        // Their numbers take the key of the ledger, which is opened later.
        ReportCommand::Subject { args, .. } => (Subject::Named(Vec::new()), args),
        ReportCommand::Job { name, application, args } => {
            (Subject::Job { name: name.clone(), application: *application }, args)
        }
    }
}

/// The values that a report about a data subject is asked by, by their keyed hashes.
fn named(dir: &Path, command: &ReportCommand) -> Result<Subject, Failure> {
    let values = match command {
        ReportCommand::Subject { values, .. } => values.as_slice(),
        _ => &[],
    };
    let redactor = ledger::Redactor::of(dir)?.ok_or_else(|| {
        Failure::Refused(format!(
            "values are asked for by hashes that take the ledger's {}, which is not here",
            ledger::KEY_FILE
        ))
    })?;
    Ok(Subject::Named(values.iter().map(|value| index::value_number(&redactor, value)).collect()))
}

/// What the record says of this reading.
pub(crate) fn told(subject: &Subject, since: Option<&str>, until: Option<&str>) -> String {
    let mut text = match subject {
        Subject::Framework(word) => format!("report {word}"),
        Subject::Person(name) => format!("report person {name}"),
        Subject::Access(target) => format!("report access {target}"),
        Subject::Named(_) => "report subject …".to_owned(),
        Subject::Job { name, application: false } => format!("report job {name}"),
        Subject::Job { name, application: true } => format!("report job --application {name}"),
    };
    for (word, day) in [("since", since), ("until", until)] {
        if let Some(day) = day {
            text.push_str(&format!(" {word} {day}"));
        }
    }
    text
}

fn verify(dir: &Path, key: Option<&Path>, records: u64) -> Result<Verified, Failure> {
    let keys: Option<Keys> = match key {
        Some(path) => {
            let failed = |error| Failure::Refused(format!("{}: {error}", path.display()));
            Some(fs::read_to_string(path).map_err(failed)?.parse()?)
        }
        None => None,
    };
    let own_key = keys.is_some();
    let mut progress = Progress::new();
    let mut tell = |done: u64| {
        progress.tell("records verified", done, records);
        ControlFlow::Continue(())
    };
    let known = Known { keys, ..Known::default() };
    let found = ledger::verify_telling(dir, &known, &mut tell)?;
    Ok(Verified::new(&found, own_key))
}

/// Waits a moment for a checkpoint of everything that the index has, where a Weir makes some.
pub(crate) fn wait_for_checkpoint(dir: &Path, next: u64) -> Result<(), Failure> {
    let Ok(keys) = Keys::read(dir) else { return Ok(()) };
    for _ in 0..LOOKS {
        let Some(note) = ledger::checkpoint(dir)? else { return Ok(()) };
        if ledger::open_checkpoint(&note, &keys.log)?.size >= next {
            return Ok(());
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    Ok(())
}

fn write(bytes: &[u8], file: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = file else {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        return Ok(out.flush()?);
    };
    let failed = |error| Failure::Refused(format!("{}: {error}", file.display()));
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    let mut file = options.open(file).map_err(failed)?;
    Ok(file.write_all(bytes)?)
}
