//! `weir audit verify`: is the ledger sound?

use crate::{exit::Failure, out::Out};
use ledger::{Sequence, Verification};
use std::path::Path;

pub(crate) fn verify(dir: &Path, json: bool) -> Result<(), Failure> {
    super::open(dir, Sequence(u64::MAX))?;
    let found = ledger::verify(dir)?;
    let sound = found.damage.is_empty();
    let mut out = Out::new();
    if json {
        out.json(&report(&found))?;
    } else {
        let chain = hex(&found.chain);
        out.line(format!("{} records, chain {chain}", found.records))?;
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
        found.damage.iter().for_each(|damage| eprintln!("{damage}"));
    }
    Err(Failure::Refused(format!("the ledger in {} is not sound", dir.display())))
}

fn report(found: &Verification) -> serde_json::Value {
    serde_json::json!({
        "ok": found.damage.is_empty(),
        "records": found.records,
        "chain": hex(&found.chain),
        "torn_bytes": found.torn_bytes,
        "damage": found.damage.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "unknown": found.unknown,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
