//! Runs the fuzz targets. Knows where they are and nothing of what they assert.

use crate::step::{cargo, root, show, step, target_folder};
use anyhow::{Context, Result, bail};
use std::fs;
use testkit::{cache, tool};

/// Seconds for each target unless said otherwise.
pub(crate) const SECONDS: u32 = 10;

/// What `cargo fuzz` would pass: coverage feedback for libFuzzer. Without a sanitizer, which only
/// nightly Rust has and safe code hardly needs, and without `cargo fuzz` to install.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cdebug-assertions \
-Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
-Ccodegen-units=1";

/// Runs every target for so many seconds; the first finding fails.
pub(crate) fn run(seconds: u32) -> Result<()> {
    let folder = root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))?;
    let mut targets: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.path().file_stem()?.to_str().map(str::to_owned))
        .collect();
    targets.sort();
    let program = tool::find("g++");
    if program.is_none() {
        bail!("a C++ compiler is missing; run:\n\n  sudo apt-get install -y g++\n");
    }
    let version = tool::run("rustc", ["-vV"])?.success()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say what machine this is")?.to_owned();
    for target in targets {
        step(&format!("fuzzing {target} for {seconds} s"), || {
            let corpus = cache::folder()?.join("fuzz").join(&target);
            fs::create_dir_all(&corpus)?;
            show(
                cargo()
                    .args(["run", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml"])
                    .arg("--target-dir")
                    .arg(target_folder()?.join("fuzz"))
                    // With a target named, build scripts are spared the flags.
                    .args(["--target", &host, "--bin", &target, "--"])
                    .arg(&corpus)
                    .arg(format!("-max_total_time={seconds}"))
                    .args(["-verbosity=0", "-print_final_stats=0"])
                    .env("RUSTFLAGS", COVERAGE),
            )
        })?;
    }
    Ok(())
}
