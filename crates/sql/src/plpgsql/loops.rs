//! The loops of PL/pgSQL, each to its steps: what their variables go through.

use super::{Reader, Step, sql};
use crate::lex::Kind;
use std::collections::BTreeSet;

impl Reader<'_> {
    pub(super) fn loops(&mut self, kind: &str) -> Option<()> {
        self.steps.push(Step::Opens { again: true });
        self.loops += 1;
        // A bare LOOP has nothing before its body.
        self.at += usize::from(kind != "loop");
        match kind {
            "while" => {
                let condition = self.expression(&["loop"])?;
                self.steps.push(Step::Condition(condition));
            }
            "foreach" => {
                let target = self.target()?;
                if self.takes("slice") {
                    self.at += 1;
                }
                self.needs("in")?;
                self.needs("array")?;
                let value = self.expression(&["loop"])?;
                self.steps.push(Step::Assign { target, value, each: true });
            }
            "for" => self.for_loop()?,
            _ => {}
        }
        self.needs("loop")?;
        self.statements(&["end"])?;
        self.loops -= 1;
        self.steps.push(Step::Closes);
        self.needs("end")?;
        self.needs("loop")?;
        if !self.sees(";") {
            self.name()?;
        }
        self.needs(";")
    }

    fn for_loop(&mut self) -> Option<()> {
        let into = self.targets()?;
        self.needs("in")?;
        if self.takes("execute") {
            self.until(&["loop"])?;
            self.steps.push(Step::Dynamic { into, returned: false });
            return Some(());
        }
        self.takes("reverse");
        let text = self.until(&["loop"])?;
        if let Some((low, high)) = range(text) {
            let text = format!("SELECT ROW({low}, {})", by(high));
            let name = into.first()?.first()?.clone();
            let ty = "integer".to_owned();
            self.steps.push(Step::Declare { name: name.clone(), ty, default: None });
            self.steps.push(Step::Times(sql(&text)?));
            let value = sql(&format!("SELECT LEAST({low}, {})", by(high)))?;
            let target = vec![name.clone()];
            self.steps.push(Step::Assign { target, value, each: false });
            self.steps.push(Step::Varies(name.clone()));
            let numbers = sql(&format!("SELECT generate_series({low}, {})", by(high)))?;
            self.steps.push(Step::Each { names: vec![name], over: numbers });
            return Some(());
        }
        // A record need not be declared: the loop makes it.
        self.implied(&into);
        let query = sql(text);
        if let Some(query) = query {
            // A cursor may be called like a word with which a query begins.
            let first = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
            let first = first.into_iter().next().unwrap_or_default().to_ascii_lowercase();
            let names = into.iter().flatten().cloned().collect();
            if self.is_cursor(&first) {
                self.loops_over(text, into.clone())?;
            }
            self.steps.push(Step::Rows { sql: query, into });
            self.steps.push(Step::Each { names, over: sql(text)? });
            return Some(());
        }
        self.loops_over(text, into)
    }

    /// `FOR r IN cursor [(arguments)] LOOP`.
    fn loops_over(&mut self, text: &str, into: Vec<Vec<String>>) -> Option<()> {
        let cursor = text.split('(').next()?.trim().to_ascii_lowercase();
        if let Some((_, arguments)) = text.split_once('(') {
            let arguments = arguments.trim_end().strip_suffix(')')?.to_owned();
            self.gives(&cursor, &arguments)?;
        }
        self.steps.push(Step::Fetch { cursor, into, own: true });
        Some(())
    }

    fn is_cursor(&self, name: &str) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Cursor { name: known, .. } | Step::Alias { name: known, .. } => known == name,
            _ => false,
        })
    }

    /// What a cursor is opened with: it may stand for any of its arguments.
    pub(super) fn gives(&mut self, cursor: &str, arguments: &str) -> Option<()> {
        let value = || sql(&format!("SELECT ROW({arguments})"));
        self.steps.push(Step::Bound(value()?));
        let named = self.cursors.iter().filter(|(name, _)| name == cursor);
        let taken: Vec<String> = named.flat_map(|(_, taken)| taken.iter().cloned()).collect();
        for argument in taken {
            let target = vec![argument];
            self.steps.push(Step::Assign { target, value: value()?, each: false });
        }
        Some(())
    }

    fn implied(&mut self, into: &[Vec<String>]) {
        if let [path] = into
            && let [name] = path.as_slice()
        {
            let declared = |step: &Step| matches!(step, Step::Declare { name: n, .. } if n == name);
            if !self.steps.iter().any(declared) {
                let ty = "record".to_owned();
                self.steps.push(Step::Declare { name: name.clone(), ty, default: None });
            }
        }
    }
}

