//! PL/pgSQL bodies to a flat list of steps: which statements and expressions they hold and which
//! variables those fill. Control flow is flattened, since analysis asks what can happen, not when.
//! What the grammar here does not know makes the whole body unknown. Knows no catalog.

mod control;
mod doubts;
mod loops;
mod rows;
mod run;
mod steps;
mod variables;

pub(crate) use self::run::Loops;

use crate::{
    lex::{Kind, Lexer},
    parse,
};
use pg_raw_parse::{Owned, StmtList};

/// The most tokens of a body that is looked into.
const MAX_TOKENS: usize = 100_000;

/// How deep blocks and loops may nest.
const MAX_BLOCKS: usize = 100;

/// A piece of SQL in a body, parsed.
#[derive(Debug)]
pub(crate) struct Sql(pub(crate) Owned<StmtList>);

/// What a body does, one thing at a time.
#[derive(Debug)]
pub(crate) enum Step {
    /// The name of a block or loop.
    Label(String),
    /// A variable with its type's text and default.
    Declare { name: String, ty: String, default: Option<Sql> },
    /// Another name of a variable or argument.
    Alias { name: String, of: String },
    /// A cursor variable over a query; `bound` if it is declared with it.
    Cursor { name: String, query: Option<Sql>, bound: bool },
    /// OPEN of a variable: it makes a cursor under a name that only the running body knows, or that
    /// the variable gives.
    Open(String),
    /// `target := expression`; `each` for the elements of an array one by one.
    Assign { target: Vec<String>, value: Sql, each: bool },
    /// A statement, and the variables its row goes to.
    Statement { sql: Sql, into: Vec<Vec<String>> },
    /// The query that a loop goes through.
    Rows { sql: Sql, into: Vec<Vec<String>> },
    /// FETCH … INTO: the cursor, and the variables its row goes to; `own` if the step opens it.
    Fetch { cursor: String, into: Vec<Vec<String>>, own: bool },
    /// A branch or a loop begins: what follows happens as conditions say, `again` and again.
    Opens { again: bool },
    /// It ends.
    Closes,
    /// EXIT and CONTINUE; with `body`, a RETURN without a value.
    Leaves { body: bool },
    /// A variable that takes another value in each round of a loop.
    Varies(String),
    /// The bounds of a loop over numbers.
    Times(Sql),
    /// Variables that go through all rows of a query.
    Each { names: Vec<String>, over: Sql },
    /// A condition that decides what happens.
    Condition(Sql),
    /// An expression whose value goes nowhere but can fail or bound a loop.
    Bound(Sql),
    /// RETURN with a value.
    Return(Sql),
    /// RETURN NEXT, with a value if it has one.
    Next(Option<Sql>),
    /// RETURN QUERY.
    Query(Sql),
    /// A message goes to the client.
    Says,
    /// Values that go into a message to the client.
    Raise(Sql),
    /// SQL that is put together while the body runs, and the variables its rows go to.
    Dynamic { into: Vec<Vec<String>>, returned: bool },
    /// A variable that is filled with something about the last error or statement.
    Diagnostics { target: Vec<String>, error: bool },
}

/// A piece of text between two tokens.
#[derive(Clone, Copy, Debug)]
struct Piece {
    kind: Kind,
    start: usize,
    end: usize,
}

/// A reader of a body.
struct Reader<'t> {
    text: &'t str,
    pieces: Vec<Piece>,
    at: usize,
    depth: usize,
    /// Loops around this place.
    loops: usize,
    /// Variables that are assigned in loops, each with the words of what it is assigned.
    assigned: Vec<(String, Vec<String>)>,
    /// Cursors that take arguments, with the names of these.
    cursors: Vec<(String, Vec<String>)>,
    steps: Vec<Step>,
}

