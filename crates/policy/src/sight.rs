//! What one principal may see of columns. Knows labels, the catalog's names and `disclose`; knows
//! nothing of statements' effects.

use crate::ask::{Answer, Asker};
use crate::entity::{Object, temporary};
use crate::rule::Rule;
use crate::tie::told;
use model::catalog::{Relation, RelationKind};
use model::facts::{Derivation, Inner, Output, Step};
use model::{
    Catalog, Class, ColumnId, Disclosure, Facts, Label, LabelMap, MaskMethod, RelationId, TypeId,
};
use std::collections::HashMap;

/// The label of what could not be traced.
static UNKNOWN: Label = Label::UNKNOWN;

/// What a principal sees of a value. Ordered by strictness, but for labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// As it is; with the label it bears, if any.
    Raw(Option<Label>),
    /// No label, so its content is scanned.
    Scan,
    /// Masked.
    Masked(Label, MaskMethod),
}

/// A view with the policies behind it.
#[derive(Clone, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) view: View,
    pub(crate) rules: Vec<&'a Rule>,
}

/// A column in names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) schema: &'a str,
    pub(crate) table: &'a str,
    pub(crate) name: &'a str,
    pub(crate) label: Option<&'a Label>,
    class: Option<Class>,
    /// A column of a view or of the session's own: what is behind it stands in the facts too.
    view: bool,
}

/// Columns that must get the same answer share a key, so that a wide table costs one question per
/// label and not one per column.
pub(crate) type Key = (RelationId, Option<Label>, Option<i16>);

/// What a principal may learn of a group of rows.
#[derive(Clone, Debug)]
pub(crate) struct Statistic<'a> {
    /// Statistics over the column leave.
    pub(crate) allowed: bool,
    pub(crate) rules: Vec<&'a Rule>,
}

/// Answers about columns, remembered for one decision.
#[derive(Debug)]
pub(crate) struct Sight<'a> {
    asker: &'a Asker<'a>,
    catalog: &'a Catalog,
    labels: &'a LabelMap,
    by_column: bool,
    columns: HashMap<Key, Seen<'a>>,
    statistics: HashMap<Key, Statistic<'a>>,
    plain: Option<Seen<'a>>,
    unknown: Option<Seen<'a>>,
}

impl<'a> Place<'a> {
    /// As a resource.
    pub(crate) fn object(&self) -> Object<'a> {
        let Self { schema, table, name, label, class, view: _ } = *self;
        Object::Column { schema, table, name, label: label.zip(class) }
    }
}

/// True of a value that is no document, holds none and was not taken out of one, of a type of the
/// server's own: nobody's code makes a document of it.
fn is_plain(value: &Output) -> bool {
    const DOCUMENTS: [u32; 7] = [114, 199, 705, 2249, 2287, 3802, 3807];
    const OWN: u32 = 16_384;
    value.keys.is_empty()
        && match value.type_id {
            Some(TypeId(ty)) => ty < OWN && !DOCUMENTS.contains(&ty),
            None => value.sources.is_empty() && value.statistics.is_empty() && !value.unknown,
        }
}

impl<'a> Sight<'a> {
    pub(crate) fn new(asker: &'a Asker<'a>, catalog: &'a Catalog, labels: &'a LabelMap) -> Self {
        let by_column = asker.by_column("disclose");
        let (columns, statistics) = (HashMap::new(), HashMap::new());
        Self { asker, catalog, labels, by_column, columns, statistics, plain: None, unknown: None }
    }

    /// True if values came to a source as pieces of others and the source can hold them as keys of
    /// documents: what a statement made a key of, a later one reads.
    fn brings_keys(&self, output: &Output) -> bool {
        /// `json`, `jsonb`, their arrays and anonymous records; types above are no scalars of
        /// PostgreSQL's own.
        const DOCUMENTS: [TypeId; 6] =
            [TypeId(114), TypeId(199), TypeId(3802), TypeId(3807), TypeId(2249), TypeId(2287)];
        const OWN: TypeId = TypeId(16_384);
        output.sources.iter().filter(|source| self.labels.is_derived(**source)).any(|source| {
            let relation = self.catalog.relation(source.relation);
            let column = relation
                .and_then(|relation| relation.columns.iter().find(|c| c.number == source.number));
            column.is_none_or(|column| column.type_id >= OWN || DOCUMENTS.contains(&column.type_id))
        })
    }

