//! Pseudonyms that a statement compares with columns, turned into what they stand for. What a text
//! holds goes to the server as a parameter in the literal's place: the value stands in no text that
//! could be read again, neither by the statement itself nor by others. Knows facts and verdicts,
//! and no protocol.

use crate::{
    database::Knowledge,
    refusal::Refusal,
    written::{self, Written},
};
use mask::{Format, Key, TurnBack};
use model::{Label, TypeId, Verdict};
use sql::{Assigned, Given, GivenValue};
use std::{collections::BTreeMap, fmt, ops::Range};

/// PostgreSQL's type of what has none yet.
const UNKNOWN: u32 = 705;

/// A value that a pseudonym stands for. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Real(Box<[u8]>);

impl Real {
    /// The value, as it goes to the server.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What of a text is turned back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turned {
    /// How many parameters the client's own text has.
    pub own: u16,
    /// What the pseudonyms among its literals stand for, as text: the parameters behind its own.
    pub literals: Vec<Real>,
    pub(crate) labels: Vec<Label>,
    /// Parameters that are compared with labelled columns.
    pub(crate) parameters: Vec<Parameter>,
    /// Parameters that are written into columns which are kept from masks.
    pub(crate) written: Vec<Written>,
    /// Why a pseudonym among its literals is not turned back, or a mask not written.
    pub(crate) refused: Option<Refusal>,
}

/// A parameter that is compared with a labelled column.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    number: u16,
    label: Label,
    ty: TypeId,
    column_ty: TypeId,
    right: Right,
    /// It is mentioned nowhere else.
    alone: bool,
}

/// What is done with a pseudonym of a label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Right {
    /// It is turned back.
    Turn,
    /// One that is certain to be a pseudonym is refused, in these words and with this advice.
    Refuse(String, Option<String>),
    /// Whoever sees the column raw sends what it means.
    Leave,
}

/// Bind values with what is put in their place.
#[derive(Debug, Default)]
pub struct Bound {
    /// By their index; the form is that of the value it replaces.
    pub replaced: BTreeMap<usize, Real>,
    pub(crate) labels: Vec<Label>,
}

/// Bind values as they came.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// The values; `None` is NULL.
    pub values: &'a [Option<&'a [u8]>],
    /// Whether each came in binary.
    pub binary: &'a [bool],
    /// The types that were declared for them; 0 for none.
    pub types: &'a [u32],
}

impl<'a> Values<'a> {
    /// A value with its type, as declared or else as it is taken, and its format; `None` for NULL.
    pub(crate) fn value(&self, index: usize, ty: TypeId) -> Option<(&'a [u8], TypeId, Format)> {
        let value = (*self.values.get(index)?)?;
        let declared = self.types.get(index).filter(|ty| ![0, UNKNOWN].contains(*ty));
        let binary = self.binary.get(index).copied().unwrap_or(false);
        let format = if binary { Format::Binary } else { Format::Text };
        Some((value, declared.map_or(ty, |ty| TypeId(*ty)), format))
    }
}

/// Reads what the statements of a text are given. Appends the places in the text that are replaced.
pub(crate) struct Reader<'a> {
    pub(crate) key: &'a Key,
    pub(crate) knowledge: &'a Knowledge,
    pub(crate) text: &'a str,
    pub(crate) replaced: Vec<(Range<usize>, String)>,
    pub(crate) turned: Turned,
    /// What a literal says was looked at.
    pub(crate) looked: bool,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(key: &'a Key, knowledge: &'a Knowledge, text: &'a str) -> Self {
        let (replaced, turned, looked) = (Vec::new(), Turned::default(), false);
        Self { key, knowledge, text, replaced, turned, looked }
    }

    /// One statement's.
    pub(crate) fn read(&mut self, given: Vec<Given>, assigned: Vec<Assigned>, verdict: &Verdict) {
        if !verdict.kept_from_masks.is_empty() {
            self.looked = true;
            let known = (self.knowledge, self.key);
            match written::read(assigned, &verdict.kept_from_masks, known) {
                Ok(written) => self.turned.written.extend(written),
                Err(refusal) => self.turned.refused = Some(refusal),
            }
        }
        for one in given {
            let Some((label, right)) = right(&one, verdict, self.knowledge) else { continue };
            match one.what {
                GivenValue::Parameter(..) if right == Right::Leave => {}
                GivenValue::Parameter(number, alone) => {
                    let right = if one.replaceable { right } else { kept() };
                    let (ty, column_ty) = (one.ty, one.column_ty);
                    let read = Parameter { number, label, ty, column_ty, right, alone };
                    self.turned.parameters.push(read);
                }
                GivenValue::Literal(_) if right == Right::Leave => {}
                GivenValue::Literal(value) => {
                    self.looked = true;
                    let right = if one.replaceable { right } else { kept() };
                    let catalog = &self.knowledge.catalog;
                    let back = TurnBack::compile(
                        &label,
                        one.ty,
                        one.column_ty,
                        catalog,
                        Format::Text,
                        self.key,
                    );
                    let Some(found) = back.apply(value.as_bytes()) else { continue };
                    match right {
                        Right::Turn => self.replace(one.at, label, found.value),
                        Right::Refuse(why, hint) if found.certain => {
                            self.turned.refused = Some(refusal(&label, &why, hint.as_deref()));
                        }
                        Right::Refuse(..) | Right::Leave => {}
                    }
                }
            }
        }
    }

    fn replace(&mut self, at: Range<usize>, label: Label, value: Vec<u8>) {
        if self.turned.literals.is_empty() {
            self.turned.own = sql::parameters(self.text);
        }
        let place = u16::try_from(self.turned.literals.len() + 1).unwrap_or(u16::MAX);
        let number = self.turned.own.saturating_add(place);
        if number == u16::MAX {
            let why = "there are too many values in it";
            self.turned.refused = Some(refusal(&label, why, Some("Send fewer at once.")));
        }
        self.replaced.push((at, format!("${number}")));
        self.turned.literals.push(Real(value.into()));
        if !self.turned.labels.contains(&label) {
            self.turned.labels.push(label);
        }
    }

    /// Closes the reading of a text of so many statements.
    pub(crate) fn finish(&mut self, statements: usize) {
        if statements > 1
            && let Some(label) = self.turned.labels.first()
        {
            let why = "it is sent together with other statements";
            self.turned.refused = Some(refusal(label, why, Some("Send it by itself.")));
        }
    }
}

