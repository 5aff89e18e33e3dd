//! WITH: named queries, recursive and data-modifying ones. Knows nothing of what stands in them.

use super::from::listed;
use crate::{
    analyse::Walk,
    extent::Source,
    flow::{Columns, Distance, Field, Flow, Rest},
    names::parts,
    scope::{Cte, Env},
};
use model::Use;
use pg_raw_parse::{
    Node,
    nodes::{CommonTableExpr, WithClause},
};
use std::rc::Rc;

impl Walk<'_> {
    /// Adds the queries of a WITH clause to a level.
    ///
    /// Under RECURSIVE a query sees itself and all its siblings. Flows only grow, so walking the
    /// list again until nothing is new finds every source; one more pass than there are queries
    /// and columns settles it.
    pub(crate) fn with(&mut self, clause: Option<&WithClause>, env: &mut Env<'_>) {
        let Some(clause) = clause else { return };
        if !clause.recursive {
            for cte in clause.ctes() {
                let columns = Rc::new(self.cte(cte, env));
                let name = cte.ctename().unwrap_or_default().into();
                let mut known = Vec::clone(&env.ctes);
                let whole = self.whole_cte(cte, env);
                let listed = listed(cte.ctequery(), &columns);
                known.push(Cte { name, columns, listed, whole });
                env.ctes = Rc::new(known);
            }
            return;
        }
        let pending = || Rc::new(Columns { fields: Vec::new(), rest: Rest::Pending });
        let named = |cte: &CommonTableExpr| cte.ctename().unwrap_or_default().into();
        let mut known: Vec<Cte> = Vec::clone(&env.ctes);
        let first = known.len();
        let fresh = clause.ctes().iter();
        known.extend(fresh.map(|cte| Cte {
            name: named(cte),
            columns: pending(),
            listed: None,
            whole: None,
        }));
        env.ctes = Rc::new(known.clone());
        let mut most = 2 + clause.ctes().len();
        let mut passes = 0;
        let sets = self.sets;
        loop {
            let (mut settled, mut growing) = (true, Vec::new());
            // What the client made up is the same in each pass, or nothing would ever settle.
            let reached = std::mem::replace(&mut self.sets, sets);
            for (index, cte) in clause.ctes().iter().enumerate() {
                let columns = self.cte(cte, env);
                most = most.max(2 + clause.ctes().len() + columns.fields.len());
                let Some(slot) = known.get_mut(first + index) else { continue };
                settled &= slot.columns.settled(&columns);
                growing.extend(slot.columns.grown(&columns));
                slot.columns = Rc::new(columns);
                env.ctes = Rc::new(known.clone());
            }
            self.sets = self.sets.max(reached);
            if settled {
                // Round by round it becomes as long as one likes.
                growing.iter().for_each(|flow| self.facts.uses(flow, Use::Inferred));
                for (index, cte) in clause.ctes().iter().enumerate() {
                    let whole = self.whole_cte(cte, env);
                    if let Some(slot) = known.get_mut(first + index) {
                        slot.whole = whole;
                    }
                }
                env.ctes = Rc::new(known);
                return;
            }
            passes += 1;
            if passes >= most {
                break;
            }
        }
        self.facts.unknown("a recursive query", "its columns could not be followed to the end");
        for cte in known.iter_mut().skip(first) {
            cte.columns = Rc::new(Columns::open());
        }
        env.ctes = Rc::new(known);
    }

    /// The table whose rows a query yields, if it leaves out none.
    fn whole_cte(&self, cte: &CommonTableExpr, env: &Env<'_>) -> Option<Rc<Source>> {
        let Node::SelectStmt(select) = cte.ctequery() else { return None };
        let mut whole = self.all_rows(select, env)?;
        whole.rename(&parts(cte.aliascolnames()));
        Some(Rc::new(whole))
    }

    fn cte(&mut self, cte: &CommonTableExpr, env: &Env<'_>) -> Columns {
        let mut columns = match cte.ctequery() {
            Node::SelectStmt(select) => self.select(select, env),
            change => self.statement(change, env).unwrap_or_default(),
        };
        // What is computed here may be computed though nobody reads it.
        for field in columns.fields.iter().filter(|f| f.flow.distance >= Distance::Expression) {
            self.facts.uses(&field.flow, Use::Tested);
        }
        columns.rename(parts(cte.aliascolnames()));
        if let Some(search) = cte.search_clause() {
            let names = parts(search.search_col_list());
            let flow = self.cycle_columns(&columns, &names);
            let name = search.search_seq_column().unwrap_or_default();
            columns.fields.push(Field::new(name, flow));
        }
        if let Some(cycle) = cte.cycle_clause() {
            let names = parts(cycle.cycle_col_list());
            let flow = self.cycle_columns(&columns, &names);
            let mark = self.value(cycle.cycle_mark_value(), env);
            let name = cycle.cycle_mark_column().unwrap_or_default();
            columns.fields.push(Field::new(name, Flow::merge([&mark])));
            let name = cycle.cycle_path_column().unwrap_or_default();
            columns.fields.push(Field::new(name, flow));
        }
        columns
    }

    /// The path that SEARCH and CYCLE keep is made of the columns they name.
    fn cycle_columns(&mut self, columns: &Columns, names: &[&str]) -> Flow {
        let mut path = Flow::constant(None);
        for name in names {
            if let Some(flow) = columns.find(name) {
                self.facts.tested(&flow);
                path.absorb(&flow);
            }
        }
        path
    }
}
