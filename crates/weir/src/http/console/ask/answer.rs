//! An answer of the index as the page shows it.

use super::{super::live::Files, PATIENCE};
use console::{
    ask::{Answered, Counted, Example, Found},
    chart::Bar,
    now::Row,
};
use index::{Answers, BY, By, Cell, IndexError, Limits, Question, Table};
use ledger::Time;
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

/// How many statements are listed.
const SHOWN: Limits = Limits { time: PATIENCE, rows: 50 };
/// How many counts are.
const COUNTED: Limits = Limits { time: PATIENCE, rows: 200 };
/// What the picture of time may take.
const PICTURE: Limits = Limits { time: Duration::from_secs(2), rows: 10_000 };
/// How many bars it has at most.
const BARS: i64 = 90;
const DAY: i64 = 86_400_000_000;

/// By what is counted, if it is something.
pub(super) fn by(name: &str) -> Option<By> {
    BY.iter().find(|by| by.name == name).copied()
}

/// How many records the index knows, and how many it does not know yet.
pub(super) fn known(answers: &Answers, files: &Files) -> Result<(u64, u64), IndexError> {
    let state = answers.state()?;
    Ok((state.next, state.lag(&files.ledger)?))
}

/// What came of a question. What is wrong with it is an answer too.
pub(super) fn answer(
    answers: &Answers,
    question: Question,
    counted: &str,
) -> Result<Answered, IndexError> {
    let answered = match by(counted) {
        Some(by) => answers.count(&question, by, &COUNTED).map(counts),
        None => statements(answers, &question),
    };
    match answered {
        Err(error @ (IndexError::Question(_) | IndexError::Slow(_))) => {
            Ok(Answered::Wrong(error.to_string()))
        }
        answered => answered,
    }
}

fn counts(table: Table) -> Answered {
    let row = |row: &Vec<Cell>| row.iter().map(ToString::to_string).collect();
    let rows = table.rows.iter().map(row).collect();
    Answered::Counted(Counted { columns: table.columns, rows, more: table.more })
}

fn statements(answers: &Answers, question: &Question) -> Result<Answered, IndexError> {
    let table = answers.search(question, &SHOWN)?;
    let rows: Vec<Row> = table.rows.iter().map(|row| statement(&table, row)).collect();
    let last = table.rows.last().and_then(|row| number(&table, row, "sequence"));
    let days = match by("day") {
        Some(day) => answers.count(question, day, &PICTURE),
        None => return Err(IndexError::Question("nothing is counted by day".to_owned())),
    };
    let (all, time, of) = match days {
        Ok(days) => {
            let (all, bars) = of_days(&days);
            (Some(all), bars, "Statements by day")
        }
        // Not everything is summed up by day: then what is listed is drawn.
        Err(IndexError::Question(_) | IndexError::Slow(_)) => {
            (None, of_rows(&rows), "The statements below")
        }
        Err(error) => return Err(error),
    };
    let older = last.filter(|_| table.more);
    let later = question.goes_on();
    Ok(Answered::Found(Found { rows, older, later, all, time, of }))
}

fn cell<'t>(table: &Table, row: &'t [Cell], name: &str) -> Option<&'t Cell> {
    row.get(table.columns.iter().position(|column| column == name)?)
}

fn text(table: &Table, row: &[Cell], name: &str) -> String {
    cell(table, row, name).map(ToString::to_string).unwrap_or_default()
}

