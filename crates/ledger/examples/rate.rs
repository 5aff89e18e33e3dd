//! How many records a second, how long a durable one takes beside what the disk itself takes, and
//! how many bytes each is: `cargo run --release -p ledger --example rate`. The disk is the one of
//! the temporary folder (`TMPDIR`); everything is measured in the same run.

use ledger::{
    Ledger, Options, ShapeId, Time,
    record::{Intent, Outcome, Record, Via},
};
use std::{
    error::Error,
    fs::{self, File},
    io::Write,
    path::Path,
    thread,
    time::{Duration, Instant, SystemTime},
};

/// What a session thread may fail with.
type Done = Result<(), Box<dyn Error + Send + Sync>>;

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(2);

fn median(mut all: Vec<Duration>) -> Duration {
    all.sort_unstable();
    all.get(all.len() / 2).copied().unwrap_or_default()
}

/// One appended write and its fdatasync(2), as a file alone has them.
fn disk(dir: &Path) -> Result<Duration, Box<dyn Error>> {
    let path = dir.join("disk");
    let mut file = File::create(&path)?;
    let (begun, mut all) = (Instant::now(), Vec::new());
    while begun.elapsed() < TIME {
        let one = Instant::now();
        file.write_all(&[7; 700])?;
        file.sync_data()?;
        all.push(one.elapsed());
    }
    fs::remove_file(path)?;
    Ok(median(all))
}

/// CPU time of the process: proc(5), `stat`, in hundredths of a second.
fn cpu() -> Result<Duration, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let ticks = text.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    let ticks: Result<Vec<u64>, _> = ticks.map(str::parse).collect();
    Ok(Duration::from_millis(ticks?.iter().sum::<u64>() * 10))
}

fn size(path: &Path) -> std::io::Result<u64> {
    let mut all = 0;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let data = entry.metadata()?;
        all += if data.is_dir() { size(&entry.path())? } else { data.len() };
    }
    Ok(all)
}

/// As many sessions at once, each a statement's two records after the other; waits for the disk or
/// not. Statements in all, and the median time until one may run.
fn sessions(
    ledger: &Ledger,
    count: usize,
    durable: bool,
) -> Result<(usize, Duration), Box<dyn Error>> {
    let one = |ledger: Ledger| -> Result<Vec<Duration>, ledger::LedgerError> {
        let now = Time::from(SystemTime::now());
        let (session, text) = (ledger.session(now), ledger.redactor().hash(b"select 1"));
        let shape = ShapeId::of(&[b"select * from customers where id = ?"]);
        let parameters = [text];
        let (begun, mut all) = (Instant::now(), Vec::new());
        while begun.elapsed() < TIME {
            let statement = session.statement(all.len() as u64);
            let waited = Instant::now();
            let intent = Intent {
                statement,
                time: now,
                shape,
                text,
                via: Via::Prepared,
                parameters: parameters.as_slice().into(),
                parameter_count: 1,
                literals: Vec::new().into(),
                literal_count: 0,
                turned_back: [].as_slice().into(),
                kept: None,
                risk: [].as_slice().into(),
                trace: None,
                approval: None,
                work: None,
            };
            let place = ledger.append(&intent.into())?;
            ledger.hand_over(place)?;
            if durable {
                ledger.synced(place).wait()?;
            }
            all.push(waited.elapsed());
            let outcome = Outcome {
                statement,
                time: now,
                duration_us: 250,
                tag: "SELECT".into(),
                sqlstate: None,
                ended: None,
                rows: 1,
                affected: 0,
                bytes: 120,
                approval: None,
                disclosed: [].as_slice().into(),
            };
            ledger.append(&Record::from(outcome))?;
        }
        Ok(all)
    };
    let mut all = Vec::new();
    thread::scope(|scope| -> Done {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(|| one(ledger.clone()))).collect();
        for thread in threads {
            all.extend(thread.join().map_err(|_| "a session panicked")??);
        }
        Ok(())
    })
    .map_err(|error| error.to_string())?;
    Ok((all.len(), median(all)))
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::temp_dir().join(format!("ledger-rate-{}", std::process::id()));
    let now = Time::from(SystemTime::now());
    let (ledger, _) = Ledger::open(&dir, Options::new("rate", "0", now))?;
    println!("{} appended write and fdatasync, median", us(disk(&dir)?));
    let heads = ["statements/s", "median", "CPU per statement", "last checkpoint after"];
    println!("| sessions | until it may run | {} |", heads.join(" | "));
    println!("|---|---|---|---|---|---|");
    for (count, durable) in [1, 8, 64].into_iter().flat_map(|n| [(n, false), (n, true)]) {
        let spent = cpu()?;
        let (statements, median) = sessions(&ledger, count, durable)?;
        // A statement's cost is all of it: seals, tiles and checkpoints too.
        let begun = Instant::now();
        while ledger.stats().checkpointed < ledger.stats().records {
            thread::sleep(Duration::from_millis(20));
        }
        let behind = begun.elapsed();
        let spent = (cpu()? - spent) / u32::try_from(statements)?.max(1);
        let rate = statements as f64 / TIME.as_secs_f64();
        let how = if durable { "on stable storage" } else { "in the kernel" };
        println!("| {count} | {how} | {rate:.0} | {} | {} | {behind:.1?} |", us(median), us(spent));
    }
    println!("{} appended write and fdatasync, median", us(disk(&dir)?));
    let records = ledger.stats().records;
    drop(ledger);
    let tiles = size(&dir.join("tile"))? / records;
    let all = size(&dir)? / records;
    println!("{records} records; bytes per record: {} in segments, {tiles} in tiles", all - tiles);
    let begun = Instant::now();
    let verified = ledger::verify(&dir, &ledger::Known::default())?;
    let rate = verified.records as f64 / begun.elapsed().as_secs_f64();
    println!("verified {} records, {} seals: {rate:.0}/s", verified.records, verified.seals);
    fs::remove_dir_all(&dir)?;
    Ok(())
}

fn us(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}
