//! Shared by the tests: a catalog from its dump, and facts as lines that a person can check.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "test support: a broken dump must fail at once"
)]

use model::{
    Catalog, ColumnId, Facts, FunctionId, RelationId, TypeId,
    catalog::{Column, Function, FunctionKind, Relation, RelationKind, Type, TypeKind, Volatility},
    code::{Attached, Cast, Code, Operator},
    facts::{Derivation, Destination, Effect, RelationRef, SessionChange, Step, Use},
};
use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    sync::Arc,
};

/// Reads a dump as `cases/dump.sql` writes it.
pub(crate) fn catalog(dump: &str) -> Catalog {
    let mut catalog = Catalog::default();
    catalog.version = 1;
    catalog.server_version = 150_000;
    catalog.role = "postgres".to_owned();
    catalog.database = "cases".to_owned();
    catalog.search_path = vec!["pg_catalog".to_owned(), "public".to_owned()];
    let mut columns: HashMap<u32, Vec<Column>> = HashMap::new();
    let rows: Vec<Vec<String>> =
        dump.lines().map(|line| line.split('\t').map(unescape).collect()).collect();
    for row in rows.iter().filter(|row| row[0] == "C") {
        columns.entry(number(&row[1])).or_default().push(Column {
            number: row[2].parse().unwrap(),
            name: row[3].clone(),
            type_id: TypeId(number(&row[4])),
            not_null: row[5] == "t",
            generated: some(&row[6]),
            unique: false,
            choosy: false,
            references: None,
            comment: None,
        });
    }
    let mut code: HashMap<u32, Attached> = HashMap::new();
    for row in rows.iter().filter(|row| row[0] == "A") {
        let attached = code.entry(number(&row[1])).or_default();
        match row[2].as_str() {
            "T" => attached.types.push(TypeId(number(&row[3]))),
            _ => attached.functions.push(FunctionId(number(&row[3]))),
        }
    }
    let mut attached = |row: &[String]| code.remove(&number(&row[1])).unwrap_or_default();
    for row in &rows {
        match row[0].as_str() {
            "T" => catalog.add_type(Type { attached: attached(row), ..ty(row) }),
            "R" => {
                let relation = relation(row, &mut columns);
                catalog.add_relation(Relation { attached: attached(row), ..relation });
            }
            "F" => catalog.add_function(function(row)),
            "O" | "K" | "G" => runs_unnamed(Arc::make_mut(&mut catalog.code), row),
            _ => {}
        }
    }
    let schemas: BTreeSet<String> = catalog.relations().map(|r| r.schema.clone()).collect();
    catalog.schemas = schemas.into_iter().chain(["void".to_owned()]).collect();
    catalog
}

/// An operator, a cast, an aggregate.
fn runs_unnamed(code: &mut Code, row: &[String]) {
    match row[0].as_str() {
        "O" => code.operators.entry(row[1].clone()).or_default().push(Operator {
            schema: row[2].clone(),
            left: Some(TypeId(number(&row[3]))).filter(|ty| ty.0 != 0),
            right: TypeId(number(&row[4])),
            function: FunctionId(number(&row[5])),
        }),
        "K" => code.casts.push(Cast {
            source: TypeId(number(&row[1])),
            target: TypeId(number(&row[2])),
            function: FunctionId(number(&row[3])),
            silent: row[4] == "t",
        }),
        _ => {
            let parts = row[2..].iter().map(|part| number(part)).filter(|part| *part != 0);
            let parts = parts.map(FunctionId).collect();
            code.aggregates.insert(FunctionId(number(&row[1])), parts);
        }
    }
}

fn ty(row: &[String]) -> Type {
    let other = number(&row[5]);
    let kind = match (row[4].as_str(), row[6].as_str()) {
        ("c", _) => TypeKind::Composite(RelationId(other)),
        ("d", _) => TypeKind::Domain(TypeId(other)),
        ("e", _) => TypeKind::Enum(Vec::new()),
        ("p", _) => TypeKind::Pseudo,
        (_, "A") if other != 0 => TypeKind::Array(TypeId(other)),
        _ => TypeKind::Base,
    };
    Type {
        id: TypeId(number(&row[1])),
        schema: row[2].clone(),
        name: row[3].clone(),
        kind,
        category: row[6].chars().next().unwrap(),
        attached: Attached::default(),
    }
}

