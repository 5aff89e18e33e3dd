//! What a record costs, in CPU time of the calling thread, so that a busy machine does not
//! matter: run with `cargo run --release -p ledger --example cost`.

use ledger::{
    Ledger, Options, ShapeId, Time,
    record::{Intent, Via},
};
use std::{
    error::Error,
    time::{Duration, Instant, SystemTime},
};

const ROUNDS: u32 = 200_000;

/// CPU time of this thread: proc(5), the first field of `schedstat`, in nanoseconds.
fn spent() -> Result<Duration, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(text.split(' ').next().unwrap_or_default().parse()?))
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::temp_dir().join(format!("ledger-cost-{}", std::process::id()));
    let now = Time::from(SystemTime::now());
    let (ledger, _) = Ledger::open(&dir, Options::new("cost", "0", now))?;
    let session = ledger.session(now);
    let shape = ShapeId::of(&[b"select ?"]);
    let text = ledger.redactor().hash(b"select * from customers where id = 1");
    let parameters = [text];
    let intent = |n: u32| Intent {
        statement: session.statement(u64::from(n)),
        time: now,
        shape,
        text,
        via: Via::Extended,
        parameters: (&parameters).into(),
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

    let begun = spent()?;
    let mut json = Vec::new();
    for n in 0..ROUNDS {
        json.clear();
        ledger::Record::from(intent(n)).encode(&mut json)?;
    }
    println!("encode {} bytes: {:?}", json.len(), (spent()? - begun) / ROUNDS);

    hashes(&ledger)?;
    let begun = spent()?;
    for n in 0..ROUNDS / 2 {
        ledger.append(&intent(n).into())?;
    }
    println!("append: {:?}", (spent()? - begun) * 2 / ROUNDS);

    let begun = spent()?;
    let mut last = ledger.append(&intent(0).into())?;
    ledger.hand_over(last)?;
    println!("hand over {} at once: {:?}", ROUNDS / 2, (spent()? - begun));
    ledger.synced(last).wait()?;

    let begun = spent()?;
    for n in 0..ROUNDS / 4 {
        last = ledger.append(&intent(n).into())?;
        ledger.hand_over(last)?;
    }
    println!("append and hand over, one thread: {:?}", (spent()? - begun) * 4 / ROUNDS);

    let begun = Instant::now();
    for n in 0..100 {
        last = ledger.append(&intent(n).into())?;
        ledger.hand_over(last)?;
        ledger.synced(last).wait()?;
    }
    println!("append, hand over, sync, one thread: {:?}", begun.elapsed() / 100);
    println!("{:?}", ledger.stats());
    drop(ledger);
    verify(&dir)?;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

fn hashes(ledger: &Ledger) -> Result<(), Box<dyn Error>> {
    let begun = spent()?;
    for n in 0..ROUNDS {
        ledger.redactor().hash(&n.to_le_bytes());
    }
    println!("keyed hash of a short value: {:?}", (spent()? - begun) / ROUNDS);
    Ok(())
}

fn verify(dir: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let verified = ledger::verify(dir, &ledger::Known::default())?;
    println!("verify {} records: {:?}", verified.records, begun.elapsed());
    Ok(())
}
