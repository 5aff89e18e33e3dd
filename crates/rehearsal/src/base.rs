//! PostgreSQL's own catalog, so that a statement can be analysed where no server is. Knows the
//! lines of `data/postgresql.tsv`, which is the dump of an empty database of version 15 in the form
//! that `crates/sql/cases/README.md` describes.

use model::{
    Catalog, FunctionId, RelationId, TypeId,
    catalog::{Column, Function, FunctionKind, Relation, RelationKind, Type, TypeKind, Volatility},
};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

const DUMP: &str = include_str!("../data/postgresql.tsv");

/// What every PostgreSQL database has, read once.
pub fn postgresql() -> Arc<Catalog> {
    static BASE: OnceLock<Arc<Catalog>> = OnceLock::new();
    Arc::clone(BASE.get_or_init(|| Arc::new(read(DUMP))))
}

fn read(dump: &str) -> Catalog {
    let mut catalog = Catalog::default();
    catalog.version = 1;
    catalog.server_version = 150_000;
    catalog.role = "weir".to_owned();
    catalog.search_path = vec!["pg_catalog".to_owned(), "public".to_owned()];
    let rows: Vec<Row<'_>> = dump.lines().map(|line| Row(line.split('\t').collect())).collect();
    let mut columns: HashMap<u32, Vec<Column>> = HashMap::new();
    for row in rows.iter().filter(|row| row.text(0) == "C") {
        columns.entry(row.number(1)).or_default().push(Column {
            number: row.text(2).parse().unwrap_or_default(),
            name: row.text(3).to_owned(),
            type_id: TypeId(row.number(4)),
            not_null: row.text(5) == "t",
            generated: None,
            unique: false,
            choosy: false,
            references: None,
            comment: None,
        });
    }
    for row in &rows {
        match row.text(0) {
            "T" => catalog.add_type(row.data_type()),
            "R" => catalog.add_relation(row.relation(&mut columns)),
            "F" => catalog.add_function(row.function()),
            _ => {}
        }
    }
    catalog
}

/// One line's fields.
struct Row<'a>(Vec<&'a str>);

impl Row<'_> {
    fn text(&self, at: usize) -> &str {
        self.0.get(at).copied().filter(|text| *text != "\\N").unwrap_or_default()
    }

    fn number(&self, at: usize) -> u32 {
        self.text(at).parse().unwrap_or_default()
    }

    fn types(&self, at: usize) -> Vec<TypeId> {
        self.text(at).split(',').filter_map(|id| id.parse().ok().map(TypeId)).collect()
    }

    fn data_type(&self) -> Type {
        let other = self.number(5);
        let kind = match (self.text(4), self.text(6)) {
            ("c", _) => TypeKind::Composite(RelationId(other)),
            ("d", _) => TypeKind::Domain(TypeId(other)),
            ("e", _) => TypeKind::Enum(Vec::new()),
            ("p", _) => TypeKind::Pseudo,
            (_, "A") if other != 0 => TypeKind::Array(TypeId(other)),
            _ => TypeKind::Base,
        };
        Type {
            id: TypeId(self.number(1)),
            schema: self.text(2).to_owned(),
            name: self.text(3).to_owned(),
            kind,
            category: self.text(6).chars().next().unwrap_or('U'),
            attached: model::code::Attached::default(),
        }
    }

    fn relation(&self, columns: &mut HashMap<u32, Vec<Column>>) -> Relation {
        let id = self.number(1);
        Relation {
            id: RelationId(id),
            schema: self.text(2).to_owned(),
            name: self.text(3).to_owned(),
            kind: if self.text(4) == "v" { RelationKind::View } else { RelationKind::Table },
            columns: columns.remove(&id).unwrap_or_default(),
            definition: None,
            parents: Vec::new(),
            has_rules: self.text(8) == "t",
            row_security: false,
            triggers: Vec::new(),
            attached: model::code::Attached::default(),
            refers: Vec::new(),
            carried_from: Vec::new(),
            row_type: TypeId(self.number(5)),
            comment: None,
            estimated_rows: -1.0,
        }
    }

    fn function(&self) -> Function {
        let outputs = self.text(13).split(',').filter_map(|pair| pair.rsplit_once(':'));
        let body = self.text(15);
        Function {
            id: FunctionId(self.number(1)),
            schema: self.text(2).to_owned(),
            name: self.text(3).to_owned(),
            kind: match self.text(4) {
                "p" => FunctionKind::Procedure,
                "a" => FunctionKind::Aggregate,
                "w" => FunctionKind::Window,
                _ => FunctionKind::Function,
            },
            language: self.text(5).to_owned(),
            body: (!body.is_empty()).then(|| body.replace("\\n", "\n").replace("\\t", "\t")),
            argument_names: self.text(12).split(',').map(str::to_owned).collect(),
            argument_types: self.types(11),
            defaults: self.text(10).parse().unwrap_or_default(),
            variadic: self.text(9) == "t",
            return_type: TypeId(self.number(6)),
            returns_set: self.text(7) == "t",
            output_columns: outputs
                .map(|(name, id)| (name.to_owned(), TypeId(id.parse().unwrap_or_default())))
                .collect(),
            volatility: match self.text(8) {
                "i" => Volatility::Immutable,
                "s" => Volatility::Stable,
                _ => Volatility::Volatile,
            },
            security_definer: false,
            settings: Some(self.text(14))
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .into_iter()
                .collect(),
        }
    }
}
