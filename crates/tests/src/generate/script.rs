//! Statements as a client would run them: alone, in a transaction with others, prepared, as
//! cursors, in DO. Knows every way out that PostgreSQL has, and nothing of who closes it.

use super::query::{Generator, Source};
use super::templates::section;
use super::{Choices, Relation, Schema, Type};

/// Statements that belong together, in order. They leave nothing behind but what `lasting` says.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// What to run.
    pub steps: Vec<String>,
    /// Values of `$1` and so on of the only step.
    pub parameters: Vec<String>,
    /// Leaves something behind that no ROLLBACK takes back.
    pub lasting: bool,
}

impl Script {
    fn one(step: String) -> Self {
        Self { steps: vec![step], parameters: Vec::new(), lasting: false }
    }

    fn undone(steps: impl IntoIterator<Item = String>) -> Self {
        let steps = std::iter::once("begin".to_owned())
            .chain(steps)
            .chain(["rollback".to_owned()])
            .collect();
        Self { steps, parameters: Vec::new(), lasting: false }
    }

    /// The steps in one text.
    pub fn text(&self) -> String {
        self.steps.join(";\n")
    }
}

/// A random script. With `parameters` a lone query may have some.
pub fn script(schema: &Schema, choices: &mut Choices, parameters: bool) -> Script {
    let kind = choices.below(40);
    let generator = &mut Generator::new(schema, choices);
    match kind {
        20 | 21 => copy(generator),
        22 | 23 => cursor(generator),
        24 => {
            let query = generator.any();
            // Prepared statements outlive a failed transaction.
            let name = format!("p{}", generator.choices.below(1_000_000_000));
            let steps = [format!("prepare {name} as {query}"), format!("execute {name}")];
            Script::undone(steps.into_iter().chain([format!("deallocate {name}")]))
        }
        25 => {
            let options = generator.choices.pick(section("explain"));
            Script::one(format!("explain {options} {}", generator.any()))
        }
        26 | 27 => block(generator),
        28 => temporary(generator),
        29..=31 => change(generator),
        32 | 33 => failing(generator),
        34 => stash(generator),
        35 if !schema.procedures.is_empty() => {
            let at = generator.choices.below(schema.procedures.len());
            Script::one(schema.procedures[at].clone())
        }
        35..=39 => door(generator),
        _ => {
            generator.parameters = parameters.then(Vec::new);
            let query = generator.any();
            let parameters = generator.parameters.take().unwrap_or_default();
            Script { parameters, ..Script::one(query) }
        }
    }
}

fn copy(generator: &mut Generator<'_>) -> Script {
    let query = generator.any();
    let options = match generator.choices.chance(70) {
        true => generator.choices.pick(section("copy")),
        false => "",
    };
    Script::one(format!("copy ({query}) to stdout {options}"))
}

fn cursor(generator: &mut Generator<'_>) -> Script {
    let query = generator.any();
    let how = ["scroll ", "", "binary ", "no scroll "][generator.choices.below(4)];
    let hold = if generator.choices.chance(20) { " with hold" } else { "" };
    let fetch =
        ["fetch all from c", "fetch 2 from c", "fetch relative 2 from c", "fetch forward 3 in c"];
    let fetch = fetch[generator.choices.below(4)].to_owned();
    let declare = format!("declare c {how}cursor{hold} for {query}");
    let back = if how == "scroll " { "fetch backward 1 from c" } else { "fetch next from c" };
    Script::undone([declare, fetch, back.to_owned()])
}

fn block(generator: &mut Generator<'_>) -> Script {
    let template = generator.choices.pick(section("do"));
    let body = if template.contains("‹B›") {
        let query = generator.any();
        template.replace("‹B›", &query)
    } else {
        generator.fill(template, 2)
    };
    Script::one(format!("do $do$ begin {body} end $do$"))
}

fn temporary(generator: &mut Generator<'_>) -> Script {
    let query = generator.any();
    let create = match generator.choices.below(3) {
        0 => format!("create temp table mine as {query}"),
        1 => format!("create temp view mine as {query}"),
        _ => format!("create temp table mine (a, b) as {query}"),
    };
    let read = ["table mine", "select mine::text from mine", "select * from mine x, mine y"];
    let read = read[generator.choices.below(3)].to_owned();
    Script::undone([create, read])
}

