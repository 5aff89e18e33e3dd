//! The statements of PL/pgSQL, each to its steps.

use super::{MAX_BLOCKS, Reader, Step, sql};
use crate::lex::Kind;

impl Reader<'_> {
    /// `[<<label>>] [DECLARE …] BEGIN … [EXCEPTION …] END [label]`.
    pub(super) fn block(&mut self) -> Option<()> {
        self.label()?;
        if self.takes("declare") {
            while !self.sees("begin") {
                if self.takes("declare") {
                    continue;
                }
                self.declaration()?;
            }
        }
        self.needs("begin")?;
        self.statements(&["end", "exception"])?;
        if self.takes("exception") {
            while self.takes("when") {
                self.until(&["then"])?;
                self.needs("then")?;
                self.steps
                    .push(Step::Diagnostics { target: vec!["sqlerrm".to_owned()], error: true });
                self.statements(&["when", "end"])?;
            }
        }
        self.needs("end")?;
        if !self.sees(";") && self.at < self.pieces.len() {
            self.name()?;
        }
        Some(())
    }

    fn label(&mut self) -> Option<()> {
        if self.takes("<<") {
            self.name()?;
            self.needs(">>")?;
        }
        Some(())
    }

    fn declaration(&mut self) -> Option<()> {
        let name = self.name()?;
        if self.takes("alias") {
            self.needs("for")?;
            let of = self.name()?;
            self.steps.push(Step::Alias { name, of });
            return self.needs(";");
        }
        let scrolls = self.takes("no") | self.takes("scroll");
        if self.takes("cursor") {
            if self.takes("(") {
                loop {
                    let argument = self.name()?;
                    let ty = self.until(&[",", ")"])?.to_owned();
                    self.steps.push(Step::Declare { name: argument, ty, default: None });
                    if self.takes(")") {
                        break;
                    }
                    self.needs(",")?;
                }
            }
            if !self.takes("for") {
                self.needs("is")?;
            }
            let query = sql(self.until(&[";"])?)?;
            self.steps.push(Step::Cursor { name, query: Some(query) });
            return self.needs(";");
        }
        if scrolls {
            return None;
        }
        self.takes("constant");
        let ty = self.until(&["collate", "not", "default", ":=", "=", ";"])?.to_owned();
        if self.takes("collate") {
            self.until(&["not", "default", ":=", "=", ";"])?;
        }
        if self.takes("not") {
            self.needs("null")?;
        }
        let default = if self.takes("default") || self.takes(":=") || self.takes("=") {
            Some(self.expression(&[";"])?)
        } else {
            None
        };
        self.steps.push(Step::Declare { name, ty, default });
        self.needs(";")
    }

    /// Statements up to one of these words at their beginning.
    fn statements(&mut self, ends: &[&str]) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_BLOCKS {
            return None;
        }
        while !ends.iter().any(|end| self.sees(end)) {
            self.statement()?;
        }
        self.depth -= 1;
        Some(())
    }

    fn statement(&mut self) -> Option<()> {
        self.label()?;
        let first = self.word_at(0).to_ascii_lowercase();
        let word = self.piece(0)?.kind == Kind::Word;
        match first.as_str() {
            "begin" | "declare" => {
                self.block()?;
                return self.needs(";");
            }
            "if" if word => return self.branches(),
            "case" if word => return self.case(),
            "loop" | "while" | "for" | "foreach" if word => return self.loops(&first),
            _ => {}
        }
        if self.assigns() {
            return self.assignment();
        }
        self.at += 1;
        match first.as_str() {
            "null" => {}
            "exit" | "continue" => {
                if !self.sees("when") && !self.sees(";") {
                    self.name()?;
                }
                if self.takes("when") {
                    let condition = self.expression(&[";"])?;
                    self.steps.push(Step::Condition(condition));
                }
            }
            "return" => self.returns()?,
            "raise" => self.raise()?,
            "assert" => {
                let condition = self.expression(&[",", ";"])?;
                self.steps.push(Step::Condition(condition));
                if self.takes(",") {
                    let message = self.expression(&[";"])?;
                    self.steps.push(Step::Raise(message));
                }
            }
            "execute" => self.dynamic(false)?,
            "open" => self.open()?,
            "fetch" => self.fetch()?,
            "move" | "close" => _ = self.until(&[";"])?,
            "get" => self.diagnostics()?,
            "perform" => {
                let text = self.until(&[";"])?;
                let sql = sql(&format!("SELECT {text}"))?;
                self.steps.push(Step::Statement { sql, into: Vec::new() });
            }
            _ => {
                self.at -= 1;
                self.plain()?;
            }
        }
        self.needs(";")
    }

    /// True if a variable stands here with `:=` or `=` behind its fields and subscripts.
    fn assigns(&self) -> bool {
        let mut ahead = 1;
        loop {
            match self.word_at(ahead) {
                "." => ahead += 2,
                "[" => {
                    let mut depth = 0_usize;
                    loop {
                        match self.word_at(ahead) {
                            "[" => depth += 1,
                            "]" => depth -= 1,
                            "" => return false,
                            _ => {}
                        }
                        ahead += 1;
                        if depth == 0 {
                            break;
                        }
                    }
                }
                ":=" | "=" => return true,
                _ => return false,
            }
        }
    }

    fn assignment(&mut self) -> Option<()> {
        let target = self.target()?;
        self.at += 1;
        let value = self.expression(&[";"])?;
        self.steps.push(Step::Assign { target, value });
        self.needs(";")
    }

    fn branches(&mut self) -> Option<()> {
        self.needs("if")?;
        loop {
            let condition = self.expression(&["then"])?;
            self.steps.push(Step::Condition(condition));
            self.needs("then")?;
            self.statements(&["elsif", "elseif", "else", "end"])?;
            if !self.takes("elsif") && !self.takes("elseif") {
                break;
            }
        }
        if self.takes("else") {
            self.statements(&["end"])?;
        }
        self.needs("end")?;
        self.needs("if")?;
        self.needs(";")
    }

    fn case(&mut self) -> Option<()> {
        self.needs("case")?;
        if !self.sees("when") {
            let subject = self.expression(&["when"])?;
            self.steps.push(Step::Bound(subject));
        }
        while self.takes("when") {
            let condition = self.expression(&["then"])?;
            self.steps.push(Step::Condition(condition));
            self.needs("then")?;
            self.statements(&["when", "else", "end"])?;
        }
        if self.takes("else") {
            self.statements(&["end"])?;
        }
        self.needs("end")?;
        self.needs("case")?;
        self.needs(";")
    }

    fn loops(&mut self, kind: &str) -> Option<()> {
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
                self.steps.push(Step::Assign { target, value });
            }
            "for" => self.for_loop()?,
            _ => {}
        }
        self.needs("loop")?;
        self.statements(&["end"])?;
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
            self.steps.push(Step::Bound(sql(&text)?));
            self.steps.push(Step::Assign { target: vec![name], value: sql(&text)? });
            return Some(());
        }
        match sql(text) {
            Some(sql) => {
                // A record need not be declared: the loop makes it.
                self.implied(&into);
                self.steps.push(Step::Statement { sql, into });
            }
            None => {
                // `FOR r IN cursor [(arguments)] LOOP`.
                let cursor = text.split('(').next()?.trim().to_ascii_lowercase();
                if let Some((_, arguments)) = text.split_once('(') {
                    let arguments = arguments.trim_end().strip_suffix(')')?;
                    let arguments = sql(&format!("SELECT {arguments}"))?;
                    self.steps.push(Step::Bound(arguments));
                }
                self.implied(&into);
                self.steps.push(Step::Fetch { cursor, into });
            }
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

    fn returns(&mut self) -> Option<()> {
        if self.takes("query") {
            if self.takes("execute") {
                self.until(&[";"])?;
                self.steps.push(Step::Dynamic { into: Vec::new(), returned: true });
                return Some(());
            }
            let query = sql(self.until(&[";"])?)?;
            self.steps.push(Step::Query(query));
            return Some(());
        }
        self.takes("next");
        if !self.sees(";") {
            let value = self.expression(&[";"])?;
            self.steps.push(Step::Return(value));
        }
        Some(())
    }

    /// RAISE: everything behind the format goes into a message.
    fn raise(&mut self) -> Option<()> {
        let levels = ["debug", "log", "info", "notice", "warning", "exception"];
        if levels.iter().any(|level| self.sees(level)) {
            self.at += 1;
        }
        if self.piece(0)?.kind == Kind::Text {
            self.at += 1;
            while self.takes(",") {
                let value = self.expression(&[",", "using", ";"])?;
                self.steps.push(Step::Raise(value));
            }
        } else if !self.sees("using") && !self.sees(";") {
            // A condition's name, or SQLSTATE and its code.
            self.until(&["using", ";"])?;
        }
        if self.takes("using") {
            loop {
                self.name()?;
                if !self.takes("=") {
                    self.needs(":=")?;
                }
                let value = self.expression(&[",", ";"])?;
                self.steps.push(Step::Raise(value));
                if !self.takes(",") {
                    break;
                }
            }
        }
        Some(())
    }

    fn dynamic(&mut self, returned: bool) -> Option<()> {
        let text = self.expression(&["into", "using", ";"])?;
        self.steps.push(Step::Bound(text));
        let mut into = Vec::new();
        loop {
            if self.takes("into") {
                into = self.targets()?;
            } else if self.takes("using") {
                let values = self.expression(&["into", ";"])?;
                self.steps.push(Step::Bound(values));
            } else {
                break;
            }
        }
        self.steps.push(Step::Dynamic { into, returned });
        Some(())
    }

    fn open(&mut self) -> Option<()> {
        self.steps.push(Step::Open);
        let name = self.name()?;
        let _scrolls = self.takes("no") | self.takes("scroll");
        if self.takes("for") {
            if self.takes("execute") {
                self.until(&[";"])?;
                let into = Vec::new();
                self.steps.push(Step::Dynamic { into, returned: false });
                self.steps.push(Step::Cursor { name, query: None });
                return Some(());
            }
            let query = sql(self.until(&[";"])?)?;
            self.steps.push(Step::Cursor { name, query: Some(query) });
        } else if self.takes("(") {
            let arguments = self.expression(&[")"])?;
            self.steps.push(Step::Bound(arguments));
            self.needs(")")?;
        }
        Some(())
    }

    fn fetch(&mut self) -> Option<()> {
        let text = self.until(&["into"])?;
        let cursor = text.split_whitespace().last()?.to_ascii_lowercase();
        self.needs("into")?;
        let into = self.targets()?;
        self.steps.push(Step::Fetch { cursor, into });
        Some(())
    }

    fn diagnostics(&mut self) -> Option<()> {
        let error = self.takes("stacked");
        self.takes("current");
        self.needs("diagnostics")?;
        loop {
            let target = self.target()?;
            if !self.takes("=") {
                self.needs(":=")?;
            }
            self.name()?;
            self.steps.push(Step::Diagnostics { target, error });
            if !self.takes(",") {
                return Some(());
            }
        }
    }

    /// An SQL statement; INTO and its variables are taken out of it, as PL/pgSQL does.
    fn plain(&mut self) -> Option<()> {
        let start = self.piece(0)?.start;
        let mut into = Vec::new();
        let mut text = String::new();
        let mut from = start;
        let mut before = String::new();
        while !self.sees(";") {
            let piece = self.piece(0)?;
            let shown = self.word_at(0).to_ascii_lowercase();
            let takes = shown == "into" && !matches!(before.as_str(), "insert" | "merge");
            if takes && into.is_empty() && piece.kind == Kind::Word {
                text.push_str(self.text.get(from..piece.start)?);
                self.at += 1;
                into = self.targets()?;
                from = self.piece(0)?.start;
                continue;
            }
            before = shown;
            self.at += 1;
        }
        text.push_str(self.text.get(from..self.piece(0)?.start)?);
        let sql = sql(&text)?;
        self.steps.push(Step::Statement { sql, into });
        Some(())
    }
}

/// `low .. high` outside brackets and literals.
fn range(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let mut dot = None;
    for token in crate::lex::Lexer::new(text) {
        match token.kind {
            Kind::Mark(b'(' | b'[') => depth += 1,
            Kind::Mark(b')' | b']') => depth = depth.saturating_sub(1),
            Kind::Mark(b'.') if depth == 0 => {
                if dot == Some(token.span.start) {
                    let low = text.get(..token.span.start - 1)?;
                    return Some((low, text.get(token.span.end..)?));
                }
                dot = Some(token.span.end);
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
