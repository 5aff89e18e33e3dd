//! A psql script, taken apart as psql does it: statements, meta-commands, data of COPY. Variables
//! stand for what they hold at the moment at which the script comes to them. Knows no server.

use std::collections::HashMap;

/// What psql's variables hold.
pub(crate) type Variables = HashMap<String, String>;

/// The next thing in a script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A text for the server, and the meta-command that ended it (empty for a semicolon).
    Sql(String, String),
    /// A meta-command on its own, with its line.
    Meta(String, String),
}

/// A script and a place in it.
pub(crate) struct Script<'t> {
    rest: &'t str,
    /// For each `\if` around this place: whether it is taken, and whether any branch was.
    branches: Vec<(bool, bool)>,
}

/// What stands around a place in a statement.
#[derive(Default)]
struct Inside {
    parentheses: usize,
    /// Words so far, in lower case: a body of `BEGIN ATOMIC … END` holds semicolons.
    words: Vec<String>,
    begins: usize,
}

impl<'t> Script<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { rest: text, branches: Vec::new() }
    }

    /// The lines up to one with `\.` alone: what COPY FROM STDIN reads.
    pub(crate) fn data(&mut self) -> String {
        let mut data = String::new();
        while !self.rest.is_empty() {
            let line = self.line();
            if line == "\\." {
                break;
            }
            data.push_str(line);
            data.push('\n');
        }
        data
    }

    fn line(&mut self) -> &'t str {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        line.trim_end_matches('\r')
    }

    fn taken(&self) -> bool {
        self.branches.iter().all(|(taken, _)| *taken)
    }

    /// The next item that is not passed over by `\if`.
    pub(crate) fn next(&mut self, variables: &Variables) -> Option<Item> {
        loop {
            let item = self.any(variables)?;
            match &item {
                Item::Meta(name, rest) => match name.as_str() {
                    "if" => {
                        let taken = truth(rest);
                        self.branches.push((taken, taken));
                    }
                    "elif" => {
                        let (now, ever) = self.branches.last_mut()?;
                        *now = !*ever && truth(rest);
                        *ever |= *now;
                    }
                    "else" => {
                        let (now, ever) = self.branches.last_mut()?;
                        *now = !*ever;
                        *ever = true;
                    }
                    "endif" => {
                        self.branches.pop();
                    }
                    "q" | "quit" if self.taken() => return None,
                    _ if self.taken() => return Some(item),
                    _ => {}
                },
                Item::Sql(..) if self.taken() => return Some(item),
                Item::Sql(..) => {}
            }
        }
    }

    fn any(&mut self, variables: &Variables) -> Option<Item> {
        let mut text = String::new();
        let mut inside = Inside::default();
        loop {
            let first = self.rest.chars().next();
            let Some(first) = first else {
                let text = text.trim().to_owned();
                return (!text.is_empty()).then(|| Item::Sql(text, String::new()));
            };
            match first {
                '\'' => {
                    let escapes = inside.words.last().is_some_and(|word| word == "e")
                        && text.ends_with(['e', 'E']);
                    text.push_str(self.quoted('\'', escapes));
                }
                '"' => text.push_str(self.quoted('"', false)),
                '-' if self.rest.starts_with("--") => {
                    self.line();
                    text.push('\n');
                }
                '/' if self.rest.starts_with("/*") => {
                    text.push_str(self.comment());
                }
                '$' => match self.dollar() {
                    Some(body) => text.push_str(body),
                    None => text.push(self.one(first)),
                },
                ':' => self.variable(&mut text, variables),
                '\\' => {
                    if self.rest.starts_with("\\;") {
                        self.rest = &self.rest[2..];
                        text.push(';');
                        continue;
                    }
                    let Some((name, arguments)) = self.meta(variables) else { continue };
                    if text.trim().is_empty() {
                        return Some(Item::Meta(name, arguments));
                    }
                    if name.starts_with('g') || name == "crosstabview" {
                        let ending = format!("{name} {arguments}");
                        return Some(Item::Sql(text.trim().to_owned(), ending));
                    }
                }
                ';' if inside.parentheses == 0 && inside.begins == 0 => {
                    self.one(first);
                    let text = text.trim().to_owned();
                    if !text.is_empty() {
                        return Some(Item::Sql(text, String::new()));
                    }
                }
                _ if first.is_alphabetic() || first == '_' => {
                    let word = self.word();
                    text.push_str(word);
                    inside.word(word);
                }
                _ => {
                    match first {
                        '(' => inside.parentheses += 1,
                        ')' => inside.parentheses = inside.parentheses.saturating_sub(1),
                        _ => {}
                    }
                    text.push(self.one(first));
                }
            }
        }
    }

    fn one(&mut self, first: char) -> char {
        self.rest = &self.rest[first.len_utf8()..];
        first
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn word(&mut self) -> &'t str {
        let end = |c: char| !(c.is_alphanumeric() || c == '_' || c == '$');
        self.take(self.rest.find(end).unwrap_or(self.rest.len()))
    }

    fn quoted(&mut self, quote: char, escapes: bool) -> &'t str {
        let mut end = 1;
        let bytes = self.rest.as_bytes();
        while end < bytes.len() {
            match bytes[end] {
                b'\\' if escapes => end += 2,
                byte if char::from(byte) == quote => {
                    end += 1;
                    break;
                }
                _ => end += 1,
            }
        }
        self.take(end.min(bytes.len()))
    }

    fn comment(&mut self) -> &'t str {
        let bytes = self.rest.as_bytes();
        let (mut depth, mut end) = (0_usize, 0);
        while end < bytes.len() {
            if bytes[end..].starts_with(b"/*") {
                depth += 1;
                end += 2;
            } else if bytes[end..].starts_with(b"*/") {
                depth -= 1;
                end += 2;
                if depth == 0 {
                    break;
                }
            } else {
                end += 1;
            }
        }
        self.take(end)
    }

    /// `$tag$ … $tag$`.
    fn dollar(&mut self) -> Option<&'t str> {
        let after = &self.rest[1..];
        let tag = after.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
        if !after[tag..].starts_with('$') || after.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let quote = &self.rest[..tag + 2];
        let end = self.rest[quote.len()..].find(quote)?;
        Some(self.take(end + 2 * quote.len()))
    }

    /// `:name`, `:'name'`, `:"name"`; anything else stays as it is.
    fn variable(&mut self, text: &mut String, variables: &Variables) {
        if self.rest.starts_with("::") {
            text.push_str(self.take(2));
            return;
        }
        let after = &self.rest[1..];
        let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let start = usize::from(quote.is_some());
        let name = after.get(start..).unwrap_or_default();
        let end = name.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(name.len());
        let (name, behind) = name.split_at(end);
        let closed = quote.is_none_or(|quote| behind.starts_with(quote));
        match variables.get(name).filter(|_| closed && !name.is_empty()) {
            Some(value) => {
                let doubled = |q: char| value.replace(q, &format!("{q}{q}"));
                match quote {
                    Some(quote) => text.push_str(&format!("{quote}{}{quote}", doubled(quote))),
                    None => text.push_str(value),
                }
                self.take(1 + start + end + start);
            }
            None => text.push_str(self.take(1)),
        }
    }

    /// A meta-command and the rest of its line with variables in their places; `\\` separates
    /// several on one line.
    fn meta(&mut self, variables: &Variables) -> Option<(String, String)> {
        self.rest = &self.rest[1..];
        let end = self.rest.find(|c: char| c.is_whitespace() || c == '\\');
        let name = self.take(end.unwrap_or(self.rest.len())).to_owned();
        if name.is_empty() {
            // `\\` or a backslash at the end of a line.
            self.rest = self.rest.strip_prefix('\\').unwrap_or(self.rest);
            return None;
        }
        let line = self.rest.split('\n').next().unwrap_or_default();
        let whole = matches!(name.as_str(), "copy" | "echo" | "set" | "pset" | "gset");
        let end = if whole { None } else { line.find('\\') };
        let arguments = self.take(end.unwrap_or(line.len()));
        if name == "copy" {
            return Some((name, arguments.trim().to_owned()));
        }
        let mut replaced = String::new();
        let mut inner = Script::new(arguments);
        while let Some(first) = inner.rest.chars().next() {
            match first {
                ':' => inner.variable(&mut replaced, variables),
                _ => replaced.push(inner.one(first)),
            }
        }
        Some((name, replaced.trim().to_owned()))
    }
}

