//! A catalog as an open transaction sees it, its uncommitted changes included. What came with the
//! server is taken from the catalog that all know; what users made is read whole. Knows texts and
//! rows, and no connection.

use super::{
    build::Builder,
    queries::{self, About, Reading, Section},
    versions::{Delta, FIRST_NORMAL_OID},
};
use model::Catalog;
use std::sync::Arc;

/// The most columns of users' relations, and functions of theirs, that are read for one session.
const MOST: usize = 50_000;

/// What has to be in force before the questions, and ends with the savepoint: what the server
/// writes out is qualified and waits for nobody, and the client's limits do not concern it.
pub(crate) const SETTINGS: &str = "SELECT pg_catalog.set_config('search_path', '', true), \
     pg_catalog.set_config('statement_timeout', '10s', true), \
     pg_catalog.set_config('lock_timeout', '800ms', true), \
     pg_catalog.set_config('quote_all_identifiers', 'off', true), \
     pg_catalog.set_config('jit', 'off', true)";

/// The questions about what users made, in the order in which the builder wants their rows; one at
/// a time, on the connection whose transaction it is about. `None` if there is too much of it.
pub(crate) fn questions(shared: &Catalog) -> Option<Vec<(Section, String)>> {
    let relations = shared.own_relations().filter(|relation| is_users(relation.id.0));
    let columns: usize = relations.map(|relation| relation.columns.len()).sum();
    let functions = shared.own_functions().filter(|function| is_users(function.id.0)).count();
    if columns + functions > MOST {
        return None;
    }
    let major = shared.server_version / 10_000;
    let all = queries::sections(major, Reading::Shared).into_iter();
    let asked = all.filter_map(|(section, text)| match section.about() {
        About::Session => None,
        About::Relation | About::Function | About::Type => {
            let least = FIRST_NORMAL_OID;
            // The client has filled this session's pg_temp as it liked, which no path leaves out.
            let users = format!(
                "SELECT * FROM ({text}) q (key) \
                 WHERE q.key OPERATOR(pg_catalog.>=) {least}::pg_catalog.oid"
            );
            Some((section, users))
        }
        About::Operators | About::Casts => Some((section, text)),
    });
    Some(asked.collect())
}

/// What takes their rows, upon what came with the server.
pub(crate) fn builder(shared: &Arc<Catalog>) -> Builder {
    let mut base = Catalog::clone(shared);
    let users = |ids: &mut dyn Iterator<Item = u32>| ids.filter(|id| is_users(*id)).collect();
    let everything = Delta {
        relations: users(&mut shared.own_relations().map(|relation| relation.id.0)),
        functions: users(&mut shared.own_functions().map(|function| function.id.0)),
        types: users(&mut shared.own_types().map(|ty| ty.id.0)),
        operators: true,
        casts: true,
        ..Delta::default()
    };
    everything.take_out(&mut base);
    Builder::upon(base, Some(Arc::clone(shared)))
}

const fn is_users(id: u32) -> bool {
    id >= FIRST_NORMAL_OID
}
