//! The extended protocol: Parse, Bind, Describe, Close, Execute. Names mean here what they mean to
//! the server, so that what a portal will return is known before it is run.

use super::{
    End, Expected, MAX_NAMES, Relay, Step,
    acting::{SAID, Said},
    cost::Priced,
    expected::{Birth, Portal, Prepared, Request},
    hold::Held,
    kept::{Kept, of_plan},
    names::known_as,
};
use gate::{Cleared, Field, Parameters, Plan, Refusal, Statement, Via, hold::Given};
use std::{
    sync::{Arc, OnceLock, atomic::Ordering},
    time::SystemTime,
};
use wire_pg::{
    Format, Text,
    frame::Message,
    frontend::{self, Kind, encode},
};

/// What a Bind binds.
pub(super) struct Bound {
    pub(super) plan: Arc<Plan>,
    pub(super) prepared: Option<Arc<Prepared>>,
    pub(super) parameters: Parameters,
    pub(super) given: Option<Given>,
    /// The message's payload, where the cost is limited.
    pub(super) whole: Option<Box<[u8]>>,
}

impl Relay {
    /// A Parse, once nothing sleeps that it is about.
    pub(super) fn parse_text(&mut self, message: Message<'_>) -> Result<Step, End> {
        let parse = frontend::Parse::parse(message.payload)?;
        if !self.ready() || !self.has_room() {
            return Ok(Step::Blocked);
        }
        let said = self.said_of_end_user(parse.text);
        if matches!(said, Ok(Said::Waits)) || !self.knows_structure(parse.text) {
            return Ok(Step::Blocked);
        }
        let mut asserts = None;
        let examined = said.and_then(|said| {
            let text = match said {
                Said::Token(token) => {
                    asserts = Some(token);
                    Text::new(SAID)
                }
                Said::Nothing | Said::Waits => parse.text,
            };
            let plan = self.plan(text)?;
            self.side.admits(&plan)?;
            self.session.examine(&plan, Via::Extended, SystemTime::now())?;
            self.may_turn(&plan, Some(parse.type_oids.len()))?;
            Ok(plan)
        });
        let plan = match examined {
            Ok(plan) => plan,
            Err(refusal) => {
                self.ask_names(&refusal, parse.text, parse.type_oids.iter())?;
                self.refuse_extended(refusal)?;
                return Ok(Step::Done);
            }
        };
        if let Err(refusal) = self.may_prepare() {
            self.refuse_extended(refusal)?;
            return Ok(Step::Done);
        }
        self.read_early(None)?;
        self.try_next()?;
        let name: Box<[u8]> = known_as(parse.name).into();
        self.session.forget(std::str::from_utf8(&name).ok(), None);
        let birth = Birth::asked(self.segment);
        // Always: policies may ask for consent by the time that values are bound.
        let types = parse.type_oids.iter().collect();
        let own = asserts.is_some().then_some(SAID);
        let (described, fields, shown, was) = Default::default();
        let kept = self.keeps.keep(of_plan(&plan) + name.len() + 4 * parse.type_oids.len());
        let prepared =
            Prepared { plan, types, described, fields, shown, was, birth, asserts, _kept: kept };
        let prepared = Arc::new(prepared);
        let before = self.prepared.insert(name.clone(), Arc::clone(&prepared));
        if let Some(text) = own.or(prepared.plan.sent.as_deref().map(str::as_bytes)) {
            let (name, types) = (parse.name.bytes(), parse.type_oids.iter());
            encode::parse(&mut self.upstream.output, name, text, types)?;
        } else {
            self.upstream.output.extend_from_slice(message.whole);
        }
        let made = Some(prepared);
        self.expected.push_back(Expected::of(Request::Parse { name, before, made }));
        Ok(Step::Done)
    }

    fn may_prepare(&self) -> Result<(), Refusal> {
        let hint = "Close or DEALLOCATE some.";
        if self.prepared.len() >= MAX_NAMES {
            let what = format!("the session holds {MAX_NAMES} prepared statements");
            return Err(Refusal::limit(what, hint));
        }
        self.may_keep(hint)
    }