    /// Names and label of a column. One that the catalog does not know is labelled unknown.
    pub(crate) fn place(&self, column: ColumnId) -> Place<'a> {
        let label = self.labels.label(column);
        let Some(relation) = self.catalog.relation(column.relation) else {
            let label = Some(label.unwrap_or(&UNKNOWN));
            let class = label.map(|label| self.labels.class(label));
            return Place { schema: "", table: "", name: "", label, class, view: false };
        };
        let relation: &'a Relation = relation;
        let found = relation.columns.iter().find(|known| known.number == column.number);
        let name = found.map_or("", |column| column.name.as_str());
        let label = label.or_else(|| carrier(&relation.name, name).then_some(&UNKNOWN));
        // System columns (`ctid`, `xmin`) have negative numbers and hold nobody's data.
        let label = match (label, found) {
            (None, None) if column.number >= 0 => Some(&UNKNOWN),
            (label, _) => label,
        };
        Place {
            schema: &relation.schema,
            table: &relation.name,
            name,
            label,
            class: label.map(|label| self.labels.class(label)),
            view: relation.kind == RelationKind::View || temporary(&relation.schema),
        }
    }

    /// The key under which an answer about this column may be shared.
    pub(crate) fn key(column: ColumnId, place: &Place<'_>, by_column: bool) -> Key {
        (column.relation, place.label.cloned(), by_column.then_some(column.number))
    }

    /// What the principal sees of a column.
    pub(crate) fn column(&mut self, column: ColumnId) -> Seen<'a> {
        let place = self.place(column);
        let key = Self::key(column, &place, self.by_column);
        let asker = self.asker;
        self.columns
            .entry(key)
            .or_insert_with(|| seen(asker.ask("disclose", place.object(), false), place.label))
            .clone()
    }

    /// What the principal may learn of a column by statistics; `None` if it may see the column as
    /// it is, so that there is nothing to guard.
    pub(crate) fn statistic(&mut self, column: ColumnId) -> Option<Statistic<'a>> {
        if !matches!(self.column(column).view, View::Masked(_, _)) {
            return None;
        }
        let place = self.place(column);
        let key = Self::key(column, &place, self.asker.by_column("aggregate"));
        let asker = self.asker;
        let statistic = self.statistics.entry(key).or_insert_with(|| {
            let answer = asker.ask("aggregate", place.object(), false);
            Statistic { allowed: answer.allowed, rules: answer.rules }
        });
        Some(statistic.clone())
    }

    /// What the principal sees of content that comes from no column: asked as the database itself.
    pub(crate) fn plain(&mut self) -> Seen<'a> {
        let asker = self.asker;
        self.plain
            .get_or_insert_with(|| seen(asker.ask("disclose", Object::Database, false), None))
            .clone()
    }

    /// What the principal sees of what could not be traced: it may be anything, so it leaves as
    /// it is only to those from whom nothing is hidden.
    pub(crate) fn unknown(&mut self) -> Seen<'a> {
        let asker = self.asker;
        self.unknown
            .get_or_insert_with(|| {
                let label = Some((&UNKNOWN, Class::Unknown));
                let object = Object::Column { schema: "", table: "", name: "", label };
                let mut seen = seen(asker.ask("disclose", object, false), Some(&UNKNOWN));
                if matches!(seen.view, View::Raw(_)) && asker.hides() {
                    seen.view = View::Masked(Label::UNKNOWN, MaskMethod::Full);
                }
                seen
            })
            .clone()
    }

    /// Where an output that is masked has values that leave as those of columns without a label.
    pub(crate) fn open(
        &mut self,
        output: &Output,
        disclosure: &Disclosure,
        facts: &Facts,
    ) -> Vec<Vec<Step>> {
        if !matches!(disclosure, Disclosure::Masked { .. }) {
            return Vec::new();
        }
        let leaves = |inner: &&Inner| match self.output(&inner.value, facts).0 {
            _ if !is_plain(&inner.value) => false,
            Disclosure::Scan => true,
            Disclosure::Raw { labels } => labels.is_empty(),
            Disclosure::Masked { .. } => false,
        };
        output.inner.iter().filter(leaves).map(|inner| inner.path.clone()).collect()
    }

    /// What may leave in one output column, and by which policies.
    pub(crate) fn output(&mut self, output: &Output, facts: &Facts) -> (Disclosure, Vec<&'a Rule>) {
        let mut parts = Vec::with_capacity(output.sources.len() + 1);
        let behind = output.sources.iter().any(|source| !self.place(*source).view);
        for source in &output.sources {
            let seen = self.column(*source);
            // What a view's own column hides stands beside it; without a label it adds nothing.
            let echo = behind && self.place(*source).view && seen.view == View::Scan;
            if !echo {
                parts.push(seen);
            }
        }
        for column in &output.statistics {
            match self.statistic(*column) {
                Some(statistic) if statistic.allowed => {
                    parts.push(Seen { view: View::Raw(None), rules: statistic.rules });
                }
                Some(_) | None => parts.push(self.column(*column)),
            }
        }
        if output.unknown {
            parts.push(self.unknown());
        }
        // What it was compared with and tells of thereby. It may be a piece, so it goes in full.
        let values: Vec<ColumnId> =
            output.sources.iter().chain(&output.statistics).copied().collect();
        for column in told(facts, &values, self.labels) {
            let seen = self.column(column);
            if let View::Masked(label, method) = seen.view {
                let view = View::Masked(label, method.max(MaskMethod::Full));
                parts.push(Seen { view, rules: seen.rules });
            }
        }
        if parts.is_empty() {
            parts.push(self.plain());
        }
        let rules = parts.iter().flat_map(|seen| seen.rules.iter().copied()).collect();
        let views = parts.into_iter().map(|seen| seen.view);
        let derived = output.sources.iter().any(|source| self.labels.is_derived(*source));
        let derivation =
            if derived { output.derivation.max(Derivation::Expression) } else { output.derivation };
        let own = output.sources.iter().any(|source| temporary(self.place(*source).schema));
        let disclosure = match combine(views, derivation) {
            Disclosure::Masked { label, method: MaskMethod::Pseudonym } if own => {
                Disclosure::Masked { label, method: MaskMethod::Full }
            }
            // Only what is not understood loses its keys with its values.
            Disclosure::Masked { label: _, method } if output.keyed || self.brings_keys(output) => {
                Disclosure::Masked { label: Label::UNKNOWN, method: method.max(MaskMethod::Full) }
            }
            disclosure
            @ (Disclosure::Masked { .. } | Disclosure::Scan | Disclosure::Raw { .. }) => disclosure,
        };
        (disclosure, rules)
    }
}

