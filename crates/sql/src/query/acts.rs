//! What PostgreSQL's own functions do besides computing: effects, ways out, settings, counts.

use super::call::Arguments;
use crate::{
    analyse::Walk,
    builtin::{self, Act},
    flow::Flow,
};
use model::{
    Operation, Use,
    catalog::{Function, FunctionKind},
};

impl Walk<'_> {
    pub(super) fn act(
        &mut self,
        act: Act,
        function: &Function,
        arguments: &Arguments,
        flow: Flow,
    ) -> Flow {
        let object = format!("function {}", function.name);
        match act {
            Act::Effect(operation) => {
                self.facts.about(operation, object);
                flow
            }
            Act::Opaque(operation) => {
                if operation == Operation::Foreign {
                    self.facts.unknown(object.clone(), "what it runs elsewhere is not seen");
                }
                self.facts.about(operation, object);
                self.facts.exports(&flow);
                Flow { unknown: true, ..flow }
            }
            Act::Whole(operation) => {
                self.facts.whole(operation, object);
                self.facts.exports(&flow);
                flow
            }
            Act::Export(operation) => {
                self.facts.about(operation, object);
                self.facts.exports(&flow);
                flow
            }
            Act::Hidden | Act::Runs => {
                self.facts.uses(&flow, Use::Exported);
                self.facts.dynamic |= act == Act::Runs;
                let why = match act {
                    Act::Runs => "it runs or reads what its arguments name; query tables directly",
                    _ => "it shows what others had; query the tables directly",
                };
                self.facts.unknown(format!("function {}(…)", function.name), why);
                Flow { unknown: true, ..flow }
            }
            Act::Scope => self.sets_parameter(arguments, object, flow),
            Act::Stash => {
                // A parameter of the server's own holds what somebody set; one with a dot in its
                // name exists only to keep a value.
                let custom = arguments.text.as_deref().map(|name| {
                    name.contains('.') || builtin::secret_parameter(&name.to_ascii_lowercase())
                });
                let custom = custom.unwrap_or_else(|| !self.listed_settings(arguments));
                Flow { unknown: flow.unknown || custom, ..flow }
            }
            Act::Measure => {
                self.facts.exports(&flow);
                flow
            }
            Act::Count => self.measured(function, arguments, flow),
        }
    }

    /// `set_config` and its like: what is set, by the name that stands there.
    fn sets_parameter(&mut self, arguments: &Arguments, object: String, flow: Flow) -> Flow {
        let parameter = arguments.text.as_deref().map(str::to_ascii_lowercase);
        let known = parameter.as_deref().is_some_and(|p| !builtin::scope_parameter(p));
        if !known {
            self.moves_path();
        }
        let protective = parameter.as_deref().is_none_or(builtin::protective_parameter);
        if protective {
            self.facts.about(Operation::Security, object.clone());
        }
        let role = matches!(parameter.as_deref(), None | Some("role" | "session_authorization"));
        if role {
            self.facts.about(Operation::SetRole, object.clone());
        }
        self.facts.about(Operation::Set, object);
        self.facts.exports(&flow);
        flow
    }

    /// A count or a size.
    fn measured(&mut self, function: &Function, arguments: &Arguments, flow: Flow) -> Flow {
        if function.kind == FunctionKind::Aggregate {
            // Whether there is a value, and with DISTINCT whether it is another's.
            arguments.values.iter().for_each(|(_, value)| self.facts.tested(value));
            let sources = arguments.sets.clone();
            return Flow { unknown: flow.unknown, sources, ..Flow::constant(None) };
        }
        // Sizes can be made to be the value itself (`repeat('x', salary)`).
        self.facts.uses(&flow, if flow.sized { Use::Exported } else { Use::Inferred });
        if function.name != "pg_column_size" && arguments.is_whole() {
            // Of columns as they stand, how many are NULL.
            return Flow { unknown: flow.unknown, ..Flow::constant(None) };
        }
        flow
    }

    /// True if the first argument can only be the name of a parameter that the server lists:
    /// `pg_settings` leaves out those that a session made to keep a value in.
    fn listed_settings(&self, arguments: &Arguments) -> bool {
        let origin = arguments.values.first().and_then(|(_, flow)| flow.origin);
        let relation = origin.and_then(|id| Some((self.catalog.relation(id.relation)?, id.number)));
        relation.is_some_and(|(relation, number)| {
            let name = relation.columns.iter().find(|column| column.number == number);
            relation.schema == "pg_catalog"
                && relation.name == "pg_settings"
                && name.is_some_and(|column| column.name == "name")
        })
    }
}
