//! Expressions of a wanted type over what FROM offers. Knows templates and scopes, and nothing of
//! whole statements.

use super::query::Generator;
use super::templates::section;
use super::{Column, Gives, Type};

/// How often a predicate avoids what people may not search: a refused statement finds nothing.
const AVOIDED: u32 = 90;

impl Generator<'_> {
    /// A value: the deeper, the longer it may become.
    pub(super) fn expression(&mut self, ty: Type, depth: usize) -> String {
        // Where nothing in sight has the type, a template finds a way to it.
        let likely = if self.in_sight(ty) { 60 } else { 95 };
        if depth == 0 || self.budget == 0 || !self.choices.chance(likely) {
            return self.leaf(ty, true);
        }
        self.budget -= 1;
        let letter = ty.letter();
        if self.windows && self.choices.chance(8) {
            let over = section(&format!("{letter} over"));
            if !over.is_empty() {
                self.windows = false;
                let template = self.choices.pick(over);
                let value = self.fill(template, depth - 1);
                self.windows = true;
                return value;
            }
        }
        let template = self.choices.pick(section(&letter.to_string()));
        self.fill(template, depth - 1)
    }

    /// What can stand alone in a select list: a bare column, a set of rows, or any expression.
    pub(super) fn target(&mut self, ty: Type, depth: usize) -> String {
        if !self.choices.chance(75) {
            return self.leaf(ty, false);
        }
        let sets = section(&format!("{} set", ty.letter()));
        if !sets.is_empty() && self.choices.chance(8) {
            let template = self.choices.pick(sets);
            let windows = std::mem::replace(&mut self.windows, false);
            let value = self.fill(template, depth.saturating_sub(1));
            self.windows = windows;
            return value;
        }
        self.windows = true;
        let value = self.expression(ty, depth);
        self.windows = false;
        value
    }

    /// Fills the holes of a template.
    pub(super) fn fill(&mut self, template: &str, depth: usize) -> String {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, behind)) = rest.split_once('‹') {
            let Some((hole, behind)) = behind.split_once('›') else { break };
            filled.push_str(before);
            let value = self.hole(hole, depth);
            filled.push_str(&value);
            rest = behind;
        }
        filled.push_str(rest);
        filled
    }

    fn hole(&mut self, hole: &str, depth: usize) -> String {
        let mut letters = hole.chars();
        match (letters.next(), letters.next().and_then(Type::by_letter)) {
            (Some('k'), _) => (1 + self.choices.below(6)).to_string(),
            (Some('r'), _) => self.row(),
            (Some('E'), _) => format!("({})", self.inner(&[Type::Int])),
            (Some('Q'), Some(ty)) => {
                let query = self.inner(&[ty]);
                format!("(select z.c1 from ({query}) z limit 1)")
            }
            (Some('S'), Some(ty)) => format!("({})", self.inner(&[ty])),
            (Some(letter), None) => match Type::by_letter(letter) {
                Some(ty) => self.expression(ty, depth),
                None => self.leaf(Type::Text, true),
            },
            _ => self.leaf(Type::Text, true),
        }
    }

    /// A row of FROM as a whole.
    fn row(&mut self) -> String {
        let aliases: Vec<String> =
            self.scopes.last().into_iter().flatten().map(|one| one.alias.clone()).collect();
        if aliases.is_empty() {
            return "row(1, 'a')".to_owned();
        }
        let at = self.choices.below(aliases.len());
        self.touched |= self.scopes.last().is_some_and(|scope| scope[at].strict());
        aliases[at].clone()
    }

    /// A column, a call, a parameter or a constant. Within other expressions a column whose type
    /// only resembles the wanted one is cast.
    fn leaf(&mut self, ty: Type, within: bool) -> String {
        if self.choices.chance(85)
            && let Some((name, column)) = self.column(ty)
        {
            self.touched |= column.strict;
            let foreign = matches!(ty, Type::Text | Type::Numeric | Type::Array | Type::Time);
            if within && foreign && column.secret && self.choices.chance(75) {
                return format!("({name})::{}", ty.cast());
            }
            return name;
        }
        if self.choices.chance(15)
            && let Some(call) = self.function(ty)
        {
            return call;
        }
        let constant = self.choices.pick(section(&format!("{} constants", ty.letter())));
        if let Some(parameters) = &mut self.parameters
            && matches!(ty, Type::Text | Type::Int | Type::Numeric)
            && self.choices.chance(30)
        {
            let value = match ty {
                Type::Text => "alpha",
                Type::Int => "2",
                _ => "1.5",
            };
            parameters.push(value.to_owned());
            return format!("${}::{}", parameters.len(), ty.cast());
        }
        constant.to_owned()
    }

    fn in_sight(&self, ty: Type) -> bool {
        let mut columns = self.scopes.last().into_iter().flatten().flat_map(|one| &one.columns);
        columns.any(|column| column.ty == ty)
    }

    fn column(&mut self, ty: Type) -> Option<(String, Column)> {
        let inner = self.scopes.len().checked_sub(1)?;
        let outer = inner > 0 && self.choices.chance(15);
        let scope = &self.scopes[if outer { self.choices.below(inner) } else { inner }];
        let mut fitting: Vec<(String, &Column)> = Vec::new();
        for source in scope {
            let columns = source.columns.iter().filter(|one| one.ty == ty);
            fitting.extend(columns.map(|one| (format!("{}.{}", source.alias, one.name), one)));
        }
        if self.searching && self.choices.chance(AVOIDED) {
            fitting.retain(|(_, column)| !column.strict);
        } else if fitting.iter().any(|(_, column)| column.secret) && self.choices.chance(75) {
            fitting.retain(|(_, column)| column.secret);
        }
        if fitting.is_empty() {
            return None;
        }
        let (name, column) = fitting.swap_remove(self.choices.below(fitting.len()));
        Some((name, column.clone()))
    }

    /// A call of one of the schema's own functions that gives this type.
    fn function(&mut self, ty: Type) -> Option<String> {
        let mut calls = Vec::new();
        for function in &self.schema.functions {
            let Gives::One(column) = &function.gives else { continue };
            if column.ty != ty || (column.strict && self.searching) {
                continue;
            }
            match &function.over {
                None => calls.push((function.call.clone(), column.strict)),
                Some(table) => {
                    let scope = self.scopes.last().into_iter().flatten();
                    for source in scope.filter(|one| one.relation.as_ref() == Some(table)) {
                        let short = function.name.rsplit('.').next().unwrap_or_default();
                        calls.push((function.call.replace("‹›", &source.alias), column.strict));
                        // Attribute notation works for functions that the search path shows.
                        if function.name.starts_with("public.") {
                            calls.push((format!("{}.{short}", source.alias), column.strict));
                        }
                    }
                }
            }
        }
        if calls.is_empty() {
            return None;
        }
        let (call, strict) = calls.swap_remove(self.choices.below(calls.len()));
        self.touched |= strict;
        Some(self.fill(&call, 0))
    }
}
