//! `weir pseudonyms …`: the keys of pseudonyms. Each change leaves an event in the store, which the
//! process that holds the ledger copies into it. Knows no value.

use crate::{actor::actor, cli::PseudonymsCommand, exit::Failure, out::Out};
use config::Config;
use std::time::SystemTime;
use store::Store;

pub(super) async fn run(config: &Config, command: PseudonymsCommand) -> Result<(), Failure> {
    let (by, now) = (actor(), SystemTime::now());
    let store = Store::open(&config.state_dir).await?;
    let mut out = Out::new();
    match command {
        PseudonymsCommand::Keys { json } => {
            let keys = store.pseudonym_keys().await?;
            let numbers: Vec<u32> = keys.iter().map(|(number, _)| *number).collect();
            if json {
                out.json(&serde_json::json!({ "in_force": numbers.last(), "kept": numbers }))?;
            } else {
                let newest = numbers.last().copied();
                let rows = numbers.iter().map(|number| {
                    let newest = Some(*number) == newest;
                    let what = if newest { "makes pseudonyms" } else { "turns its own back" };
                    vec![number.to_string(), what.to_owned()]
                });
                out.table(&["KEY", "USE"], &rows.collect::<Vec<_>>())?;
            }
        }
        PseudonymsCommand::Rotate => {
            let number = store.rotate_pseudonyms(mask::MAX_KEYS, &by, now).await?;
            out.line(format!("Key {number} makes pseudonyms from the next start of weir on."))?;
        }
        PseudonymsCommand::Forget => {
            let said = match store.forget_pseudonyms(&by, now).await? {
                0 => "There is no older key.".to_owned(),
                1 => "One older key is gone, at the next start of weir.".to_owned(),
                count => format!("{count} older keys are gone, at the next start of weir."),
            };
            out.line(said)?;
        }
    }
    store.close().await;
    Ok(out.flush()?)
}