fn number(table: &Table, row: &[Cell], name: &str) -> Option<u64> {
    match cell(table, row, name)? {
        Cell::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

fn statement(table: &Table, row: &[Cell]) -> Row {
    let text = |name: &str| text(table, row, name);
    let labels = |name: &str| -> Vec<String> {
        let all = text(name);
        all.split(',').filter(|label| !label.is_empty()).map(str::to_owned).collect()
    };
    let error = text("sqlstate");
    let state = match (text("state").as_str(), error.is_empty()) {
        ("ended", true) => "done",
        ("ended", false) => "failed",
        ("refused", _) => "refused",
        ("open", _) => "running",
        _ => "unknown",
    };
    Row {
        id: text("statement"),
        time: text("time"),
        identity: text("identity"),
        database: text("database"),
        text: text("text"),
        verdict: text("verdict"),
        state,
        error,
        risk: None,
        rows: number(table, row, "rows").filter(|_| state != "refused"),
        took: None,
        raw: labels("raw"),
        masked: labels("masked"),
    }
}

/// How many there are, and bars of one or more days each.
fn of_days(table: &Table) -> (u64, Vec<Bar>) {
    let mut days: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    for row in &table.rows {
        let day = format!("{}T00:00:00.000000Z", text(table, row, "day"));
        let Ok(time) = day.parse::<Time>() else { continue };
        let count = |name: &str| number(table, row, name).unwrap_or(0);
        days.insert(time.micros().div_euclid(DAY), (count("statements"), count("refused")));
    }
    let all = days.values().map(|(all, _)| all).sum();
    (all, buckets(&days, |at| Time::from_micros(at * DAY).to_string().chars().take(10).collect()))
}

/// Bars of what is listed, each of as much time.
fn of_rows(rows: &[Row]) -> Vec<Bar> {
    let times = rows.iter().filter_map(|row| {
        let time = row.time.parse::<Time>().ok()?;
        Some((time.micros(), u64::from(row.state == "refused")))
    });
    let mut found: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    for (time, refused) in times {
        let sum = found.entry(time).or_default();
        *sum = (sum.0 + 1, sum.1 + refused);
    }
    buckets(&found, |at| {
        let words = Time::from_micros(at).to_string().replace('T', " ");
        words.chars().take(19).collect()
    })
}

/// Sums of equal stretches from the first to the last.
fn buckets(found: &BTreeMap<i64, (u64, u64)>, when: impl Fn(i64) -> String) -> Vec<Bar> {
    let (Some((first, _)), Some((last, _))) = (found.first_key_value(), found.last_key_value())
    else {
        return Vec::new();
    };
    let wide = (last - first) / BARS + 1;
    let bars = (0..=(last - first) / wide).map(|at| {
        let begin = first + at * wide;
        let sums = found.range(begin..begin + wide);
        let (all, refused) = sums.fold((0, 0), |sum, (_, one)| (sum.0 + one.0, sum.1 + one.1));
        Bar { when: when(begin), all, refused }
    });
    bars.collect()
}

/// What could be asked of this record: with a column and an agent that are in it.
pub(super) fn examples(answers: &Answers) -> Result<Vec<Example>, IndexError> {
    let one = |words: String, question: String| Example { words, question };
    let first = |word: &str| -> Result<Option<String>, IndexError> {
        let limits = Limits { time: Duration::from_secs(1), rows: 1 };
        match answers.suggest(word, &limits) {
            Err(IndexError::Slow(_)) => Ok(None),
            found => Ok(found?.into_iter().next().map(|one| one.question)),
        }
    };
    let day = |ago: u64| -> String {
        let then = SystemTime::now().checked_sub(Duration::from_secs(ago * 86_400));
        let then = Time::from(then.unwrap_or(SystemTime::UNIX_EPOCH));
        then.to_string().chars().take(10).collect()
    };
    let (today, month) = (day(0), day(30));
    let mut all =
        vec![one("What left today as it is".to_owned(), format!("disclosure:raw since:{today}"))];
    let label = first("label:")?;
    if let Some(label) = label {
        let (_, name) = label.split_once(':').unwrap_or_default();
        let words = format!("Who read {name} as it is in the last 30 days");
        all.push(one(words, format!("{label} disclosure:raw since:{month}")));
    }
    if let Some(agent) = first("agent:")? {
        let (_, name) = agent.split_once(':').unwrap_or_default();
        all.push(one(format!("What {name} has done"), agent.clone()));
    }
    for (words, question) in [
        ("What agents were refused", "kind:agent state:refused"),
        ("What was changed in the last day", "use:written since:24h"),
        ("What ran because somebody consented", "hold:any"),
    ] {
        all.push(one(words.to_owned(), question.to_owned()));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_equal_and_lose_nothing() {
        let found: BTreeMap<i64, (u64, u64)> =
            (0..1_000).filter(|at| at % 3 == 0).map(|at| (at, (2, 1))).collect();
        let bars = buckets(&found, |at| at.to_string());
        assert!(bars.len() <= 91, "{}", bars.len());
        assert_eq!(bars.iter().map(|bar| bar.all).sum::<u64>(), 2 * 334);
        assert_eq!(bars.iter().map(|bar| bar.refused).sum::<u64>(), 334);
        assert_eq!(bars.first().map(|bar| bar.when.as_str()), Some("0"));
        assert!(buckets(&BTreeMap::new(), |_| String::new()).is_empty());
        let one = BTreeMap::from([(7, (1, 0))]);
        let bar = Bar { when: "7".to_owned(), all: 1, refused: 0 };
        assert_eq!(buckets(&one, |at| at.to_string()), [bar]);
    }
}
