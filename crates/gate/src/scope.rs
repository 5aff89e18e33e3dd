//! A search_path as SHOW gives it, taken apart. Knows identifiers, not what they name.

/// The names of a list such as `"$user", public, "Odd Name"`: quoted ones as they stand, others
/// folded to lower case (PostgreSQL's `SplitIdentifierString`).
pub(crate) fn names(list: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = list.trim_start();
    while !rest.is_empty() {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_name(quoted),
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (name.trim_end().to_lowercase(), after)
            }
        };
        if !name.is_empty() {
            names.push(name);
        }
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    names
}

/// Behind an opening quote: the name up to the closing one, doubled quotes folded, and the rest.
fn quoted_name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('"') {
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(doubled) => {
                name.push('"');
                rest = doubled;
            }
            None => return (name, after),
        }
    }
    name.push_str(rest);
    (name, "")
}

#[cfg(test)]
mod tests;
