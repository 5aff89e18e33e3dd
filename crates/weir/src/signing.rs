//! Decisions that are signed by a passkey of whoever decides: what there is to sign, and whether it
//! was. Knows no page; which consent needs a signature is the store's to say.

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use config::{Config, Consent};
use identity::passkey::{Assertion, Decision, PublicKey, Site, verify};
use ledger::Time;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fmt::Write, time::SystemTime};
use store::{KeptGrant, KeptHold, NewGrant, Once, Passkey, Signature, Store, StoreError, Unsigned};

/// What a browser says that a key signed: all of it base64url.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Said {
    pub(crate) id: String,
    pub(crate) client: String,
    pub(crate) authenticator: String,
    pub(crate) signature: String,
}

/// Whose consent counts without a signature.
pub(crate) const fn unsigned(config: &Config) -> Unsigned {
    match config.approvals.unsigned {
        Consent::Keyless => Unsigned::Keyless,
        Consent::All => Unsigned::All,
        Consent::None => Unsigned::None,
    }
}

/// Why nothing is signed here.
pub(crate) const NO_SITE: &str = "keys are for one site: say its name as `url` in [api], and open \
                                  the console by its name";

/// The name that every browser has for its own machine.
const THIS_MACHINE: &str = "localhost";

/// The site at which keys are used: the one that is configured. A key is bound to its site by the
/// browser, and is asked for it again when it is checked. Where none is configured it is this
/// machine and nothing else: what the console is called is said by whoever stands between, who
/// could have keys made for a site of their own.
pub(crate) fn site(config: &Config, headers: &HeaderMap) -> Option<Site> {
    if let Some(url) = &config.api.url {
        return Site::of(url.trim_end_matches('/'));
    }
    let host = headers.get(header::HOST)?.to_str().ok()?;
    Site::of(&format!("https://{host}")).filter(|site| site.name() == THIS_MACHINE)
}

/// What is decided about.
#[derive(Clone, Debug)]
pub(crate) struct Matter {
    /// Its name.
    name: String,
    /// What it is: a consent is bound to that.
    digest: Vec<u8>,
}

impl From<&KeptHold> for Matter {
    fn from(hold: &KeptHold) -> Self {
        Self { name: hold.asked.hold.clone(), digest: hold.asked.digest.clone() }
    }
}

impl From<&KeptGrant> for Matter {
    /// Anybody who has the record of its request can make the digest.
    fn from(grant: &KeptGrant) -> Self {
        let NewGrant { grant: name, databases, emergency, group, chain, purpose, seconds, .. } =
            &grant.asked;
        let asked = json!({
            "databases": databases, "emergency": emergency, "grant": name, "group": group,
            "identity": chain, "purpose": purpose, "seconds": seconds,
        });
        Self { name: name.clone(), digest: Sha256::digest(asked.to_string()).to_vec() }
    }
}

impl Matter {
    /// What a key signs for a decision of somebody's.
    pub(crate) fn challenge(&self, person: &str, consents: bool) -> [u8; 32] {
        let (request, digest) = (self.name.as_str(), self.digest.as_slice());
        Decision { request, digest, consents, person }.challenge()
    }

    /// What somebody's keys can sign, for tools; `None` if they have none.
    pub(crate) async fn to_sign(
        &self,
        store: &Store,
        person: &str,
    ) -> Result<Option<Value>, StoreError> {
        let keys = store.passkeys(person).await?;
        let keys: Vec<String> = keys.into_iter().map(|key| key.id).collect();
        let challenge = |consents| URL_SAFE_NO_PAD.encode(self.challenge(person, consents));
        Ok((!keys.is_empty())
            .then(|| json!({ "keys": keys, "approve": challenge(true), "deny": challenge(false) })))
    }

    /// The signature of a decision, if there is one; the inner error says why it does not hold.
    pub(crate) async fn signature(
        &self,
        store: &Store,
        person: &str,
        consents: bool,
        site: Option<&Site>,
        said: Option<&Said>,
    ) -> Result<Result<Option<Signature>, String>, StoreError> {
        let Some(said) = said else { return Ok(Ok(None)) };
        let keys = store.passkeys(person).await?;
        let challenge = self.challenge(person, consents);
        Ok(check(&keys, site, &challenge, &self.digest, said).map(Some))
    }
}

/// What becomes of somebody's keys.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'c> {
    /// One is added.
    Add,
    /// The one of this name is taken away.
    Remove(&'c str),
}

/// What a key signs for a change of somebody's keys, in a sign-in with this word. It is another one
/// after each change, and each time that one of the keys has signed.
pub(crate) fn of_change(
    change: Change<'_>,
    word: &str,
    person: &str,
    keys: &[Passkey],
) -> [u8; 32] {
    let mut text = match change {
        Change::Add => "weir passkeys: add\n".to_owned(),
        Change::Remove(name) => format!("weir passkeys: remove\n{name}\n"),
    };
    // Writing into a string does not fail.
    let _ = write!(text, "{word}\n{person}\n");
    for Passkey { id, public, count, added, used, .. } in keys {
        let micros = |at: &SystemTime| Time::from(*at).micros();
        let used = used.as_ref().map(micros);
        let _ = writeln!(text, "{id} {public} {count} {} {used:?}", micros(added));
    }
    Sha256::digest(text.as_bytes()).into()
}

/// The signature, if a key of theirs signed this at this site; else why it does not hold.
pub(crate) fn check(
    keys: &[Passkey],
    site: Option<&Site>,
    challenge: &[u8],
    digest: &[u8],
    said: &Said,
) -> Result<Signature, String> {
    let site = site.ok_or(NO_SITE)?;
    let key = keys.iter().find(|key| key.id == said.id).ok_or("it is no key of yours")?;
    if key.site != site.name() {
        return Err(format!("the key {} is for {}", key.name, key.site));
    }
    let public = PublicKey::parse(&key.public).ok_or("the key is not readable")?;
    let Said { id, client, authenticator, signature } = said;
    let assertion = Assertion { id, client, authenticator, signature };
    let (count, _) = verify(&public, site, challenge, &assertion).map_err(|why| why.to_string())?;
    let mut hex = String::new();
    for byte in digest {
        // Writing into a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Ok(Signature {
        name: key.name.clone(),
        id: id.clone(),
        public: key.public.clone(),
        digest: hex,
        client: client.clone(),
        authenticator: authenticator.clone(),
        signature: signature.clone(),
        count,
    })
}

/// A signature of one of these keys, good until that one signs again.
pub(crate) fn once<'s>(keys: &[Passkey], by: &'s Signature) -> Once<'s> {
    let after = keys.iter().find(|key| key.id == by.id).and_then(|key| key.used);
    Once { by, after }
}
