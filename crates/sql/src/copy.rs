//! COPY: which way, through what, and how the stream is laid out.

use crate::{
    CopyFormat, CopyShape, ForceQuote,
    analyse::Walk,
    flow::{Columns, Field, Flow, Rest},
    names::{missing, parts, reference},
    relate::{Stand, stand},
    relation::Reached,
    scope::{Env, Fragment, Table},
};
use model::{ColumnId, Operation, catalog::Relation, facts::RelationRef};
use pg_raw_parse::{
    ConstValue, Node,
    list::CastNodeList,
    nodes::{CopyStmt, DefElem},
};
use std::sync::Arc;

impl Walk<'_> {
    pub(crate) fn copy_statement(&mut self, copy: &CopyStmt, env: &Env<'_>) -> Option<Columns> {
        let operation = match (copy.is_program, copy.filename(), copy.is_from) {
            (true, ..) => Operation::ServerProgram,
            (false, Some(_), _) => Operation::ServerFile,
            (false, None, true) => Operation::CopyIn,
            (false, None, false) => Operation::CopyOut,
        };
        if copy.is_program {
            let why = "what it does is not seen; run it where it may be seen";
            self.facts.unknown("a program on the server", why);
        }
        let streams = matches!(operation, Operation::CopyIn | Operation::CopyOut);
        if streams {
            self.copy = Some(shape(copy.options()));
        }
        if copy.is_from {
            self.copy_from(copy, operation, env);
            return None;
        }
        let columns = match copy.query() {
            Node::None => self.copy_table(copy, operation),
            query => {
                self.facts.plain(operation);
                self.statement(query, env).unwrap_or_default()
            }
        };
        if streams {
            return Some(columns);
        }
        for field in &columns.fields {
            self.facts.exports(&field.flow);
        }
        if columns.rest != Rest::Closed {
            self.facts.unknown("the columns of COPY", "they are not known; name them");
        }
        None
    }

    /// The columns that COPY of a table means: those listed, or all that are not generated.
    fn listed(
        &mut self,
        copy: &CopyStmt,
        table: &Table,
        relation: Option<&Arc<Relation>>,
    ) -> Columns {
        let names = parts(copy.attlist());
        if names.is_empty() {
            let mut columns = Columns::clone(&table.columns);
            if let Some(relation) = relation {
                columns.fields.retain(|field| {
                    relation.column(&field.name).is_none_or(|column| column.generated.is_none())
                });
            }
            return columns;
        }
        let find = |name: &&str| {
            let flow = table.columns.find(name).unwrap_or_else(Flow::unknown);
            Field::new(name, flow)
        };
        Columns::closed(names.iter().map(find).collect())
    }

    fn copy_table(&mut self, copy: &CopyStmt, operation: Operation) -> Columns {
        let Some(range) = copy.relation() else { return Columns::open() };
        let relation = match self.reach(range) {
            Reached::Known(relation) => Some(relation),
            _ => None,
        };
        let shown = named(range.schemaname(), range.relname(), relation);
        self.facts.on(operation, shown);
        let table = self.read(range);
        self.listed(copy, &table, relation)
    }

    fn copy_from(&mut self, copy: &CopyStmt, operation: Operation, env: &Env<'_>) {
        let Some(range) = copy.relation() else { return };
        let relation = match self.reach(range) {
            Reached::Known(relation) => Some(relation),
            _ => None,
        };
        let shown = named(range.schemaname(), range.relname(), relation);
        self.facts.on(operation, shown.clone());
        if operation != Operation::CopyIn {
            self.facts.on(Operation::Insert, shown);
        }
        let Some(relation) = relation else { return };
        self.triggers(relation);
        self.triggers_below(relation);
        self.stores(relation, &Flow::constant(None));
        self.fill_defaults(Some(relation));
        let table = Table {
            alias: relation.name.as_str().into(),
            schema: Some(relation.schema.as_str().into()),
            relation: Some(relation.id),
            row_type: Some(relation.row_type),
            columns: self.columns(relation),
            named: false,
            renamed: false,
        };
        for field in self.listed(copy, &table, Some(relation)).fields {
            // What stands in a column of the session's own from elsewhere is not written there.
            let own = !crate::is_temporary(&relation.schema);
            let column = |source: &ColumnId| {
                matches!(stand(*source), Stand::Column(_))
                    && (own || source.relation == relation.id)
            };
            field.flow.sources.iter().filter(|it| column(it)).for_each(|it| self.written(*it));
        }
        let mut level = env.below();
        level.fragments.push(Fragment::table(table));
        self.test(copy.where_clause(), &level);
    }
}

fn named(
    schema: Option<&str>,
    name: Option<&str>,
    relation: Option<&Arc<Relation>>,
) -> RelationRef {
    match relation {
        Some(relation) => reference(relation),
        None => missing(schema, name.unwrap_or_default()),
    }
}

/// The layout that a list of COPY options describes, PostgreSQL's defaults filled in.
fn shape(options: &CastNodeList<DefElem>) -> CopyShape {
    let option = |name: &str| options.iter().find(|option| option.defname() == Some(name));
    let text = |name: &str| option(name).and_then(|option| word(option.arg()));
    let byte = |name: &str| text(name).and_then(|text| text.as_bytes().first().copied());
    let format = match text("format").map(|format| format.to_ascii_lowercase()).as_deref() {
        Some("csv") => CopyFormat::Csv,
        Some("binary") => CopyFormat::Binary,
        _ => CopyFormat::Text,
    };
    let csv = format == CopyFormat::Csv;
    let quote = byte("quote").unwrap_or(b'"');
    let force_quote = match option("force_quote").map(DefElem::arg) {
        None => ForceQuote::None,
        Some(Node::NodeList(list)) => {
            ForceQuote::Columns(parts(list.iter()).into_iter().map(str::to_owned).collect())
        }
        Some(_) => ForceQuote::All,
    };
    CopyShape {
        format,
        delimiter: byte("delimiter").unwrap_or(if csv { b',' } else { b'\t' }),
        null: text("null").unwrap_or_else(|| if csv { String::new() } else { "\\N".to_owned() }),
        quote,
        escape: byte("escape").unwrap_or(quote),
        header: option("header").is_some_and(|option| {
            word(option.arg()).is_some_and(|word| word.eq_ignore_ascii_case("match"))
                || truth(option.arg())
        }),
        force_quote,
        encoding: text("encoding"),
    }
}

/// The text of an option's value.
pub(crate) fn word(node: Node<'_>) -> Option<String> {
    match node {
        Node::String(text) => text.sval().map(str::to_owned),
        Node::Integer(number) => Some(number.ival.to_string()),
        Node::Float(number) => number.fval().map(str::to_owned),
        Node::Boolean(value) => Some(value.boolval.to_string()),
        Node::TypeName(name) => crate::names::strings(name.names()).last().map(|s| (*s).to_owned()),
        Node::A_Const(constant) => match constant.val()? {
            ConstValue::Unrecognized(_) => None,
            value => Some(value.to_string()),
        },
        _ => None,
    }
}

/// A boolean option's value; none means true.
pub(crate) fn truth(node: Node<'_>) -> bool {
    match word(node) {
        None => true,
        Some(word) => {
            !matches!(word.to_ascii_lowercase().as_str(), "false" | "off" | "0" | "no" | "f" | "n")
        }
    }
}
