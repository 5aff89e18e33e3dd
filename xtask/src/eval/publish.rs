//! Puts the tables of a run into the document that publishes them. Knows headings and tables, and
//! nothing of what stands in them.

use anyhow::{Context, Result};

/// How the line begins that says what run the tables are of.
const RUN: &str = "Seed ";

/// The document with these tables in place of those under the same headings, and with the run's
/// line in place of its own. An error if a heading, its table or the line is not there: a table
/// of another run would stay.
pub(super) fn put(document: &str, run: &str, tables: &[(String, String)]) -> Result<String> {
    let mut lines: Vec<&str> = document.lines().collect();
    let line = lines.iter().position(|line| line.starts_with(RUN)).context("no line of the run")?;
    lines.splice(line..=line, [run]);
    for (heading, table) in tables {
        let wanted = format!("## {heading}");
        let missing = || format!("no table under `{wanted}`");
        let section = lines.iter().position(|line| *line == wanted).with_context(missing)? + 1;
        let begin = lines
            .iter()
            .skip(section)
            .take_while(|line| !line.starts_with("## "))
            .position(|line| line.starts_with('|'))
            .with_context(missing)?
            + section;
        let length = lines.iter().skip(begin).take_while(|line| line.starts_with('|')).count();
        lines.splice(begin..begin + length, table.lines());
    }
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::put;

    #[test]
    fn tables_take_the_place_of_those_under_their_headings() {
        let before = "# A\n\nSeed 1, old.\n\n## One\n\nText.\n\n| a |\n|---|\n| 1 |\n\nMore.\n\n\
                      ## Two\n\n| b |\n";
        let table = |heading: &str, table: &str| (heading.to_owned(), table.to_owned());
        let tables = [table("Two", "| c |\n"), table("One", "| a |\n|---|\n| 2 |\n| 3 |\n")];
        let after = put(before, "Seed 2, new.", &tables).unwrap();
        let expected = "# A\n\nSeed 2, new.\n\n## One\n\nText.\n\n| a |\n|---|\n| 2 |\n| 3 |\n\n\
                        More.\n\n## Two\n\n| c |\n";
        assert_eq!(after, expected);
        assert!(put(before, "Seed 2", &[table("Three", "| x |")]).is_err());
        assert!(put("## Two\n\n| b |\n", "Seed 2", &[]).is_err());
    }
}