/// True for the text of other sessions' statements, in which other people's values stand. No label
/// can be proposed for these from a sample, so they count as unknown. `pg_stat_statements` lives in
/// whatever schema its extension was put into, hence by name alone.
fn carrier(relation: &str, column: &str) -> bool {
    matches!((relation, column), ("pg_stat_activity" | "pg_stat_statements", "query"))
}

/// From an answer about `disclose` to a view.
fn seen<'a>(answer: Answer<'a>, label: Option<&Label>) -> Seen<'a> {
    let masks = answer.rules.iter().map(|rule| rule.mask);
    let view = if answer.allowed {
        match (masks.flatten().max(), label) {
            (Some(method), Some(label)) => View::Masked(label.clone(), method),
            (Some(_), None) => View::Scan,
            (None, label) => View::Raw(label.cloned()),
        }
    } else if answer.rules.is_empty() && answer.failed.is_empty() && answer.asked {
        match label {
            Some(label) => View::Masked(label.clone(), default_method(label)),
            None => View::Scan,
        }
    } else {
        // A forbid, or a question that could not be answered.
        let method = masks.map(|mask| mask.unwrap_or(MaskMethod::Full)).max();
        let failed = !answer.failed.is_empty() || !answer.asked;
        let method = method.filter(|_| !failed).unwrap_or(MaskMethod::Full);
        View::Masked(label.cloned().unwrap_or(Label::UNKNOWN), method)
    };
    let rules = answer.rules.into_iter().chain(answer.failed).collect();
    Seen { view, rules }
}