impl Reader<'_> {
    /// Notes that variables are assigned here what this text says.
    pub(super) fn assigns_in_loop(&mut self, targets: &[Vec<String>], start: usize) {
        if self.loops == 0 {
            return;
        }
        let words: Vec<String> = self
            .pieces
            .iter()
            .take(self.at)
            .skip_while(|piece| piece.start < start)
            .filter(|piece| matches!(piece.kind, Kind::Word | Kind::Quoted))
            .map(|piece| self.shown(*piece).trim_matches('"').to_lowercase())
            .collect();
        // In front of a name there may be that of its block.
        for name in targets.iter().flatten() {
            self.assigned.push((name.to_lowercase(), words.clone()));
        }
    }

    /// Variables whose value in a round depends on that of the round before.
    pub(super) fn varying(&self) -> Vec<String> {
        let mut varying: Vec<String> = Vec::new();
        let same = super::rows::same(&self.steps);
        let one = |left: &str, right: &str| {
            let both = |group: &BTreeSet<String>| group.contains(left) && group.contains(right);
            left == right || same.iter().any(both)
        };
        for (name, _) in &self.assigned {
            let (mut reached, mut next): (Vec<&str>, Vec<&str>) = (Vec::new(), vec![name]);
            while let Some(current) = next.pop() {
                let words = self.assigned.iter().filter(|(known, _)| one(known, current));
                for word in words.flat_map(|(_, words)| words) {
                    let assigned = self.assigned.iter().any(|(known, _)| one(known, word));
                    if assigned && !reached.contains(&word.as_str()) {
                        reached.push(word);
                        next.push(word);
                    }
                }
            }
            let again = reached.iter().any(|reached| one(reached, name));
            if again && !varying.contains(name) {
                varying.push(name.clone());
            }
        }
        varying
    }
}

/// `low .. high` outside brackets and literals. SQL would read `1..9` as two numbers.
fn range(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for token in crate::lex::Lexer::new(text) {
        match token.kind {
            Kind::Mark(b'(' | b'[') => depth += 1,
            Kind::Mark(b')' | b']') => depth = depth.saturating_sub(1),
            Kind::Text | Kind::Quoted | Kind::Comment => {}
            _ if depth == 0 => {
                let shown = text.get(token.span.start..)?;
                let dots = shown.find("..").map(|at| token.span.start + at);
                if let Some(dots) = dots.filter(|dots| *dots < token.span.end) {
                    return Some((text.get(..dots)?, text.get(dots + 2..)?));
                }
            }
            _ => {}
        }
    }
    None
}

/// `high BY step` as two expressions.
fn by(high: &str) -> String {
    let mut out = String::new();
    let mut from = 0;
    for token in crate::lex::Lexer::new(high) {
        let shown = high.get(token.span.clone()).unwrap_or_default();
        if token.kind == Kind::Word && shown.eq_ignore_ascii_case("by") {
            out.push_str(high.get(from..token.span.start).unwrap_or_default());
            out.push(',');
            from = token.span.end;
        }
    }
    out.push_str(high.get(from..).unwrap_or_default());
    out
}
