//! The FunctionCall message: a function by its oid, past SQL. Judged as the SELECT that would call
//! it, so that nothing leaves by it that would not leave by that.

use super::{Session, TEXT};
use crate::{
    plan::Plan,
    refusal::Refusal,
    result::{Field, Masks},
    turning::Turned,
};
use model::{Durability, FunctionId, TypeId, catalog::Function};
use policy::ProtocolFeature;
use std::{fmt::Write as _, sync::Arc, time::SystemTime};

impl Session {
    /// Analyses and decides a call. As for [`Self::plan`], the session must be ready.
    ///
    /// # Errors
    /// If the catalog does not know the function, for whoever lacks full rights.
    pub fn plan_call(&mut self, oid: u32, now: SystemTime) -> Result<Arc<Plan>, Refusal> {
        let catalog = Arc::clone(&self.known().catalog);
        let text = match catalog.function(FunctionId(oid)) {
            Some(function) => select(function, |id| {
                let ty = catalog.type_by_id(id)?;
                Some(format!("{}.{}", quoted(&ty.schema), quoted(&ty.name)))
            }),
            None if self.unrestricted => format!("SELECT oid_{oid}()"),
            None => {
                return Err(Refusal::unenforceable(
                    &format!("Weir does not know the function with oid {oid}"),
                    "Call the function by its name, with SELECT.",
                ));
            }
        };
        let planned = self.plan(&text, now);
        if planned.sent.is_some() {
            // What a policy wants written into the text cannot be written into a number.
            return Err(Refusal::unenforceable(
                "a policy guards what this function computes",
                "Call the function by its name, with SELECT.",
            ));
        }
        let denied = self.judge(ProtocolFeature::FunctionCall, now).err();
        let parts = planned.parts.iter().map(|part| {
            let mut verdict = match &denied {
                Some(denied) => denied.clone(),
                None => (*part.verdict).clone(),
            };
            // The answer is one message, which comes as soon as the function ran.
            if verdict.durability == Durability::BeforeRow {
                verdict.durability = Durability::BeforeForward;
            }
            part.called(verdict)
        });
        Ok(Arc::new(Plan {
            text: planned.text.clone(),
            sent: None,
            trace: planned.trace.clone(),
            turned: Turned::default(),
            parts: parts.collect(),
            free: None,
            knowledge: Arc::clone(&planned.knowledge),
            unrestricted: planned.unrestricted,
            replication: false,
            hashed: planned.hashed.clone(),
            by_name: planned.by_name.clone(),
            lingering: planned.lingering.clone(),
            policies: planned.policies,
            context: planned.context,
            names: planned.names,
        }))
    }

    /// The mask of a call's result; `None` if it leaves as it is.
    pub fn call_masks(&mut self, plan: &Plan, oid: u32, binary: bool) -> Option<Arc<Masks>> {
        if plan.unrestricted {
            return None;
        }
        let function = plan.knowledge.catalog.function(FunctionId(oid));
        let TypeId(result) = function.map_or(TypeId(TEXT), |function| function.return_type);
        Some(self.masks(plan, 0, &[Field::new(0, 0, result, binary)]))
    }
}

/// The statement that calls the same function with as many parameters.
fn select(function: &Function, type_name: impl Fn(TypeId) -> Option<String>) -> String {
    let mut text = format!("SELECT {}.{}(", quoted(&function.schema), quoted(&function.name));
    for (index, argument) in function.argument_types.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        let last = index + 1 == function.argument_types.len();
        let variadic = if last && function.variadic { "VARIADIC " } else { "" };
        let _ = write!(text, "{comma}{variadic}${}", index + 1);
        if let Some(name) = type_name(*argument) {
            let _ = write!(text, "::{name}");
        }
    }
    text.push(')');
    text
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
