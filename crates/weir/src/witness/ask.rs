//! Having witnesses cosign this ledger's checkpoints, and keeping copies of them where they cannot
//! be overwritten. Nothing waits for it.

use crate::serve::Shared;
use anyhow::{Context, bail, ensure};
use config::Witness;
use ledger::Tiles;
use std::{
    collections::HashMap,
    fs,
    io::{ErrorKind, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tlog::{AddCheckpoint, Checkpoint};
use tokio::task::JoinHandle;

/// How long a witness may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long after no client could be made it is tried again.
const NO_CLIENT: Duration = Duration::from_secs(60);
/// The longest answer that is read.
const ANSWER_BYTES: usize = 16 << 10;

/// Asks and writes again and again. What fails is said in the log, once until it changes.
pub(crate) async fn follow(shared: Arc<Shared>) {
    let client = loop {
        match client() {
            Ok(client) => break client,
            Err(error) => tracing::error!("witnesses cannot be asked: {error:#}"),
        }
        tokio::time::sleep(NO_CLIENT).await;
    };
    let mut asked = Asked::default();
    loop {
        let config = shared.config.load_full();
        tokio::time::sleep(config.ledger.interval).await;
        let stats = shared.ledger.stats();
        let behind = stats.records.saturating_sub(stats.checkpointed);
        let cause = shared.ledger.checkpoint_cause();
        let was = std::mem::replace(&mut asked.failing, cause.is_some());
        match (cause, was) {
            (Some(cause), false) => {
                tracing::error!("no checkpoint can be made, {behind} records have none: {cause}");
            }
            (None, true) => tracing::info!("checkpoints are made again"),
            (Some(_), true) | (None, false) => {}
        }
        if config.ledger.witnesses.is_empty() && config.ledger.anchor.is_none() {
            continue;
        }
        if let Err(error) = round(&shared, &config.ledger, &client, &mut asked).await {
            asked.say("the checkpoint", &format!("{error:#}"));
        }
    }
}

/// What was seen of the witnesses.
#[derive(Default)]
struct Asked {
    /// The size that each cosigned last.
    sizes: HashMap<String, u64>,
    /// What was said last about each.
    said: HashMap<String, String>,
    /// The size that was done last.
    done: Option<u64>,
    /// The ledger's last attempt to make a checkpoint failed, and that was told.
    failing: bool,
    /// The copying that did not end in time: a folder of another machine can be away.
    copying: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Asked {
    fn say(&mut self, about: &str, what: &str) {
        if self.said.get(about).is_none_or(|before| before != what) {
            tracing::warn!("{about}: {what}");
            self.said.insert(about.to_owned(), what.to_owned());
        }
    }
}

async fn round(
    shared: &Shared,
    settings: &config::Ledger,
    client: &reqwest::Client,
    asked: &mut Asked,
) -> anyhow::Result<()> {
    let dir = shared.ledger.dir();
    let note = ledger::checkpoint(dir)?.context("there is no checkpoint")?;
    let head = ledger::open_checkpoint(&note, &shared.ledger.keys().log)?;
    if asked.done == Some(head.size) {
        return Ok(());
    }
    let (mut lines, mut all) = (String::new(), true);
    for witness in &settings.witnesses {
        let cosigned = cosigned(client, witness, dir, &head, &note, asked).await;
        let kept = cosigned.and_then(|line| {
            // One for each: whoever does not answer in this round has cosigned another.
            ledger::write_cosigned(dir, witness.key.name(), &format!("{note}{line}"))?;
            Ok(line)
        });
        match kept {
            Ok(line) => {
                lines.push_str(&line);
                asked.sizes.insert(witness.url.clone(), head.size);
                if asked.said.remove(&witness.url).is_some() {
                    tracing::info!("{}: cosigns again", witness.url);
                }
            }
            Err(error) => {
                all = false;
                asked.say(&witness.url, &format!("{error:#}"));
            }
        }
    }
    if !lines.is_empty() {
        ledger::write_witnessed(dir, &format!("{note}{lines}"))?;
    }
    if let Some(folder) = &settings.anchor {
        let name = folder.display().to_string();
        match anchored(folder, &head, &note, asked).await {
            Ok(()) if asked.said.remove(&name).is_some() => {
                tracing::info!("{name}: takes checkpoints again");
            }
            Ok(()) => {}
            Err(error) => {
                all = false;
                asked.say(&name, &format!("{error:#}"));
            }
        }
    }
    if all {
        asked.done = Some(head.size);
    }
    Ok(())
}

/// The witness's signature line for this checkpoint.
async fn cosigned(
    client: &reqwest::Client,
    witness: &Witness,
    dir: &Path,
    head: &Checkpoint,
    note: &str,
    asked: &Asked,
) -> anyhow::Result<String> {
    let mut old = asked.sizes.get(&witness.url).copied().unwrap_or(0);
    // A witness that knows another size says which; a second answer of that kind is a failure.
    for _ in 0..2 {
        let mut tiles = Tiles::new(dir, head.size);
        let proof = tlog::consistency(&mut tiles, old, head.size)?;
        let proof = proof.context("the witness has cosigned more records than there are")?;
        let request = AddCheckpoint { old, proof, checkpoint: note.to_owned() };
        let url = format!("{}/add-checkpoint", witness.url);
        let answer = client.post(url).body(request.text()).send().await?;
        let status = answer.status().as_u16();
        let text = read(answer).await?;
        match status {
            200 => return line(witness, note, &text),
            409 => {
                old =
                    text.trim().parse().context("a witness answered a conflict without a size")?;
                ensure!(
                    old <= head.size,
                    "it has cosigned {old} records of this ledger, which has {}: records were \
                     removed, or an old copy was put in its place",
                    head.size
                );
            }
            _ => bail!("it answered {status}: {}", text.trim()),
        }
    }
    bail!("it has cosigned another ledger under this ledger's name")
}

/// The lines of an answer that are this witness's and verify.
fn line(witness: &Witness, note: &str, answer: &str) -> anyhow::Result<String> {
    let lines: String = answer
        .split_inclusive('\n')
        .filter(|line| witness.key.time_of(&format!("{note}{line}")).is_ok())
        .collect();
    ensure!(!lines.is_empty(), "its answer is not a cosignature by {}", witness.key.name());
    Ok(lines)
}

async fn read(mut answer: reqwest::Response) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        ensure!(bytes.len() + chunk.len() <= ANSWER_BYTES, "its answer is too long");
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(bytes)?)
}

/// Copies the checkpoint into the anchor's folder, on a thread that may wait for it.
async fn anchored(
    folder: &Path,
    head: &Checkpoint,
    note: &str,
    asked: &mut Asked,
) -> anyhow::Result<()> {
    async fn end(mut job: JoinHandle<anyhow::Result<()>>, asked: &mut Asked) -> anyhow::Result<()> {
        match tokio::time::timeout(PATIENCE, &mut job).await {
            Ok(ended) => ended.context("the thread failed")?,
            Err(_) => {
                asked.copying = Some(job);
                bail!("the folder does not answer")
            }
        }
    }
    if let Some(before) = asked.copying.take() {
        end(before, asked).await?;
    }
    let (folder, size, note) = (folder.to_owned(), head.size, note.to_owned());
    end(tokio::task::spawn_blocking(move || anchor(&folder, size, &note)), asked).await
}

/// Copies a checkpoint to where it cannot be overwritten, under its size. Needs no other name and
/// no removal: such folders may have neither.
fn anchor(folder: &Path, size: u64, note: &str) -> anyhow::Result<()> {
    let path = folder.join(format!("{size:020}.checkpoint"));
    let mut file = match fs::File::create_new(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let there = fs::read(&path)?;
            if there == note.as_bytes() {
                return Ok(());
            }
            ensure!(
                note.as_bytes().starts_with(&there),
                "another checkpoint of {size} records lies there as {}: this ledger is not the one \
                 that was anchored, or an old copy was put in its place",
                path.display()
            );
            // A copying that did not come to its end.
            fs::File::options().write(true).open(&path)?
        }
        other => other?,
    };
    file.write_all(note.as_bytes())?;
    Ok(file.sync_all()?)
}

fn client() -> anyhow::Result<reqwest::Client> {
    let tls = net::tls::ClientTls::new(net::tls::Mode::VerifyFull, None, None)?;
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls.config())
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()?)
}

#[cfg(test)]
mod tests;
