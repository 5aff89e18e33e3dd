//! A random schema: tables whose labelled columns hold canaries, and what PostgreSQL can build over
//! them. Knows how to write it down and load it, and which values must not leave.

use super::query::Generator;
use super::values::Kind;
use super::{Choices, Column, Function, Gives, Relation, Type};
use crate::canary::Secret;
use anyhow::{Result, ensure};

/// Rows of a table.
const ROWS: usize = 5;
/// Views, materialized views and functions over random queries that are tried.
const DERIVED: usize = 7;

/// What is in the database, as far as statements can name it.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub(super) relations: Vec<Relation>,
    pub(super) functions: Vec<Function>,
    /// Procedures that give something back: their calls.
    pub(super) procedures: Vec<String>,
    /// What must work, in order.
    statements: Vec<String>,
    secrets: Vec<Secret>,
}

/// A column to be filled: its name, its kind of canary with the real type, and its type.
type Filled<'a> = (&'a str, Option<(Kind, &'a str)>, Type);

/// A labelled column: its kind, its names, its types with what the generator takes them for.
struct Labelled {
    kind: Kind,
    names: &'static [&'static str],
    types: &'static [(&'static str, Type)],
}

const LABELLED: [Labelled; 9] = [
    Labelled {
        kind: Kind::Email,
        names: &["email", "contact_email", "e_mail"],
        types: &[("text", Type::Text), ("varchar(80)", Type::Text), ("mail", Type::Text)],
    },
    Labelled {
        kind: Kind::Name,
        names: &["last_name", "surname", "family_name"],
        types: &[("text", Type::Text), ("varchar(60)", Type::Text), ("text[]", Type::Array)],
    },
    Labelled {
        kind: Kind::NationalId,
        names: &["ssn", "national_id", "tax_id"],
        types: &[("text", Type::Text), ("char(12)", Type::Text)],
    },
    Labelled {
        kind: Kind::Card,
        names: &["card_number", "credit_card"],
        types: &[("text", Type::Text), ("bigint", Type::Numeric), ("numeric", Type::Numeric)],
    },
    Labelled {
        kind: Kind::Iban,
        names: &["iban", "bank_account"],
        types: &[("text", Type::Text), ("varchar", Type::Text)],
    },
    Labelled {
        kind: Kind::Phone,
        names: &["phone", "mobile_phone"],
        types: &[("text", Type::Text), ("text[]", Type::Array)],
    },
    Labelled {
        kind: Kind::Key,
        names: &["api_key", "password", "access_token"],
        types: &[("text", Type::Text), ("bytea", Type::Bytes)],
    },
    Labelled {
        kind: Kind::Salary,
        names: &["salary", "bonus"],
        types: &[("numeric(12,2)", Type::Numeric), ("float8", Type::Numeric)],
    },
    Labelled {
        kind: Kind::Birth,
        names: &["birth_date", "date_of_birth"],
        types: &[("date", Type::Date), ("timestamp", Type::Time)],
    },
];

const PLAIN: [(&str, &str, Type); 9] = [
    ("city", "text", Type::Text),
    ("quantity", "int", Type::Int),
    ("price", "numeric", Type::Numeric),
    ("active", "bool", Type::Bool),
    ("created_at", "timestamp", Type::Time),
    ("tags", "text[]", Type::Array),
    ("meta", "jsonb", Type::Json),
    ("shipped", "date", Type::Date),
    ("size", "pair", Type::Other),
];

const TABLES: [&str; 6] = ["customers", "employees", "patients", "members", "contacts", "payments"];
const SCHEMAS: [&str; 3] = ["public", "fz0", "hr"];

impl Schema {
    /// A schema of its own for each seed.
    pub fn random(seed: u64) -> Self {
        let mut schema = Self::default();
        let choices = &mut Choices::new(seed);
        schema.statements = include_str!("shared.sql")
            .split(";\n\n")
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .map(str::to_owned)
            .collect();
        for table in TABLES.iter().take(3 + choices.below(3)) {
            schema.table(table, choices);
        }
        for at in 0..schema.relations.len() {
            schema.function(at, choices);
        }
        schema.by_the_way(choices);
        schema
    }

