//! From decided disclosures and the server's own description of the result to masks. Here stands
//! the check between facts and rows: where the server disagrees, everything is masked.

use crate::{
    plan::{Part, Plan},
    words::TextIn,
};
use mask::{ColumnMask, CopyMask, CopyStream, Format, Key};
use model::{
    ColumnId, Disclosure, Facts, Label, MaskMethod, Operation, RelationId, TypeId, facts::Output,
};
use sql::CopyShape;
use texts::Seen;

mod texts;

/// `pg_type.oid` of text.
const TEXT: u32 = 25;

/// One column of a result as the server describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The relation column it comes from, if the server says that it comes from one.
    pub origin: Option<ColumnId>,
    /// Its type.
    pub type_id: TypeId,
    /// Text or binary.
    pub format: Format,
}

impl Field {
    /// From the numbers of a `RowDescription`: a table of 0 means no origin.
    pub fn new(table: u32, number: i16, type_id: u32, binary: bool) -> Self {
        let origin = (table != 0).then_some(ColumnId { relation: RelationId(table), number });
        let format = if binary { Format::Binary } else { Format::Text };
        Self { origin, type_id: TypeId(type_id), format }
    }
}

/// How the values of one result leave.
#[derive(Debug)]
pub struct Masks {
    /// One per column.
    pub columns: Vec<ColumnMask>,
    /// True if no column needs a look: rows may be relayed as they are.
    pub pass: bool,
    /// The server's description disagreed with the facts, so everything is masked and what is
    /// known of the database must be read again.
    pub disagreed: bool,
    /// What each column may show, as it was decided in the end; empty for full rights.
    pub decided: Box<[Disclosure]>,
    /// The description that they were made for.
    pub fields: Box<[Field]>,
    /// Which of the columns show text that others may have written; one per column.
    pub texts: Box<[TextIn]>,
}

impl Masks {
    /// Masks for the result of `part`, as the server describes it.
    pub(crate) fn compile(plan: &Plan, part: &Part, fields: &[Field], key: &Key) -> Self {
        if plan.unrestricted {
            return Self::none();
        }
        let agreed = agrees(plan, &part.facts, &part.verdict.disclosures, fields);
        let catalog = &plan.knowledge.catalog;
        let verdict = &part.verdict;
        let decide = |index: usize| {
            let decided = verdict.disclosures.get(index).filter(|_| agreed);
            let decided = decided.unwrap_or(&verdict.fallback);
            let document = |field: &Field| ColumnMask::may_hold_document(field.type_id, catalog);
            let unreadable = part.blurred.is_some() && fields.get(index).is_none_or(document);
            within_documents(decided, part, index, unreadable)
        };
        let decided: Box<[Disclosure]> = (0..fields.len()).map(decide).collect();
        let compile = |(index, (disclosure, field)): (usize, (&Disclosure, &Field))| {
            let open = verdict.open.get(index).filter(|_| agreed && part.blurred.is_none());
            ColumnMask::compile(disclosure, field.type_id, catalog, field.format, key).opened(
                disclosure,
                open.map_or(&[], Vec::as_slice),
                key,
            )
        };
        let columns: Vec<ColumnMask> =
            decided.iter().zip(fields).enumerate().map(compile).collect();
        let seen = Seen { plan, part, agreed, quiet: texts::is_quiet(plan, &part.facts) };
        let text = |(mask, (index, field))| seen.text_in(mask, field, index);
        let texts = columns.iter().zip(fields.iter().enumerate()).map(text).collect();
        let pass = columns.iter().all(ColumnMask::passes);
        let disagreed = !agreed && !part.facts.outputs_unknown;
        Self { columns, pass, disagreed, decided, fields: fields.into(), texts }
    }

    /// Everything leaves as it is.
    fn none() -> Self {
        let (decided, fields, texts) = (Box::default(), Box::default(), Box::default());
        Self { columns: Vec::new(), pass: true, disagreed: false, decided, fields, texts }
    }
}

impl Masks {
    /// Masks for a result that no statement of the plan foresaw.
    pub(crate) fn unforeseen(plan: &Plan, fields: &[Field], key: &Key) -> Self {
        if plan.unrestricted {
            return Self::none();
        }
        let worst = Disclosure::Masked { label: Label::UNKNOWN, method: MaskMethod::Full };
        let catalog = &plan.knowledge.catalog;
        let columns = fields
            .iter()
            .map(|field| ColumnMask::compile(&worst, field.type_id, catalog, field.format, key));
        let columns = columns.collect();
        let decided = fields.iter().map(|_| worst.clone()).collect();
        let texts = fields.iter().map(|_| TextIn::Nothing).collect();
        Self { columns, pass: false, disagreed: true, decided, fields: fields.into(), texts }
    }
}

