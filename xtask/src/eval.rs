//! What is found in labelled data, and how fast, by Weir and by Microsoft Presidio in the same run.
//!
//! Python makes the data with a fixed seed and runs Presidio; an example of the mask crate says
//! what Weir finds; here both are compared with what is true. Knows no recogniser.

mod publish;
mod report;
mod score;

use crate::install;
use crate::step::{cargo, root, show, step, target_folder};
use anyhow::{Context, Result, bail};
use report::Report;
use score::Tool;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The seed where none is given.
const SEED: u64 = 613_089;
/// Where the tables are published.
const DOCUMENT: &str = "docs/detection.md";

/// Values of each column: all, and with `--quick`.
const ROWS: u32 = 60;
const QUICK_ROWS: u32 = 15;

/// What is asked for.
struct Wish {
    seed: u64,
    rows: u32,
    /// Leaves out what is held back from whoever makes the recognisers better.
    tune: bool,
    presidio: bool,
    /// Puts the tables into the document.
    publish: bool,
}

/// Runs all of it; the words are `--quick`, `--seed S`, `--tune`, `--without-presidio` and
/// `--publish`, which goes with a whole run alone.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let wish = wish(words)?;
    let python = install::evaluation()?;
    let folder = target_folder()?.join("eval");
    // What an earlier run left is of other data.
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    let script = |name: &str| root().join("xtask/eval").join(name);
    step(&format!("labelled data, seed {}, {} rows a column", wish.seed, wish.rows), || {
        let mut make = Command::new(&python);
        make.arg(script("generate.py")).arg(&folder);
        make.arg(wish.seed.to_string()).arg(wish.rows.to_string());
        show(if wish.tune { make.arg("tune") } else { &mut make })
    })?;
    step("Weir", || example("evaluate", &folder))?;
    let mut tools = vec![Tool::Weir];
    if wish.presidio {
        step("Presidio (minutes)", || {
            show(Command::new(&python).arg(script("presidio.py")).arg(&folder))
        })?;
        tools.push(Tool::Presidio);
    }
    let mut report = Report::new(wish.seed, wish.rows);
    for tool in tools {
        score::all(&folder, tool, &mut report)?;
    }
    step("speed", || {
        example("throughput", &folder)?;
        report.speed(&folder)
    })?;
    let tables = report.tables();
    println!("{}", report.run());
    for (heading, table) in &tables {
        print!("\n## {heading}\n\n{table}");
    }
    print!("\n## Recall by kind (Weir / Presidio)\n\n{}", report.kinds());
    if wish.publish {
        let path = root().join(DOCUMENT);
        let document = fs::read_to_string(&path).context(DOCUMENT)?;
        let published = publish::put(&document, &report.run(), &tables).context(DOCUMENT)?;
        fs::write(&path, published).context(DOCUMENT)?;
        println!("\n{DOCUMENT} has these tables.");
    }
    let file = report.write(&folder)?;
    println!("\n{} holds every figure, by kind of value.", file.display());
    Ok(())
}

fn wish(words: &[&str]) -> Result<Wish> {
    let mut wish = Wish { seed: SEED, rows: ROWS, tune: false, presidio: true, publish: false };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--quick" => wish.rows = QUICK_ROWS,
            "--tune" => wish.tune = true,
            "--without-presidio" => wish.presidio = false,
            "--publish" => wish.publish = true,
            "--seed" => wish.seed = words.next().context("--seed and a number")?.parse()?,
            word => bail!("cargo xtask eval does not know {word}"),
        }
    }
    if wish.publish && (wish.rows != ROWS || wish.tune || !wish.presidio) {
        bail!("what is published is a whole run: no --quick, --tune, --without-presidio");
    }
    Ok(wish)
}

/// Runs an example of the mask crate, built for speed.
fn example(name: &str, folder: &Path) -> Result<()> {
    let mut run = cargo();
    run.args(["run", "--quiet", "--release", "--package", "mask", "--example", name, "--"]);
    show(run.arg(folder))
}
