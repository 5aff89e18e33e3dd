//! The circumstances of a request as Cedar's context. Knows the schema's `Circumstances` and the
//! calendar; decides nothing.

use crate::Context;
use cedar_policy::RestrictedExpression;
use std::{cell::OnceCell, time::UNIX_EPOCH};

/// What differs from statement to statement.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Situation<'a> {
    pub(crate) dynamic: bool,
    pub(crate) complete: bool,
    /// For an agent judged as itself: for whom it acts.
    pub(crate) acts_for: Option<&'a str>,
    /// For a grant: the database that it would be for.
    pub(crate) database: Option<&'a str>,
    /// The start-up parameter in question.
    pub(crate) option: Option<&'a str>,
}

const SECONDS_PER_HOUR: i64 = 3_600;
const SECONDS_PER_DAY: i64 = 86_400;

/// Circumstances of questions that differ only by `unbounded`, in Cedar's words once they are asked
/// for.
#[derive(Debug)]
pub(crate) struct Circumstances<'a> {
    context: &'a Context<'a>,
    environment: &'a str,
    situation: Situation<'a>,
    bounded: OnceCell<Option<cedar_policy::Context>>,
    unbounded: OnceCell<Option<cedar_policy::Context>>,
}

impl<'a> Circumstances<'a> {
    pub(crate) fn new(
        context: &'a Context<'a>,
        environment: &'a str,
        situation: Situation<'a>,
    ) -> Self {
        let (bounded, unbounded) = (OnceCell::new(), OnceCell::new());
        Self { context, environment, situation, bounded, unbounded }
    }

    /// The database's configured environment.
    pub(crate) fn environment(&self) -> &'a str {
        self.environment
    }

    /// Cedar's context, or nothing if a value cannot be expressed: then no question can be asked
    /// and the answer is a deny. `by_address`: a policy looks at the address.
    pub(crate) fn context(
        &self,
        by_address: bool,
        unbounded: bool,
    ) -> Option<cedar_policy::Context> {
        let kept = if unbounded { &self.unbounded } else { &self.bounded };
        let make = || self.in_words(by_address, unbounded);
        kept.get_or_init(make).clone()
    }

    fn in_words(&self, by_address: bool, unbounded: bool) -> Option<cedar_policy::Context> {
        let Self { context, environment, situation, .. } = self;
        let bool = RestrictedExpression::new_bool;
        let long = RestrictedExpression::new_long;
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let now = seconds(context);
        let mut pairs = vec![
            ("unbounded", bool(unbounded)),
            ("dynamic", bool(situation.dynamic)),
            ("complete", bool(situation.complete)),
            ("environment", text(environment)),
            ("tls", bool(context.tls)),
            ("application", text(context.application)),
            ("now", long(now)),
            ("hour", long(hour(now))),
            ("weekday", long(weekday(now))),
            ("risk", long(context.risk.score.into())),
            ("share", long(context.risk.share.into())),
            ("tainted", bool(context.work.tainted)),
        ];
        if let Some(task) = context.work.task {
            let fields = [("name", text(&task.name)), ("left", long(context.work.left.into()))];
            let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value));
            pairs.push(("task", RestrictedExpression::new_record(fields).ok()?));
        }
        if !context.work.purpose.is_empty() {
            pairs.push(("purpose", text(context.work.purpose)));
        }
        if let Some(address) = context.address.filter(|_| by_address) {
            let address = address.to_canonical().to_string();
            pairs.push(("address", RestrictedExpression::new_ip(address)));
        }
        if let Some(principal) = situation.acts_for {
            pairs.push(("acts_for", text(principal)));
        }
        if let Some(database) = situation.database {
            pairs.push(("database", text(database)));
        }
        if let Some(option) = situation.option {
            pairs.push(("option", text(option)));
        }
        let pairs = pairs.into_iter().map(|(key, value)| (key.to_owned(), value));
        cedar_policy::Context::from_pairs(pairs).ok()
    }
}

/// Seconds since 1970; a clock before that, or past what fits, reads as the nearest end.
fn seconds(context: &Context<'_>) -> i64 {
    match context.now.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(_) => 0,
    }
}

/// 0 to 23, UTC.
fn hour(now: i64) -> i64 {
    now.rem_euclid(SECONDS_PER_DAY) / SECONDS_PER_HOUR
}

/// 1 (Monday) to 7 (Sunday), UTC. The first of January 1970 was a Thursday.
fn weekday(now: i64) -> i64 {
    (now.div_euclid(SECONDS_PER_DAY) + 3).rem_euclid(7) + 1
}

#[cfg(test)]
mod tests;