    pub(super) fn bind(&mut self, message: Message<'_>) -> Result<Step, End> {
        let bind = frontend::Bind::parse(message.payload)?;
        if let Some(step) = self.wakes(bind.statement)? {
            return Ok(step);
        }
        let ready = self.ready()
            && self.sure_of_statement(bind.statement)
            && self.knows_structure_of(bind.statement);
        if !ready {
            return Ok(Step::Blocked);
        }
        if !self.has_room() {
            return Ok(Step::Blocked);
        }
        let binary = bind.result_formats.iter().map(|format| format == Format::BINARY).collect();
        let bound = self.bound_plan(bind.statement).and_then(|(plan, prepared)| {
            let values = super::turned::values(&bind, prepared.as_deref());
            let mut parameters = self.session.parameters(values);
            let turned = self.turn_back(&plan, prepared.as_deref(), &bind, &mut parameters)?;
            let asks = plan.asks();
            let given = asks.then(|| super::turned::given(&bind, prepared.as_deref()));
            if let Some(given) = given.as_ref().filter(|_| self.side.is_inside()) {
                self.side.bound(self.session.digest(&plan, given));
            }
            let prices = plan.cost_limits().next().is_some();
            let whole = prices.then(|| message.payload.into());
            let bound = Bound { plan, prepared, parameters, given, whole };
            Ok((self.note_bind(bind.portal, bound, binary)?, turned))
        });
        if let Ok((made, _)) = &bound {
            self.read_early(Some(&made.1.plan))?;
        }
        match bound {
            Ok((made, None)) => {
                self.expect_bind(made, bind.statement);
                self.upstream.output.extend_from_slice(message.whole);
            }
            Ok((made, Some(turned))) => {
                let whole = super::turned::bind(&made.1.plan, &bind, &turned)?;
                self.expect_bind(made, bind.statement);
                self.upstream.output.extend_from_slice(&whole);
            }
            Err(refusal) => self.refuse_extended(refusal)?,
        }
        Ok(Step::Done)
    }

    /// The plan of a statement that is bound now, and the statement if the protocol made it.
    pub(super) fn bound_plan(
        &mut self,
        statement: Text<'_>,
    ) -> Result<(Arc<Plan>, Option<Arc<Prepared>>), Refusal> {
        let prepared = self.prepared.get(known_as(statement)).cloned();
        let plan = match &prepared {
            Some(prepared) => {
                prepared.is_as_told()?;
                self.renewed(&prepared.plan)?
            }
            // A name that SQL's PREPARE made, or one that nobody made: the server will tell.
            None => self.plan_of_statement(statement)?,
        };
        Ok((plan, prepared))
    }

    pub(super) fn note_bind(
        &mut self,
        portal: Text<'_>,
        bound: Bound,
        binary: Box<[bool]>,
    ) -> Result<(Box<[u8]>, Arc<Portal>), Refusal> {
        if self.portals.len() >= MAX_NAMES {
            let what = format!("the session holds {MAX_NAMES} portals");
            return Err(Refusal::limit(what, "Close some."));
        }
        self.may_keep("Close some.")?;
        let name: Box<[u8]> = known_as(portal).into();
        self.session.forget(None, std::str::from_utf8(&name).ok());
        let Bound { plan, prepared, parameters, given, whole } = bound;
        // It is planned, which runs what is constant.
        self.may_linger(&plan);
        let own = prepared.as_ref().is_none_or(|prepared| !Arc::ptr_eq(&prepared.plan, &plan));
        let values = given.as_ref().map_or(0, Given::bytes);
        let bytes = values + whole.as_ref().map_or(0, |whole| whole.len());
        let kept = self.keeps.keep(bytes + name.len() + if own { of_plan(&plan) } else { 0 });
        let made = Arc::new(Portal {
            plan,
            prepared,
            binary,
            parameters,
            given,
            approved: OnceLock::new(),
            counted: Default::default(),
            left: Default::default(),
            bound: whole,
            fields: OnceLock::new(),
            asked: Default::default(),
            unknown_formats: Default::default(),
            birth: Birth::asked(self.segment),
            kept,
        });
        self.portals.insert(name.clone(), Arc::clone(&made));
        Ok((name, made))
    }

    pub(super) fn describe(&mut self, message: Message<'_>) -> Result<Step, End> {
        let describe = frontend::Describe::parse(message.payload)?;
        if let (Kind::Statement, Some(step)) = (describe.kind, self.wakes(describe.name)?) {
            return Ok(step);
        }
        let request = match describe.kind {
            Kind::Statement => {
                let known = self.prepared.get(known_as(describe.name)).cloned();
                let own = known.as_ref().filter(|it| !it.plan.turned.literals.is_empty());
                let own = own.map(|it| usize::from(it.plan.turned.own));
                // An answer that may be about another statement is not kept.
                let known = known.filter(|it| it.birth.is_sure(self.segment));
                Request::DescribeStatement(known, own)
            }
            Kind::Portal => {
                let portal = self.portals.get(known_as(describe.name)).cloned();
                let portal = portal.filter(|it| it.birth.is_sure(self.segment));
                if let Some(portal) = &portal {
                    portal.asked.store(true, Ordering::Relaxed);
                }
                Request::DescribePortal(portal)
            }
        };
        self.expected.push_back(Expected::of(request));
        self.upstream.output.extend_from_slice(message.whole);
        Ok(Step::Done)
    }