fn relation(row: &[String], columns: &mut HashMap<u32, Vec<Column>>) -> Relation {
    Relation {
        id: RelationId(number(&row[1])),
        schema: row[2].clone(),
        name: row[3].clone(),
        kind: match row[4].as_str() {
            "p" => RelationKind::Partitioned,
            "v" => RelationKind::View,
            "m" => RelationKind::Materialized,
            "f" => RelationKind::Foreign,
            "S" => RelationKind::Sequence,
            "c" => RelationKind::Composite,
            _ => RelationKind::Table,
        },
        columns: columns.remove(&number(&row[1])).unwrap_or_default(),
        definition: some(&row[6]).map(|text| text.trim_end_matches(';').to_owned()),
        parents: list(&row[7]).map(RelationId).collect(),
        has_rules: row[8] == "t",
        row_security: false,
        triggers: list(&row[9]).map(|id| FunctionId(id).into()).collect(),
        attached: Attached::default(),
        refers: Vec::new(),
        carried_from: Vec::new(),
        row_type: TypeId(number(&row[5])),
        comment: None,
        estimated_rows: -1.0,
    }
}

fn function(row: &[String]) -> Function {
    let outputs = row[13].split(',').filter_map(|pair| pair.rsplit_once(':'));
    Function {
        id: FunctionId(number(&row[1])),
        schema: row[2].clone(),
        name: row[3].clone(),
        kind: match row[4].as_str() {
            "p" => FunctionKind::Procedure,
            "a" => FunctionKind::Aggregate,
            "w" => FunctionKind::Window,
            _ => FunctionKind::Function,
        },
        language: row[5].clone(),
        body: some(&row[15]),
        argument_names: row[12].split(',').map(str::to_owned).collect(),
        argument_types: list(&row[11]).map(TypeId).collect(),
        defaults: row[10].parse().unwrap(),
        variadic: row[9] == "t",
        return_type: TypeId(number(&row[6])),
        returns_set: row[7] == "t",
        output_columns: outputs.map(|(name, ty)| (name.to_owned(), TypeId(number(ty)))).collect(),
        volatility: match row[8].as_str() {
            "i" => Volatility::Immutable,
            "s" => Volatility::Stable,
            _ => Volatility::Volatile,
        },
        security_definer: false,
        settings: some(&row[14]).into_iter().collect(),
    }
}

fn number(text: &str) -> u32 {
    text.parse().unwrap()
}

fn some(text: &str) -> Option<String> {
    (text != "\\N" && !text.is_empty()).then(|| text.to_owned())
}

fn list(text: &str) -> impl Iterator<Item = u32> {
    text.split(',').filter_map(|item| item.parse().ok())
}

fn unescape(field: &str) -> String {
    if field == "\\N" {
        return String::new();
    }
    let mut out = String::new();
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            (_, Some('n')) => out.push('\n'),
            (_, Some('t')) => out.push('\t'),
            (_, Some('r')) => out.push('\r'),
            (_, Some(other)) => out.push(other),
            (c, None) => out.push(c),
        }
    }
    out
}

/// A column as `schema.relation.column`, `public` left out.
pub(crate) fn shown(catalog: &Catalog, id: ColumnId) -> String {
    let Some(relation) = catalog.relation(id.relation) else { return format!("{id:?}") };
    let column = relation.columns.iter().find(|column| column.number == id.number);
    let column = column.map_or_else(|| id.number.to_string(), |column| column.name.clone());
    let schema = relation.schema.replace("public", "");
    format!("{schema}.{}.{column}", relation.name).trim_start_matches('.').to_owned()
}

fn target(relation: &RelationRef) -> String {
    let known = if relation.id.is_none() { "?" } else { "" };
    let schema = relation.schema.replace("public", "");
    format!("{schema}.{}{known}", relation.name).trim_start_matches('.').to_owned()
}

fn effect(effect: &Effect) -> String {
    let mut line = effect.operation.as_str().to_owned();
    if let Some(relation) = &effect.relation {
        let _ = write!(line, " {}", target(relation));
    }
    if let Some(object) = &effect.object {
        let _ = write!(line, " ({object})");
    }
    if effect.unbounded {
        line.push('!');
    }
    line
}

