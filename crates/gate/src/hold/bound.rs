//! What an approval is bound to. Knows no storage of approvals.

use super::Given;
use crate::{database::Knowledge, plan::Plan, session::Session};
use model::{
    Catalog, Facts, FunctionId, RelationId,
    catalog::{Function, Relation},
};
use std::{collections::BTreeSet, fmt::Write};

impl Session {
    /// What an approval of this plan with these values is bound to.
    pub fn digest(&self, plan: &Plan, given: &Given) -> Vec<u8> {
        let facts = plan.parts.iter().fold(String::new(), |mut all, part| {
            let model::Verdict { needs, change_limits, cost_limits, .. } = &*part.verdict;
            let _ = write!(all, "{:?}{needs:?}{change_limits:?}{cost_limits:?}", part.facts);
            all
        });
        let meaning = self.meaning(plan);
        let who = self.identity().chain();
        let mut bound = Vec::new();
        let policies = plan.policies.to_le_bytes();
        let database = self.database().name.as_str();
        for part in [
            who.as_bytes(),
            database.as_bytes(),
            plan.text.as_bytes(),
            &given.exact,
            facts.as_bytes(),
            meaning.as_bytes(),
            &policies,
        ] {
            bound.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bound.extend_from_slice(part);
        }
        self.gate().ledger.redactor().hash(&bound).bytes().to_vec()
    }

    /// What the relations and the code are that a plan's facts name by number: definitions of
    /// views, bodies of functions. Where not all of it can be told, all there is in the database.
    fn meaning(&self, plan: &Plan) -> String {
        let catalog = &*plan.knowledge.catalog;
        let mut relations = BTreeSet::new();
        let mut functions = BTreeSet::new();
        let mut whole = false;
        for part in &plan.parts {
            let Facts { effects, columns, code, dynamic, unknowns, .. } = &*part.facts;
            let reached = effects.iter().filter_map(|effect| effect.relation.as_ref()?.id);
            relations.extend(reached.chain(columns.iter().map(|one| one.column.relation)));
            functions.extend(code.iter().copied());
            whole |= *dynamic || !unknowns.is_empty();
        }
        let mut words = described(catalog, relations, functions);
        if whole {
            let _ = writeln!(words, "{:?}", self.whole(&plan.knowledge));
        }
        words
    }

    /// A hash of all there is in the database, worked out once for each catalog.
    fn whole(&self, knowledge: &Knowledge) -> [u8; 16] {
        *knowledge.meaning.get_or_init(|| {
            let catalog = &*knowledge.catalog;
            let relations = catalog.relations().filter(|it| is_own(&it.schema)).map(|it| it.id);
            let functions = catalog.functions().filter(|it| is_own(&it.schema)).map(|it| it.id);
            let words = described(catalog, relations.collect(), functions.collect());
            self.gate().ledger.redactor().hash(words.as_bytes()).bytes()
        })
    }
}

fn described(
    catalog: &Catalog,
    relations: BTreeSet<RelationId>,
    functions: BTreeSet<FunctionId>,
) -> String {
    let mut words = String::new();
    for id in relations {
        relation(&mut words, catalog, id);
    }
    for id in functions {
        function(&mut words, catalog, id);
    }
    words
}

/// False for what came with the server, and for what is there as long as it runs.
fn is_own(schema: &str) -> bool {
    schema != "pg_catalog" && schema != "information_schema" && schema != "pg_toast"
}

/// How many rows it has, and what comments say of it, is not what it is. Writing to a text does not
/// fail.
fn relation(words: &mut String, catalog: &Catalog, id: RelationId) {
    let Some(relation) = catalog.relation(id) else {
        let _ = writeln!(words, "{id:?}");
        return;
    };
    let Relation { schema, name, kind, definition, parents, has_rules, .. } = &**relation;
    let _ = write!(words, "{id:?}{schema:?}{name:?}{kind:?}{definition:?}{parents:?}{has_rules}");
    let _ = write!(words, "{:?}{:?}{:?}", relation.triggers, relation.refers, relation.row_type);
    let _ = write!(words, "{:?}{:?}", relation.attached, relation.carried_from);
    let _ = write!(words, "{}", relation.row_security);
    for column in &relation.columns {
        let default = catalog.code.column_defaults.get(&relation.column_id(column.number));
        let (number, name, ty) = (column.number, &column.name, column.type_id);
        let _ = write!(words, "{number}{name:?}{ty:?}{:?}{default:?}", column.generated);
    }
    words.push('\n');
}

fn function(words: &mut String, catalog: &Catalog, id: FunctionId) {
    let function: Option<&Function> = catalog.function(id).map(|function| &**function);
    let code = &catalog.code;
    let (defaults, parts) = (code.argument_defaults.get(&id), code.aggregates.get(&id));
    let _ = writeln!(words, "{id:?}{function:?}{defaults:?}{parts:?}");
}