impl Inside {
    fn word(&mut self, word: &str) {
        let word = word.to_lowercase();
        let routine = || self.words.iter().take(4).any(|w| w == "function" || w == "procedure");
        if self.words.first().is_some_and(|first| first == "create") && routine() {
            match word.as_str() {
                "atomic" | "case" if self.begins > 0 || word == "atomic" => self.begins += 1,
                "end" => self.begins = self.begins.saturating_sub(1),
                _ => {}
            }
        }
        self.words.push(word);
    }
}

fn truth(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "t" | "true" | "1" | "yes" | "on" | "y")
}

/// The words of a meta-command's line, quotes taken off.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut rest) = (Vec::new(), line.trim_start());
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split_once('\'').unwrap_or((quoted, "")),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}

#[test]
fn a_script_is_taken_apart_as_psql_does() {
    let text = "select ';', $$;$$, e'\\';' -- ;\n; \\set a 'x' :b\nselect :a, :'a', 1::int\\; \
                select (1;2)\\gset p_\n\\if false\nselect 1;\n\\else\ncreate function f() begin \
                atomic select 1; select case when true then 1 end; end;\n\\endif\n/* ; /* */ ; */ x;";
    let variables: Variables = [("a", "it's"), ("b", "/y")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let mut script = Script::new(text);
    let mut items = Vec::new();
    while let Some(item) = script.next(&variables) {
        items.push(item);
    }
    let sql = |text: &str, end: &str| Item::Sql(text.to_owned(), end.to_owned());
    let body = "create function f() begin atomic select 1; select case when true then 1 end; end";
    assert_eq!(
        items,
        [
            sql("select ';', $$;$$, e'\\';'", ""),
            Item::Meta("set".to_owned(), "a 'x' /y".to_owned()),
            sql("select it's, 'it''s', 1::int; select (1;2)", "gset p_"),
            sql(body, ""),
            sql("/* ; /* */ ; */ x", ""),
        ]
    );
    assert_eq!(words("a 'x' /y"), ["a", "x", "/y"]);
}
