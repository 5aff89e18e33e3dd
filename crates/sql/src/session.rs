//! Statements about the session itself: parameters, prepared statements, cursors, transactions,
//! notifications, DO. Schema statements go on to `ddl`.

use crate::{
    analyse::{MadeAs, Walk},
    builtin,
    copy::word,
    flow::{Columns, Field, Flow, Rest},
    frame::Frame,
    names::{Path, missing, reference},
    plpgsql,
    scope::Env,
};
use model::{
    Facts, Operation, Use,
    facts::{Effect, Output, RelationRef, SessionChange},
};
use pg_raw_parse::{
    Node,
    nodes::{
        CreateTableAsStmt, DeclareCursorStmt, DoStmt, ExecuteStmt, FetchStmt, LockStmt,
        PrepareStmt, RangeVar, SelectStmt, TransactionStmt, VariableSetStmt,
    },
    raw::{DiscardMode, TransactionStmtKind, VariableSetKind},
};
use std::{rc::Rc, sync::Arc};

/// `CURSOR_OPT_HOLD`.
const WITH_HOLD: i32 = 0x20;

/// `ExclusiveLock`; only `AccessExclusiveLock` is stronger.
const EXCLUSIVE: i32 = 7;

impl Walk<'_> {
    /// Statements about the session; the rest are schema statements.
    pub(crate) fn session_statement(&mut self, node: Node<'_>, env: &Env<'_>) -> Option<Columns> {
        match node {
            Node::VariableSetStmt(set) => self.set(set),
            Node::VariableShowStmt(show) => {
                let name = show.name().unwrap_or_default();
                self.facts.about(Operation::Show, name);
                // SHOW ALL leaves out what a session made to keep a value in.
                let unknown = name.contains('.');
                let column =
                    |name: &str| Field::new(name, Flow { unknown, ..Flow::constant(None) });
                if name == "all" {
                    let names = ["name", "setting", "description"];
                    return Some(Columns::closed(names.map(column).to_vec()));
                }
                return Some(Columns::closed(vec![column(name)]));
            }
            Node::TransactionStmt(transaction) => self.transaction(transaction),
            Node::PrepareStmt(prepare) => self.prepare(prepare),
            Node::ExecuteStmt(execute) => return self.execute(execute, env),
            Node::DeallocateStmt(deallocate) => {
                self.facts.plain(Operation::Session);
                let name = deallocate.name().filter(|_| !deallocate.isall).map(str::to_owned);
                match &name {
                    Some(name) => {
                        self.prepared.insert(name.clone(), None);
                    }
                    None => {
                        self.prepared.clear();
                        self.forgot.0 = true;
                    }
                }
                self.facts.session.push(SessionChange::Deallocate(name));
            }
            Node::DeclareCursorStmt(declare) => self.declares(declare),
            Node::FetchStmt(fetch) => return self.fetch(fetch),
            Node::ClosePortalStmt(close) => {
                self.facts.plain(Operation::Session);
                let name = close.portalname().map(str::to_owned);
                match &name {
                    Some(name) => {
                        self.cursors.insert(name.clone(), None);
                    }
                    None => {
                        self.forget_cursors();
                        return None;
                    }
                }
                self.facts.session.push(SessionChange::CloseCursor(name));
            }
            Node::DiscardStmt(discard) => self.discard(discard.target),
            Node::DoStmt(block) => self.do_block(block),
            Node::ListenStmt(listen) => {
                self.facts.about(Operation::Listen, listen.conditionname().unwrap_or_default());
            }
            Node::UnlistenStmt(unlisten) => {
                self.facts.about(Operation::Session, unlisten.conditionname().unwrap_or("*"));
            }
            Node::NotifyStmt(notify) => {
                self.facts.about(Operation::Notify, notify.conditionname().unwrap_or_default());
            }
            Node::LockStmt(lock) => self.lock(lock),
            Node::ConstraintsSetStmt(_) => self.constraints(),
            _ => self.schema_statement(node, env),
        }
        None
    }

    /// Names of the session within code. Whether it comes to them cannot be told, and what it
    /// prepared stays where it fails; what it runs by a name is another with the same text.
    pub(crate) fn names_in_code(&mut self) -> Columns {
        let why = "it prepares, runs or closes something by a name; send that by itself";
        self.facts.unknown("code with names of the session", why);
        self.facts.plain(Operation::Unknown);
        self.facts.dynamic = true;
        self.prepared.clear();
        self.forgot.0 = true;
        self.facts.session.push(SessionChange::Deallocate(None));
        self.forget_cursors();
        Columns::open()
    }

    /// Whatever the session's cursors were, they are gone or others by now.
    pub(crate) fn forget_cursors(&mut self) {
        self.cursors.clear();
        self.forgot.1 = true;
        let gone = SessionChange::CloseCursor(None);
        if !self.facts.session.contains(&gone) {
            self.facts.session.push(gone);
        }
    }

    fn prepare(&mut self, prepare: &PrepareStmt) {
        self.facts.plain(Operation::Session);
        let name = prepare.name().unwrap_or_default().to_owned();
        let inner = Arc::new(self.whole(prepare.query()));
        self.prepared.insert(name.clone(), Some(Arc::clone(&inner)));
        self.facts.session.push(SessionChange::Prepare(name, inner));
    }

    fn declares(&mut self, declare: &DeclareCursorStmt) {
        self.facts.plain(Operation::Session);
        let name = declare.portalname().unwrap_or_default().to_owned();
        let inner = Arc::new(self.whole(declare.query()));
        // Its reads happen at FETCH, but what it asks is settled here.
        self.facts.replay(&inner, |usage| (usage != Use::Returned).then_some(usage));
        self.facts.session.extend(inner.session.iter().cloned());
        if inner.session.contains(&SessionChange::Scope) {
            self.runs_later("a cursor");
        }
        self.cursors.insert(name.clone(), Some(Arc::clone(&inner)));
        self.facts.session.push(SessionChange::Declare(name.clone(), inner));
        if declare.options & WITH_HOLD != 0 {
            self.facts.session.push(SessionChange::Hold(name));
        }
    }

    /// LOCK TABLE. From EXCLUSIVE on it keeps everybody from changing a row, or from reading one.
    fn lock(&mut self, lock: &LockStmt) {
        for node in lock.relations() {
            let Node::RangeVar(range) = node else { continue };
            let relation = Some(self.reached_as(range));
            let unbounded = lock.mode >= EXCLUSIVE;
            let operation = Operation::Lock;
            self.facts.effect(Effect { operation, relation, object: None, unbounded });
        }
    }

    /// An effect on the relation that a name reaches.
    pub(crate) fn on_range(&mut self, operation: Operation, range: &RangeVar) {
        let shown = self.reached_as(range);
        self.facts.on(operation, shown);
    }

    /// The relation that a name reaches, as facts name it.
    pub(crate) fn reached_as(&self, range: &RangeVar) -> RelationRef {
        self.reached_by(range.schemaname(), range.relname().unwrap_or_default())
    }

    /// The same for a name in parts.
    pub(crate) fn reached_by(&self, schema: Option<&str>, name: &str) -> RelationRef {
        if self.is_made_temporary(schema, name) {
            return missing(Some("pg_temp"), name);
        }
        // What hid something of that name may be gone.
        let doubt = schema.is_none()
            && (self.made.stale || matches!(self.made_as(schema, name), MadeAs::Unclear));
        match self.path.relation(self.catalog, schema, name) {
            Some(relation) if doubt && crate::is_temporary(&relation.schema) => {
                missing(schema, name)
            }
            Some(relation) if self.path.certain || schema.is_some() => reference(relation),
            _ => missing(schema, name),
        }
    }

    /// The role in force, for `"$user"`.
    pub(crate) fn role(&self) -> &str {
        self.scope.role.as_deref().unwrap_or(&self.catalog.role)
    }

    fn set(&mut self, set: &VariableSetStmt) {
        let name = set.name().unwrap_or_default().to_ascii_lowercase();
        let multi = set.kind == VariableSetKind::VAR_SET_MULTI;
        if multi && name.starts_with("transaction") || name.starts_with("transaction_") {
            return self.facts.plain(Operation::Transaction);
        }
        if multi && name.starts_with("session characteristics") {
            return self.facts.about(Operation::Set, name);
        }
        let all = set.kind == VariableSetKind::VAR_RESET_ALL;
        let identity = matches!(name.as_str(), "role" | "session_authorization");
        // Back to whom the session signed in as, which DISCARD ALL does too.
        let back = set.kind == VariableSetKind::VAR_RESET
            || set.kind == VariableSetKind::VAR_SET_DEFAULT
            || name == "role" && set.args().iter().filter_map(word).eq(["none".to_owned()]);
        if identity && !back {
            self.facts.about(Operation::SetRole, name.clone());
        } else if builtin::protective_parameter(&name) && !back && !protects(&name, set) {
            self.facts.about(Operation::Security, format!("parameter {name}"));
            self.facts.about(Operation::Set, name.clone());
        } else {
            self.facts.about(Operation::Set, if all { "all".to_owned() } else { name.clone() });
        }
        if !all && !builtin::scope_parameter(&name) {
            return;
        }
        self.facts.scope();
        let literals = matches!(name.as_str(), "standard_conforming_strings" | "client_encoding");
        if all || literals || name == "names" {
            self.readable = false;
        }
        let value = set.kind == VariableSetKind::VAR_SET_VALUE;
        self.path = Rc::new(if value && name == "search_path" {
            let names = set.args().iter().filter_map(word).collect();
            Path::named(names, self.role(), self.path.temp.clone())
        } else {
            Path { certain: false, ..Path::clone(&self.path) }
        });
    }

    fn transaction(&mut self, transaction: &TransactionStmt) {
        let kind = transaction.kind;
        let commits = matches!(
            kind,
            TransactionStmtKind::TRANS_STMT_COMMIT
                | TransactionStmtKind::TRANS_STMT_COMMIT_PREPARED
                | TransactionStmtKind::TRANS_STMT_PREPARE
        );
        match commits {
            // What another transaction did, which nobody knows here.
            true if kind == TransactionStmtKind::TRANS_STMT_COMMIT_PREPARED => {
                self.facts.about(Operation::Commit, "prepared".to_owned())
            }
            true => self.facts.plain(Operation::Commit),
            false => self.facts.plain(Operation::Transaction),
        }
        let opens = matches!(
            kind,
            TransactionStmtKind::TRANS_STMT_BEGIN
                | TransactionStmtKind::TRANS_STMT_START
                | TransactionStmtKind::TRANS_STMT_SAVEPOINT
                | TransactionStmtKind::TRANS_STMT_RELEASE
        );
        if opens {
            return;
        }
        // What SET LOCAL changed, and what a rollback takes back, comes to an end here.
        self.facts.scope();
        self.path = Rc::new(Path { certain: false, ..Path::clone(&self.path) });
        if !commits {
            self.made.stale = true;
            self.made.doubt_all();
        }
    }

    fn constraints(&mut self) {
        self.facts.about(Operation::Transaction, "constraints".to_owned());
        // Triggers run that waited.
        self.facts.scope();
        self.path = Rc::new(Path { certain: false, ..Path::clone(&self.path) });
    }

    fn discard(&mut self, target: DiscardMode::Type) {
        self.facts.plain(Operation::Session);
        if target == DiscardMode::DISCARD_ALL {
            self.prepared.clear();
            self.cursors.clear();
            self.forgot = (true, true);
            self.readable = false;
            self.facts.session.push(SessionChange::Deallocate(None));
            self.facts.session.push(SessionChange::CloseCursor(None));
        }
        if matches!(target, DiscardMode::DISCARD_ALL | DiscardMode::DISCARD_TEMP) {
            self.facts.plain(Operation::DropTemp);
            self.made.stale = true;
            self.made.doubt_all();
        }
        self.facts.scope();
        self.path = Rc::new(Path { certain: false, ..Path::clone(&self.path) });
    }

    fn do_block(&mut self, block: &DoStmt) {
        let option = |name: &str| block.args().iter().find(|arg| arg.defname() == Some(name));
        let language = option("language").and_then(|arg| word(arg.arg()));
        let language = language.unwrap_or_else(|| "plpgsql".to_owned());
        self.facts.about(Operation::Do, format!("block in {language}"));
        let text = block.args().iter().find(|arg| arg.defname() == Some("as"));
        let text = text.and_then(|arg| word(arg.arg()));
        let steps = text.filter(|_| language == "plpgsql").and_then(|text| plpgsql::steps(&text));
        match steps {
            Some(steps) => {
                let ambient = crate::function::AMBIENT.iter();
                let arguments = ambient.map(|name| ((*name).to_owned(), Flow::constant(None)));
                // So the server calls the outermost block.
                self.frames.push(Frame::new("inline_code_block", arguments.collect()));
                self.steps("a DO block", false, &steps);
                self.frames.pop();
            }
            None => {
                self.facts.dynamic = true;
                let why = "its body cannot be followed; send its statements instead";
                self.facts.unknown("a DO block", why);
            }
        }
        self.facts.scope();
        self.path = Rc::new(Path { certain: false, ..Path::clone(&self.path) });
    }

    fn execute(&mut self, execute: &ExecuteStmt, env: &Env<'_>) -> Option<Columns> {
        let name = execute.name().unwrap_or_default();
        let known = match self.prepared.get(name) {
            Some(known) => known.clone(),
            None if self.forgot.0 => None,
            None => self.scope.prepared.get(name).cloned(),
        };
        // The server reads it anew where the path is another than when it was prepared.
        let moved = !self.path.certain || self.path.schemas != self.scope.search_path;
        // The server looks its names up anew, and since then something of that name was made.
        let known = known.filter(|inner| {
            !self.reads_made(inner)
                && (!self.made.stale || self.scope.lenient)
                && !inner.code.iter().any(|function| self.replaced.contains(function))
        });
        let Some(inner) = known.filter(|_| !moved) else {
            let why = if moved {
                "names may mean something else since it was prepared; send it separately"
            } else {
                "no prepared statement of that name is known; prepare it through Weir"
            };
            self.facts.unknown(format!("prepared statement \"{name}\""), why);
            self.facts.plain(Operation::Unknown);
            self.facts.dynamic = true;
            return Some(Columns::open());
        };
        let inner = self.with_carried(&inner);
        self.facts.replay(&inner, |usage| (usage != Use::Returned).then_some(usage));
        self.facts.session.extend(inner.session.iter().cloned());
        let (mut parameters, mut more) = (Flow::constant(None), 0_u32);
        for parameter in execute.params() {
            let flow = self.value(parameter, env);
            more = more.saturating_add(self.further_elements(parameter, &flow));
            parameters.absorb(&flow);
        }
        self.facts.look_up_more(&inner, more);
        // A parameter's value can be any part of what it goes into.
        self.facts.uses(&parameters, Use::Exported);
        let mut columns = replayed(&inner)?;
        if !parameters.sources.is_empty() || parameters.unknown {
            columns.fields.iter_mut().for_each(|field| field.flow.absorb(&parameters));
        }
        Some(columns)
    }

    /// True if something of the name of a relation that it knows was made since.
    fn reads_made(&self, inner: &Facts) -> bool {
        let relations = inner.effects.iter().filter_map(|effect| effect.relation.as_ref());
        let mut known = relations.filter(|relation| relation.id.is_some());
        known.any(|relation| self.made.tables.contains_key(&*relation.name))
    }

    fn fetch(&mut self, fetch: &FetchStmt) -> Option<Columns> {
        let name = fetch.portalname().unwrap_or_default();
        let known = match self.cursors.get(name) {
            Some(known) => known.clone(),
            None if self.forgot.1 => None,
            None => self.scope.cursors.get(name).cloned(),
        };
        // To move is to run what is passed, and to show nothing of it.
        if fetch.ismove {
            self.facts.plain(Operation::Session);
            if let Some(inner) = &known {
                self.facts.replay(inner, |usage| (usage != Use::Returned).then_some(usage));
            }
            return None;
        }
        self.facts.session.push(SessionChange::Fetch(name.to_owned()));
        // Code looks its names up as it runs, and that is now.
        let moved = !self.path.certain || self.path.schemas != self.scope.search_path;
        let known = known.filter(|inner| {
            let sure = inner.code.is_empty() || self.scope.lenient;
            sure || !moved && !self.made.stale && !self.reads_made(inner)
        });
        let Some(inner) = known else {
            let why = "no cursor of that name is known; declare it through Weir";
            self.facts.unknown(format!("cursor \"{name}\""), why);
            self.facts.plain(Operation::Select);
            return Some(Columns::open());
        };
        self.facts.replay(&inner, |usage| (usage != Use::Returned).then_some(usage));
        replayed(&inner)
    }

    pub(crate) fn top_select(&mut self, select: &SelectStmt, env: &Env<'_>) -> Option<Columns> {
        let mut left = select;
        while let Some(inner) = left.larg() {
            left = inner;
        }
        match left.into_clause() {
            None => Some(self.select(select, env)),
            Some(into) => {
                self.effect_of_making(into.rel());
                let columns = self.select(select, env);
                self.filled(into, columns, false);
                None
            }
        }
    }

    pub(crate) fn create_table_as(
        &mut self,
        create: &CreateTableAsStmt,
        env: &Env<'_>,
    ) -> Option<Columns> {
        let into = create.into()?;
        self.effect_of_making(into.rel());
        let columns = self.statement(create.query(), env).unwrap_or_else(Columns::open);
        self.filled(into, columns, create.if_not_exists);
        None
    }
}