/// A table that is written.
fn written(generator: &mut Generator<'_>) -> Relation {
    let relations: Vec<&Relation> =
        generator.schema.relations.iter().filter(|one| one.written).collect();
    relations[generator.choices.below(relations.len())].clone()
}

fn returning(generator: &mut Generator<'_>) -> String {
    match generator.choices.below(4) {
        0 => " returning t.*".to_owned(),
        1 => " returning t".to_owned(),
        2 => String::new(),
        _ => {
            let ty = generator.ty();
            format!(" returning {}", generator.expression(ty, 2))
        }
    }
}

fn change(generator: &mut Generator<'_>) -> Script {
    let into = written(generator);
    let from = written(generator);
    let source = |alias: &str, relation: &Relation| Source {
        alias: alias.to_owned(),
        columns: relation.columns.clone(),
        relation: Some(relation.name.clone()),
    };
    let settable: Vec<(&str, Type)> = into
        .columns
        .iter()
        .filter(|one| one.name != "id" && one.name != "g1" && one.ty != Type::Other)
        .map(|one| (one.name.as_str(), one.ty))
        .collect();
    let (column, ty) = settable[generator.choices.below(settable.len())];
    let name = &into.name;
    let text = match generator.choices.below(4) {
        0 => {
            let (query, _) = generator.query(&[ty]);
            let conflict = match generator.choices.below(3) {
                0 => String::new(),
                1 => " on conflict (id) do nothing".to_owned(),
                _ => format!(" on conflict (id) do update set {column} = excluded.{column}"),
            };
            generator.scopes.push(vec![source("t", &into)]);
            let back = returning(generator);
            generator.scopes.pop();
            format!(
                "insert into {name} as t (id, {column}) select row_number() over () + 1000, c1 \
                 from ({query}) z{conflict}{back}"
            )
        }
        kind @ 1..=2 => {
            generator.scopes.push(vec![source("t", &into), source("u", &from)]);
            let value = generator.expression(ty, 2);
            let condition = generator.predicate(1);
            let back = returning(generator);
            generator.scopes.pop();
            let update = format!(
                "update {name} t set {column} = {value} from {} u where t.id = u.id and \
                 ({condition}){back}",
                from.name
            );
            match kind {
                2 if !back.is_empty() => {
                    format!("with w as ({update}) select *, w::text from w")
                }
                _ => update,
            }
        }
        _ => {
            generator.scopes.push(vec![source("t", &into), source("u", &from)]);
            let condition = generator.predicate(1);
            let back = returning(generator);
            generator.scopes.pop();
            format!(
                "delete from {name} t using {} u where t.id = u.id and ({condition}){back}",
                from.name
            )
        }
    };
    Script::undone([text, format!("table {name}")])
}

fn failing(generator: &mut Generator<'_>) -> Script {
    let template = generator.choices.pick(section("failing"));
    Script::one(over_relation(generator, template))
}

/// A template of a value, selected from a relation.
fn over_relation(generator: &mut Generator<'_>, template: &str) -> String {
    let relation = written(generator);
    generator.scopes.push(vec![Source {
        alias: "r0".to_owned(),
        columns: relation.columns.clone(),
        relation: Some(relation.name.clone()),
    }]);
    let value = generator.fill(template, 1);
    generator.scopes.pop();
    format!("select {value} from {} r0", relation.name)
}

fn stash(generator: &mut Generator<'_>) -> Script {
    let line = generator.choices.pick(section("stashes"));
    let (put, ask) = line.split_once(" => ").expect("put => ask");
    let put = over_relation(generator, put);
    // Sequences do not go back.
    let lasting = put.contains("setval");
    Script { lasting, ..Script::undone([put, ask.to_owned()]) }
}

fn door(generator: &mut Generator<'_>) -> Script {
    let relations = &generator.schema.relations;
    let relation = &relations[generator.choices.below(relations.len())];
    let secrets: Vec<&str> =
        relation.columns.iter().filter(|one| one.secret).map(|one| one.name.as_str()).collect();
    let column = secrets[generator.choices.below(secrets.len())];
    let template = generator.choices.pick(section("doors"));
    let text = template.replace("‹R›", &relation.name).replace("‹C›", column);
    if text.starts_with("select") || text.starts_with("copy") {
        Script::one(text)
    } else {
        Script::undone([text])
    }
}
