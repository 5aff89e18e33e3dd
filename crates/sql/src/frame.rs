//! The arguments and variables of a body, and what a name means among them. Knows no steps.

use crate::flow::{Columns, Field, Flow};
use model::TypeId;
use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

/// The arguments and variables of a function while its body is walked.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    /// The function's name, which may qualify its arguments.
    pub(crate) function: String,
    /// Names, where they have one, and values. All variables of one name are one, whatever block
    /// they stand in.
    pub(crate) arguments: Vec<(String, Flow)>,
    /// Variables among them of a type that refuses some values of it (`varchar(3)`, a domain).
    pub(crate) narrow: Vec<String>,
    /// Names of blocks and loops, which may qualify their variables.
    pub(crate) labels: BTreeSet<String>,
    /// Names that ALIAS makes one variable.
    pub(crate) same: Vec<BTreeSet<String>>,
    /// The types of arguments as they are declared, by their places.
    pub(crate) declared: Vec<TypeId>,
    /// What variables hold, by the name that stands for theirs.
    pub(crate) kinds: HashMap<String, Kind>,
    /// Tables that only this body sees: those of a trigger's changed rows.
    pub(crate) tables: Vec<(String, Rc<Columns>)>,
}

/// What all variables of one name hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kind {
    /// How a row goes into it.
    pub(crate) shape: Shape,
    /// The types that are declared.
    pub(crate) types: Vec<TypeId>,
    /// The declarations, as they are written.
    pub(crate) texts: Vec<String>,
    /// What a record holds under each name, whatever row has it and at whichever place; `None`
    /// where a row may have other names.
    pub(crate) named: Option<Vec<Field>>,
}

/// How a row goes into a variable, and what its fields are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It holds one value: that in the first place.
    Value,
    /// It holds a row of a named type, place by place.
    Row,
    /// It holds any row, with the names that this one has.
    Record,
    /// It holds rows whose names differ, or may be any of these: all in it is one.
    #[default]
    Any,
}

/// True if two names may be one to the server: in a database whose letters are a byte each it
/// folds more of them than the ASCII ones.
pub(crate) fn same_name(left: &str, right: &str) -> bool {
    left == right
        || !left.is_ascii() && !right.is_ascii() && left.to_lowercase() == right.to_lowercase()
}

impl Frame {
    /// A body that begins with these arguments.
    pub(crate) fn new(function: &str, arguments: Vec<(String, Flow)>) -> Self {
        Self { function: function.to_owned(), arguments, ..Self::default() }
    }

    /// True if the name may qualify variables.
    pub(crate) fn is_label(&self, name: &str) -> bool {
        same_name(&self.function, name) || self.labels.iter().any(|label| same_name(label, name))
    }

    /// All names of a variable, this one included.
    pub(crate) fn names_of(&self, name: &str) -> BTreeSet<String> {
        let group = self.same.iter().find(|group| group.iter().any(|one| same_name(one, name)));
        group.cloned().unwrap_or_default().into_iter().chain([name.to_owned()]).collect()
    }

    /// The name that stands for all names of a variable.
    pub(crate) fn key(&self, name: &str) -> String {
        let group = self.same.iter().find(|group| group.iter().any(|one| same_name(one, name)));
        let first = group.and_then(|group| group.first()).map_or(name, String::as_str);
        if first.is_ascii() { first.to_owned() } else { first.to_lowercase() }
    }