/// The columns that facts stated earlier promise.
fn replayed(facts: &Facts) -> Option<Columns> {
    let Some(outputs) = facts.outputs.as_ref() else {
        return facts.outputs_unknown.then(Columns::open);
    };
    let fields = outputs.iter().map(|output| Field::new(&output.name, flow_of(output))).collect();
    let rest = if facts.outputs_unknown { Rest::Open } else { Rest::Closed };
    Some(Columns { fields, rest })
}

fn flow_of(output: &Output) -> Flow {
    let distance = crate::flow::Distance::of(output.derivation);
    Flow {
        // What was guarded when it was prepared need not be when it runs.
        sources: output.sources.iter().chain(&output.statistics).copied().collect(),
        keyed: output.keyed,
        distance,
        origin: output.origin,
        unknown: output.unknown,
        ty: output.type_id,
        keys: output.keys.iter().map(|key| key.as_str().into()).collect(),
        ..Flow::default()
    }
}

/// True if this gives a parameter that protects the value by which it does.
fn protects(name: &str, set: &VariableSetStmt) -> bool {
    let given: Vec<_> = set.args().iter().filter_map(word).collect();
    let [given] = given.as_slice() else { return false };
    let given = given.to_ascii_lowercase();
    match name {
        "session_replication_role" => given == "origin",
        "row_security"
        | "check_function_bodies"
        | "synchronous_commit"
        | "track_activities"
        | "track_counts" => {
            matches!(given.as_str(), "on" | "true" | "yes" | "1")
        }
        _ => false,
    }
}
