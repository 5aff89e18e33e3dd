//! CREATE of everything: what is made, and what of it is code.

use super::object::object_word;
use crate::{
    analyse::Walk,
    builtin,
    copy::word,
    flow::Flow,
    names::{Path, parts, split, strings},
    query::call::Arguments,
    scope::Env,
};
use model::{Operation, facts::Destination};
use pg_raw_parse::{
    Node,
    nodes::{CreateFunctionStmt, CreateSchemaStmt, CreateTrigStmt, RangeVar, RuleStmt},
    raw::{ConstrType, ObjectType},
};
use std::rc::Rc;

impl Walk<'_> {
    /// A schema, and what it makes along with it, which stands in it.
    fn creates_schema(&mut self, create: &CreateSchemaStmt) {
        self.object(Operation::Create, "schema", create.schemaname());
        let role = || create.authrole().and_then(|role| role.rolename());
        let home = create.schemaname().or_else(role).map(str::to_owned);
        let path = Path { home, ..Path::clone(&self.path) };
        let path = std::mem::replace(&mut self.path, Rc::new(path));
        for element in create.schema_elts() {
            self.statement(element, &Env::default());
        }
        self.path = path;
    }

    pub(super) fn creates_something(&mut self, node: Node<'_>, env: &Env<'_>) -> bool {
        match node {
            Node::CreateStmt(create) => self.create_table(create, env),
            Node::ViewStmt(view) => self.create_view(view, env),
            Node::CreateSeqStmt(create) => {
                if let Some(range) = create.sequence() {
                    self.makes(range);
                }
            }
            Node::IndexStmt(index) => {
                self.on_or(Operation::Create, index.relation(), "index");
                self.facts.keeps_names = true;
                self.indexes(index, env);
            }
            Node::CreateSchemaStmt(create) => self.creates_schema(create),
            Node::CreateFunctionStmt(create) => self.creates_function(create),
            Node::DefineStmt(define) => {
                let names = strings(define.defnames());
                if matches!(define.kind, ObjectType::OBJECT_AGGREGATE | ObjectType::OBJECT_OPERATOR)
                {
                    self.made.functions.push(split(&names).1.to_owned());
                }
                self.typed(object_word(define.kind), &names);
                let mut options = define.definition().iter();
                if options.any(|option| option.defname().is_some_and(acts_unseen)) {
                    let kind = object_word(define.kind);
                    self.titled(Operation::Code, kind, &names);
                }
            }
            Node::CreateOpFamilyStmt(_) => self.object(Operation::Create, "operator family", None),
            Node::CreateOpClassStmt(_) => {
                // Its functions order and hash what no statement says, and are not followed.
                self.object(Operation::Create, "operator class", None);
                self.object(Operation::Code, "operator class", None);
            }
            Node::CreateCastStmt(_) => {
                self.object(Operation::Create, "cast", None);
                // No statement says where a cast runs.
                self.made.stale = true;
            }
            Node::CreateConversionStmt(_) => self.object(Operation::Create, "conversion", None),
            Node::CreateTransformStmt(create) => {
                self.object(Operation::Code, "transform", create.lang());
            }
            Node::CreateAmStmt(create) => {
                self.object(Operation::Code, "access method", create.amname());
            }
            Node::CreateStatsStmt(create) => {
                self.typed("statistics", &strings(create.defnames()));
                self.gathers_statistics(create, env);
            }
            Node::CreateTrigStmt(create) => {
                self.on_or(Operation::Create, create.relation(), "trigger");
                self.hangs(create);
            }
            Node::CreateEventTrigStmt(create) => {
                self.object(Operation::Security, "event trigger", create.trigname());
            }
            Node::RuleStmt(rule) => self.creates_rule(rule),
            Node::CreatePLangStmt(create) => {
                self.object(Operation::Code, "language", create.plname());
            }
            Node::LoadStmt(load) => self.object(Operation::Code, "library", load.filename()),
            _ => return self.creates_type(node, env),
        }
        true
    }

    fn creates_type(&mut self, node: Node<'_>, env: &Env<'_>) -> bool {
        match node {
            Node::CompositeTypeStmt(create) => {
                let name = create.typevar().and_then(RangeVar::relname);
                if !create.coldeflist().iter().any(|column| self.is_coded(column)) {
                    self.made.types.extend(name.map(str::to_owned));
                }
                self.object(Operation::Create, "type", name);
            }
            Node::CreateEnumStmt(create) => {
                let names = strings(create.type_name());
                self.made.types.push(split(&names).1.to_owned());
                self.typed("type", &names);
                self.made_temporary_type(&names);
            }
            Node::CreateRangeStmt(create) => {
                let names = strings(create.type_name());
                self.typed("type", &names);
                self.made_temporary_type(&names);
            }
            Node::CreateDomainStmt(create) => {
                let names = strings(create.domainname());
                if self.is_plain(create, env) {
                    self.made.types.push(split(&names).1.to_owned());
                }
                self.typed("domain", &names);
                for constraint in create.constraints().iter() {
                    if constraint.contype == ConstrType::CONSTR_DEFAULT {
                        self.defaults_unseen(constraint.raw_expr(), "a domain", env);
                    }
                }
                self.made_temporary_type(&names);
            }
            _ => return false,
        }
        true
    }

    /// Whoever hangs code on a table of the session's own, which nobody else may forbid, does what
    /// the code does.
    fn hangs(&mut self, create: &CreateTrigStmt) {
        let Some(range) = create.relation() else { return };
        if !crate::is_temporary(&self.reached_as(range).schema) {
            return;
        }
        let names = parts(create.funcname());
        let (schema, name) = split(&names);
        let functions = self.path.functions(self.catalog, schema, name);
        if functions.is_empty() || !self.path.certain && schema.is_none() {
            let why = "it is not in the catalog as it was last read";
            self.facts.unknown(format!("function {}(…)", names.join(".")), why);
        }
        for function in functions {
            self.body(function, &Arguments::default());
        }
    }

    /// A rule makes other statements of later ones, and of an empty table a view.
    fn creates_rule(&mut self, rule: &RuleStmt) {
        self.on_or(Operation::Create, rule.relation(), "rule");
        let Some(range) = rule.relation() else { return };
        let relation = self.reached_as(range);
        if crate::is_temporary(&relation.schema) {
            self.facts.about(Operation::Security, "rule on a temporary table");
            self.facts.moved(Destination::All(relation), &Flow::unknown());
        }
    }

    /// A type of the session's own is looked up before any other of its name, `text` included.
    fn made_temporary_type(&mut self, names: &[&str]) {
        let (schema, name) = split(names);
        let own = |schema: &str| schema == "pg_temp" || crate::is_temporary(schema);
        let temporary = match schema {
            Some(schema) => own(schema),
            None => self.path.creation(self.catalog, true, true).contains(&None),
        };
        if temporary {
            self.facts.about(Operation::Security, format!("type {name} of the session's own"));
        }
    }

    fn creates_function(&mut self, create: &CreateFunctionStmt) {
        let names = parts(create.funcname());
        let shown = names.join(".");
        let (_, name) = split(&names);
        self.made.functions.push(name.to_owned());
        if create.replace {
            let known = self.catalog.functions_named(name);
            let own = known.filter(|function| function.schema != "pg_catalog");
            self.replaced.extend(own.map(|function| function.id));
            self.expanded.clear();
        }
        let language = create.options().iter().find(|option| option.defname() == Some("language"));
        let language = language.and_then(|option| word(option.arg()));
        let language = language.unwrap_or_else(|| "sql".to_owned()).to_ascii_lowercase();
        self.titled(Operation::Create, "function", &names);
        if !matches!(language.as_str(), "sql" | "plpgsql") {
            self.facts.about(Operation::Code, format!("function {shown} in {language}"));
        }
        let definer = create
            .options()
            .iter()
            .any(|option| option.defname() == Some("security") && crate::copy::truth(option.arg()));
        for option in create.options().iter().filter(|option| option.defname() == Some("set")) {
            let Node::VariableSetStmt(set) = option.arg() else { continue };
            let name = set.name().unwrap_or_default().to_ascii_lowercase();
            if builtin::protective_parameter(&name) {
                let what = format!("function {shown} with parameter {name}");
                self.facts.about(Operation::Security, what);
            }
        }
        if definer {
            self.facts.about(Operation::Security, format!("function {shown} as its owner"));
        }
    }
}

/// True for a part of an operator or of a collation that acts where no statement says so: an
/// estimator runs the operator over a column's statistics while a statement is planned, a negator
/// stands in for `NOT`, rules make equal what is not.
fn acts_unseen(option: &str) -> bool {
    matches!(
        option.to_ascii_lowercase().as_str(),
        "restrict" | "join" | "negator" | "commutator" | "rules" | "deterministic"
    )
}