    /// Where a variable stands: `$1` is the first.
    pub(crate) fn places(&self, name: &str) -> Vec<usize> {
        let group = self.same.iter().find(|group| group.iter().any(|one| same_name(one, name)));
        let names: Vec<&str> = match group {
            Some(group) => group.iter().map(String::as_str).collect(),
            None => vec![name],
        };
        let mut places = Vec::new();
        for name in names {
            let number = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
            let number = number.and_then(|number| number.checked_sub(1));
            places.extend(number.filter(|place| *place < self.arguments.len()));
            let known = self.arguments.iter().enumerate();
            let known = known.filter(|(_, (known, _))| same_name(known, name));
            places.extend(known.map(|(place, _)| place));
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// What a variable can hold, if there is one of this name.
    pub(crate) fn value(&self, name: &str) -> Option<Flow> {
        let places = self.places(name);
        let mut found: Option<Flow> = None;
        for (_, flow) in places.into_iter().filter_map(|place| self.arguments.get(place)) {
            match &mut found {
                None => found = Some(flow.clone()),
                Some(sum) => {
                    let ty = sum.ty.filter(|ty| Some(*ty) == flow.ty);
                    sum.absorb(flow);
                    (sum.ty, sum.origin) = (ty, None);
                }
            }
        }
        found
    }

    /// The table of this name that only this body sees.
    pub(crate) fn table(&self, name: &str) -> Option<Rc<Columns>> {
        let table = self.tables.iter().find(|(known, _)| same_name(known, name));
        table.map(|(_, columns)| Rc::clone(columns))
    }

    /// What stands under a name in the rows that a record holds, where these differ.
    pub(crate) fn field(&self, variable: &str, name: &str) -> Option<Flow> {
        let kind = self.kinds.get(&self.key(variable)).filter(|kind| kind.shape == Shape::Any)?;
        let mut meant = kind.named.iter().flatten().filter(|field| same_name(&field.name, name));
        let first = meant.next()?.flow.clone();
        Some(meant.fold(first, |mut sum, field| {
            sum.absorb(&field.flow);
            Flow { ty: None, ..sum }
        }))
    }

    /// How a row goes into a variable.
    pub(crate) fn shape(&self, name: &str) -> Shape {
        self.kinds.get(&self.key(name)).map_or(Shape::Any, |kind| kind.shape)
    }

    /// Every variable that a dotted name may mean, each with the fields behind it: one of that
    /// name, or one in the block of that name.
    pub(crate) fn reached<'p>(&self, path: &'p [String]) -> Vec<(&'p String, &'p [String])> {
        let mut reached = Vec::new();
        if let Some((name, fields)) = path.split_first().filter(|(name, _)| self.has(name)) {
            reached.push((name, fields));
        }
        if let [label, name, fields @ ..] = path
            && self.is_label(label)
            && self.has(name)
        {
            reached.push((name, fields));
        }
        reached
    }

    fn has(&self, name: &str) -> bool {
        !self.places(name).is_empty()
    }
}

impl Kind {
    /// Notes what goes into a record, or into a field of one.
    pub(crate) fn names(&mut self, field: Option<&str>, value: &Flow, certain: bool) {
        let Some(mut named) = self.named.take() else { return };
        let one = field.map(|name| [Field::new(name, value.clone())]);
        let fields = match (&one, &value.fields) {
            (Some(one), _) => one.as_slice(),
            (None, Some(fields)) if certain => fields,
            // NULL has no names.
            (None, None) if value.is_given() => &[],
            _ => return,
        };
        for field in fields {
            match named.iter_mut().find(|known| known.name == field.name) {
                Some(known) => {
                    let ty = known.flow.ty.filter(|ty| Some(*ty) == field.flow.ty);
                    known.flow.absorb(&field.flow);
                    (known.flow.ty, known.flow.origin) = (ty, None);
                }
                None => {
                    let flow = Flow { origin: None, ..field.flow.clone() };
                    named.push(Field::new(&field.name, flow));
                }
            }
        }
        self.named = Some(named);
    }
}

impl Flow {
    /// A row by its places in one whose fields are called and typed so. What is not known of its
    /// places may stand in each.
    pub(crate) fn placed(&self, named: &[(String, TypeId)]) -> Vec<Field> {
        let place = |(index, (name, ty)): (usize, &(String, TypeId))| {
            let flow = match &self.fields {
                Some(fields) => match fields.get(index) {
                    Some(field) => Flow { origin: None, ..field.flow.clone() },
                    None => Flow { unknown: self.unknown, ..Flow::default() },
                },
                None => Flow { origin: None, fields: None, ..self.clone() },
            };
            Field::new(name, flow.typed(Some(*ty)))
        };
        named.iter().enumerate().map(place).collect()
    }
}
