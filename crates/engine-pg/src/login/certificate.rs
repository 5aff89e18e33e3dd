//! Sign-in by a certificate that the client showed in the TLS handshake, as by PostgreSQL's method
//! `cert`: the name in it is who signs in, and must be who the client asks to be. Knows names, not
//! how certificates are checked.

use super::{Door, Reason, talk::Talk};
use bytes::BytesMut;
use model::Identity;
use std::{sync::Arc, time::SystemTime};
use wire_pg::backend::encode;

/// How it is called in the record.
pub(super) const METHOD: &str = "certificate";

/// Whom a name in a certificate signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRule {
    /// A URI, or `dns:` and a host name. One `*` stands for a part without a slash.
    pub san: String,
    /// The identity; a `*` in it is what the name's stood for.
    pub identity: String,
}

impl ClientRule {
    /// Who a name is.
    fn identity(&self, name: &str) -> Option<String> {
        let Some((before, after)) = self.san.split_once('*') else {
            return (self.san == name).then(|| self.identity.clone());
        };
        let part = name.strip_prefix(before)?.strip_suffix(after)?;
        let whole = !part.is_empty() && !part.contains('/');
        whole.then(|| self.identity.replace('*', part))
    }
}

/// Who signs in by these names, and has been told so (AuthenticationOk); nobody if no rule is about
/// any of them: then a password is asked for as ever.
pub(super) async fn sign_in(
    talk: &mut Talk,
    asked: &str,
    (names, begins): (&[String], SystemTime),
    door: &Door,
) -> Result<Option<Arc<Identity>>, Reason> {
    let known = names.iter().flat_map(|name| door.clients.iter().map(move |rule| (rule, name)));
    let mut found: Vec<String> = known.filter_map(|(rule, name)| rule.identity(name)).collect();
    found.sort();
    found.dedup();
    let refused = |why| Reason::Certificate { name: asked.to_owned(), why };
    match found.as_slice() {
        [] => return Ok(None),
        [one] if one == asked => {}
        [_] => return Err(refused("the certificate is somebody else's")),
        _ => return Err(refused("the certificate is of several identities")),
    }
    if !door.directory.takes_certificate(asked, begins) {
        return Err(refused("the certificate was revoked"));
    }
    let identity = door.directory.resolve(asked);
    let identity = identity.ok_or_else(|| refused("the identity is missing, disabled or unfit"))?;
    let mut out = BytesMut::new();
    encode::authentication_ok(&mut out);
    talk.send(&out).await?;
    Ok(Some(identity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_part_of_a_name() {
        let rule = |san: &str, identity: &str| ClientRule {
            san: san.to_owned(),
            identity: identity.to_owned(),
        };
        let agents = rule("spiffe://prod/agent/*", "*");
        assert_eq!(agents.identity("spiffe://prod/agent/copilot").as_deref(), Some("copilot"));
        for other in [
            "spiffe://prod/agent/",
            "spiffe://prod/agent/copilot/root",
            "spiffe://prod.evil/agent/copilot",
            "xspiffe://prod/agent/copilot",
            "dns:copilot",
        ] {
            assert_eq!(agents.identity(other), None, "{other}");
        }
        let host = rule("dns:*.jobs.example.org", "svc-*");
        assert_eq!(host.identity("dns:night.jobs.example.org").as_deref(), Some("svc-night"));
        assert_eq!(rule("spiffe://a/b", "bob").identity("spiffe://a/b").as_deref(), Some("bob"));
        assert_eq!(rule("spiffe://a/b", "bob").identity("spiffe://a/b2"), None);
    }
}
