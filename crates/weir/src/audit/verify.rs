//! `weir audit verify`: is the ledger sound?

use crate::{cli::VerifyArgs, exit::Failure, out::Out, visible::in_line};
use ledger::{Known, Sequence, Time, Verification};
use std::{fs, path::Path};

pub(crate) fn verify(dir: &Path, args: &VerifyArgs) -> Result<(), Failure> {
    super::open(dir, Sequence(u64::MAX))?;
    let json = args.json;
    let known = known(args)?;
    let found = ledger::verify(dir, &known)?;
    let sound = found.damage.is_empty();
    let mut out = Out::new();
    if json {
        out.json(&report(&found))?;
    } else {
        let chain = hex(&found.chain);
        if found.pruned > 0 {
            let (removed, pruned) = (found.removed, found.pruned);
            out.line(format!(
                "pruned up to {pruned}: {removed} records were removed when their time was over, \
                 and their hashes verify"
            ))?;
        }
        out.line(format!("{} records, chain {chain}", found.records))?;
        out.line(format!("{} of them under {} seals", found.sealed, found.seals))?;
        let open = (found.records + found.removed).saturating_sub(found.sealed);
        if open > 0 {
            out.line(format!(
                "{open} behind the last seal, which whoever has the machine can have written"
            ))?;
        }
        if let Some(head) = &found.checkpoint {
            let (size, root) = (head.size, hex(&head.root));
            out.line(format!("checkpoint of {}: {size} records, root {root}", head.origin))?;
        }
        for (witness, time) in &found.cosigned {
            let time = Time::from_micros(i64::try_from(*time).unwrap_or(0) * 1_000_000);
            out.line(format!("cosigned by {witness} at {time}"))?;
        }
        if known.keys.is_none() && dir.join(ledger::PUBLIC_FILE).exists() {
            out.line("The keys that lie in the ledger were used: keep a copy elsewhere (--key).")?;
        }
        if found.torn_bytes > 0 {
            let bytes = found.torn_bytes;
            out.line(format!("{bytes} bytes of a record that is being, or was not, written"))?;
        }
        for statement in &found.unknown {
            out.line(format!("statement {statement} has no outcome: it may have run or not"))?;
        }
        if sound {
            out.line("Nothing is damaged, missing or changed.")?;
        }
    }
    out.flush()?;
    if sound {
        return Ok(());
    }
    if !json {
        let tell = |damage: &ledger::Damage| eprintln!("{}", in_line(&damage.to_string()));
        found.damage.iter().for_each(tell);
    }
    Err(Failure::Refused(format!("the ledger in {} is not sound", dir.display())))
}

/// What the command line says is known from elsewhere.
fn known(args: &VerifyArgs) -> Result<Known, Failure> {
    let read = |path: &Path| {
        let failed = |error| Failure::Refused(format!("{}: {error}", path.display()));
        fs::read_to_string(path).map_err(failed)
    };
    let keys = args.key.as_deref().map(|path| Ok::<_, Failure>(read(path)?.parse()?));
    let checkpoints = args.checkpoint.iter().map(|path| read(path)).collect::<Result<_, _>>()?;
    let witness = |text: &String| {
        let wrong = |error| Failure::Refused(format!("--witness {text}: {error}"));
        tlog::CosignatureVerifier::parse(text).map_err(wrong)
    };
    let witnesses = args.witness.iter().map(witness).collect::<Result<_, _>>()?;
    Ok(Known { keys: keys.transpose()?, checkpoints, witnesses })
}

fn report(found: &Verification) -> serde_json::Value {
    serde_json::json!({
        "ok": found.damage.is_empty(),
        "records": found.records,
        "pruned": found.pruned,
        "removed": found.removed,
        "chain": hex(&found.chain),
        "sealed": found.sealed,
        "seals": found.seals,
        "checkpoint": found.checkpoint.as_ref().map(|head| serde_json::json!({
            "origin": head.origin, "size": head.size, "root": hex(&head.root),
        })),
        "cosigned": found.cosigned.iter().map(|(witness, time)| serde_json::json!({
            "witness": witness, "time": time,
        })).collect::<Vec<_>>(),
        "torn_bytes": found.torn_bytes,
        "damage": found.damage.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "unknown": found.unknown,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
