//! What a row has: of each event what is asked for most, in columns of its own, and the whole event
//! as JSON. The columns are documented in docs/export.md. Knows no file.
//!
//! Parquet keeps each leaf of a nested value in a column of its own, with two numbers beside every
//! value that say where it belongs: how deep it is there (`definition`), and in which of the lists
//! around it this is not the first item (`repetition`). [`put`] takes values apart that way.

use crate::event::Event;
use parquet::{
    data_type::{BoolType, ByteArray, ByteArrayType, Int64Type},
    errors::ParquetError,
    file::writer::SerializedFileWriter,
    schema::{parser::parse_message_type, types::TypePtr},
};
use serde_json::Value;
use std::{borrow::Cow, fmt::Write as _, io, sync::Arc};

/// What a column, or a part of one, holds. Everything may be missing.
#[derive(Clone, Copy, Debug)]
enum Node {
    Text,
    Number,
    Truth,
    /// Microseconds since 1970.
    Moment,
    List(&'static Node),
    Struct(&'static [(&'static str, Node)]),
}

/// Where a column's value is from.
#[derive(Clone, Copy, Debug)]
enum From {
    /// The record's sequence.
    Sequence,
    /// Which names it among the events of all logs.
    Id,
    /// When it happened.
    Time,
    /// The record's type.
    Kind,
    /// A field of the event, by a JSON pointer.
    At(&'static str),
    /// The names in a list of objects.
    Names(&'static str),
    /// How many values of result columns with labels left so.
    Labelled(&'static str),
    /// All of it.
    Whole,
}

const TEXTS: Node = Node::List(&Node::Text);

/// Every column, in order.
const COLUMNS: &[(&str, Node, From)] = &[
    ("sequence", Node::Number, From::Sequence),
    ("id", Node::Text, From::Id),
    ("time", Node::Moment, From::Time),
    ("type", Node::Text, From::Kind),
    ("class_uid", Node::Number, From::At("/class_uid")),
    ("activity", Node::Text, From::At("/activity_name")),
    ("severity", Node::Number, From::At("/severity_id")),
    ("status", Node::Text, From::At("/status")),
    ("message", Node::Text, From::At("/message")),
    ("identity", Node::Text, From::At("/actor/user/name")),
    ("kind", Node::Text, From::At("/actor/user/type")),
    ("groups", TEXTS, From::Names("/actor/user/groups")),
    ("acts_for", Node::Text, From::At("/actor/invoked_by")),
    ("application", Node::Text, From::At("/actor/app_name")),
    ("address", Node::Text, From::At("/src_endpoint/ip")),
    ("session", Node::Text, From::At("/actor/session/uid")),
    ("statement", Node::Text, From::At("/unmapped/statement")),
    ("database", Node::Text, From::At("/database/name")),
    ("operation", Node::Text, From::At("/unmapped/operation")),
    ("verdict", Node::Text, From::At("/unmapped/verdict")),
    ("policies", TEXTS, From::At("/unmapped/policies")),
    ("text", Node::Text, From::At("/query_info/query_string")),
    ("sqlstate", Node::Text, From::At("/status_code")),
    ("rows", Node::Number, From::At("/unmapped/rows")),
    ("affected", Node::Number, From::At("/unmapped/affected")),
    ("bytes", Node::Number, From::At("/unmapped/bytes")),
    ("duration_us", Node::Number, From::At("/unmapped/duration_us")),
    ("effects", Node::List(&EFFECT), From::At("/unmapped/effects")),
    ("columns", Node::List(&COLUMN), From::At("/unmapped/columns")),
    ("disclosed", Node::List(&DISCLOSED), From::At("/unmapped/disclosed")),
    ("labelled_raw", Node::Number, From::Labelled("raw")),
    ("labelled_masked", Node::Number, From::Labelled("masked")),
    ("event", Node::Text, From::Whole),
    ("risk", Node::Number, From::At("/unmapped/risk")),
    ("risk_parts", Node::List(&RISK), From::At("/unmapped/risk_parts")),
    ("task", Node::Text, From::At("/unmapped/task")),
    ("purpose", Node::Text, From::At("/unmapped/purpose")),
    ("tainted", Node::Truth, From::At("/unmapped/tainted")),
    ("preview", Node::Text, From::At("/unmapped/preview")),
];

const RISK: Node = Node::Struct(&[("part", Node::Text), ("points", Node::Number)]);
const EFFECT: Node = Node::Struct(&[("operation", Node::Text), ("object", Node::Text)]);
const COLUMN: Node =
    Node::Struct(&[("column", Node::Text), ("uses", TEXTS), ("label", Node::Text)]);
const DISCLOSED: Node = Node::Struct(&[
    ("name", Node::Text),
    ("origins", TEXTS),
    ("labels", TEXTS),
    ("raw", Node::Number),
    ("masked", Node::Number),
    ("unchanged", Node::Number),
    ("nulls", Node::Number),
]);

impl Node {
    /// How many leaves it has.
    fn leaves(&self) -> usize {
        match self {
            Self::Text | Self::Number | Self::Truth | Self::Moment => 1,
            Self::List(item) => item.leaves(),
            Self::Struct(fields) => fields.iter().map(|(_, field)| field.leaves()).sum(),
        }
    }

    /// Adds its leaves, empty.
    fn empty(&self, leaves: &mut Vec<Leaf>) {
        match self {
            Self::Text => leaves.push(Leaf::new(Values::Texts(Vec::new()))),
            Self::Number | Self::Moment => leaves.push(Leaf::new(Values::Numbers(Vec::new()))),
            Self::Truth => leaves.push(Leaf::new(Values::Truths(Vec::new()))),
            Self::List(item) => item.empty(leaves),
            Self::Struct(fields) => fields.iter().for_each(|(_, field)| field.empty(leaves)),
        }
    }

    /// Adds what Parquet's own notation has for it.
    fn write(&self, name: &str, text: &mut String) {
        let _ = match self {
            Self::Text => writeln!(text, "optional binary {name} (STRING);"),
            Self::Number => writeln!(text, "optional int64 {name};"),
            Self::Truth => writeln!(text, "optional boolean {name};"),
            Self::Moment => writeln!(text, "optional int64 {name} (TIMESTAMP(MICROS,true));"),
            Self::List(item) => {
                let _ = writeln!(text, "optional group {name} (LIST) {{ repeated group list {{");
                item.write("element", text);
                writeln!(text, "}} }}")
            }
            Self::Struct(fields) => {
                let _ = writeln!(text, "optional group {name} {{");
                fields.iter().for_each(|(name, field)| field.write(name, text));
                writeln!(text, "}}")
            }
        };
    }
}

/// The schema of every file.
pub(super) fn schema() -> Result<TypePtr, ParquetError> {
    let mut text = String::from("message event {\n");
    COLUMNS.iter().for_each(|(name, node, _)| node.write(name, &mut text));
    text.push('}');
    parse_message_type(&text).map(Arc::new)
}

/// The values of one leaf, with where they belong.
#[derive(Debug)]
struct Leaf {
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Texts(Vec<ByteArray>),
    Numbers(Vec<i64>),
    Truths(Vec<bool>),
}

impl Leaf {
    fn new(values: Values) -> Self {
        Self { definitions: Vec::new(), repetitions: Vec::new(), values }
    }

    fn mark(&mut self, repetition: i16, definition: i16) {
        self.repetitions.push(repetition);
        self.definitions.push(definition);
    }
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// The list around it of which it is not the first item; 0 is the row itself.
    repetition: i16,
    /// How deep what is around it is there.
    definition: i16,
    /// How many lists are around it.
    lists: i16,
}

/// Takes a value apart into the leaves of its node. What has another type is missing.
fn put(node: &Node, value: Option<&Value>, at: Place, leaves: &mut [Leaf]) {
    let there = Place { definition: at.definition + 1, ..at };
    match (node, value, &mut *leaves) {
        (Node::Text, Some(Value::String(text)), [leaf]) => {
            leaf.mark(there.repetition, there.definition);
            if let Values::Texts(texts) = &mut leaf.values {
                texts.push(ByteArray::from(text.as_bytes().to_vec()));
            }
        }
        (Node::Number | Node::Moment, Some(Value::Number(number)), [leaf]) => {
            leaf.mark(there.repetition, there.definition);
            if let Values::Numbers(numbers) = &mut leaf.values {
                // Counts beyond what the column can hold stay at its end.
                numbers.push(number.as_i64().unwrap_or(i64::MAX));
            }
        }
        (Node::Truth, Some(Value::Bool(truth)), [leaf]) => {
            leaf.mark(there.repetition, there.definition);
            if let Values::Truths(truths) = &mut leaf.values {
                truths.push(*truth);
            }
        }
        (Node::Struct(fields), Some(Value::Object(found)), _) => {
            let mut rest = leaves;
            for (name, field) in *fields {
                let (own, others) = rest.split_at_mut(field.leaves().min(rest.len()));
                put(field, found.get(*name), there, own);
                rest = others;
            }
        }
        (Node::List(item), Some(Value::Array(items)), _) if !items.is_empty() => {
            let mut next = Place { definition: at.definition + 2, lists: at.lists + 1, ..at };
            for one in items {
                put(item, Some(one), next, leaves);
                next.repetition = next.lists;
            }
        }
        (Node::List(_), Some(Value::Array(_)), _) => {
            leaves.iter_mut().for_each(|leaf| leaf.mark(there.repetition, there.definition));
        }
        _ => leaves.iter_mut().for_each(|leaf| leaf.mark(at.repetition, at.definition)),
    }
}

/// Rows that wait for their group.
#[derive(Debug)]
pub(super) struct Rows {
    leaves: Vec<Leaf>,
    count: usize,
    bytes: usize,
}

impl Default for Rows {
    fn default() -> Self {
        let mut leaves = Vec::new();
        COLUMNS.iter().for_each(|(_, node, _)| node.empty(&mut leaves));
        Self { leaves, count: 0, bytes: 0 }
    }
}

impl Rows {
    pub(super) fn push(&mut self, event: &Event) {
        let line = event.line();
        self.count += 1;
        self.bytes += line.len();
        let mut rest = self.leaves.as_mut_slice();
        for (_, node, from) in COLUMNS {
            let (own, others) = rest.split_at_mut(node.leaves().min(rest.len()));
            put(node, from.value(event, &line).as_deref(), Place::default(), own);
            rest = others;
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Bytes of the events as JSON.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes them as one group.
    pub(super) fn write<W: io::Write + Send>(
        &self,
        writer: &mut SerializedFileWriter<W>,
    ) -> Result<(), ParquetError> {
        let mut group = writer.next_row_group()?;
        for leaf in &self.leaves {
            let Some(mut column) = group.next_column()? else { break };
            let (definitions, repetitions) = (Some(&*leaf.definitions), Some(&*leaf.repetitions));
            match &leaf.values {
                Values::Texts(texts) => {
                    let column = column.typed::<ByteArrayType>();
                    column.write_batch(texts, definitions, repetitions)?;
                }
                Values::Numbers(numbers) => {
                    let column = column.typed::<Int64Type>();
                    column.write_batch(numbers, definitions, repetitions)?;
                }
                Values::Truths(truths) => {
                    let column = column.typed::<BoolType>();
                    column.write_batch(truths, definitions, repetitions)?;
                }
            }
            column.close()?;
        }
        group.close()?;
        Ok(())
    }
}

impl From {
    fn value<'e>(self, event: &'e Event, line: &str) -> Option<Cow<'e, Value>> {
        Some(match self {
            Self::Sequence => Cow::Owned(event.sequence.0.into()),
            Self::Id => Cow::Owned(event.id.as_str().into()),
            Self::Time => Cow::Owned(event.time.micros().into()),
            Self::Kind => Cow::Owned(event.kind.as_str().into()),
            Self::At(pointer) => Cow::Borrowed(event.body.pointer(pointer)?),
            Self::Names(pointer) => {
                let all = event.body.pointer(pointer)?.as_array()?.iter();
                Cow::Owned(all.filter_map(|one| one.get("name").cloned()).collect())
            }
            Self::Labelled(how) => {
                let disclosed = event.body.pointer("/unmapped/disclosed")?.as_array()?;
                let labelled = disclosed.iter().filter(|one| has_labels(one));
                let counts = labelled.filter_map(|one| one.get(how)?.as_u64());
                Cow::Owned(counts.fold(0, u64::saturating_add).into())
            }
            Self::Whole => Cow::Owned(line.into()),
        })
    }
}

fn has_labels(disclosed: &Value) -> bool {
    disclosed.get("labels").and_then(Value::as_array).is_some_and(|labels| !labels.is_empty())
}
