//! The same logs before `docs/verify_ledger.py`, which shares no code with this crate and was
//! written from the documents.

use super::*;
use serde_json::Value;
use std::process::Command;

/// What it says of a log, and its exit code: 0 sound, 3 not. Keys and checkpoints lie elsewhere.
pub(super) fn judged(dir: &Path, known: &Known) -> (i32, Value) {
    let aside = Folder::new("aside");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verify_ledger.py");
    let key = aside.path().join("ledger.pub");
    fs::write(&key, known.keys.as_ref().unwrap().to_string()).unwrap();
    let mut command = Command::new("python3");
    command.arg("-B").arg(program).arg(dir).arg("--json").arg("--key").arg(key);
    for (number, note) in known.checkpoints.iter().enumerate() {
        let path = aside.path().join(format!("{number}.checkpoint"));
        fs::write(&path, note).unwrap();
        command.arg("--checkpoint").arg(path);
    }
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let said = serde_json::from_str(&said)
        .unwrap_or_else(|_| panic!("{said}{}", String::from_utf8_lossy(&done.stderr)));
    (done.status.code().unwrap(), said)
}

/// Demands that it finds a log sound and reads in it what this crate reads.
pub(super) fn agrees(dir: &Path, known: &Known) -> Value {
    let mine = verify(dir, known).unwrap();
    assert_eq!(mine.damage, []);
    let (code, said) = judged(dir, known);
    assert_eq!(code, 0, "{said}");
    let chain: String = mine.chain.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(said["chain"], chain);
    let numbers = [
        ("records", mine.records),
        ("pruned", mine.pruned),
        ("sealed", mine.sealed),
        ("seals", mine.seals),
        ("checkpoint", mine.checkpoint.unwrap().size),
        ("torn_bytes", mine.torn_bytes),
        ("superseded_bytes", mine.superseded_bytes),
    ];
    for (name, number) in numbers {
        assert_eq!(said[name], number, "{name}: {said}");
    }
    let unknown: Vec<String> = mine.unknown.iter().map(ToString::to_string).collect();
    assert_eq!(said["unknown"], serde_json::json!(unknown));
    said
}

#[test]
fn a_log_with_a_restart_and_an_unknown_outcome_is_read_by_another_program() {
    let case = Case::new("independent");
    let dir = case.dir.path();
    let options = || Options { segment_bytes: 40_000, ..Options::new("n", "v", NOW) };
    let (ledger, _) = Ledger::open(dir, options()).unwrap();
    ledger.append(&intent(900)).unwrap();
    let reason = "x".repeat(100_000);
    let long = crate::record::Stopped { time: NOW, reason: reason.into() };
    ledger.append(&long.into()).unwrap();
    ledger.append(&outcome_of_none()).unwrap();
    drop(ledger);
    write(dir, 901..1_000);
    let said = agrees(dir, &case.known);
    assert_eq!(said["unknown"].as_array().unwrap().len(), 1);
    assert!(segment::list(dir).unwrap().len() > 2);
    // What is folded is read from bundles and seals.
    let (ledger, _) = Ledger::open(dir, options()).unwrap();
    crate::testing::checkpointed(&ledger);
    assert!(ledger.fold().unwrap().folded > 0);
    drop(ledger);
    agrees(dir, &case.known);
    let bundle = dir.join("tile/entries/000");
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[300] ^= 1;
    fs::write(&bundle, bytes).unwrap();
    let (code, said) = judged(dir, &case.known);
    assert_eq!(code, 3);
    assert!(said["flaws"][0]["record"].as_u64().unwrap() < 3, "{said}");
}

/// Something that is neither announced nor ends anything.
fn outcome_of_none() -> Record<'static> {
    let (by, what) = ("root".into(), "looked".into());
    crate::record::Administered { time: NOW, by, what }.into()
}

#[test]
fn a_start_that_hides_an_unknown_outcome_is_found_by_another_program() {
    let case = Case::new("hidden");
    let dir = case.dir.path();
    let (ledger, _) = Ledger::open(dir, Options::new("n", "v", NOW)).unwrap();
    ledger.append(&intent(900)).unwrap();
    drop(ledger);
    write(dir, 901..902);
    agrees(dir, &case.known);
    // Nothing is resealed: of the flaws one says what is wrong with the record itself.
    let frames = case.frames();
    let marked = |at: &usize| frames[*at].1.windows(18).any(|word| word == b"\"unknown_outcomes\"");
    let at = (0..frames.len()).find(marked).unwrap();
    let mut mine = frames.clone();
    let text = String::from_utf8(mine[at].1.clone()).unwrap();
    mine[at].1 = text.replace("\"unknown_outcomes\":1", "\"unknown_outcomes\":0").into_bytes();
    rebuild(dir, &mine);
    let (code, said) = judged(dir, &case.known);
    assert_eq!(code, 3);
    let says = |flaw: &Value| flaw["what"].as_str().unwrap().contains("this start says 0");
    assert!(said["flaws"].as_array().unwrap().iter().any(says), "{said}");
}