    /// What statements must not bring.
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// Loads it by what runs one statement and says whether it worked; views over random queries
    /// that do not work are not part of the schema.
    pub fn load(&mut self, seed: u64, mut run: impl FnMut(&str) -> Result<bool>) -> Result<()> {
        for statement in &self.statements {
            ensure!(run(statement)?, "the schema does not load: {statement}");
        }
        for at in 0..DERIVED {
            let choices = &mut Choices::new(super::mix(seed, at as u64));
            let kind = choices.below(4);
            let (query, columns) = Generator::new(self, choices).view();
            let name = format!("{}.d{at}", SCHEMAS[at % 3]);
            let create = match kind {
                0 | 1 => format!("create view {name} as {query}"),
                2 => format!("create materialized view {name} as {query}"),
                _ => {
                    let columns: Vec<String> = columns
                        .iter()
                        .map(|one| format!("{} {}", one.name, one.ty.cast()))
                        .collect();
                    let columns = columns.join(", ");
                    format!(
                        "create function {name}() returns table ({columns}) language sql as \
                         $body$ {query} $body$"
                    )
                }
            };
            if !run(&create)? || !run(&format!("select * from {name}{}", call(kind)))? {
                continue;
            }
            if kind == 3 {
                let call = format!("{name}()");
                self.functions.push(Function {
                    name,
                    call,
                    gives: Gives::Rows(columns),
                    over: None,
                });
            } else {
                self.relations.push(Relation { name, columns, written: false });
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &str, choices: &mut Choices) {
        let name = match choices.below(3) {
            0 => table.to_owned(),
            schema => format!("{}.{table}", SCHEMAS[schema]),
        };
        let mut columns = vec![Column::new("id", Type::Int)];
        let mut typed = vec!["id int primary key".to_owned()];
        let mut filled = Vec::new();
        let first = choices.below(LABELLED.len());
        for at in 0..3 + choices.below(2) {
            let labelled = &LABELLED[(first + at * 2) % LABELLED.len()];
            let (name, ty) = (
                labelled.names[choices.below(labelled.names.len())],
                labelled.types[choices.below(labelled.types.len())],
            );
            typed.push(format!("{name} {}", ty.0));
            columns.push(labelled.column(name, ty.1));
            filled.push((name, Some((labelled.kind, ty.0)), ty.1));
        }
        let first = choices.below(PLAIN.len());
        for at in 0..3 {
            let (name, real, ty) = PLAIN[(first + at * 2) % PLAIN.len()];
            typed.push(format!("{name} {real}"));
            columns.push(Column::new(name, ty));
            filled.push((name, None, ty));
        }
        if let Some(column) = columns.iter().find(|one| one.secret && one.ty == Type::Text)
            && choices.chance(50)
        {
            // An assignment cast from varchar to text would not be immutable; this is.
            let call = ["upper", "lower", "reverse"][choices.below(3)];
            typed.push(format!(
                "g1 text generated always as ({call}({}::text)) stored",
                column.name
            ));
            let made = Column { name: "g1".to_owned(), ..column.clone() };
            columns.push(made);
        }
        let shape = choices.below(4);
        let partitioned = if shape == 1 { " partition by hash (id)" } else { "" };
        self.statements.push(format!("create table {name} ({}){partitioned}", typed.join(", ")));
        if shape == 1 {
            for part in 0..2 {
                self.statements.push(format!(
                    "create table {name}_p{part} partition of {name} for values with (modulus 2, \
                     remainder {part})"
                ));
            }
            let name = format!("{name}_p0");
            self.relations.push(Relation { name, columns: columns.clone(), written: true });
        }
        self.fill(&name, &filled, 1, choices);
        if shape == 2 {
            let child = format!("{name}_archive");
            self.statements.push(format!("create table {child} (extra text) inherits ({name})"));
            self.fill(&child, &filled, 100, choices);
            let mut columns = columns.clone();
            columns.push(Column::new("extra", Type::Text));
            self.relations.push(Relation { name: child, columns, written: true });
        }
        self.relations.push(Relation { name, columns, written: true });
    }

    fn fill(&mut self, table: &str, columns: &[Filled<'_>], first: usize, choices: &mut Choices) {
        let names: Vec<&str> = columns.iter().map(|(name, ..)| *name).collect();
        for id in first..first + ROWS {
            let mut values = vec![id.to_string()];
            for (name, kind, ty) in columns {
                values.push(match kind {
                    Some((kind, real)) => {
                        let value = kind.value(choices);
                        self.secrets.push(secret(&format!("{table}.{name}"), *kind, *ty, &value));
                        literal(real, *ty, &value)
                    }
                    None => plain(*ty, id),
                });
            }
            self.statements.push(format!(
                "insert into {table} (id, {}) values ({})",
                names.join(", "),
                values.join(", ")
            ));
        }
    }

    /// What brings values that nobody asked for: a trigger that says them, a rule that selects
    /// them, a procedure that gives them back.
    fn by_the_way(&mut self, choices: &mut Choices) {
        let tables: Vec<Relation> =
            self.relations.iter().filter(|one| !one.name.ends_with("_p0")).cloned().collect();
        for (at, table) in tables.iter().enumerate() {
            let name = &table.name;
            let secrets: Vec<&Column> = table.columns.iter().filter(|one| one.secret).collect();
            let column = &secrets[choices.below(secrets.len())].name;
            match choices.below(5) {
                0 => self.statements.push(format!(
                    "create trigger fz_say before insert or update or delete on {name} for each \
                     row execute function say()"
                )),
                1 => self.statements.push(format!(
                    "create rule fz_show as on update to {name} do also select {column} from {name}"
                )),
                2 | 3 => {
                    self.statements.push(format!(
                        "create procedure hr.p{at}(inout v text) language plpgsql as $$ begin \
                         select {column}::text into v from {name} where id = 1; end $$"
                    ));
                    self.procedures.push(format!("call hr.p{at}('a')"));
                }
                _ => {}
            }
        }
    }

    /// Functions over a table.
    fn function(&mut self, at: usize, choices: &mut Choices) {
        let relation = self.relations[at].clone();
        let table = &relation.name;
        let secrets: Vec<&Column> = relation.columns.iter().filter(|one| one.secret).collect();
        let column = secrets[choices.below(secrets.len())];
        let (field, cast) = (&column.name, column.ty.cast());
        let name = format!("{}.f{at}", SCHEMAS[choices.below(3)]);
        let one = |column: &Column| Gives::One(column.clone());
        let by_id = format!("{name}((‹i›)::int)");
        let (create, call, gives, over) = match choices.below(7) {
            0 => (
                format!(
                    "(int) returns {cast} language sql stable as
                    $$ select {field}::{cast} from {table} where id = $1 $$"
                ),
                by_id,
                one(column),
                None,
            ),
            1 => (
                format!(
                    "(k int) returns {cast} language plpgsql as $$
                    declare v {table}%rowtype; w {cast};
                    begin select * into v from {table} where id = k; w := v.{field}; return w;
                    exception when others then return null; end $$"
                ),
                by_id,
                one(column),
                None,
            ),
            2 => (
                format!("() returns setof {table} language sql as $$ select * from {table} $$"),
                format!("{name}()"),
                Gives::Rows(relation.columns.clone()),
                None,
            ),
            3 => (
                format!(
                    "() returns table (a int, b {cast}) language plpgsql as $$
                    declare r record;
                    begin for r in select * from {table} loop
                    a := r.id; b := r.{field}; return next;
                    end loop; end $$"
                ),
                format!("{name}()"),
                Gives::Rows(vec![
                    Column::new("a", Type::Int),
                    Column { name: "b".to_owned(), ..column.clone() },
                ]),
                None,
            ),
            4 => (
                format!(
                    "(k int) returns {cast} language plpgsql as $$ declare v {cast};
                    begin execute format('select %I::{cast} from {table} where id = $1', '{field}')
                    into v using k; return v; end $$"
                ),
                by_id,
                one(column),
                None,
            ),
            5 => (
                format!(
                    "(int, out a int, out b {cast}) language sql as
                    $$ select id, {field}::{cast} from {table} where id >= $1 limit 1 $$"
                ),
                format!("({by_id}).b"),
                one(column),
                None,
            ),
            _ => (
                format!(
                    "({table}) returns {cast} language sql as $$ select ($1).{field}::{cast} $$"
                ),
                format!("{name}(‹›)"),
                one(column),
                Some(table.clone()),
            ),
        };
        self.statements.push(format!("create function {name}{create}"));
        self.functions.push(Function { name, call, gives, over });
    }
}

fn call(kind: usize) -> &'static str {
    if kind == 3 { "()" } else { "" }
}

impl Labelled {
    fn column(&self, name: &str, ty: Type) -> Column {
        Column { secret: true, strict: self.kind.strict(), ..Column::new(name, ty) }
    }
}

fn secret(label: &str, kind: Kind, ty: Type, value: &str) -> Secret {
    match (kind, ty) {
        (Kind::Birth, _) => {
            let part = |from, to| value.get(from..to).and_then(|part| part.parse().ok());
            let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
            let number = |part: Option<i32>| part.unwrap_or(1).unsigned_abs();
            Secret::date(label, year.unwrap_or(1900), number(month), number(day))
        }
        (_, Type::Numeric) => Secret::number(label, value),
        _ => Secret::text(label, value),
    }
}

/// A value as a literal of the column's type.
fn literal(real: &str, ty: Type, value: &str) -> String {
    match ty {
        Type::Array => format!("array['{value}', '-']::{real}"),
        Type::Bytes => format!("convert_to('{value}', 'UTF8')"),
        _ => format!("'{value}'::{real}"),
    }
}

fn plain(ty: Type, id: usize) -> String {
    match ty {
        Type::Text => format!("'place {}'", id % 3),
        Type::Int => (id * 3).to_string(),
        Type::Numeric => format!("{id}.25"),
        Type::Bool => (id.is_multiple_of(2)).to_string(),
        Type::Time => format!("timestamp '2021-01-01' + interval '{id} hours'"),
        Type::Array => format!("array['t{id}', 'u']"),
        Type::Json => format!("'{{\"a\": {id}, \"b\": [true, \"x\"]}}'"),
        Type::Date => format!("date '2022-05-05' + {id}"),
        Type::Other => format!("row({id}, 'p')::pair"),
        Type::Bytes | Type::Xml => "null".to_owned(),
    }
}
