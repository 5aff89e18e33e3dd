//! Whether what a text does may outlast DISCARD ALL in the server's process: then the process
//! serves nobody after the session. Knows no connection.
//!
//! DISCARD ALL drops what SQL knows of a session. It leaves alone what libraries and the variables
//! of procedural languages hold, names of settings that somebody made up, and whatever nobody has
//! understood. The same is what the server cannot be asked for: a session that left nothing of that
//! kind is all in what SQL tells of it.

use crate::plan::Plan;
use model::{
    Operation,
    catalog::Catalog,
    facts::{Effect, Facts, SessionChange},
};

/// What of a text may stay in the server's process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stays {
    /// When the session is reset, too.
    lingers: bool,
    /// And no question tells of it, or it asks for such itself.
    attached: bool,
}

impl Plan {
    /// True if something of it may need that nobody else is connected to the server, or changes
    /// what whoever connects to it finds. Kept connections are in its way.
    pub fn concerns_others(&self) -> bool {
        self.effects().any(|effect| {
            let about =
                |what: &str| effect.object.as_deref().is_some_and(|it| it.starts_with(what));
            effect.operation == Operation::Server
                || effect.operation == Operation::Role
                || about("owned objects")
                || about("tablespace")
                || about("subscription")
        })
    }

    /// True if something of it may need that nobody is connected to the database of this name.
    pub fn needs_alone(&self, database: &str) -> bool {
        let about = |effect: &Effect| {
            effect.operation == Operation::Server
                && effect.object.as_deref().is_some_and(|it| it.starts_with("database"))
        };
        let named = |text: &[u8]| text.eq_ignore_ascii_case(database.as_bytes());
        !database.is_empty()
            && self.effects().any(about)
            && self.text.as_bytes().windows(database.len()).any(named)
    }

    fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.parts.iter().flat_map(|part| &part.facts.effects)
    }

    /// True if something of it may stay in the server's process when the session is reset. Told
    /// when asked first.
    pub fn lingers(&self) -> bool {
        self.stay().lingers
    }

    /// True if the session could miss something in another process of the server which that cannot
    /// be asked for.
    pub fn is_attached(&self) -> bool {
        self.stay().attached
    }

    fn stay(&self) -> Stays {
        *self.lingering.get_or_init(|| {
            let catalog = &self.knowledge.catalog;
            let any = |stays: &dyn Fn(&Facts) -> bool| {
                self.replication || self.parts.iter().any(|part| stays(&part.facts))
            };
            Stays {
                lingers: any(&|facts| lingers(facts, catalog, is_taken_back)),
                attached: any(&|facts| lingers(facts, catalog, is_told) || asks_back(facts)),
            }
        })
    }
}

/// True if something asks what a sequence said last in this session: whoever does once will do it
/// again. That it said something is no sign by itself: each INSERT with a default does that.
fn asks_back(facts: &Facts) -> bool {
    let asks = |name: &str| {
        let name = name.rsplit('.').next().unwrap_or(name);
        matches!(name, "currval" | "lastval")
    };
    let within = |change: &SessionChange| match change {
        SessionChange::Prepare(_, facts) | SessionChange::Declare(_, facts) => asks_back(facts),
        SessionChange::Deallocate(_)
        | SessionChange::Hold(_)
        | SessionChange::Fetch(_)
        | SessionChange::CloseCursor(_)
        | SessionChange::Scope => false,
    };
    facts.functions.iter().any(|function| asks(&function.name)) || facts.session.iter().any(within)
}

fn lingers(facts: &Facts, catalog: &Catalog, goes: fn(&Effect) -> bool) -> bool {
    // PL/pgSQL and SQL keep nothing that is not a setting, a table or a statement.
    let forgets = |id| {
        let known = catalog.function(id);
        known.is_some_and(|known| matches!(known.language.as_str(), "sql" | "plpgsql"))
    };
    let within = |change: &SessionChange| match change {
        SessionChange::Prepare(_, facts) | SessionChange::Declare(_, facts) => {
            lingers(facts, catalog, goes)
        }
        SessionChange::Deallocate(_)
        | SessionChange::Hold(_)
        | SessionChange::Fetch(_)
        | SessionChange::CloseCursor(_)
        | SessionChange::Scope => false,
    };
    facts.dynamic
        || !facts.unknowns.is_empty()
        || !facts.effects.iter().all(goes)
        || !facts.code.iter().copied().all(forgets)
        || facts.session.iter().any(within)
}

/// True for what DISCARD ALL takes back or the server tells: temporary schemas are no secret of it.
fn is_told(effect: &Effect) -> bool {
    matches!(effect.operation, Operation::CreateTemp | Operation::DropTemp) || is_taken_back(effect)
}

/// True for effects on the database itself, and for those on the session that DISCARD ALL takes
/// back.
fn is_taken_back(effect: &Effect) -> bool {
    match effect.operation {
        Operation::Set => effect.object.as_deref().is_some_and(is_the_servers),
        Operation::Empty
        | Operation::Select
        | Operation::Insert
        | Operation::Update
        | Operation::Delete
        | Operation::Merge
        | Operation::Truncate
        | Operation::CopyIn
        | Operation::CopyOut
        | Operation::Create
        | Operation::Alter
        | Operation::Drop
        | Operation::Rename
        | Operation::Comment
        | Operation::Grant
        | Operation::Role
        | Operation::Explain
        | Operation::Show
        | Operation::SetRole
        | Operation::Transaction
        | Operation::Commit
        | Operation::Listen
        | Operation::Notify
        | Operation::Lock
        | Operation::Session
        | Operation::Maintenance
        | Operation::LargeObject => true,
        // Temporary schemas stay, though they are emptied; the others run or load what is foreign.
        Operation::CreateTemp
        | Operation::DropTemp
        | Operation::ServerFile
        | Operation::ServerProgram
        | Operation::Security
        | Operation::Extension
        | Operation::Foreign
        | Operation::Server
        | Operation::Call
        | Operation::Do
        | Operation::Replication
        | Operation::Code
        | Operation::Unknown => false,
    }
}

/// True for settings that the server itself has. One with a dot is a library's, or made up by
/// whoever sets it, and its name is there until the process ends; a function that sets something
/// may set any.
fn is_the_servers(object: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    // Nobody sees what random numbers begin with, and RESET leaves it alone.
    object != "seed" && object.bytes().all(word) || object.starts_with("session characteristics")
}

#[cfg(test)]
mod tests;
