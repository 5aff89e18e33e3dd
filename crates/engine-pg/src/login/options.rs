//! The start-up parameter `options`: a command line for the server, of which only settings are
//! understood. It is taken apart here and never passed on as text.

/// Reads `-c name=value`, `-cname=value` and `--name=value`, separated by white space, in which a
/// backslash makes the next character literal (PostgreSQL's `pg_split_opts`). Any other switch of
/// the server's command line is an error, in words for the client.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut settings = Vec::new();
    let mut words = split(text).into_iter();
    while let Some(word) = words.next() {
        let assignment = if let Some(rest) = word.strip_prefix("--") {
            rest.to_owned()
        } else if word == "-c" {
            words.next().ok_or("the start-up option -c has no argument")?
        } else if let Some(rest) = word.strip_prefix("-c") {
            rest.to_owned()
        } else {
            return Err(format!(
                "unsupported start-up option \"{word}\": only -c name=value and --name=value are"
            ));
        };
        settings.push(setting(&assignment)?);
    }
    Ok(settings)
}

/// `name=value`, where a dash in the name stands for an underscore (`ParseLongOption`).
fn setting(assignment: &str) -> Result<(String, String), String> {
    match assignment.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.replace('-', "_"), value.to_owned())),
        Some(_) => Err("a start-up option has no name".to_owned()),
        None => Err(format!("the start-up option \"{assignment}\" requires a value")),
    }
}

fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            // What isspace() of the C locale takes for white space.
            ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(characters.next()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests;
