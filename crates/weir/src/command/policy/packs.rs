//! `weir policy packs` and `add`: policies that are shipped and not in force.

use crate::{exit::Failure, out::Out};
use anyhow::Context;
use policy::PACKS;
use std::{fs::OpenOptions, io::Write, path::Path};

pub(super) fn list(json: bool) -> Result<(), Failure> {
    let mut out = Out::new();
    if json {
        let packs = PACKS.iter().map(|pack| {
            serde_json::json!({
                "name": pack.name, "what": pack.what, "cedar": pack.cedar, "cases": pack.cases,
            })
        });
        out.json(&packs.collect::<Vec<_>>())?;
    } else {
        let row = |pack: &policy::Pack| vec![pack.name.to_owned(), pack.what.to_owned()];
        out.table(&["PACK", "WHAT IT SAYS"], &PACKS.iter().map(row).collect::<Vec<_>>())?;
    }
    Ok(out.flush()?)
}

pub(super) fn add(dir: Option<&Path>, name: &str) -> Result<(), Failure> {
    let Some(pack) = PACKS.iter().find(|pack| pack.name == name) else {
        return Err(Failure::Refused(format!("there is no pack \"{name}\": weir policy packs")));
    };
    let Some(dir) = dir else {
        let why = "weir.toml names no policy folder ([policies] dir): weir policy add PACK --dir …";
        return Err(Failure::Refused(why.to_owned()));
    };
    let (policies, cases) = (format!("{name}.cedar"), format!("{name}.md"));
    for file in [&policies, &cases] {
        if dir.join(file).exists() {
            let file = dir.join(file);
            return Err(Failure::Refused(format!("{} is there already", file.display())));
        }
    }
    // The cases first: a running Weir takes the policies up as soon as they are there.
    for (file, text) in [(&cases, pack.cases), (&policies, pack.cedar)] {
        write(&dir.join(file), text)?;
    }
    let mut out = Out::new();
    out.line(format!("{}: {}", dir.join(&policies).display(), pack.what))?;
    out.line(format!("{}: its cases; weir policy test", dir.join(&cases).display()))?;
    Ok(out.flush()?)
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let of = || format!("{} cannot be written", file.display());
    let mut open = OpenOptions::new().write(true).create_new(true).open(file).with_context(of)?;
    open.write_all(text.as_bytes()).with_context(of)
}