    pub(super) fn close(&mut self, message: Message<'_>) -> Result<(), End> {
        let close = frontend::Close::parse(message.payload)?;
        let name: Box<[u8]> = known_as(close.name).into();
        let request = match close.kind {
            Kind::Statement => {
                self.session.forget(std::str::from_utf8(&name).ok(), None);
                let before = self.prepared.remove(&name);
                self.asleep.forget(&name);
                Request::Close { name: Some(name), before }
            }
            Kind::Portal => {
                self.session.forget(None, std::str::from_utf8(&name).ok());
                self.portals.remove(&name);
                Request::Close { name: None, before: None }
            }
        };
        self.expected.push_back(Expected::of(request));
        self.upstream.output.extend_from_slice(message.whole);
        Ok(())
    }

    pub(super) fn execute(&mut self, message: Message<'_>) -> Result<Step, End> {
        let execute = frontend::Execute::parse(message.payload)?;
        if let Some(refusal) = self.refuse_next.take() {
            self.refuse_extended(refusal)?;
            return Ok(Step::Done);
        }
        if let Err(refusal) = self.is_undone() {
            self.refuse_extended(refusal)?;
            return Ok(Step::Done);
        }
        if self.parked.is_none() && (!self.ready() || !self.sure_of_portal(execute.portal)) {
            return Ok(Step::Blocked);
        }
        let portal = match self.portal_as_said(execute.portal) {
            Ok(Some(portal)) => portal,
            Ok(None) => return Ok(Step::Blocked),
            Err(refusal) => {
                // What was cleared for this message must not carry another.
                if let Some(parked) = self.parked.take() {
                    self.abandon(parked.cleared);
                }
                self.refuse_extended(refusal)?;
                return Ok(Step::Done);
            }
        };
        let cleared = match self.parked.take() {
            Some(parked) => parked.cleared,
            None => match self.clear_portal(&portal) {
                Ok(Some(cleared)) => cleared,
                Ok(None) => return Ok(Step::Blocked),
                Err(refusal) => {
                    self.refuse_extended(refusal)?;
                    return Ok(Step::Done);
                }
            },
        };
        let Some(cleared) = self.wait_for_disk(cleared, true, false) else {
            return Ok(Step::Blocked);
        };
        if let Err(refusal) = self.prepare_read_only(cleared.get(), false)? {
            self.abandon(cleared);
            self.refuse_extended(refusal)?;
            return Ok(Step::Done);
        }
        let cleared = match self.price(cleared, Some(&portal))? {
            Priced::Goes(cleared) => cleared,
            Priced::Waits => return Ok(Step::Blocked),
            Priced::Refused(refusal) => {
                self.refuse_extended(refusal)?;
                return Ok(Step::Done);
            }
        };
        if let Err(refusal) = self.limit_execute(&cleared, &portal)? {
            self.abandon(cleared);
            self.refuse_extended(refusal)?;
            return Ok(Step::Done);
        }
        let counted = self.counts_changes();
        self.ask_columns(&portal, execute.portal)?;
        self.send(cleared, Some(portal), message.whole, |mut run| {
            run.counted = counted;
            Request::Execute(Some(run))
        });
        if counted {
            encode::flush(&mut self.upstream.output);
        }
        Ok(Step::Done)
    }

    /// The portal to be run, once the session acts for whom it says, if it says so. Nothing if that
    /// has to wait.
    fn portal_as_said(&mut self, name: Text<'_>) -> Result<Option<Arc<Portal>>, Refusal> {
        let portal = self.portals.get(known_as(name)).filter(|_| self.parked.is_none());
        let said = portal.and_then(|portal| portal.prepared.as_ref()?.asserts.clone());
        match said.map_or(Ok(true), |token| self.end_user(&token))? {
            true => self.portal(name).map(Some),
            false => Ok(None),
        }
    }

    /// Decides and records one run of a portal; `None` if it has to wait. An approval holds for all
    /// that one portal returns, however many messages fetch it.
    fn clear_portal(&mut self, portal: &Portal) -> Result<Option<Cleared<Statement>>, Refusal> {
        let (plan, parameters) = (&portal.plan, &portal.parameters);
        self.acts_as_said(Some(plan))?;
        if !self.provides(plan, Via::Extended)? {
            return Ok(None);
        }
        let approved = match portal.approved.get() {
            Some(approved) => Some(approved.clone()),
            None => match self.held(plan, portal.given.as_ref(), parameters, Via::Extended)? {
                Held::Free(approved) => approved,
                Held::Waits => return Ok(None),
            },
        };
        if !self.carries(plan)? {
            return Ok(None);
        }
        self.approval_used();
        if self.session.may_run(plan) {
            self.side.may_run()?;
        }
        let now = SystemTime::now();
        let cleared =
            self.session.submit(plan, Via::Extended, parameters, approved.as_ref(), now)?;
        self.side.cleared(&cleared);
        if let Some(approved) = approved {
            let _ = portal.approved.set(approved);
        }
        Ok(Some(cleared))
    }

