//! `cargo xtask pictures`: the pictures of the console in the documentation, made anew by the test
//! that looks at every page. Knows no page.

use crate::{
    step::{root, step},
    tidy::pictures::FOLDER,
};
use anyhow::{Result, bail};
use std::process::Command;

/// The test that goes to every page.
const TEST: &str = "test(=console::looks::every_page_is_fit_to_be_used_by_everybody)";

pub(crate) fn run() -> Result<()> {
    let folder = root().join(FOLDER);
    step("pictures", || {
        let mut command = Command::new("cargo");
        command.args(["nextest", "run", "-p", "tests", "-p", "weir", "-E", TEST]);
        let ended = command.env("WEIR_PICTURES", &folder).current_dir(root()).status()?;
        match ended.success() {
            true => Ok(()),
            false => bail!("the pages could not all be looked at"),
        }
    })
}
