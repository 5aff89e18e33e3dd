//! Joins: the columns of both sides, those of USING and NATURAL merged.

use crate::{
    analyse::Walk,
    flow::{Columns, Distance, Field, Flow, Rest},
    names::{alias_columns, strings},
    scope::{Env, Fragment, Table, renamed},
};
use model::TypeId;
use pg_raw_parse::{nodes::JoinExpr, raw::JoinType};
use std::rc::Rc;

impl Walk<'_> {
    pub(crate) fn join(&mut self, join: &JoinExpr, env: &Env<'_>) -> Fragment {
        let left = self.source(join.larg(), env, false);
        let beside = env.with(&left);
        let right = self.source(join.rarg(), &beside, true);
        let using: Vec<Rc<str>> = if join.is_natural {
            let named = |name: &str| right.columns.fields.iter().any(|field| &*field.name == name);
            let names = left.columns.fields.iter().map(|field| Rc::clone(&field.name));
            names.filter(|name| named(name)).collect()
        } else {
            strings(join.using_clause()).into_iter().map(Into::into).collect()
        };
        if join.is_natural
            && (left.columns.rest, right.columns.rest) != (Rest::Closed, Rest::Closed)
        {
            self.facts.unknown("NATURAL JOIN", "the columns of a side are not known; use ON");
        }
        let mut columns = Columns::default();
        let mut merged = Vec::new();
        for name in &using {
            let missing = Flow::unknown;
            let from_left = left.columns.find(name).unwrap_or_else(missing);
            let from_right = right.columns.find(name).unwrap_or_else(missing);
            self.facts.compared(&from_left, &from_right, true, 1);
            let made = self.operates((None, "="), Some(&from_left), &from_right);
            self.facts.tested(&made);
            let flow = self.merged(join.jointype, &from_left, &from_right);
            merged.push(Field { name: Rc::clone(name), flow, given_name: false });
        }
        columns.fields.extend(merged.iter().cloned());
        for side in [&left.columns, &right.columns] {
            let others = side.fields.iter().filter(|field| !using.contains(&field.name));
            columns.fields.extend(others.cloned());
            if side.rest != Rest::Closed {
                columns.rest = side.rest;
            }
        }
        let mut tables = left.tables.clone();
        tables.extend(right.tables.iter().cloned());
        let mut joined = Fragment { tables, columns: Rc::new(columns) };
        let mut inner = env.without_from();
        inner.fragments.push(joined.clone());
        // ON sees the two sides, and what stands around the query, but no neighbours in FROM.
        self.test(join.quals(), &inner);
        if let Some(alias) = join.join_using_alias() {
            let name = alias.aliasname().unwrap_or_default();
            joined.tables.push(Table::new(name, Columns::closed(merged)));
        }
        if let Some(alias) = join.alias() {
            let name = alias.aliasname().unwrap_or_default();
            let mut table = Table::new(name, Columns::default());
            table.columns = renamed(&joined.columns, &alias_columns(alias));
            return Fragment::table(table);
        }
        joined
    }

    /// The merged column of USING. Its value is that of either side, so it bears both sides'
    /// sources; the server names the side that needed no cast to the common type.
    fn merged(&self, join: JoinType::Type, left: &Flow, right: &Flow) -> Flow {
        let common = match (self.base_type(left.ty), self.base_type(right.ty)) {
            _ if left.ty == right.ty => left.ty,
            (Some(left), Some(right)) if rank(right) > rank(left) => Some(right),
            (base, _) => base,
        };
        let plain = |flow: &Flow| flow.origin.filter(|_| flow.ty == common);
        let origin = match join {
            JoinType::JOIN_LEFT => plain(left),
            JoinType::JOIN_RIGHT => plain(right),
            JoinType::JOIN_FULL => None,
            _ if left.ty == common => plain(left),
            _ => plain(right),
        };
        let mut flow = left.clone();
        flow.absorb(right);
        flow.origin = origin;
        flow.ty = common;
        if join == JoinType::JOIN_FULL {
            flow.distance = flow.distance.max(Distance::Folded);
        }
        flow
    }
}

/// How far a built-in type stands in its category: PostgreSQL casts to the farther one.
fn rank(ty: TypeId) -> u8 {
    match ty.0 {
        // int2, int4, int8, numeric, float4, float8
        21 => 1,
        23 => 2,
        20 => 3,
        1700 => 4,
        700 => 5,
        701 => 6,
        // name, bpchar, varchar, text
        19 => 1,
        1042 => 2,
        1043 => 3,
        25 => 4,
        // date, timestamp, timestamptz
        1082 => 1,
        1114 => 2,
        1184 => 3,
        _ => 0,
    }
}
