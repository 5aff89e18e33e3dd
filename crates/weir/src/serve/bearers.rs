//! Whose a token is that a client shows on the wire: Weir's own, or a provider's. Knows no
//! protocol.

use super::Shared;
use crate::exchange;
use engine_pg::login::Bearers;
use std::sync::Arc;

/// For the door.
pub(super) fn bearers(shared: &Arc<Shared>) -> Bearers {
    let first = shared.providers.iter().next();
    let discovery = first.map(|provider| {
        let issuer = provider.settings.issuer.trim_end_matches('/');
        format!("{issuer}/.well-known/openid-configuration")
    });
    let shared = Arc::clone(shared);
    let admit = move |secret| -> engine_pg::login::Answer {
        let shared = Arc::clone(&shared);
        Box::pin(async move { exchange::bear(&shared, secret).await })
    };
    Bearers::new(admit, discovery)
}
