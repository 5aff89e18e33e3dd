//! How fast the content scan is, on one core: `cargo run --release -p mask --example scan_speed`.
//!
//! The best of many short rounds counts, since other work on the machine can only slow a round.

use mask::{ColumnMask, Format, Key};
use model::{Catalog, Disclosure, Label, MaskMethod, TypeId};
use std::{hint::black_box, time::Instant};

/// Rounds of one figure, and bytes scanned in each.
const ROUNDS: usize = 200;
const VOLUME: usize = 1 << 18;

/// A row as the benchmark's wide SELECT has it: text columns and the labels that they get.
const ROW: [(&str, Option<Label>); 5] = [
    ("Maria Cdlelosn", Some(Label::PERSON_NAME)),
    ("c4ca4238a0@example.com", Some(Label::EMAIL)),
    ("+49 30 00007919", Some(Label::PHONE)),
    ("1 Elm Street, Springfield", Some(Label::POSTAL_ADDRESS)),
    ("Ordered 1 items, paid on 2024-02-11", None),
];

fn main() {
    let prose = "The parcel arrived on time and the colour is as shown, thank you for the quick \
                 reply and the voucher which we will use next month for another order.";
    let log = "2024-03-12T04:05:06.789Z INFO order ORD-2024-000123 took 12 ms, status 200, 17 rows";
    let people = "Alice Smith <alice.smith@example.org>, +49 170 1234567, card 4111 1111 1111 1111";
    let json = r#"{"kind": "page.view", "ms": 442, "path": "/p/12", "agent": "Mozilla/5.0"}"#;
    let personal = r#"{"user": {"name": "Alice Smith", "email": "alice@example.org"}, "ms": 4}"#;
    let long = prose.repeat(400);
    let cases = [
        ("a short word", "delivered", 25),
        ("prose, one sentence", prose, 25),
        ("prose, 60 kB", &long, 25),
        ("log line", log, 25),
        ("people's data, masked", people, 25),
        ("JSON with nothing in it", json, 3802),
        ("JSON with people, masked", personal, 3802),
    ];
    let only = std::env::args().nth(1).unwrap_or_default();
    for (name, value, ty) in cases.into_iter().filter(|(name, ..)| name.starts_with(&only)) {
        let nanos = nanos(&Disclosure::Scan, ty, value);
        let rate = value.len() as f64 * 1e3 / nanos;
        println!("{name:26} {rate:8.0} MB/s {nanos:10.0} ns a value");
    }
    if !only.is_empty() && !"wide row".starts_with(&only) {
        return;
    }
    let (mut scanned, mut governed) = (0.0, 0.0);
    for (value, label) in ROW {
        let scan = nanos(&Disclosure::Scan, 25, value);
        let masked = |label| Disclosure::Masked { label, method: MaskMethod::Partial };
        let ruled = label.map_or(scan, |label| nanos(&masked(label), 25, value));
        println!("{value:36} {scan:6.0} ns scanned {ruled:6.0} ns by its label");
        (scanned, governed) = (scanned + scan, governed + ruled);
    }
    println!("wide row: {scanned:.0} ns if all is scanned, {governed:.0} ns by labels");
}

/// Nanoseconds of one value under a disclosure.
fn nanos(disclosure: &Disclosure, ty: u32, value: &str) -> f64 {
    let (key, catalog) = (Key::new([1; 32]), Catalog::default());
    let mask = ColumnMask::compile(disclosure, TypeId(ty), &catalog, Format::Text, &key);
    let count = (VOLUME / value.len().max(64)).max(1);
    let mut out = Vec::new();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..count {
            out.clear();
            black_box(mask.apply(black_box(value.as_bytes()), &mut out));
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / count as f64);
    }
    best
}
