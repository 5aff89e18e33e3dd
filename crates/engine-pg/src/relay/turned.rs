//! Statements whose pseudonyms are turned back, on the wire: the values go as parameters behind the
//! client's own, so that no text at the server holds one. Knows messages, and not what stands for
//! what.

use super::{
    End, Relay,
    expected::{Prepared, Request},
};
use bytes::BytesMut;
use gate::{Bound, Parameters, Plan, Refusal, Value, Values, hold::Given};
use std::time::SystemTime;
use wire_pg::{
    Format, Formats, WireError, backend,
    frame::Message,
    frontend::{self, Kind, encode},
};

/// What a client's Query becomes: the statement and the values apart, and the answers as before.
/// All of it is closed again, so that nothing is left of it once the Sync is answered.
pub(super) fn query(plan: &Plan, text: &str) -> Result<BytesMut, WireError> {
    let mut out = BytesMut::new();
    let values = plan.turned.literals.iter().map(|real| Some(real.expose()));
    encode::parse(&mut out, b"", text.as_bytes(), [])?;
    encode::bind(&mut out, b"", b"", &[], values, &[])?;
    encode::describe(&mut out, Kind::Portal, b"")?;
    encode::execute(&mut out, b"", 0)?;
    encode::close(&mut out, Kind::Portal, b"")?;
    encode::close(&mut out, Kind::Statement, b"")?;
    encode::sync(&mut out);
    Ok(out)
}

/// A Bind with what its values stand for, and behind them what the text's literals do.
pub(super) fn bind(
    plan: &Plan,
    bind: &frontend::Bind<'_>,
    bound: &Bound,
) -> Result<BytesMut, WireError> {
    let literals = &plan.turned.literals;
    let replaced = |(index, value): (usize, Option<&'_ [u8]>)| -> Option<Vec<u8>> {
        let real = bound.replaced.get(&index);
        real.map_or(value.map(<[u8]>::to_vec), |real| Some(real.expose().to_vec()))
    };
    let own: Vec<Option<Vec<u8>>> = bind.parameters.iter().enumerate().map(replaced).collect();
    let more = literals.iter().map(|real| Some(real.expose()));
    let formats: Vec<Format> = match own.len() {
        // No format at all means text for all.
        _ if bind.formats.is_empty() => Vec::new(),
        _ if literals.is_empty() => bind.formats.iter().collect(),
        count => (0..count)
            .map(|index| format(&bind.formats, index))
            .chain(literals.iter().map(|_| Format::TEXT))
            .collect(),
    };
    let results: Vec<Format> = bind.result_formats.iter().collect();
    let mut out = BytesMut::new();
    let (portal, statement) = (bind.portal.bytes(), bind.statement.bytes());
    let values = own.iter().map(Option::as_deref).chain(more);
    encode::bind(&mut out, portal, statement, &formats, values, &results)?;
    Ok(out)
}

/// What is bound, by the types that were declared for it, for whoever approves it.
pub(super) fn given(bind: &frontend::Bind<'_>, prepared: Option<&Prepared>) -> Given {
    let types = prepared.map_or(&[][..], |prepared| &prepared.types);
    Given::new(values(bind, prepared)).of_types(types)
}

/// Bind values with their formats and types, as far as anybody said what these are.
pub(super) fn values<'a>(
    bind: &'a frontend::Bind<'a>,
    prepared: Option<&'a Prepared>,
) -> impl Iterator<Item = Value<'a>> {
    let declared = move |index: usize| {
        let prepared = prepared?;
        let declared = prepared.types.get(index).filter(|ty| **ty != 0);
        declared.or_else(|| prepared.described.get()?.get(index)).copied()
    };
    bind.parameters.iter().enumerate().map(move |(index, bytes)| {
        let binary = format(&bind.formats, index) == Format::BINARY;
        Value { bytes, binary: binary.then(|| declared(index).unwrap_or_default()) }
    })
}

/// The format of one value: none sent means text, one sent is that of all.
pub(super) fn format(formats: &Formats<'_>, index: usize) -> Format {
    formats.of(index).unwrap_or(Format::TEXT)
}

impl Relay {
    /// Turns back what is bound to a prepared statement; `None` if it goes as it came.
    pub(super) fn turn_back(
        &mut self,
        plan: &Plan,
        prepared: Option<&Prepared>,
        message: &frontend::Bind<'_>,
        parameters: &mut Parameters,
    ) -> Result<Option<Bound>, Refusal> {
        if !plan.turned.examines_parameters() && plan.turned.literals.is_empty() {
            return Ok(None);
        }
        let values: Vec<Option<&[u8]>> = message.parameters.iter().collect();
        let binary: Vec<bool> = (0..values.len())
            .map(|index| format(&message.formats, index) == Format::BINARY)
            .collect();
        let types = prepared.map_or(&[][..], |prepared| &prepared.types);
        let bound = Values { values: &values, binary: &binary, types };
        let now = SystemTime::now();
        let bound = self.session.turn_back(plan, bound, self.utf8, parameters, now)?;
        let changed = !bound.replaced.is_empty() || !plan.turned.literals.is_empty();
        Ok(changed.then_some(bound))
    }

    /// Refuses a text whose literals are turned back where that cannot be done.
    pub(super) fn may_turn(&mut self, plan: &Plan, declared: Option<usize>) -> Result<(), Refusal> {
        if plan.turned.literals.is_empty() {
            return Ok(());
        }
        if self.replication.is_some() {
            return Err(Refusal::unenforceable(
                "pseudonyms are not turned back on a replication connection",
                "Send it on an ordinary connection.",
            ));
        }
        // A Query that goes in parts ends in a Sync, which must not end what others began.
        if declared.is_none() && self.open {
            return Err(Refusal::unenforceable(
                "it holds a pseudonym and follows messages of the extended protocol",
                "Send a Sync before it.",
            ));
        }
        if declared.is_some_and(|declared| declared > usize::from(plan.turned.own)) {
            return Err(Refusal::unenforceable(
                "it holds a pseudonym and declares parameters that it does not have",
                "Declare as many types as there are parameters.",
            ));
        }
        self.session.check_encoding(plan, self.utf8, SystemTime::now())
    }

    /// True if a Query is being answered that went upstream as a statement and its values.
    pub(super) fn goes_in_parts(&self) -> bool {
        let Some(front) = self.expected.front() else { return false };
        match &front.request {
            Request::Query(Some(run)) => !run.statement.plan.turned.literals.is_empty(),
            _ => false,
        }
    }

    /// A statement's parameters; those that were put behind the client's own are not told.
    pub(super) fn described_parameters(
        &mut self,
        message: Message<'_>,
        hidden: bool,
    ) -> Result<(), End> {
        let read = || backend::parameter_description(message.payload).map_err(upstream_broke);
        let front = self.expected.front().map(|expected| &expected.request);
        if let Some(Request::DescribeStatement(Some(prepared), _)) = front
            && prepared.types.contains(&0) | prepared.types.is_empty()
        {
            let types = read()?.iter().collect();
            // The same each time: a statement's parameters do not change while it is prepared.
            let _ = prepared.described.set(types);
        }
        let own = match front {
            Some(Request::DescribeStatement(_, Some(own))) => *own,
            _ if hidden => return Ok(()),
            _ => {
                self.client.output.extend_from_slice(message.whole);
                return Ok(());
            }
        };
        let types = read()?;
        let types = types.iter().take(own);
        backend::encode::parameter_description(&mut self.client.output, types)
            .map_err(upstream_broke)
    }
}

fn upstream_broke(error: WireError) -> End {
    End::UpstreamBroke(error.to_string())
}