impl Turned {
    /// Turns back what is bound. `utf8`: the client's encoding is UTF-8, as the values are.
    pub(crate) fn bind(
        &self,
        bound: Values<'_>,
        utf8: bool,
        knowledge: &Knowledge,
        key: &Key,
    ) -> Result<Bound, Refusal> {
        written::check(&self.written, bound, (knowledge, key))?;
        let mut out = Bound::default();
        for one in &self.parameters {
            let index = usize::from(one.number).saturating_sub(1);
            let Some((value, ty, format)) = bound.value(index, one.ty) else { continue };
            let whole = ty == one.ty || sql::keeps_values(ty);
            let back =
                TurnBack::compile(&one.label, ty, one.column_ty, &knowledge.catalog, format, key);
            let Some(found) = back.apply(value) else { continue };
            match &one.right {
                Right::Turn => {}
                Right::Refuse(why, hint) if found.certain => {
                    return Err(refusal(&one.label, why, hint.as_deref()));
                }
                Right::Refuse(..) | Right::Leave => continue,
            }
            let number = one.number;
            if !whole {
                let why = format!("${number} is declared to be of a type that may cut the value");
                return Err(refusal(&one.label, &why, Some("Declare it as text.")));
            }
            if !one.alone {
                let why = format!("${number} stands elsewhere too, where the value could be seen");
                return Err(refusal(&one.label, &why, Some("Give it a parameter of its own.")));
            }
            let real = Real(found.value.into());
            check_encoding(&one.label, &real, utf8)?;
            match out.replaced.get(&index) {
                Some(known) if *known != real => {
                    let why = format!("${number} is compared with columns of several labels");
                    let hint = "Give each column a parameter of its own.";
                    return Err(refusal(&one.label, &why, Some(hint)));
                }
                Some(_) => {}
                None => drop(out.replaced.insert(index, real)),
            }
            if !out.labels.contains(&one.label) {
                out.labels.push(one.label.clone());
            }
        }
        Ok(out)
    }

    /// Refuses where the client's encoding cannot hold what its literals stand for.
    pub(crate) fn check_literals(&self, utf8: bool) -> Result<(), Refusal> {
        let Some(label) = self.labels.first() else { return Ok(()) };
        self.literals.iter().try_for_each(|real| check_encoding(label, real, utf8))
    }

    /// True if something that is bound must be looked at before it runs.
    pub fn examines_parameters(&self) -> bool {
        !self.written.is_empty() || self.looks_at_parameters()
    }

    /// True if something that is bound may have to be turned back.
    pub fn looks_at_parameters(&self) -> bool {
        self.parameters.iter().any(|one| one.right != Right::Leave)
    }
}

/// For statements that take no parameters or are kept as a text.
fn kept() -> Right {
    let why = "a statement of this kind takes no values from outside of its text";
    let hint = "Use SELECT, INSERT, UPDATE, DELETE, MERGE or DECLARE.";
    Right::Refuse(why.to_owned(), Some(hint.to_owned()))
}

/// The server reads a value in the client's encoding.
fn check_encoding(label: &Label, real: &Real, utf8: bool) -> Result<(), Refusal> {
    if utf8 || real.0.is_ascii() {
        return Ok(());
    }
    let why = "the value is not in the encoding of this connection";
    Err(refusal(label, why, Some("Set client_encoding to UTF8.")))
}

fn refusal(label: &Label, why: &str, hint: Option<&str>) -> Refusal {
    let what = format!("it compares {label} with a pseudonym, which is not turned back: {why}");
    let hint = hint.unwrap_or("Join with a table that holds the value, or ask an administrator.");
    Refusal::unenforceable(&what, hint)
}

/// The one label of the columns that a value is given for, and what is done with pseudonyms of it.
/// `None` where there is no label, and where there are several.
fn right(given: &Given, verdict: &Verdict, knowledge: &Knowledge) -> Option<(Label, Right)> {
    let labelled = || {
        let labels = given.columns.iter();
        labels.filter_map(|column| Some((*column, knowledge.labels.label(*column)?)))
    };
    let label = labelled().next()?.1;
    if labelled().any(|(_, other)| other != label) {
        return None;
    }
    let mut right = Right::Turn;
    for (column, _) in labelled() {
        let Some(entry) = verdict.turn_back.iter().find(|entry| entry.column == column) else {
            return Some((label.clone(), Right::Leave));
        };
        // What was made of values is not the values: nothing was shown of it as a pseudonym.
        let shown = entry.permitted() && !knowledge.labels.is_derived(column);
        match (entry.method, &entry.refused) {
            (None, _) => right = Right::Leave,
            (Some(_), _) if shown => {}
            (Some(_), Some((why, hint))) => right = Right::Refuse(why.clone(), hint.clone()),
            (Some(_), None) => {
                let why = format!("you do not see {label} as pseudonyms");
                right = Right::Refuse(why, None);
            }
        }
        if right != Right::Turn {
            break;
        }
    }
    Some((label.clone(), right))
}

#[cfg(test)]
mod tests;
