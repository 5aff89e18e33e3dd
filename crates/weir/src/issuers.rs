//! How the tokens of an issuer are checked that is in the configuration: by which keys, and for
//! whom they must be. Knows not whom they are about.

use anyhow::Context;
use config::WorkloadKeys;
use sso::{Expected, KeysAt, Web};
use std::{path::Path, time::Duration};

/// What the configuration says of one.
pub(crate) struct Issuer<'c> {
    pub(crate) issuer: &'c str,
    pub(crate) audience: &'c str,
    pub(crate) algorithms: &'c [String],
    pub(crate) keys: &'c WorkloadKeys,
    pub(crate) skew: Duration,
    pub(crate) ca: Option<&'c Path>,
}

impl Issuer<'_> {
    /// The check; `of` says whose section is at fault where it cannot be made.
    pub(crate) fn checks(&self, of: &str) -> anyhow::Result<sso::Provider> {
        let algorithms: Result<Vec<_>, _> =
            self.algorithms.iter().map(|name| name.parse::<sso::Algorithm>()).collect();
        let expected = Expected {
            issuer: self.issuer.to_owned(),
            audience: self.audience.to_owned(),
            client: None,
            algorithms: algorithms.with_context(|| of.to_owned())?,
            skew: self.skew,
            require: Vec::new(),
        };
        let web = Web::new(self.ca).with_context(|| of.to_owned())?;
        let keys = match self.keys {
            WorkloadKeys::Discovery => KeysAt::Discovery,
            WorkloadKeys::Url(url) => KeysAt::Url(url.clone()),
            WorkloadKeys::File(path) => KeysAt::File(path.clone()),
        };
        Ok(sso::Provider::new(web, expected).with_keys(keys))
    }
}
