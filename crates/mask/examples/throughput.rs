//! How fast the scan is on one core, beside a `RegexSet` of the same patterns, for `cargo xtask
//! eval`: `throughput FOLDER` writes `speed.weir.json` there. Knows no truth.
//!
//! The best of many short rounds counts, since other work on the machine can only slow a round.

use mask::{ColumnMask, Format, Key, find};
use model::{Catalog, Disclosure, TypeId};
use regex::bytes::RegexSet;
use serde_json::{Map, Value, json};
use std::{error::Error, fs, hint::black_box, path::Path, time::Instant};

const ROUNDS: usize = 400;
/// Bytes of one round.
const VOLUME: usize = 1 << 18;
/// The slow ones get less.
const SLOW_VOLUME: usize = 1 << 16;

/// The forms that the scan knows, as one would write them down without it.
const PATTERNS: [&str; 14] = [
    r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
    r"\b(?:\d[ -]?){13,19}\b",
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7} ?[A-Z0-9]{1,4}\b",
    r"\+\d[\d ()./-]{7,18}\d",
    r"\(?\b[2-9]\d{2}\)?[ .-][2-9]\d{2}[.-]\d{4}\b",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"\b[A-CEGHJ-PR-TW-Z]{2} ?(?:\d{2} ?){3}[A-D]\b",
    r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b",
    r"\b(?:gh[pousr]_|glpat-|sk_live_|rk_live_|xox[abprs]-|npm_|hf_)[A-Za-z0-9_-]{10,}",
    r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",
    r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}",
    r"://[^:/\s]+:[^@/\s]+@",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder?")?;
    let folder = Path::new(&folder);
    let empty: Vec<String> = [
        "The parcel arrived on time and the colour is as shown, thank you for the quick reply and \
         the voucher which we will use next month for another order.",
        "delivered",
        "2024-03-12T04:05:06.789Z INFO order ORD-2024-000123 took 12 ms, status 200, 17 rows",
        "Wireless headphones, black, with case and cable",
        "all tests passed; the next build starts when the queue is empty",
    ]
    .map(str::to_owned)
    .to_vec();
    let prose = [empty.first().ok_or("no text")?.repeat(400)];
    let texts = fs::read_to_string(folder.join("texts.jsonl"))?;
    let full: Vec<String> = texts
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|item| at(item, "spans").as_array().is_some_and(|spans| !spans.is_empty()))
        .filter_map(|item| Some(at(&item, "text").as_str()?.to_owned()))
        .collect();
    let set = RegexSet::new(PATTERNS.map(|pattern| format!("(?-u:{pattern})")))?;
    let unicode = RegexSet::new(PATTERNS)?;
    let key = Key::new([1; 32]);
    let catalog = Catalog::default();
    let mask = ColumnMask::compile(&Disclosure::Scan, TypeId(25), &catalog, Format::Text, &key);
    let mut speeds = Map::new();
    let sets: [(&str, &[String]); 3] = [
        ("60 kB of prose with nothing in it", &prose),
        ("rows with nothing in them", &empty),
        ("rows full of it (the texts of this run)", &full),
    ];
    for (name, rows) in sets {
        let mut out = Vec::new();
        let mut note = |what: &str, rate: f64| {
            speeds.insert(format!("{what}, {name}"), json!(rate));
        };
        note("Weir, found", rate(rows, VOLUME, |row| find(row).len()));
        let masked = rate(rows, VOLUME, |row| {
            out.clear();
            mask.apply(row, &mut out);
            out.len()
        });
        note("Weir, found and masked", masked);
        note("RegexSet, ASCII classes", rate(rows, SLOW_VOLUME, |row| set.matches(row).len()));
        let slow = rate(rows, SLOW_VOLUME, |row| unicode.matches(row).len());
        note("RegexSet, Unicode classes", slow);
    }
    fs::write(folder.join("speed.weir.json"), serde_json::to_string(&speeds)?)?;
    Ok(())
}

/// Megabytes a second in the best round.
fn rate(rows: &[String], volume: usize, mut work: impl FnMut(&[u8]) -> usize) -> f64 {
    let size: usize = rows.iter().map(String::len).sum();
    let times = (volume / size.max(1)).max(1);
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        for _ in 0..times {
            for row in rows {
                black_box(work(black_box(row.as_bytes())));
            }
        }
        best = best.min(begin.elapsed().as_secs_f64());
    }
    (size * times) as f64 / best / 1e6
}

/// The member of an object; null where there is none.
fn at<'a>(item: &'a Value, key: &str) -> &'a Value {
    static NULL: Value = Value::Null;
    item.get(key).unwrap_or(&NULL)
}
