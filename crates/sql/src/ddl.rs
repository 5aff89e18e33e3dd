//! Schema, role and server statements to effects. Data definition reads no values; it matters what
//! it makes, changes, drops, weakens.

mod alter;
mod create;
mod evaluate;
mod object;

use self::object::{object_parts, object_word};
use crate::{
    analyse::Walk,
    made::MadeTable,
    names::{missing, parts, split, strings},
    scope::Env,
};
use model::{
    Operation,
    facts::{Effect, Renamed},
};
use pg_raw_parse::{
    Node,
    nodes::{DropStmt, GrantStmt, RangeVar, RenameStmt, VacuumRelation},
    raw::{DropBehavior, GrantTargetType, NodeTag, ObjectType},
};

impl Walk<'_> {
    /// Everything that is neither query nor session: the last line of the dispatch.
    pub(crate) fn schema_statement(&mut self, node: Node<'_>, env: &Env<'_>) {
        if self.creates_something(node, env)
            || self.alters_something(node, env)
            || self.governs_something(node)
            || self.maintains_something(node, env)
        {
            return;
        }
        let shown = crate::statement::kind(node);
        self.facts.plain(Operation::Unknown);
        self.facts.dynamic = true;
        self.facts.unknown(format!("a statement ({shown})"), "the analyser does not know it");
    }

    fn alters_something(&mut self, node: Node<'_>, env: &Env<'_>) -> bool {
        match node {
            Node::AlterTableStmt(alter) => self.alter_table(alter, env),
            Node::DropStmt(drop) => self.drops(drop),
            Node::RenameStmt(rename) => self.rename(rename),
            Node::AlterObjectSchemaStmt(alter) => {
                self.about_object(
                    Operation::Rename,
                    alter.object_type,
                    alter.relation(),
                    alter.object(),
                );
                let schema = alter.newschema().unwrap_or_default();
                self.made_in(schema, "what is moved there");
                if let Some(range) = alter.relation() {
                    let relation = self.reached_as(range);
                    let to = missing(Some(schema), &relation.name);
                    self.facts.renamed.push(Renamed { relation, column: None, to });
                }
            }
            Node::AlterOwnerStmt(alter) => {
                self.about_object(
                    Operation::Grant,
                    alter.object_type,
                    alter.relation(),
                    alter.object(),
                );
            }
            Node::AlterObjectDependsStmt(alter) => {
                self.about_object(
                    Operation::Alter,
                    alter.object_type,
                    alter.relation(),
                    alter.object(),
                );
            }
            Node::CommentStmt(comment) => {
                self.about_object(Operation::Comment, comment.objtype, None, comment.object());
            }
            Node::SecLabelStmt(label) => {
                self.about_object(Operation::Security, label.objtype, None, label.object());
            }
            _ => return self.alters_other(node),
        }
        true
    }

    fn alters_other(&mut self, node: Node<'_>) -> bool {
        match node {
            Node::AlterSeqStmt(alter) => self.on_or(Operation::Alter, alter.sequence(), "sequence"),
            Node::AlterDomainStmt(alter) => {
                self.titled(Operation::Alter, "domain", &parts(alter.type_name()));
                self.alters_domain(alter, &Env::default());
            }
            Node::AlterEnumStmt(alter) => {
                self.titled(Operation::Alter, "type", &strings(alter.type_name()));
            }
            Node::AlterTypeStmt(alter) => {
                self.titled(Operation::Alter, "type", &parts(alter.type_name()));
            }
            Node::AlterFunctionStmt(alter) => {
                let names = alter.func().map(|func| parts(func.objname())).unwrap_or_default();
                self.titled(Operation::Alter, "function", &names);
                self.facts.about(Operation::Security, format!("function {}", names.join(".")));
            }
            Node::AlterOperatorStmt(_) => {
                self.object(Operation::Alter, "operator", None);
                self.object(Operation::Code, "operator", None);
            }
            Node::AlterOpFamilyStmt(_) => {
                self.object(Operation::Alter, "operator family", None);
                self.object(Operation::Code, "operator family", None);
            }
            Node::AlterCollationStmt(alter) => {
                self.titled(Operation::Alter, "collation", &parts(alter.collname()));
            }
            Node::AlterStatsStmt(alter) => {
                self.titled(Operation::Alter, "statistics", &strings(alter.defnames()));
            }
            Node::AlterTSDictionaryStmt(alter) => {
                self.titled(Operation::Alter, "dictionary", &strings(alter.dictname()));
            }
            Node::AlterTSConfigurationStmt(alter) => {
                self.titled(
                    Operation::Alter,
                    "text search configuration",
                    &strings(alter.cfgname()),
                );
            }
            _ => return false,
        }
        true
    }

    fn drops(&mut self, drop: &DropStmt) {
        let kind = drop.remove_type;
        let relations = matches!(
            kind,
            ObjectType::OBJECT_TABLE
                | ObjectType::OBJECT_VIEW
                | ObjectType::OBJECT_MATVIEW
                | ObjectType::OBJECT_SEQUENCE
                | ObjectType::OBJECT_FOREIGN_TABLE
        );
        let operation = match kind {
            ObjectType::OBJECT_EXTENSION => Operation::Extension,
            ObjectType::OBJECT_FDW | ObjectType::OBJECT_FOREIGN_SERVER => Operation::Foreign,
            ObjectType::OBJECT_PUBLICATION => Operation::Replication,
            ObjectType::OBJECT_LANGUAGE | ObjectType::OBJECT_ACCESS_METHOD => Operation::Code,
            _ => Operation::Drop,
        };
        for object in drop.objects() {
            let names = object_parts(object);
            if !relations {
                self.titled(operation, object_word(kind), &names);
                // Triggers come and go with every migration: dropping one is dropping structure.
                let guard = matches!(
                    kind,
                    ObjectType::OBJECT_POLICY
                        | ObjectType::OBJECT_RULE
                        | ObjectType::OBJECT_EVENT_TRIGGER
                );
                if guard {
                    self.titled(Operation::Security, object_word(kind), &names);
                }
                continue;
            }
            let (schema, name) = split(&names);
            let shown = self.reached_by(schema, name);
            // What is not there is not dropped: the server says so and goes on.
            let nothing = drop.missing_ok
                && schema.is_none()
                && shown.id.is_none()
                && self.path.certain
                && !self.made.stale
                && !self.made.tables.contains_key(name);
            let temporary = crate::is_temporary(&shown.schema) || nothing;
            let shown = if nothing { missing(Some("pg_temp"), name) } else { shown };
            self.facts.on(if temporary { Operation::DropTemp } else { operation }, shown);
            self.made.note(name, MadeTable::UNCLEAR);
        }
    }

    fn rename(&mut self, rename: &RenameStmt) {
        if rename.rename_type == ObjectType::OBJECT_ROLE {
            return self.object(Operation::Role, "role", rename.subname());
        }
        if rename.rename_type == ObjectType::OBJECT_DATABASE {
            return self.object(Operation::Server, "database", rename.subname());
        }
        let object = rename.object();
        self.about_object(Operation::Rename, rename.rename_type, rename.relation(), object);
        let new = rename.newname().unwrap_or_default();
        if rename.rename_type == ObjectType::OBJECT_SCHEMA {
            self.made_in(rename.subname().unwrap_or_default(), new);
            self.made_in(new, "a schema of that name");
            let [relation, to] = [rename.subname(), Some(new)].map(|schema| missing(schema, ""));
            return self.facts.renamed.push(Renamed { relation, column: None, to });
        }
        let Some(range) = rename.relation() else { return };
        let relation = self.reached_as(range);
        let renamed = match rename.rename_type {
            ObjectType::OBJECT_COLUMN | ObjectType::OBJECT_ATTRIBUTE => {
                let before = rename.subname().unwrap_or_default().to_owned();
                let to = relation.clone();
                Renamed { relation, column: Some((before, new.to_owned())), to }
            }
            ObjectType::OBJECT_TABLE
            | ObjectType::OBJECT_VIEW
            | ObjectType::OBJECT_MATVIEW
            | ObjectType::OBJECT_FOREIGN_TABLE => {
                self.made.note(&relation.name, MadeTable::UNCLEAR);
                self.made.note(new, MadeTable::UNCLEAR);
                let to = missing(Some(&relation.schema), new);
                Renamed { relation, column: None, to }
            }
            _ => return,
        };
        self.facts.renamed.push(renamed);
    }

    fn governs_something(&mut self, node: Node<'_>) -> bool {
        match node {
            Node::GrantStmt(grant) => self.grant(grant),
            Node::GrantRoleStmt(_) => self.object(Operation::Role, "role membership", None),
            Node::AlterDefaultPrivilegesStmt(_) => {
                self.object(Operation::Grant, "default privileges", None);
            }
            Node::ReassignOwnedStmt(_) => self.object(Operation::Grant, "owned objects", None),
            Node::DropOwnedStmt(_) => {
                self.object(Operation::Drop, "owned objects", None);
                self.object(Operation::Grant, "owned objects", None);
            }
            Node::CreateRoleStmt(role) => self.object(Operation::Role, "role", role.role()),
            Node::AlterRoleStmt(role) => {
                let name = role.role().and_then(|role| role.rolename());
                self.object(Operation::Role, "role", name);
            }
            Node::AlterRoleSetStmt(role) => {
                let name = role.role().and_then(|role| role.rolename());
                self.object(Operation::Role, "role", name);
            }
            Node::DropRoleStmt(drop) => {
                for role in drop.roles() {
                    let name = match role {
                        Node::RoleSpec(role) => role.rolename(),
                        _ => None,
                    };
                    self.object(Operation::Role, "role", name);
                }
            }
            Node::CreatePolicyStmt(policy) => {
                self.on_or(Operation::Security, policy.table(), "policy");
            }
            Node::AlterPolicyStmt(policy) => {
                self.on_or(Operation::Security, policy.table(), "policy");
            }
            Node::AlterEventTrigStmt(trigger) => {
                self.object(Operation::Security, "event trigger", trigger.trigname());
            }
            Node::CreateExtensionStmt(extension) => {
                self.object(Operation::Extension, "extension", extension.extname());
            }
            Node::AlterExtensionStmt(extension) => {
                self.object(Operation::Extension, "extension", extension.extname());
            }
            Node::AlterExtensionContentsStmt(extension) => {
                self.object(Operation::Extension, "extension", extension.extname());
            }
            _ => return self.connects_something(node),
        }
        true
    }

    fn connects_something(&mut self, node: Node<'_>) -> bool {
        match node {
            // The binding has no word for this one, so its name cannot be read.
            Node::Invalid(raw) if raw.type_ == NodeTag::T_CreateForeignTableStmt => {
                self.object(Operation::Foreign, "foreign table", None);
                self.object(Operation::Create, "foreign table", None);
                self.made.stale = true;
            }
            Node::CreateFdwStmt(fdw) => self.object(Operation::Foreign, "wrapper", fdw.fdwname()),
            Node::AlterFdwStmt(fdw) => self.object(Operation::Foreign, "wrapper", fdw.fdwname()),
            Node::CreateForeignServerStmt(server) => {
                self.object(Operation::Foreign, "server", server.servername());
            }
            Node::AlterForeignServerStmt(server) => {
                self.object(Operation::Foreign, "server", server.servername());
            }
            Node::CreateUserMappingStmt(map) => {
                self.object(Operation::Foreign, "user mapping", map.servername());
            }
            Node::AlterUserMappingStmt(map) => {
                self.object(Operation::Foreign, "user mapping", map.servername());
            }
            Node::DropUserMappingStmt(map) => {
                self.object(Operation::Foreign, "user mapping", map.servername());
            }
            Node::ImportForeignSchemaStmt(import) => {
                self.object(Operation::Foreign, "schema", import.remote_schema());
                self.object(Operation::Create, "schema", import.local_schema());
                self.made.stale = true;
            }
            Node::CreatePublicationStmt(publication) => {
                self.object(Operation::Replication, "publication", publication.pubname());
            }
            Node::AlterPublicationStmt(publication) => {
                self.object(Operation::Replication, "publication", publication.pubname());
            }
            Node::CreateSubscriptionStmt(subscription) => {
                self.object(Operation::Replication, "subscription", subscription.subname());
            }
            Node::AlterSubscriptionStmt(subscription) => {
                self.object(Operation::Replication, "subscription", subscription.subname());
            }
            Node::DropSubscriptionStmt(subscription) => {
                self.object(Operation::Replication, "subscription", subscription.subname());
            }
            _ => return false,
        }
        true
    }

    fn grant(&mut self, grant: &GrantStmt) {
        // The list holds relations only for tables and sequences; the binding's type is too narrow.
        let tables =
            matches!(grant.objtype, ObjectType::OBJECT_TABLE | ObjectType::OBJECT_SEQUENCE);
        if tables && grant.targtype == GrantTargetType::ACL_TARGET_OBJECT {
            for range in grant.objects() {
                self.on_range(Operation::Grant, range);
            }
            return;
        }
        self.object(Operation::Grant, object_word(grant.objtype), None);
    }

    fn maintains_something(&mut self, node: Node<'_>, _env: &Env<'_>) -> bool {
        match node {
            Node::TruncateStmt(truncate) => {
                for node in truncate.relations() {
                    let Node::RangeVar(range) = node else { continue };
                    self.on_range(Operation::Truncate, range);
                    if let crate::relation::Reached::Known(relation) = self.reach(range) {
                        self.triggers(relation);
                        self.triggers_below(relation);
                        let all = truncate.behavior == DropBehavior::DROP_CASCADE;
                        self.referring(relation, all);
                    }
                }
            }
            Node::VacuumStmt(vacuum) => {
                let mut any = false;
                for range in vacuum.rels().iter().filter_map(VacuumRelation::relation) {
                    any = true;
                    self.on_range(Operation::Maintenance, range);
                }
                if !any {
                    self.facts.plain(Operation::Maintenance);
                }
                self.vacuums(vacuum);
            }
            Node::ClusterStmt(cluster) => {
                self.on_or(Operation::Maintenance, cluster.relation(), "cluster");
                self.maintains(cluster.relation().as_slice());
            }
            Node::ReindexStmt(reindex) => {
                self.on_or(Operation::Maintenance, reindex.relation(), "index");
                self.reindexes(reindex);
            }
            Node::RefreshMatViewStmt(refresh) => {
                self.on_or(Operation::Maintenance, refresh.relation(), "materialized view");
                self.refreshed(refresh);
            }
            Node::CheckPointStmt(_) => self.facts.plain(Operation::Maintenance),
            Node::AlterSystemStmt(_) => self.object(Operation::Server, "system parameter", None),
            Node::CreatedbStmt(db) => self.object(Operation::Server, "database", db.dbname()),
            Node::AlterDatabaseStmt(db) => self.object(Operation::Server, "database", db.dbname()),
            Node::AlterDatabaseSetStmt(db) => {
                self.object(Operation::Server, "database", db.dbname());
            }
            Node::AlterDatabaseRefreshCollStmt(db) => {
                self.object(Operation::Server, "database", db.dbname());
            }
            Node::DropdbStmt(db) => self.object(Operation::Server, "database", db.dbname()),
            Node::CreateTableSpaceStmt(space) => {
                self.object(Operation::Server, "tablespace", space.tablespacename());
            }
            Node::DropTableSpaceStmt(space) => {
                self.object(Operation::Server, "tablespace", space.tablespacename());
            }
            Node::AlterTableSpaceOptionsStmt(space) => {
                self.object(Operation::Server, "tablespace", space.tablespacename());
            }
            Node::AlterTableMoveAllStmt(space) => {
                self.object(Operation::Alter, "tablespace", space.orig_tablespacename());
            }
            _ => return false,
        }
        true
    }

    pub(super) fn on_or(&mut self, operation: Operation, range: Option<&RangeVar>, object: &str) {
        match range {
            Some(range) => self.on_range(operation, range),
            None => self.facts.about(operation, object),
        }
    }

    pub(super) fn object(&mut self, operation: Operation, kind: &str, name: Option<&str>) {
        match name {
            Some(name) => self.facts.about(operation, format!("{kind} {name}")),
            None => self.facts.about(operation, kind),
        }
    }

    /// Something comes to be in a schema: among the server's own objects it passes for one.
    pub(super) fn made_in(&mut self, schema: &str, name: &str) {
        if crate::builtin::is_system(schema) {
            self.facts.on(Operation::Create, missing(Some(schema), name));
        }
    }

    pub(super) fn titled(&mut self, operation: Operation, kind: &str, names: &[&str]) {
        if let (Operation::Create, [.., schema, name]) = (operation, names) {
            self.made_in(schema, name);
        }
        self.facts.about(operation, format!("{kind} {}", names.join(".")));
    }

    pub(super) fn typed(&mut self, kind: &str, names: &[&str]) {
        self.titled(Operation::Create, kind, names);
    }

    /// An effect on whatever a statement of the form `ALTER kind name` names.
    fn about_object(
        &mut self,
        operation: Operation,
        kind: ObjectType::Type,
        range: Option<&RangeVar>,
        object: Node<'_>,
    ) {
        if let Some(range) = range {
            return self.on_range(operation, range);
        }
        let names = object_parts(object);
        let relation = match kind {
            ObjectType::OBJECT_TABLE
            | ObjectType::OBJECT_VIEW
            | ObjectType::OBJECT_MATVIEW
            | ObjectType::OBJECT_SEQUENCE
            | ObjectType::OBJECT_FOREIGN_TABLE => Some(names.as_slice()),
            ObjectType::OBJECT_COLUMN
            | ObjectType::OBJECT_TRIGGER
            | ObjectType::OBJECT_RULE
            | ObjectType::OBJECT_POLICY
            | ObjectType::OBJECT_TABCONSTRAINT => names.split_last().map(|(_, relation)| relation),
            _ => None,
        };
        if let Some(relation) = relation {
            let (schema, name) = split(relation);
            let relation = Some(self.reached_by(schema, name));
            let object = (operation != Operation::Comment).then(|| names.join("."));
            return self.facts.effect(Effect { operation, relation, object, unbounded: false });
        }
        self.titled(operation, object_word(kind), &names);
    }
}