/// True if the server's description is what the facts foresaw.
fn agrees(plan: &Plan, facts: &Facts, disclosures: &[Disclosure], fields: &[Field]) -> bool {
    let Some(outputs) = facts.outputs.as_deref().filter(|_| !facts.outputs_unknown) else {
        return false;
    };
    if outputs.len() != fields.len() || disclosures.len() != fields.len() {
        return false;
    }
    // What the same text or transaction made has a number that nobody could know before. That it is
    // this which a name means is certain if all of the statement was understood.
    let fresh = |told: ColumnId| {
        let made = |effect: &model::facts::Effect| {
            effect.operation == Operation::Select
                && effect.relation.as_ref().is_some_and(|relation| relation.id.is_none())
        };
        facts.unknowns.is_empty()
            && facts.effects.iter().any(made)
            && plan.knowledge.catalog.relation(told.relation).is_none()
    };
    outputs.iter().zip(disclosures).zip(fields).all(|((output, disclosure), field)| {
        match (output.origin, field.origin) {
            // An origin that the server does not confirm says nothing against the sources: it
            // loses track of origins where values pass through functions or set operations.
            (_, None) => true,
            (Some(foreseen), Some(told)) if foreseen == told => true,
            // The server names a column that the facts did not foresee as the origin. Harmless
            // only if it is among the sources, or bears no label, or is masked anyway.
            (_, Some(told)) => {
                output.sources.contains(&told)
                    || matches!(disclosure, Disclosure::Masked { .. })
                    || (plan.knowledge.labels.label(told).is_none()
                        && (plan.knowledge.catalog.relation(told.relation).is_some()
                            || fresh(told))
                        && output.origin.is_none())
            }
        }
    })
}

/// The mask of a COPY TO STDOUT stream; `None` if it may be relayed as it is. The server does not
/// describe such a stream, so types come from the columns that the outputs are, or from the
/// statement; where neither tells, text is masked as text and binary only as what passes for any
/// type.
pub(crate) fn copy_mask(
    plan: &Plan,
    part: usize,
    columns: usize,
    binary: bool,
    key: &Key,
) -> Result<Option<CopyMask>, &'static str> {
    if plan.unrestricted {
        return Ok(None);
    }
    let Some(part) = plan.parts.get(part) else { return Err("COPY that no statement asked for") };
    let Some(shape) = &part.copy else { return Err("COPY where none was foreseen") };
    let outputs = part.facts.outputs.as_deref().unwrap_or_default();
    let catalog = &plan.knowledge.catalog;
    let fields = (0..columns).map(|index| {
        let output = outputs.get(index);
        let origin = output.and_then(|output| output.origin);
        let masked = part.verdict.disclosures.get(index);
        let masked = matches!(masked, Some(Disclosure::Masked { .. }));
        // A mask makes nothing of what is not of its type. The scan passes by what holds no text.
        let sound = |ty: &TypeId| masked || ColumnMask::may_hold_text(*ty, catalog);
        let told = output.and_then(|output| output.type_id).filter(sound);
        let column = origin.and_then(|id| {
            let columns = &catalog.relation(id.relation)?.columns;
            columns.iter().find(|column| column.number == id.number)
        });
        let unknown = told.unwrap_or(if binary { TypeId(0) } else { TypeId(TEXT) });
        let format = if binary { Format::Binary } else { Format::Text };
        Field { origin, type_id: column.map_or(unknown, |column| column.type_id), format }
    });
    let fields: Vec<Field> = fields.collect();
    let masks = Masks::compile(plan, part, &fields, key);
    if masks.pass {
        return Ok(None);
    }
    let stream = CopyStream {
        format: match shape.format {
            sql::CopyFormat::Text => mask::CopyFormat::Text,
            sql::CopyFormat::Csv => mask::CopyFormat::Csv,
            sql::CopyFormat::Binary => mask::CopyFormat::Binary,
        },
        delimiter: shape.delimiter,
        null: shape.null.clone().into_bytes(),
        quote: shape.quote,
        escape: shape.escape,
        header: shape.header,
        force_quote: (0..columns).map(|index| forces(shape, outputs.get(index))).collect(),
    };
    Ok(Some(CopyMask::new(stream, masks.columns)))
}

/// True if a column of a stream is quoted whatever it holds.
fn forces(shape: &CopyShape, output: Option<&Output>) -> bool {
    match &shape.force_quote {
        sql::ForceQuote::None => false,
        sql::ForceQuote::All => true,
        sql::ForceQuote::Columns(names) => output.is_some_and(|it| names.contains(&it.name)),
    }
}

/// What is decided on a column, with what is known of documents: a value that was taken out of one
/// by a key is masked as under that key, and nothing is read in a document whose text cannot be
/// taken apart.
fn within_documents(
    decided: &Disclosure,
    part: &Part,
    index: usize,
    unreadable: bool,
) -> Disclosure {
    if !matches!(decided, Disclosure::Scan) {
        return decided.clone();
    }
    if unreadable {
        return Disclosure::Masked { label: Label::UNKNOWN, method: MaskMethod::Null };
    }
    let output = part.facts.outputs.as_deref().and_then(|outputs| outputs.get(index));
    let keys = output.map_or(&[][..], |output| output.keys.as_slice());
    match mask::label_of_keys(keys.iter().map(String::as_str)) {
        Some(label) => Disclosure::Masked { label, method: MaskMethod::Partial },
        None => Disclosure::Scan,
    }
}
