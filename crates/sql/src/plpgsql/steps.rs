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
            let name = self.name()?;
            self.steps.push(Step::Label(name));
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
            let mut taken = Vec::new();
            if self.takes("(") {
                loop {
                    let argument = self.name()?;
                    taken.push(argument.clone());
                    let ty = self.type_text(&[",", ")"])?;
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
            self.cursors.push((name.clone(), taken));
            self.steps.push(Step::Cursor { name, query: Some(query), bound: true });
            return self.needs(";");
        }
        if scrolls {
            return None;
        }
        self.takes("constant");
        let ty = self.type_text(&["collate", "not", "default", ":=", "=", ";"])?;
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

    /// Statements up to one of these words at their beginning: what is run of them is run from
    /// the first one on.
    pub(super) fn statements(&mut self, ends: &[&str]) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_BLOCKS {
            return None;
        }
        self.steps.push(Step::Opens { again: false });
        while !ends.iter().any(|end| self.sees(end)) {
            self.statement()?;
        }
        self.steps.push(Step::Closes);
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
                self.steps.push(Step::Opens { again: false });
                if self.takes("when") {
                    let condition = self.expression(&[";"])?;
                    self.steps.push(Step::Condition(condition));
                }
                self.steps.push(Step::Leaves { body: false });
                self.steps.push(Step::Closes);
            }
            "return" => self.returns()?,
            "raise" => self.raise()?,
            "assert" => {
                self.steps.push(Step::Opens { again: false });
                let condition = self.expression(&[",", ";"])?;
                self.steps.push(Step::Condition(condition));
                if self.takes(",") {
                    let message = self.expression(&[";"])?;
                    self.steps.push(Step::Raise(message));
                }
                self.steps.push(Step::Closes);
            }
            "execute" => self.dynamic(false)?,
            "open" => self.open()?,
            "fetch" => self.fetch()?,
            "move" => {
                // What it passes over runs, and may fail and say what it met.
                let (cursor, into) = (self.moved(&[";"])?, Vec::new());
                self.steps.push(Step::Fetch { cursor, into, own: false });
            }
            "close" => _ = self.until(&[";"])?,
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
        let start = self.piece(0)?.start;
        let value = self.expression(&[";"])?;
        self.assigns_in_loop(std::slice::from_ref(&target), start);
        self.steps.push(Step::Assign { target, value, each: false });
        self.needs(";")
    }

    fn branches(&mut self) -> Option<()> {
        self.needs("if")?;
        self.steps.push(Step::Opens { again: false });
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
        self.steps.push(Step::Closes);
        self.needs("end")?;
        self.needs("if")?;
        self.needs(";")
    }

    fn case(&mut self) -> Option<()> {
        self.needs("case")?;
        self.steps.push(Step::Opens { again: false });
        if !self.sees("when") {
            let subject = self.expression(&["when"])?;
            self.steps.push(Step::Condition(subject));
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
        self.steps.push(Step::Closes);
        self.needs("end")?;
        self.needs("case")?;
        self.needs(";")
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
        let next = self.takes("next");
        let value = if self.sees(";") { None } else { Some(self.expression(&[";"])?) };
        self.steps.push(match (next, value) {
            (true, value) => Step::Next(value),
            (false, Some(value)) => Step::Return(value),
            (false, None) => Step::Leaves { body: true },
        });
        Some(())
    }

    /// RAISE: everything behind the format goes into a message.
    fn raise(&mut self) -> Option<()> {
        self.steps.push(Step::Says);
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
        let name = self.name()?;
        self.steps.push(Step::Open(name.clone()));
        let _scrolls = self.takes("no") | self.takes("scroll");
        if self.takes("for") {
            if self.takes("execute") {
                self.until(&[";"])?;
                let into = Vec::new();
                self.steps.push(Step::Dynamic { into, returned: false });
                self.steps.push(Step::Cursor { name, query: None, bound: false });
                return Some(());
            }
            let query = sql(self.until(&[";"])?)?;
            self.steps.push(Step::Cursor { name, query: Some(query), bound: false });
        } else if self.takes("(") {
            let arguments = self.until(&[")"])?.to_owned();
            self.gives(&name, &arguments)?;
            self.needs(")")?;
        }
        Some(())
    }

    fn fetch(&mut self) -> Option<()> {
        let cursor = self.moved(&["into"])?;
        self.needs("into")?;
        let into = self.targets()?;
        self.steps.push(Step::Fetch { cursor, into, own: false });
        Some(())
    }

    /// Where FETCH or MOVE goes, and the cursor's name: the row that is there tells how far it is.
    fn moved(&mut self, ends: &[&str]) -> Option<String> {
        let from = self.at;
        self.until(ends)?;
        self.at = self.at.checked_sub(1).filter(|at| *at >= from)?;
        let mut pieces = self.pieces.get(from..self.at)?.to_vec();
        let cursor = self.name()?;
        // In front of it there may be the name of its block.
        while let [.., label, dot] = pieces.as_slice() {
            if self.shown(*dot) != "." || !matches!(label.kind, Kind::Word | Kind::Quoted) {
                break;
            }
            pieces.truncate(pieces.len() - 2);
        }
        let mut words: Vec<&str> = pieces.iter().map(|piece| self.shown(*piece)).collect();
        words.pop_if(|word| matches!(word.to_ascii_lowercase().as_str(), "from" | "in"));
        const PLAIN: [&str; 9] = [
            "next", "prior", "first", "last", "absolute", "relative", "forward", "backward", "all",
        ];
        let plain = |word: &str| PLAIN.contains(&word.to_ascii_lowercase().as_str());
        if words.first().is_some_and(|word| plain(word)) {
            words.remove(0);
        }
        if !words.is_empty() && !words.iter().all(|word| plain(word)) {
            let far = sql(&format!("SELECT {}", words.join(" ")))?;
            self.steps.push(Step::Raise(far));
        }
        Some(cursor)
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
        self.assigns_in_loop(&into, start);
        self.steps.push(Step::Statement { sql, into });
        Some(())
    }
}
