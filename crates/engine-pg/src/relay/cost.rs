//! Statements under a limit on what they may cost, or on how many rows they may return or change:
//! the server's planner is asked by EXPLAIN, with the same values, before one is sent. Knows no
//! limits but as something to compare with.

use super::{
    Block, End, Expected, Parked, Relay,
    expected::{Portal, Request, settled},
    hold::Wait,
    probe::OWN_NAME,
};
use gate::{
    Cleared, Parameters, Readiness, Refusal, Statement,
    change::{Expects, costs},
    hold::{Exceeded, Given, Wish},
};
use std::{sync::Arc, time::SystemTime};
use wire_pg::{
    Values,
    frontend::{self, Kind, encode},
};

/// What a session knows of what its next statement will cost.
#[derive(Debug, Default)]
pub(super) struct Cost {
    asked: bool,
    /// The server runs what is constant in a statement to say what it costs: names may mean
    /// something else behind that.
    moves_names: bool,
    expected: Option<Expects>,
}

/// What becomes of a statement under a limit.
pub(super) enum Priced {
    /// It goes on.
    Goes(Cleared<Statement>),
    /// It waits for the planner, or for consent.
    Waits,
    /// It does not run.
    Refused(Refusal),
}

impl Relay {
    /// Lets a statement go on whose cost is within its limits, or has none.
    pub(super) fn price(
        &mut self,
        cleared: Cleared<Statement>,
        portal: Option<&Portal>,
    ) -> Result<Priced, End> {
        // What was counted before it has been priced before that.
        if cleared.get().cost_limits().next().is_none() || self.change_begun() {
            return Ok(Priced::Goes(cleared));
        }
        if std::mem::take(&mut self.cost.asked) {
            return Ok(self.price_asked(cleared, portal));
        }
        if let Err(refusal) = cleared.get().plan.estimable() {
            self.abandon(cleared);
            return Ok(Priced::Refused(refusal));
        }
        let read_only = |part: &gate::Part| part.verdict.read_only;
        if portal.is_none() && cleared.get().plan.parts.iter().any(read_only) {
            self.abandon(cleared);
            return Ok(Priced::Refused(unknown("parts of it were not understood")));
        }
        if portal.is_none() && !settled(&self.expected) {
            self.settle();
            self.parked = Some(Parked { cleared });
            return Ok(Priced::Waits);
        }
        let text = format!("EXPLAIN (FORMAT JSON) {}", cleared.get().plan.text);
        match portal {
            None => {
                encode::query(&mut self.upstream.output, text.as_bytes())?;
                self.expected.push_back(Expected::hidden(Request::Cost));
                self.expected.push_back(Expected::hidden(Request::Sync));
            }
            Some(portal) => {
                if !self.explain_portal(&text, portal)? {
                    self.abandon(cleared);
                    return Ok(Priced::Refused(unknown("its values were not kept")));
                }
            }
        }
        let moves_names = cleared.get().plan.moves_names();
        self.cost = Cost { asked: true, moves_names, expected: None };
        self.parked = Some(Parked { cleared });
        self.block = Some(Block::Cost);
        Ok(Priced::Waits)
    }

    /// Asks about a portal, with what was bound to it; false if that is not known any more.
    fn explain_portal(&mut self, text: &str, portal: &Portal) -> Result<bool, End> {
        let Some(bound) = &portal.bound else { return Ok(false) };
        let bind = frontend::Bind::parse(bound)?;
        let types = portal.prepared.as_ref().map_or(&[][..], |prepared| &prepared.types);
        let formats: Vec<_> = bind.formats.iter().collect();
        let out = &mut self.upstream.output;
        encode::parse(out, OWN_NAME, text.as_bytes(), types.iter().copied())?;
        encode::bind(out, OWN_NAME, OWN_NAME, &formats, bind.parameters.iter(), &[])?;
        encode::execute(out, OWN_NAME, 0)?;
        encode::close(out, Kind::Portal, OWN_NAME)?;
        encode::close(out, Kind::Statement, OWN_NAME)?;
        encode::flush(out);
        let parse = Request::Parse { name: OWN_NAME.into(), before: None, made: None };
        let close = || Request::Close { name: None, before: None };
        for request in [parse, Request::Bind(None), Request::Cost, close(), close()] {
            self.expected.push_back(Expected::hidden(request));
        }
        Ok(true)
    }

    /// The planner's answer.
    pub(super) fn priced(&mut self, values: Values<'_>) {
        self.cost.expected = values.iter().next().flatten().and_then(Expects::read);
    }

    /// The answer is complete, or there is none.
    pub(super) fn price_known(&mut self) {
        if matches!(self.block, Some(Block::Cost)) {
            self.block = None;
        }
    }

    /// Weighs what the planner said, once it is sure that the statement means what it meant before.
    fn price_asked(&mut self, cleared: Cleared<Statement>, portal: Option<&Portal>) -> Priced {
        if std::mem::take(&mut self.cost.moves_names) {
            self.session.scope_unknown();
            if !self.ask_scope() {
                self.cost.asked = true;
                self.parked = Some(Parked { cleared });
                return Priced::Waits;
            }
        }
        let known = !matches!(self.session.certainty(), Readiness::ScopeUnknown);
        if !known || !self.session.same_scope(&cleared.get().plan) {
            self.abandon(cleared);
            return Priced::Refused(unknown("its names mean something else since it was asked"));
        }
        self.weigh_cost(cleared, portal)
    }

    fn weigh_cost(&mut self, cleared: Cleared<Statement>, portal: Option<&Portal>) -> Priced {
        let Some(expected) = self.cost.expected.take() else {
            self.abandon(cleared);
            return Priced::Refused(unknown("the server did not say"));
        };
        let Some(limit) = cleared.get().costs_more(&expected).cloned() else {
            let paid = self.session.pay(expected.cost);
            let Err(mut refusal) = paid else { return Priced::Goes(cleared) };
            refusal.record = cleared.get().parts.first().map(|part| part.id.to_string());
            self.session.abandon(cleared, "its task has too little left", SystemTime::now());
            return Priced::Refused(refusal);
        };
        let words = costs(&limit, &expected);
        let record = cleared.get().parts.first().map(|part| part.id.to_string());
        let plan = Arc::clone(&cleared.get().plan);
        self.abandon(cleared);
        let refusal = Refusal::too_costly(&words, &limit, record);
        if limit.beyond.is_none() {
            return Priced::Refused(refusal);
        }
        let (given, parameters) = match portal {
            Some(portal) => (portal.given.clone(), portal.parameters.clone()),
            None => (Some(Given::default()), Parameters::default()),
        };
        let exceeded = Exceeded { words, stays: true, undone: false };
        let asking = given.and_then(|given| {
            let now = SystemTime::now();
            self.session.ask(&plan, &given, &parameters, Wish::Beyond(exceeded), now).ok()
        });
        let Some(asking) = asking else { return Priced::Refused(refusal) };
        self.wait_for(asking.digest, Wait::Asking(asking.asked));
        Priced::Waits
    }
}

fn unknown(why: &str) -> Refusal {
    Refusal::unenforceable(
        &format!("policy limits what it may cost, and that could not be estimated: {why}"),
        "See whether EXPLAIN of it works; bind it again, with values shorter than a megabyte.",
    )
}
