//! `weir reference`: the page docs/reference.md, from the definitions that also read the file and
//! the command line.

use crate::{
    cli::Cli,
    exit::{EXIT_CODES, Failure},
    out::Out,
};
use clap::CommandFactory;
use std::fmt::Write;

pub(super) fn print() -> Result<(), Failure> {
    let mut out = Out::new();
    out.text(page().trim_end())?;
    Ok(out.flush()?)
}

fn page() -> String {
    let mut page = String::from(
        "# Reference\n\nMade by `weir reference`; a test keeps it up to date. \
         `cargo run -p weir -- reference > docs/reference.md` writes it anew.\n\n\
         # weir.toml\n\nAn unknown key is an error. Paths that are not absolute start at the \
         file's own folder. Secrets stand in it by reference only.\n\n",
    );
    page += &config::reference();
    page += "\n# Commands\n\n";
    let mut root = Cli::command();
    root.build();
    command(&mut page, &root, "weir");
    page += "# Exit codes\n\n| Code | Meaning |\n|---|---|\n";
    for (code, meaning) in EXIT_CODES {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "| {code} | {meaning} |");
    }
    page
}

/// A command's help and those of its subcommands, depth first.
fn command(page: &mut String, command: &clap::Command, path: &str) {
    let help = command.clone().term_width(96).render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = writeln!(page, "## `{path}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    for sub in command.get_subcommands() {
        if !sub.is_hide_set() && sub.get_name() != "help" {
            self::command(page, sub, &format!("{path} {}", sub.get_name()));
        }
    }
}

#[cfg(test)]
mod tests;
