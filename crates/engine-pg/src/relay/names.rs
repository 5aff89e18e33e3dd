//! Names of prepared statements and portals: what they stand for by what the server has confirmed.
//! A server that ignores or refuses a message keeps the old meaning, so nothing is taken for
//! granted beyond the Sync behind which the server listens again. Knows no rows.

use super::{
    Expected, Relay,
    expected::{Portal, Prepared, Request, settled},
};
use foldhash::fast::RandomState;
use gate::{Plan, Refusal};
use model::facts::SessionChange;
use std::{collections::HashMap, sync::Arc};
use wire_pg::Text;

/// The bytes of a name that the server looks at: NAMEDATALEN less its terminator.
const NAME_BYTES: usize = 63;

/// What names stand for. The hash has a seed of its own, so that no client can choose collisions.
pub(super) type Names<T> = HashMap<Box<[u8]>, Arc<T>, RandomState>;

/// A Parse or a Close that the server refused or ignored.
pub(super) struct Undone {
    pub(super) name: Box<[u8]>,
    /// What the name stood for before it.
    pub(super) before: Option<Arc<Prepared>>,
    /// What it was to stand for; nothing by a Close.
    pub(super) made: Option<Arc<Prepared>>,
}

/// A name as the server's own tables hold it: longer ones meet at the same entry.
pub(super) fn known_as<'a>(name: Text<'a>) -> &'a [u8] {
    let bytes = name.bytes();
    bytes.get(..NAME_BYTES).unwrap_or(bytes)
}

/// What the server answers to a prepared statement's name that it does not have
/// (`exec_bind_message`, `FetchPreparedStatement`).
fn no_statement(name: &str) -> Refusal {
    let message = match name {
        "" => "unnamed prepared statement does not exist".to_owned(),
        name => format!("prepared statement \"{name}\" does not exist"),
    };
    Refusal { sqlstate: "26000", message, hint: None, ..Refusal::limit(String::new(), "") }
}

/// What the server answers to an Execute of the unnamed portal where there is none
/// (`exec_execute_message`).
fn no_unnamed_portal() -> Refusal {
    let message = "portal \"\" does not exist".to_owned();
    Refusal { sqlstate: "34000", message, hint: None, ..Refusal::limit(String::new(), "") }
}

impl Relay {
    /// The plan of a statement that SQL may know by a name, if the protocol does not. SQL gives
    /// nothing the empty name, so what the protocol did not make is not there.
    pub(super) fn plan_of_statement(&mut self, name: Text<'_>) -> Result<Arc<Plan>, Refusal> {
        match name.bytes() {
            [] => Err(no_statement("")),
            _ => self.plan_by_name("EXECUTE", name),
        }
    }

    /// The same for a cursor that is run as a portal.
    pub(super) fn plan_of_portal(&mut self, name: Text<'_>) -> Result<Arc<Plan>, Refusal> {
        match name.bytes() {
            [] => Err(no_unnamed_portal()),
            _ => self.plan_by_name("FETCH ALL FROM", name),
        }
    }

    /// The plan of what SQL knows by a name: `EXECUTE name`, `FETCH ALL FROM name`.
    fn plan_by_name(&mut self, verb: &str, name: Text<'_>) -> Result<Arc<Plan>, Refusal> {
        let name = name.lossy().replace('"', "\"\"");
        let text = format!("{verb} \"{name}\"");
        self.plan(Text::new(text.as_bytes()))
    }

    /// A Bind is on its way. Of a name that the protocol did not make the server may say that
    /// nobody did, and its words are withheld like all others from whoever runs what is not known:
    /// these are made of the client's own, then.
    pub(super) fn expect_bind(&mut self, made: (Box<[u8]>, Arc<Portal>), statement: Text<'_>) {
        let unknown = made.1.prepared.is_none() && !self.session.unrestricted();
        let name = statement.utf8().filter(|name| unknown && (self.utf8 || name.is_ascii()));
        let refusal = name.map(|name| Box::new(no_statement(name)));
        let request = Request::Bind(Some(made));
        self.expected.push_back(Expected { request, hidden: false, refusal });
    }

