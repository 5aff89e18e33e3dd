//! A million pseudonyms of each kind, all different, all of their form, all turned back, and what
//! they take: `cargo run --release -p mask --example pseudonyms`. The tests make a tenth of them.

#[path = "../tests/kinds/mod.rs"]
mod kinds;

use std::time::Duration;

/// Values of each kind.
const VALUES: u64 = 1_000_000;

fn main() {
    let only = std::env::args().nth(1).unwrap_or_default();
    for kind in kinds::KINDS.iter().filter(|kind| kind.name.starts_with(&only)) {
        let took = kinds::check(kind, 0..VALUES, 1);
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / VALUES as f64;
        let (there, back) = (micros(took.there), micros(took.back));
        println!("{:24} {VALUES} distinct, {there:.1} µs there, {back:.1} µs back", kind.name);
    }
}
