//! Questions to the record: asked of the index by the same code as `weir audit search`. Each is in
//! the record before it is answered, without the texts that it looks for; so is each file.

mod answer;

use super::{
    Console,
    answer::{Answer, No},
    file::file,
    looker::{Looker, Pressed},
    sign_in::html,
};
use crate::audit::{csv, no_formula, object};
use answer::{answer, by, examples, known};
use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use console::{
    ask::{self, Answered, Ask},
    layout::{Place, Right, Tone},
};
use index::{Answers, BY, Cell, IndexError, Limits, Question, Table, WORDS};
use ledger::Time;
use serde::Deserialize;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use store::SavedQuestion;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many rows a file has at most.
const EXPORTED: usize = 10_000;
/// How many ways to go on are offered.
const OFFERED: Limits = Limits { time: Duration::from_secs(1), rows: 40 };
/// The longest question, and the longest name of one: letters.
const LONGEST: usize = 2_000;
const LONGEST_NAME: usize = 80;

/// What the page is asked for with.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    q: Option<String>,
    #[serde(default)]
    by: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    form: String,
    #[serde(default)]
    said: String,
}

/// `GET /console/ask`.
pub(super) async fn page(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Answer {
    let looker = looker.need(Place::Ask.right())?;
    let answered = match &asked.q {
        None => Answered::Nothing,
        Some(text) => match understood(&console, text, &asked.before) {
            Err(why) => Answered::Wrong(why.to_string()),
            Ok(question) => {
                told(&console, &looker, "", &question).await?;
                let by = asked.by.clone();
                console.ask(move |answers| answer(answers, question, &by)).await?
            }
        },
    };
    let files = console.files();
    let (known, examples) =
        console.ask(move |answers| Ok((known(answers, &files)?, examples(answers)?))).await?;
    let saved = console.shared.store.questions(&looker.who.name).await?;
    let ask = Ask {
        question: asked.q.unwrap_or_default(),
        by: by(&asked.by).map_or("", |by| by.name).to_owned(),
        bys: BY.iter().map(|by| by.name).collect(),
        answered,
        examples,
        saved: saved.into_iter().map(|one| (one.name, one.text)).collect(),
        said: said(&asked.said),
        words: WORDS,
        known,
        most: EXPORTED as u64,
    };
    html(ask::page(&ask, &looker.viewer))
}

/// `GET /console/ask/suggest`: names alone, so it is no record.
pub(super) async fn suggest(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Result<Response, No> {
    looker.need(Place::Ask.right())?;
    let text: String = asked.q.unwrap_or_default().chars().take(LONGEST).collect();
    let found = console.ask(move |answers| match answers.suggest(&text, &OFFERED) {
        // What takes too long is no help.
        Err(IndexError::Slow(_)) => Ok(Vec::new()),
        found => found,
    });
    let found = found.await?.into_iter().map(|one| (one.question, one.meaning));
    Ok(Json(found.collect::<Vec<_>>()).into_response())
}

/// `GET /console/ask/export`.
pub(super) async fn export(
    State(console): State<Arc<Console>>,
    looker: Looker,
    Query(asked): Query<Asked>,
) -> Result<Response, No> {
    let looker = looker.need(Place::Ask.right())?;
    let (kind, name) = match asked.form.as_str() {
        "csv" => ("text/csv; charset=utf-8", "weir-answer.csv"),
        "json" => ("application/x-ndjson", "weir-answer.jsonl"),
        _ => return Err(looker.nothing()),
    };
    let text = asked.q.as_deref().unwrap_or_default();
    let question = understood(&console, text, "").map_err(|_| looker.nothing())?;
    told(&console, &looker, &format!(" as {}", asked.form), &question).await?;
    let limits = Limits { time: PATIENCE, rows: EXPORTED };
    let (counted, is_csv) = (by(&asked.by), asked.form == "csv");
    let index = console.files().index;
    file((kind, name), move |lines| {
        let answers = Answers::open(&index)?;
        let mut first = is_csv;
        let mut take = |table: &Table| {
            if std::mem::take(&mut first) {
                lines.line(&csv(table.columns.iter().map(String::as_str)))?;
            }
            table.rows.iter().try_for_each(|row| {
                if !is_csv {
                    return lines.line(&serde_json::Value::Object(object(table, row)).to_string());
                }
                let cells: Vec<String> = row.iter().map(harmless).collect();
                lines.line(&csv(cells.iter().map(String::as_str)))
            })
        };
        match counted {
            Some(by) => answers.count_in_parts(&question, by, &limits, &mut take),
            None => answers.search_in_parts(&question, &limits, &mut take),
        }
    })
    .await
}

/// What a cell says in a file for a spreadsheet, which takes none of it for a formula: texts are a
/// client's to choose.
fn harmless(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => no_formula(text),
        Cell::Null | Cell::Int(_) | Cell::Real(_) => cell.to_string(),
    }
}

/// `POST /console/ask/save`.
pub(super) async fn save(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Redirect, No> {
    let (name, text) = (pressed.field("name").trim().to_owned(), pressed.field("q").to_owned());
    let looker = pressed.looker.need(Right::Audit)?;
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count());
    let said = match fits && understood(&console, &text, "").is_ok() {
        false => "wrong",
        true => {
            let (store, question) = (&console.shared.store, SavedQuestion { name, text });
            let kept = store.save_question(&looker.who.name, &question, SystemTime::now()).await?;
            if kept { "saved" } else { "full" }
        }
    };
    Ok(Redirect::to(&format!("/console/ask?said={said}")))
}

/// `POST /console/ask/forget`.
pub(super) async fn forget(
    State(console): State<Arc<Console>>,
    pressed: Pressed,
) -> Result<Redirect, No> {
    let name = pressed.field("name").to_owned();
    let looker = pressed.looker.need(Right::Audit)?;
    match console.shared.store.forget_question(&looker.who.name, &name).await? {
        true => Ok(Redirect::to("/console/ask?said=forgotten")),
        false => Err(looker.nothing()),
    }
}

fn said(word: &str) -> Option<(Tone, String)> {
    let (tone, words) = match word {
        "saved" => (Tone::Good, "The question is among yours now.".to_owned()),
        "forgotten" => (Tone::Good, "The question is forgotten.".to_owned()),
        "full" => (Tone::Bad, format!("You have {} questions already.", store::MOST_QUESTIONS)),
        "wrong" => {
            let words =
                format!("It needs a question, and a name of at most {LONGEST_NAME} letters.");
            (Tone::Bad, words)
        }
        _ => return None,
    };
    Some((tone, words))
}

fn understood(console: &Console, text: &str, before: &str) -> Result<Question, IndexError> {
    if text.chars().count() > LONGEST {
        return Err(IndexError::Question(format!("longer than {LONGEST} letters")));
    }
    let question = Question::parse(text, Time::from(SystemTime::now()))?;
    let question = question.keyed(Some(console.shared.ledger.redactor()))?;
    Ok(match before.parse() {
        Ok(sequence) => question.before(sequence),
        Err(_) => question,
    })
}

/// Puts a question into the record.
async fn told(
    console: &Console,
    looker: &Looker,
    how: &str,
    question: &Question,
) -> Result<(), No> {
    let told = question.told();
    let asked = format!("read the record: search {told}");
    let what = format!("{}{how} by the console", asked.trim_end());
    console.shared.store.administered(SystemTime::now(), &looker.who.name, &what).await?;
    Ok(())
}

impl Console {
    /// Asks the index, beside everything else.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Answers) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, No> {
        let file = self.files().index;
        let asked = tokio::task::spawn_blocking(move || question(&Answers::open(&file)?));
        Ok(asked.await.map_err(|error| No::because("the record", &error))??)
    }

    /// Asks the index; nothing if there is none yet.
    pub(super) async fn ask_if_there<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Answers) -> Result<Option<T>, IndexError> + Send + 'static,
    ) -> Result<Option<T>, No> {
        let file = self.files().index;
        let asked = tokio::task::spawn_blocking(move || match Answers::open(&file) {
            // It is made a moment after a start.
            Err(IndexError::Missing | IndexError::Version) => Ok(None),
            answers => question(&answers?),
        });
        Ok(asked.await.map_err(|error| No::because("the record", &error))??)
    }
}
