//! Commands of the replication grammar, on a connection that policy let be one. Knows that they are
//! not SQL; what they stream is the engine's.

use super::Session;
use crate::plan::Plan;
use policy::ProtocolFeature;
use std::{sync::Arc, time::SystemTime};

impl Session {
    /// Decides a command of the replication grammar; `None` if the server takes the text for SQL.
    /// `sql`: the connection has SQL beside the commands. Depends on neither scope nor catalog, so
    /// there is nothing to wait for. The right to replicate is asked for again with each command.
    pub fn plan_replication(
        &mut self,
        text: &str,
        sql: bool,
        now: SystemTime,
    ) -> Option<Arc<Plan>> {
        let command = sql::replication_command(text, sql)?;
        let policies = self.gate.policies.load_full();
        if policies.version() != self.policies_seen {
            self.follow_policies(&policies, now);
        }
        let denied = self.judge(ProtocolFeature::Replication, now).err();
        let knowledge = self.database.knowledge();
        let context = self.plan_context(&policies, &knowledge, now);
        let asker = self.as_asker(now);
        let gate = &self.gate;
        let plan = gate.make_replication_plan(text, command, &asker, knowledge, &policies, context);
        Some(Arc::new(match denied {
            Some(verdict) => plan.with_verdict(verdict),
            None => plan,
        }))
    }
}
