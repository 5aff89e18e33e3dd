//! How fast the content scan is, on one core: `cargo run --release -p mask --example scan_speed`.

use mask::{ColumnMask, Format, Key};
use model::{Catalog, Disclosure, TypeId};
use std::{hint::black_box, time::Instant};

/// Bytes scanned for one figure.
const VOLUME: usize = 512 << 20;

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
    let key = Key::new([1; 32]);
    let only = std::env::args().nth(1).unwrap_or_default();
    for (name, value, ty) in cases.into_iter().filter(|(name, ..)| name.starts_with(&only)) {
        let catalog = Catalog::default();
        let mask = ColumnMask::compile(&Disclosure::Scan, TypeId(ty), &catalog, Format::Text, &key);
        let count = VOLUME / value.len().max(64) / if value.len() < 16 { 4 } else { 1 };
        let mut out = Vec::new();
        let start = Instant::now();
        for _ in 0..count {
            out.clear();
            black_box(mask.apply(black_box(value.as_bytes()), &mut out));
        }
        let seconds = start.elapsed().as_secs_f64();
        let megabytes = (count * value.len()) as f64 / 1e6;
        let nanos = seconds * 1e9 / count as f64;
        println!("{name:26} {:8.0} MB/s {nanos:10.0} ns a value", megabytes / seconds);
    }
}