/// Facts as lines. `?` behind an output says that it is unknown, `@` names its origin.
pub(crate) fn lines(catalog: &Catalog, facts: &Facts) -> String {
    let mut out = String::new();
    let effects: Vec<String> = facts.effects.iter().map(effect).collect();
    let _ = writeln!(out, "{}", effects.join(", "));
    for output in facts.outputs.iter().flatten() {
        let mut sources: Vec<String> =
            output.sources.iter().map(|id| shown(catalog, *id)).collect();
        let statistics = output.statistics.iter();
        sources.extend(statistics.map(|id| format!("statistic of {}", shown(catalog, *id))));
        let mut line = format!("{} = {}", output.name, sources.join(" + "));
        if !sources.is_empty() && output.derivation != Derivation::Identity {
            let _ = write!(line, " ({})", format!("{:?}", output.derivation).to_lowercase());
        }
        if let Some(origin) = output.origin {
            let origin = shown(catalog, origin);
            let same = sources.len() == 1 && sources[0] == origin;
            let _ = write!(line, " @{}", if same { "" } else { &origin });
        }
        if !output.keys.is_empty() {
            let _ = write!(line, " by {}", output.keys.join("."));
        }
        let keyed = if output.keyed { " (in keys)" } else { "" };
        let _ = writeln!(out, "{line}{keyed}{}", if output.unknown { " ?" } else { "" });
        for inner in &output.inner {
            let steps = inner.path.iter().map(|step| match step {
                Step::Key(key) => format!(".{key}"),
                Step::At(place) => format!("[{place}]"),
                Step::Each => "[*]".to_owned(),
            });
            let sources: Vec<String> =
                inner.value.sources.iter().map(|id| shown(catalog, *id)).collect();
            let path: String = steps.collect();
            let _ = writeln!(out, "  ${path} = {}", sources.join(" + "));
        }
    }
    if facts.outputs_unknown {
        out.push_str("outputs unknown\n");
    }
    let uses = [
        Use::Tested,
        Use::LookedUp,
        Use::Aggregated,
        Use::Inferred,
        Use::Written,
        Use::Exported,
        Use::Copied,
    ];
    for usage in uses {
        let used = facts.columns.iter().filter(|column| column.usage == usage);
        let many = |column: ColumnId| {
            let look_up = facts.look_ups.iter().find(|look_up| look_up.column == column);
            match look_up.filter(|look_up| usage == Use::LookedUp && look_up.values != 1) {
                Some(look_up) => format!("{} ×{}", shown(catalog, column), look_up.values),
                None => shown(catalog, column),
            }
        };
        let used: Vec<String> = used.map(|column| many(column.column)).collect();
        if !used.is_empty() {
            let _ = writeln!(out, "{}: {}", format!("{usage:?}").to_lowercase(), used.join(", "));
        }
    }
    for tie in &facts.ties {
        let side = |columns: &[ColumnId]| {
            columns.iter().map(|id| shown(catalog, *id)).collect::<Vec<_>>().join(" + ")
        };
        let sign = if tie.equal { "=" } else { "~" };
        let _ = writeln!(out, "tie: {} {sign} {}", side(&tie.left), side(&tie.right));
    }
    for moved in &facts.moves {
        let from: Vec<String> = moved.from.iter().map(|id| shown(catalog, *id)).collect();
        let to = match &moved.to {
            Destination::Column(id) => shown(catalog, *id),
            Destination::Named { relation, column } => format!("{}.{column}", target(relation)),
            Destination::All(relation) => format!("{}.*", target(relation)),
        };
        let derived = match moved.derivation {
            Derivation::Identity => String::new(),
            other => format!(" ({})", format!("{other:?}").to_lowercase()),
        };
        let unknown = if moved.unknown { " ?" } else { "" };
        let _ = writeln!(out, "moves: {} <- {}{derived}{unknown}", to, from.join(" + "));
    }
    for renamed in &facts.renamed {
        let column = renamed.column.as_ref().map(|(old, new)| format!(" ({old} to {new})"));
        let (old, new) = (target(&renamed.relation), target(&renamed.to));
        let _ = writeln!(out, "renamed: {old} to {new}{}", column.unwrap_or_default());
    }
    let called: Vec<&str> = facts
        .functions
        .iter()
        .map(|function| function.name.as_str())
        .filter(|name| !name.starts_with("pg_catalog."))
        .collect();
    if !called.is_empty() {
        let _ = writeln!(out, "calls: {}", called.join(", "));
    }
    for change in &facts.session {
        let _ = match change {
            SessionChange::Prepare(name, _) => writeln!(out, "session: prepare {name}"),
            SessionChange::Declare(name, _) => writeln!(out, "session: declare {name}"),
            other => writeln!(out, "session: {}", format!("{other:?}").to_lowercase()),
        };
    }
    if facts.dynamic {
        out.push_str("dynamic\n");
    }
    for unknown in &facts.unknowns {
        let _ = writeln!(out, "unknown: {}: {}", unknown.what, unknown.why);
    }
    out
}