    /// The server made a prepared statement.
    pub(super) fn parsed(&mut self, name: &[u8], made: Option<Arc<Prepared>>) {
        let Some(made) = made else { return };
        made.birth.confirm();
        // Closed or replaced by what is still under way: then SQL must not know it either.
        let current = self.prepared.get(name).is_some_and(|known| Arc::ptr_eq(known, &made));
        // By SQL's EXECUTE it would say nothing of the end user, so SQL does not know it.
        let known = current && made.asserts.is_none();
        if let (Ok(name), false, true) = (std::str::from_utf8(name), name.is_empty(), known) {
            self.session.note_prepared(name, &made.plan);
        }
    }

    /// The server made a portal.
    pub(super) fn bound(&mut self, name: &[u8], made: &Arc<Portal>) {
        made.birth.confirm();
        let current = self.portals.get(name).is_some_and(|known| Arc::ptr_eq(known, made));
        if let (Ok(name), false, true) = (std::str::from_utf8(name), name.is_empty(), current) {
            self.session.note_portal(name, &made.plan, &made.left);
        }
    }

    /// SQL changed names that the protocol shares: the session knows the new meaning, so the old
    /// one goes.
    pub(super) fn follow_names(&mut self, plan: &Plan, part: usize) {
        let Some(part) = plan.parts.get(part) else { return };
        for change in &part.facts.session {
            match change {
                SessionChange::Deallocate(None) => self.prepared.clear(),
                SessionChange::Deallocate(Some(name)) | SessionChange::Prepare(name, _) => {
                    self.prepared.remove(name.as_bytes());
                }
                SessionChange::CloseCursor(None) => self.portals.clear(),
                SessionChange::CloseCursor(Some(name)) | SessionChange::Declare(name, _) => {
                    self.portals.remove(name.as_bytes());
                }
                SessionChange::Hold(_) | SessionChange::Fetch(_) | SessionChange::Scope => {}
            }
        }
    }

    /// Names mean again what they meant before the failure: to what is under way behind it as well,
    /// which may have given them another meaning since and would give that one back. In the order
    /// in which they were sent. The unnamed statement is put back even where the server dropped it
    /// before it looked at the new text: then it says so to whoever binds it.
    pub(super) fn undo_names(&mut self, undone: Vec<Undone>) {
        if undone.is_empty() {
            return;
        }
        let mut names: HashMap<Box<[u8]>, _, RandomState> = HashMap::default();
        for Undone { name, before, made } in undone {
            let (_, last) = names.entry(name).or_insert((before, None));
            *last = made;
        }
        for expected in &mut self.expected {
            let (name, given_back) = match &mut expected.request {
                Request::Parse { name, before, made: Some(_) } => (name, before),
                Request::Close { name: Some(name), before } => (name, before),
                _ => continue,
            };
            if let Some((before, _)) = names.remove(name) {
                *given_back = before;
            }
        }
        for (name, (before, made)) in names {
            let stands = match (self.prepared.get(&name), made) {
                (Some(now), Some(made)) => Arc::ptr_eq(now, &made),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            match before {
                // SQL gave it another meaning meanwhile.
                _ if !stands => {}
                Some(before) => _ = self.prepared.insert(name, before),
                None => _ = self.prepared.remove(&name),
            }
        }
    }

    /// Portals go with their transaction; those of a later segment are not part of it.
    pub(super) fn forget_portals(&mut self, segment: u64) {
        self.portals.retain(|_, portal| portal.birth.segment >= segment);
    }

    /// True if a message may rely on what a statement's name stands for; else it has to wait.
    pub(super) fn sure_of_statement(&mut self, name: Text<'_>) -> bool {
        let name = known_as(name);
        let known = self.prepared.get(name);
        if known.is_none_or(|it| it.birth.is_sure(self.segment)) || self.session.unrestricted() {
            return true;
        }
        if settled(&self.expected) {
            // All is answered and nobody confirmed it: it never was made.
            self.prepared.remove(name);
            return true;
        }
        self.settle();
        false
    }

    /// The same for a portal.
    pub(super) fn sure_of_portal(&mut self, name: Text<'_>) -> bool {
        let name = known_as(name);
        let known = self.portals.get(name);
        if known.is_none_or(|it| it.birth.is_sure(self.segment)) || self.session.unrestricted() {
            return true;
        }
        if settled(&self.expected) {
            self.portals.remove(name);
            return true;
        }
        self.settle();
        false
    }
}
