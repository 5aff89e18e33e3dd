//! A client that replays: one statement at a time, everything it needs to know about it asked
//! beforehand. Knows the protocol and no facts.

use anyhow::{Context, Result, bail};
use tests::wire::{Message, Raw, frame, startup};

/// The name of the savepoint around questions that may fail.
pub(crate) const SAVEPOINT: &str = "weir_asks";

/// One connection.
pub(crate) struct Client {
    raw: Raw,
    /// As ReadyForQuery says: idle, in a transaction, in a failed one.
    pub(crate) status: u8,
    /// The parameter of that name.
    pub(crate) conforming: bool,
}

/// What came back for one text.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Rows, in text.
    pub(crate) rows: Vec<Vec<Option<String>>>,
    /// Names of the last result's columns.
    pub(crate) names: Vec<String>,
    /// The tags of the statements that succeeded.
    pub(crate) tags: Vec<String>,
    /// The first error's SQLSTATE and message.
    pub(crate) error: Option<(String, String)>,
}

/// An output as RowDescription names it: table and number, both 0 if it is no column.
pub(crate) type Origin = (u32, i16);

impl Client {
    /// Connects as somebody whom the server trusts.
    pub(crate) fn connect(port: u16, user: &str, database: &str) -> Result<Self> {
        let mut raw = Raw::connect(port)?;
        raw.send(&startup(&[
            ("user", user),
            ("database", database),
            ("client_encoding", "UTF8"),
            ("TimeZone", "PST8PDT"),
            ("DateStyle", "Postgres, MDY"),
            ("options", "-c intervalstyle=postgres_verbose -c statement_timeout=20s"),
        ]))?;
        let mut client = Self { raw, status: b'I', conforming: true };
        loop {
            let message = client.raw.read()?.context("closed while signing in")?;
            if message.tag == b'E' {
                bail!("{message:?}");
            }
            client.look(&message);
            if message.tag == b'Z' {
                return Ok(client);
            }
        }
    }

    /// What every message may say besides.
    fn look(&mut self, message: &Message) {
        match message.tag {
            b'Z' => self.status = message.body.first().copied().unwrap_or(b'I'),
            b'S' => {
                let conforming = b"standard_conforming_strings\0";
                if let Some(value) = message.body.strip_prefix(conforming.as_slice()) {
                    self.conforming = value == b"on\0";
                }
            }
            _ => {}
        }
    }

    /// Runs a text; `data` is asked for what COPY FROM STDIN wants.
    pub(crate) fn run(&mut self, sql: &str, mut data: impl FnMut() -> String) -> Result<Answer> {
        self.raw.query(sql)?;
        let mut answer = Answer::default();
        loop {
            let message = self.raw.read()?.with_context(|| format!("closed after: {sql}"))?;
            self.look(&message);
            match message.tag {
                b'Z' => return Ok(answer),
                b'T' => answer.names = described(&message.body).into_iter().map(|d| d.0).collect(),
                b'D' if answer.rows.len() < 10_000 => answer.rows.push(row(&message.body)),
                b'C' => {
                    let tag = message.body.strip_suffix(b"\0").unwrap_or(&message.body);
                    answer.tags.push(String::from_utf8_lossy(tag).into_owned());
                }
                b'E' if answer.error.is_none() => answer.error = Some(error(&message)),
                b'G' => {
                    let sent = [frame(b'd', data().as_bytes()), frame(b'c', b"")].concat();
                    self.raw.send(&sent)?;
                }
                _ => {}
            }
        }
    }

    /// Asks several things in one go, and leaves no trace: what the outputs of a statement are
    /// (Parse, Describe), and its plan. Either may be an error.
    pub(crate) fn ask(&mut self, sql: &str, explained: Option<&str>) -> Result<Told> {
        let inside = self.status == b'T';
        let mut sent = Vec::new();
        let query = |sql: &str| frame(b'Q', format!("{sql}\0").as_bytes());
        let back = format!("rollback to {SAVEPOINT}");
        if inside {
            sent.extend(query(&format!("savepoint {SAVEPOINT}")));
        }
        sent.extend(frame(b'P', format!("\0{sql}\0\0\0").as_bytes()));
        sent.extend(frame(b'D', b"S\0"));
        sent.extend(frame(b'S', b""));
        if inside {
            sent.extend(query(&back));
        }
        if let Some(explained) = explained {
            let options = "explain (verbose, format json, costs off)";
            sent.extend(query(&format!("{options} {explained}")));
        }
        if inside {
            sent.extend(query(&format!("{back}; release {SAVEPOINT}")));
        }
        self.raw.send(&sent)?;
        if inside {
            self.until_ready()?;
        }
        let mut told = Told::default();
        for message in self.until_ready()? {
            match message.tag {
                b'T' => {
                    let described = described(&message.body);
                    told.outputs = Some(described.into_iter().map(|d| d.1).collect());
                }
                b'E' => told.rejected = Some(error(&message)),
                _ => {}
            }
        }
        if inside {
            self.until_ready()?;
        }
        if explained.is_some() {
            let answer = self.until_ready()?;
            let failed = answer.iter().any(|message| message.tag == b'E');
            let rows = answer.iter().filter(|message| message.tag == b'D' && !failed);
            let text: Vec<String> = rows.filter_map(|m| row(&m.body).into_iter().next()?).collect();
            told.plan = (!text.is_empty()).then(|| text.join("\n"));
        }
        if inside {
            self.until_ready()?;
        }
        Ok(told)
    }

    fn until_ready(&mut self) -> Result<Vec<Message>> {
        let messages = self.raw.until(b'Z')?;
        messages.iter().for_each(|message| self.look(message));
        Ok(messages)
    }

    /// Runs one text and gives each row's body with the number of the result it belongs to.
    pub(crate) fn sections(
        &mut self,
        sql: &str,
        mut each: impl FnMut(usize, &[u8]) -> Result<()>,
    ) -> Result<()> {
        self.raw.query(sql)?;
        let (mut result, mut described, mut outcome) = (0, false, Ok(()));
        for message in self.until_ready()? {
            match message.tag {
                b'T' => described = true,
                b'D' if outcome.is_ok() => outcome = each(result, &message.body),
                b'C' if described => {
                    described = false;
                    result += 1;
                }
                b'E' if outcome.is_ok() => outcome = Err(anyhow::anyhow!("{message:?}")),
                _ => {}
            }
        }
        outcome
    }
}

/// What the server says about a statement that was not run.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// RowDescription's origins; `None` if the statement returns no rows.
    pub(crate) outputs: Option<Vec<Origin>>,
    /// Parse was answered by an error.
    pub(crate) rejected: Option<(String, String)>,
    /// EXPLAIN's JSON.
    pub(crate) plan: Option<String>,
}

fn error(message: &Message) -> (String, String) {
    let field = |wanted| message.field(wanted).unwrap_or_default();
    (field(b'C'), field(b'M'))
}

/// Names and origins of a RowDescription.
fn described(body: &[u8]) -> Vec<(String, Origin)> {
    let description = wire_pg::backend::RowDescription::parse(body).unwrap();
    let field = |field: wire_pg::backend::Field<'_>| {
        let name = field.name.utf8().unwrap_or_default().to_owned();
        (name, (field.table_oid, field.attnum))
    };
    description.iter().map(field).collect()
}

/// The values of a DataRow.
fn row(body: &[u8]) -> Vec<Option<String>> {
    let row = wire_pg::backend::DataRow::parse(body).unwrap();
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    row.values.iter().map(|value| value.map(text)).collect()
}