/// Where several sources meet the strictest wins: a mask over a scan over raw; among masks the
/// strongest label and the strongest method.
fn combine(views: impl Iterator<Item = View>, derivation: Derivation) -> Disclosure {
    let mut masked: Option<(Label, MaskMethod)> = None;
    let mut labels: Vec<Label> = Vec::new();
    let mut scan = false;
    for view in views {
        match view {
            View::Masked(label, method) => {
                masked = Some(match masked {
                    Some((other, strong)) => (stronger(label, other), method.max(strong)),
                    None => (label, method),
                });
            }
            View::Scan => scan = true,
            View::Raw(label) => labels.extend(label),
        }
    }
    match masked {
        // A pseudonym of what bears no label would be one of whatever the client puts there.
        Some((label, MaskMethod::Pseudonym)) if scan || !labels.is_empty() => {
            Disclosure::Masked { label, method: MaskMethod::Full }
        }
        Some((label, method)) => Disclosure::Masked { label, method: derived(method, derivation) },
        None if scan => Disclosure::Scan,
        None => {
            labels.sort_by(|left, right| {
                right.strength().cmp(&left.strength()).then_with(|| left.cmp(right))
            });
            labels.dedup();
            Disclosure::Raw { labels }
        }
    }
}

pub(crate) fn stronger(left: Label, right: Label) -> Label {
    if (left.strength(), &left) >= (right.strength(), &right) { left } else { right }
}

/// A partial mask keeps a part of a whole value, and that part is harmless only while the value is
/// whole: of `substr(card, 1, 4)` or `card::varchar(4)` it would show what it was made to hide,
/// piece by piece. A pseudonym stands for one value, and who could have pseudonyms made of pieces,
/// or of values of its own (`coalesce(email, 'guess')`, a UNION with constants, rows that it put
/// into its temporary table), would compare its way to every value. So whatever is not the column
/// itself is masked in full.
fn derived(method: MaskMethod, derivation: Derivation) -> MaskMethod {
    let whole = match derivation {
        Derivation::Identity => true,
        Derivation::Cast | Derivation::Expression | Derivation::Aggregate => false,
    };
    match method {
        MaskMethod::Generalise | MaskMethod::Partial | MaskMethod::Pseudonym if !whole => {
            MaskMethod::Full
        }
        MaskMethod::Generalise
        | MaskMethod::Partial
        | MaskMethod::Pseudonym
        | MaskMethod::Full
        | MaskMethod::Null => method,
    }
}

/// How a label is masked where no policy says how. docs/policy.md lists these.
pub fn default_method(label: &Label) -> MaskMethod {
    const PARTIAL: [Label; 9] = [
        Label::PERSON_NAME,
        Label::EMAIL,
        Label::PHONE,
        Label::PAYMENT_CARD,
        Label::BANK_ACCOUNT,
        Label::NATIONAL_ID,
        Label::PASSPORT,
        Label::DRIVING_LICENCE,
        Label::FREE_TEXT,
    ];
    const GENERALISE: [Label; 4] =
        [Label::BIRTH_DATE, Label::POSTAL_ADDRESS, Label::NETWORK_ADDRESS, Label::LOCATION];
    if PARTIAL.contains(label) {
        MaskMethod::Partial
    } else if GENERALISE.contains(label) {
        MaskMethod::Generalise
    } else if *label == Label::EMBEDDING {
        MaskMethod::Null
    } else {
        // Income, health, credentials, card security, the unknown, and labels of one's own.
        MaskMethod::Full
    }
}