/// The steps of a body; `None` if any of it was not understood.
pub(crate) fn steps(body: &str) -> Option<Vec<Step>> {
    let mut reader = Reader::new(body)?;
    while reader.sees("#") {
        if reader.word_at(2).eq_ignore_ascii_case("use_variable") {
            // Names are looked up here the usual way, columns first.
            return None;
        }
        // `#variable_conflict use_column` and its like are one line of three words.
        reader.at += 3;
    }
    reader.block()?;
    reader.takes(";");
    let varying = reader.varying().into_iter().map(Step::Varies);
    reader.steps.extend(varying);
    (reader.at == reader.pieces.len()).then_some(reader.steps)
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Option<Self> {
        let mut pieces = Vec::new();
        for token in Lexer::new(text) {
            if matches!(token.kind, Kind::Space | Kind::Comment) {
                continue;
            }
            if pieces.len() >= MAX_TOKENS {
                return None;
            }
            let (start, end) = (token.span.start, token.span.end);
            pieces.push(Piece { kind: token.kind, start, end });
        }
        let (assigned, cursors, steps) = (Vec::new(), Vec::new(), Vec::new());
        Some(Self { text, pieces, at: 0, depth: 0, loops: 0, assigned, cursors, steps })
    }

    fn piece(&self, ahead: usize) -> Option<Piece> {
        self.pieces.get(self.at + ahead).copied()
    }

    fn shown(&self, piece: Piece) -> &'t str {
        self.text.get(piece.start..piece.end).unwrap_or_default()
    }

    fn word_at(&self, ahead: usize) -> &'t str {
        self.piece(ahead).map_or("", |piece| self.shown(piece))
    }

    fn sees(&self, word: &str) -> bool {
        self.word_at(0).eq_ignore_ascii_case(word)
    }

    /// Steps over a word if it is next.
    fn takes(&mut self, word: &str) -> bool {
        let found = self.sees(word);
        self.at += usize::from(found);
        found
    }

    fn needs(&mut self, word: &str) -> Option<()> {
        self.takes(word).then_some(())
    }

    /// An identifier as PostgreSQL folds it.
    fn name(&mut self) -> Option<String> {
        let piece = self.piece(0)?;
        let shown = self.shown(piece);
        let name = match piece.kind {
            Kind::Word => shown.to_ascii_lowercase(),
            Kind::Quoted => shown.strip_prefix('"')?.strip_suffix('"')?.replace("\"\"", "\""),
            Kind::Param => shown.to_owned(),
            _ => return None,
        };
        self.at += 1;
        crate::names::cut(name)
    }

    /// The text up to one of these words outside brackets; the word is not stepped over.
    fn until(&mut self, ends: &[&str]) -> Option<&'t str> {
        let start = self.piece(0)?.start;
        let mut depth = 0_usize;
        loop {
            let piece = self.piece(0)?;
            let shown = self.shown(piece);
            let ends_here = ends.iter().any(|end| shown.eq_ignore_ascii_case(end));
            if depth == 0 && ends_here && piece.kind != Kind::Quoted {
                return self.text.get(start..piece.start);
            }
            match piece.kind {
                Kind::Mark(b'(' | b'[') => depth += 1,
                Kind::Mark(b')' | b']') => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.at += 1;
        }
    }

    /// A type's text up to one of these words, without the comments in it.
    fn type_text(&mut self, ends: &[&str]) -> Option<String> {
        let from = self.at;
        self.until(ends)?;
        let mut text = String::new();
        let mut word = false;
        for piece in self.pieces.get(from..self.at)? {
            let this = matches!(piece.kind, Kind::Word | Kind::Quoted | Kind::Number);
            if word && this {
                text.push(' ');
            }
            text.push_str(self.shown(*piece));
            word = this;
        }
        Some(text)
    }

    /// An expression up to one of these words.
    fn expression(&mut self, ends: &[&str]) -> Option<Sql> {
        let text = self.until(ends)?;
        (!text.trim().is_empty()).then(|| sql(&format!("SELECT {text}")))?
    }

    /// A variable with the fields and subscripts behind it, as far as names go.
    fn target(&mut self) -> Option<Vec<String>> {
        let mut path = vec![self.name()?];
        loop {
            if self.takes(".") {
                path.push(self.name()?);
            } else if self.takes("[") {
                let index = self.expression_in_brackets()?;
                self.steps.push(Step::Bound(index));
            } else {
                return Some(path);
            }
        }
    }

    fn expression_in_brackets(&mut self) -> Option<Sql> {
        let text = self.until(&["]"])?;
        self.needs("]")?;
        // A slice is two subscripts.
        let text = text.replace(':', ",");
        sql(&format!("SELECT {text}"))
    }

    /// The variables behind INTO.
    fn targets(&mut self) -> Option<Vec<Vec<String>>> {
        self.takes("strict");
        let mut targets = vec![self.target()?];
        while self.takes(",") {
            targets.push(self.target()?);
        }
        Some(targets)
    }
}

/// Parsed SQL, if the grammar takes it.
fn sql(text: &str) -> Option<Sql> {
    parse::parse(text).ok().map(Sql)
}

#[cfg(test)]
mod tests;
