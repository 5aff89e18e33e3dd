//! `weir audit tail`: the latest entries, and what comes.

use super::{
    join::{Join, Joined},
    line::line,
    warn,
    window::{self, Window},
};
use crate::{cli::TailArgs, exit::Failure, out::Out};
use ledger::LedgerError;
use std::{path::Path, thread, time::Duration};

/// How long a follower that has read everything waits before it looks again.
const PAUSE: Duration = Duration::from_millis(200);

pub(crate) fn tail(dir: &Path, args: &TailArgs) -> Result<(), Failure> {
    let (identity, database) = (args.identity.as_deref(), args.database.as_deref());
    let wanted = |joined: &Joined| joined.concerns(identity, database);
    let Window { entries, mut join, mut reader } = window::last(dir, args.lines, wanted)?;
    let mut out = Out::new();
    if !args.follow {
        return finish(&mut out, args, entries.into(), &mut join, wanted);
    }
    for joined in &entries {
        print(&mut out, joined, args.json)?;
    }
    out.flush()?;
    loop {
        for entry in reader.by_ref() {
            match entry {
                Ok(entry) => {
                    if let Some(joined) = join.feed(entry).filter(wanted) {
                        print(&mut out, &joined, args.json)?;
                    }
                }
                Err(error @ LedgerError::Damaged(_)) => warn(&error),
                Err(error) => return Err(error.into()),
            }
        }
        out.flush()?;
        thread::sleep(PAUSE);
    }
}

/// Without following, statements that still run are entries too, at the end.
fn finish(
    out: &mut Out,
    args: &TailArgs,
    mut entries: Vec<Joined>,
    join: &mut Join,
    wanted: impl Fn(&Joined) -> bool,
) -> Result<(), Failure> {
    let open = join.unfinished().into_iter().map(|one| Joined::Statement(Box::new(one)));
    entries.extend(open.filter(wanted));
    let surplus = entries.len().saturating_sub(args.lines);
    for joined in entries.iter().skip(surplus) {
        print(out, joined, args.json)?;
    }
    Ok(out.flush()?)
}

fn print(out: &mut Out, joined: &Joined, json: bool) -> Result<(), Failure> {
    match joined {
        _ if !json => out.line(line(joined))?,
        Joined::Statement(statement) => out.json(statement)?,
        Joined::Event(event) => {
            // The record as it stands, with its place and whom it concerns.
            let mut object: serde_json::Value = serde_json::from_slice(&event.payload)?;
            if let Some(fields) = object.as_object_mut() {
                fields.insert("sequence".into(), joined.sequence().into());
                for (name, value) in [("identity", &event.identity), ("database", &event.database)]
                {
                    if let Some(value) = value {
                        fields.entry(name).or_insert_with(|| value.as_str().into());
                    }
                }
            }
            out.json(&object)?;
        }
    }
    Ok(())
}
