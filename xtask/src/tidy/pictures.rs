//! Pictures in the documentation: each page of the console has one, each is small, none is left
//! over. `cargo xtask pictures` makes them anew. Knows names of files, not what is on them.

use super::Complaint;
use anyhow::{Context, Result};
use std::{collections::BTreeSet, fs, path::Path};

/// Where they are, and the page that shows them.
pub(crate) const FOLDER: &str = "docs/pictures";
const PAGE: &str = "docs/console.md";
/// Where the console's places are.
const PLACES: &str = "crates/console/src/layout.rs";
/// The largest picture: bytes.
const LARGEST: u64 = 150_000;

/// Complaints about pictures that are missing, too large, or shown nowhere.
pub(super) fn check(root: &Path) -> Result<Vec<Complaint>> {
    let places = fs::read_to_string(root.join(PLACES)).context(PLACES)?;
    let page = fs::read_to_string(root.join(PAGE)).context(PAGE)?;
    let mut there: BTreeSet<String> = BTreeSet::new();
    let mut complaints = Vec::new();
    let complaint = |file: &str, message: String| Complaint {
        file: file.to_owned(),
        line: 0,
        rule: "pictures",
        message,
    };
    for entry in fs::read_dir(root.join(FOLDER)).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = entry.metadata()?.len();
        if bytes > LARGEST {
            let message = format!("{name} has {bytes} bytes; {LARGEST} are enough");
            complaints.push(complaint(FOLDER, message));
        }
        if !page.contains(&format!("(pictures/{name})")) {
            complaints.push(complaint(FOLDER, format!("{name} is shown nowhere: remove it")));
        }
        there.insert(name);
    }
    for name in names(&places) {
        let file = format!("{name}.png");
        if !there.contains(&file) {
            complaints.push(complaint(FOLDER, format!("{file} is missing: cargo xtask pictures")));
        }
        if !page.contains(&format!("(pictures/{file})")) {
            complaints.push(complaint(PAGE, format!("it does not show {file}")));
        }
    }
    Ok(complaints)
}

/// The last parts of the paths of all places.
fn names(places: &str) -> Vec<&str> {
    let paths = places.split("=> \"/console/").skip(1);
    paths.filter_map(|rest| rest.split('"').next()).collect()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn places_are_found() {
        let text = "Self::Now => \"/console/now\",\nSelf::Setup => \"/console/setup\",\n";
        assert_eq!(names(text), ["now", "setup"]);
    }
}
