//! Objects of schema statements: their names, the words for their kinds, what is done to them.

use crate::names::{parts, strings};
use model::Operation;
use pg_raw_parse::{
    Node,
    list::NodeList,
    raw::{AlterTableType, ObjectType},
};

/// What a subcommand of ALTER TABLE is.
pub(super) fn subcommand(kind: AlterTableType::Type) -> Operation {
    use AlterTableType as T;
    match kind {
        T::AT_DropColumn
        | T::AT_DropConstraint
        | T::AT_DetachPartition
        | T::AT_DetachPartitionFinalize
        | T::AT_DropExpression
        | T::AT_DropIdentity
        | T::AT_DropInherit => Operation::Drop,
        T::AT_DisableTrig
        | T::AT_DisableTrigAll
        | T::AT_DisableTrigUser
        | T::AT_EnableTrig
        | T::AT_EnableAlwaysTrig
        | T::AT_EnableReplicaTrig
        | T::AT_EnableTrigAll
        | T::AT_EnableTrigUser
        | T::AT_DisableRule
        | T::AT_EnableRule
        | T::AT_EnableAlwaysRule
        | T::AT_EnableReplicaRule
        | T::AT_EnableRowSecurity
        | T::AT_DisableRowSecurity
        | T::AT_ForceRowSecurity
        | T::AT_NoForceRowSecurity
        | T::AT_SetUnLogged => Operation::Security,
        T::AT_ChangeOwner => Operation::Grant,
        _ => Operation::Alter,
    }
}

/// The name in an object node: a list of strings, a type, a function with arguments.
pub(super) fn object_parts(node: Node<'_>) -> Vec<&str> {
    match node {
        Node::NodeList(list) => names_in(list),
        Node::String(name) => name.sval().into_iter().collect(),
        Node::TypeName(name) => strings(name.names()),
        Node::ObjectWithArgs(object) => parts(object.objname()),
        Node::RangeVar(range) => range.schemaname().into_iter().chain(range.relname()).collect(),
        _ => Vec::new(),
    }
}

fn names_in(list: &NodeList) -> Vec<&str> {
    list.iter()
        .flat_map(|node| match node {
            Node::TypeName(name) => strings(name.names()),
            other => other.as_str().into_iter().collect(),
        })
        .collect()
}

pub(super) fn object_word(kind: ObjectType::Type) -> &'static str {
    match kind {
        ObjectType::OBJECT_AGGREGATE => "aggregate",
        ObjectType::OBJECT_ATTRIBUTE => "attribute",
        ObjectType::OBJECT_CAST => "cast",
        ObjectType::OBJECT_COLUMN => "column",
        ObjectType::OBJECT_COLLATION => "collation",
        ObjectType::OBJECT_CONVERSION => "conversion",
        ObjectType::OBJECT_DATABASE => "database",
        ObjectType::OBJECT_DOMAIN => "domain",
        ObjectType::OBJECT_EVENT_TRIGGER => "event trigger",
        ObjectType::OBJECT_EXTENSION => "extension",
        ObjectType::OBJECT_FDW => "foreign-data wrapper",
        ObjectType::OBJECT_FOREIGN_SERVER => "foreign server",
        ObjectType::OBJECT_FUNCTION | ObjectType::OBJECT_ROUTINE => "function",
        ObjectType::OBJECT_INDEX => "index",
        ObjectType::OBJECT_LANGUAGE => "language",
        ObjectType::OBJECT_LARGEOBJECT => "large object",
        ObjectType::OBJECT_OPCLASS => "operator class",
        ObjectType::OBJECT_OPERATOR => "operator",
        ObjectType::OBJECT_OPFAMILY => "operator family",
        ObjectType::OBJECT_PARAMETER_ACL => "parameter",
        ObjectType::OBJECT_POLICY => "policy",
        ObjectType::OBJECT_PROCEDURE => "procedure",
        ObjectType::OBJECT_PUBLICATION => "publication",
        ObjectType::OBJECT_ROLE => "role",
        ObjectType::OBJECT_RULE => "rule",
        ObjectType::OBJECT_SCHEMA => "schema",
        ObjectType::OBJECT_SEQUENCE => "sequence",
        ObjectType::OBJECT_STATISTIC_EXT => "statistics",
        ObjectType::OBJECT_TABLE => "table",
        ObjectType::OBJECT_TABLESPACE => "tablespace",
        ObjectType::OBJECT_TRIGGER => "trigger",
        ObjectType::OBJECT_TSCONFIGURATION => "text search configuration",
        ObjectType::OBJECT_TSDICTIONARY => "text search dictionary",
        ObjectType::OBJECT_TSPARSER => "text search parser",
        ObjectType::OBJECT_TSTEMPLATE => "text search template",
        ObjectType::OBJECT_TYPE => "type",
        ObjectType::OBJECT_VIEW => "view",
        ObjectType::OBJECT_MATVIEW => "materialized view",
        _ => "object",
    }
}