    /// The portal to be run, decided again if policies or knowledge changed since it was bound.
    fn portal(&mut self, name: Text<'_>) -> Result<Arc<Portal>, Refusal> {
        let Some(portal) = self.portals.get(known_as(name)).cloned() else {
            // A cursor that SQL made can be run as a portal.
            let plan = self.plan_of_portal(name)?;
            return Ok(Arc::new(Portal::of(plan)));
        };
        if !self.session.same_scope(&portal.plan) {
            return Err(Refusal::unenforceable(
                "the settings that its names depend on changed since it was bound",
                "Bind it again.",
            ));
        }
        let plan = self.renewed(&portal.plan)?;
        if plan.turned != portal.plan.turned {
            return Err(Refusal::unenforceable(
                "what policy says of its pseudonyms changed since it was bound",
                "Bind it again.",
            ));
        }
        if Arc::ptr_eq(&plan, &portal.plan) {
            return Ok(portal);
        }
        // The server looked the names up when it was bound.
        if !self.session.by_name(&plan) && !plan.reaches_the_same(&portal.plan) {
            return Err(Refusal::unenforceable(
                "its names mean something else since it was bound",
                "Bind it again.",
            ));
        }
        let renewed = Arc::new(portal.with_plan(plan));
        self.portals.insert(known_as(name).into(), Arc::clone(&renewed));
        Ok(renewed)
    }

    /// A plan as it is to be made now: the same one while it stands. What runs something by a name
    /// is planned anew each time, since the name may stand for something else by now.
    fn renewed(&mut self, plan: &Arc<Plan>) -> Result<Arc<Plan>, Refusal> {
        if self.session.stands(plan, SystemTime::now()) && !self.session.by_name(plan) {
            return Ok(Arc::clone(plan));
        }
        let renewed = self.plan(Text::new(plan.text.as_bytes()))?;
        // The server holds the text that was guarded as was decided then.
        if renewed.sent != plan.sent {
            return Err(Refusal::unenforceable(
                "what policy says of its aggregates or pseudonyms changed since it was prepared",
                "Prepare it again.",
            ));
        }
        Ok(renewed)
    }

    /// Where masks will be needed and the result's columns are not known, asks for them before the
    /// portal runs.
    fn ask_columns(&mut self, portal: &Arc<Portal>, name: Text<'_>) -> Result<(), End> {
        let unknown = !portal.plan.unrestricted
            && portal.returns_rows()
            && portal.columns().is_none()
            && !portal.asked.swap(true, Ordering::Relaxed);
        if unknown {
            encode::describe(&mut self.upstream.output, Kind::Portal, name.bytes())?;
            let request = Request::DescribePortal(Some(Arc::clone(portal)));
            self.expected.push_back(Expected::hidden(request));
        }
        Ok(())
    }
}

impl Portal {
    /// A portal of which only the plan is known.
    fn of(plan: Arc<Plan>) -> Self {
        Self {
            plan,
            prepared: None,
            binary: Box::default(),
            parameters: Parameters::default(),
            given: None,
            approved: OnceLock::new(),
            counted: Default::default(),
            left: Default::default(),
            bound: None,
            fields: OnceLock::new(),
            asked: Default::default(),
            unknown_formats: Default::default(),
            birth: Birth::asked(0),
            kept: Kept::default(),
        }
    }

    /// The same portal under another plan.
    fn with_plan(&self, plan: Arc<Plan>) -> Self {
        let fields: OnceLock<Option<Box<[Field]>>> = self.fields.clone();
        // A description that is still on its way reaches the portal as it was, not this one.
        let described = self.asked.load(Ordering::Relaxed) && fields.get().is_some();
        Self {
            plan,
            prepared: self.prepared.clone(),
            binary: self.binary.clone(),
            parameters: self.parameters.clone(),
            given: self.given.clone(),
            approved: OnceLock::new(),
            counted: self.counted.load(Ordering::Relaxed).into(),
            left: Arc::clone(&self.left),
            bound: self.bound.clone(),
            fields,
            asked: described.into(),
            unknown_formats: self.unknown_formats.load(Ordering::Relaxed).into(),
            birth: self.birth.again(),
            kept: self.kept.again(),
        }
    }

    /// True unless it is certain that no rows come.
    fn returns_rows(&self) -> bool {
        self.plan.parts.iter().any(|part| {
            (part.facts.outputs.is_some() || part.facts.outputs_unknown) && part.copy.is_none()
        })
    }
}
