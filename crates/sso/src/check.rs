//! Whether a signed token holds (OpenID Connect Core 3.1.3.7, RFC 8725). Pure: keys, token and time
//! come in as arguments.
//!
//! What is not understood is wrong: a critical header, a type that is no ID token's, a claim of
//! another form.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    errors::ErrorKind,
    jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse},
};
use serde_json::{Map, Value};
use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// The longest token that is looked at: bytes.
pub const MAX_TOKEN_BYTES: usize = 32 << 10;

/// The types of tokens about somebody; most have none.
const ABOUT_SOMEBODY: [Option<&str>; 2] = [None, Some("jwt")];
/// The types of security events (RFC 8417 section 2.3), which say so: no other token is one.
const EVENT: [Option<&str>; 2] = [Some("secevent+jwt"), Some("application/secevent+jwt")];

/// What a token must be.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Who must have issued it, exactly.
    pub issuer: String,
    /// For whom it must be.
    pub audience: String,
    /// The client that must have asked for it, where it names one (`azp`). Without one that claim
    /// says nothing, and the token must be for this audience alone.
    pub client: Option<String>,
    /// With which algorithms it may be signed; those with a shared secret never count.
    pub algorithms: Vec<Algorithm>,
    /// How far the clocks may differ.
    pub skew: Duration,
    /// Claims that must be there with these values.
    pub require: Vec<(String, String)>,
}

/// A token that holds.
#[derive(Clone, Debug)]
pub struct Claims {
    /// Who it is about: the provider's own name for them, which never goes to somebody else.
    pub subject: String,
    /// When it was issued.
    pub issued: SystemTime,
    /// From when on it holds no longer.
    pub expires: SystemTime,
    /// All that it says.
    pub all: Map<String, Value>,
}

/// Why a token does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is no signed token.
    Malformed,
    /// It is of another kind: its type.
    Type(String),
    /// It asks for something to be understood that is not.
    Critical,
    /// It is signed in a way that is not allowed.
    Algorithm,
    /// It is signed with a key that the provider does not have (any more).
    Key,
    /// The signature is wrong.
    Signature,
    /// Somebody else issued it.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// Its time is over.
    Expired,
    /// It is from the future, or not to be used yet.
    Early,
    /// A claim that must be there is not, or has another form or value.
    Claim(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("this is no signed token"),
            Self::Type(kind) => write!(f, "this is a token of another type: {kind}"),
            Self::Critical => f.write_str("the token has a critical header that is not understood"),
            Self::Algorithm => f.write_str("the token's algorithm is not allowed"),
            Self::Key => f.write_str("the token is signed with a key that the provider has not"),
            Self::Signature => f.write_str("the token's signature is wrong"),
            Self::Issuer => f.write_str("the token is from another issuer"),
            Self::Audience => f.write_str("the token is for another audience"),
            Self::Expired => f.write_str("the token has expired"),
            Self::Early => f.write_str("the token is from the future"),
            Self::Claim(name) => write!(f, "the token's claim \"{name}\" is not as it must be"),
        }
    }
}

impl std::error::Error for Wrong {}

/// Checks signature and claims.
pub fn check(
    token: &str,
    keys: &JwkSet,
    expected: &Expected,
    now: SystemTime,
) -> Result<Claims, Wrong> {
    let all = signed(token, keys, &expected.algorithms, &ABOUT_SOMEBODY)?;
    let text = |name: &str| all.get(name).and_then(Value::as_str);
    let missing = |name: &str| Wrong::Claim(name.to_owned());
    if text("iss").ok_or_else(|| missing("iss"))? != expected.issuer {
        return Err(Wrong::Issuer);
    }
    audience(&all, expected)?;
    let expires = moment(&all, "exp")?.ok_or_else(|| missing("exp"))?;
    if expires.checked_add(expected.skew).is_none_or(|end| end <= now) {
        return Err(Wrong::Expired);
    }
    let issued = moment(&all, "iat")?.ok_or_else(|| missing("iat"))?;
    let begins = moment(&all, "nbf")?.unwrap_or(issued);
    if issued.max(begins) > now.checked_add(expected.skew).unwrap_or(now) {
        return Err(Wrong::Early);
    }
    for (name, value) in &expected.require {
        let is = all.get(name).is_some_and(|is| match is {
            Value::String(text) => text == value,
            Value::Bool(truth) => value.parse() == Ok(*truth),
            Value::Number(number) => *value == format!("{number}"),
            Value::Array(list) => list.iter().any(|one| one.as_str() == Some(value)),
            Value::Null | Value::Object(_) => false,
        });
        if !is {
            return Err(missing(name));
        }
    }
    let subject = text("sub").filter(|subject| !subject.is_empty() && subject.len() <= 255);
    let subject = subject.ok_or_else(|| missing("sub"))?.to_owned();
    Ok(Claims { subject, issued, expires, all })
}

/// A security event that holds (RFC 8417).
#[derive(Clone, Debug)]
pub struct Event {
    /// The transmitter's own name for it, which it uses once.
    pub id: String,
    /// When it was issued.
    pub issued: SystemTime,
    /// All that it says.
    pub all: Map<String, Value>,
}

/// The same for a security event: it has no end, and is about whom its own fields say.
pub fn event(
    token: &str,
    keys: &JwkSet,
    expected: &Expected,
    now: SystemTime,
) -> Result<Event, Wrong> {
    let all = signed(token, keys, &expected.algorithms, &EVENT)?;
    let missing = |name: &str| Wrong::Claim(name.to_owned());
    if all.get("iss").and_then(Value::as_str) != Some(expected.issuer.as_str()) {
        return Err(Wrong::Issuer);
    }
    let ours = match all.get("aud") {
        Some(Value::String(one)) => *one == expected.audience,
        Some(Value::Array(list)) => {
            list.iter().any(|one| one.as_str() == Some(expected.audience.as_str()))
        }
        _ => false,
    };
    if !ours {
        return Err(Wrong::Audience);
    }
    let issued = moment(&all, "iat")?.ok_or_else(|| missing("iat"))?;
    if issued > now.checked_add(expected.skew).unwrap_or(now) {
        return Err(Wrong::Early);
    }
    if moment(&all, "exp")?.is_some_and(|end| end.checked_add(expected.skew).unwrap_or(end) <= now)
    {
        return Err(Wrong::Expired);
    }
    let id = all.get("jti").and_then(Value::as_str).filter(|id| (1..=255).contains(&id.len()));
    let id = id.ok_or_else(|| missing("jti"))?.to_owned();
    Ok(Event { id, issued, all })
}

/// The key that a token says it is signed with; nothing if it says none.
pub fn key_of(token: &str) -> Result<Option<String>, Wrong> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Wrong::Malformed);
    }
    Ok(decode_header(token).map_err(|error| wrong(error.kind()))?.kid)
}

/// Who a token says that it is from: whose keys to check it by. Proves nothing.
pub fn issuer_of(token: &str) -> Result<String, Wrong> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Wrong::Malformed);
    }
    let payload = token.split('.').nth(1).ok_or(Wrong::Malformed)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Wrong::Malformed)?;
    let claims: Map<String, Value> =
        serde_json::from_slice(&payload).map_err(|_| Wrong::Malformed)?;
    let issuer = claims.get("iss").and_then(Value::as_str).map(str::to_owned);
    issuer.ok_or_else(|| Wrong::Claim("iss".to_owned()))
}

/// What of a token its signature is over. Of one statement there can be several tokens: a signature
/// can be written differently by whoever has it, and still holds. What is to count once is this.
pub fn signed_part(token: &str) -> &str {
    token.rsplit_once('.').map_or(token, |(signed, _)| signed)
}

/// All that a token says, if one of these keys signed it in an allowed way.
fn signed(
    token: &str,
    keys: &JwkSet,
    algorithms: &[Algorithm],
    types: &[Option<&str>],
) -> Result<Map<String, Value>, Wrong> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Wrong::Malformed);
    }
    // `none` and every other name that is no signature's fails here.
    let header = decode_header(token).map_err(|error| wrong(error.kind()))?;
    if header.crit.is_some() {
        return Err(Wrong::Critical);
    }
    // A logout token, an access token or a proof of possession is signed by the same keys.
    let kind = header.typ.as_deref();
    let same = |one: &Option<&str>| match (*one, kind) {
        (Some(one), Some(kind)) => one.eq_ignore_ascii_case(kind),
        (one, kind) => one == kind,
    };
    if !types.iter().any(same) {
        let kind = kind.unwrap_or("none").chars().filter(|c| !c.is_control()).take(40);
        return Err(Wrong::Type(kind.collect()));
    }
    if !algorithms.contains(&header.alg) || !is_asymmetric(header.alg) {
        return Err(Wrong::Algorithm);
    }
    let mut fitting = keys.keys.iter().filter(|key| fits(key, header.alg));
    let key = match &header.kid {
        Some(id) => fitting.find(|key| key.common.key_id.as_ref() == Some(id)),
        // Without a name only a single key can be meant.
        None => fitting.next().filter(|_| fitting.next().is_none()),
    };
    let key = DecodingKey::from_jwk(key.ok_or(Wrong::Key)?).map_err(|_| Wrong::Key)?;
    // The claims are checked above, with the caller's time.
    let mut only = Validation::new(header.alg);
    only.required_spec_claims.clear();
    (only.validate_exp, only.validate_nbf, only.validate_aud) = (false, false, false);
    decode(token, &key, &only).map(|data| data.claims).map_err(|error| wrong(error.kind()))
}

/// True if whoever checks a signature cannot make one.
pub fn is_asymmetric(algorithm: Algorithm) -> bool {
    !matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
}

/// True if a key is for signatures, and for those of this algorithm.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let signs = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let kind = match key.algorithm {
        AlgorithmParameters::RSA(_) => matches!(
            algorithm,
            Algorithm::RS256
                | Algorithm::RS384
                | Algorithm::RS512
                | Algorithm::PS256
                | Algorithm::PS384
                | Algorithm::PS512
        ),
        AlgorithmParameters::EllipticCurve(_) => {
            matches!(algorithm, Algorithm::ES256 | Algorithm::ES384)
        }
        AlgorithmParameters::OctetKeyPair(_) => matches!(algorithm, Algorithm::EdDSA),
        // A key of a kind that is not known, or a secret that somebody put there.
        _ => false,
    };
    // Both have the names of RFC 7518.
    let named = key.common.key_algorithm.map(|named| serde_json::to_value(named).ok());
    kind && signs && named.is_none_or(|named| named == serde_json::to_value(algorithm).ok())
}

fn audience(all: &Map<String, Value>, expected: &Expected) -> Result<(), Wrong> {
    let several = match all.get("aud") {
        Some(Value::String(one)) if *one == expected.audience => false,
        Some(Value::Array(list)) => {
            let named = list.iter().all(Value::is_string);
            let ours = list.iter().any(|one| one.as_str() == Some(&expected.audience));
            if !named || !ours {
                return Err(Wrong::Audience);
            }
            list.len() > 1
        }
        _ => return Err(Wrong::Audience),
    };
    match (all.get("azp"), &expected.client) {
        (Some(Value::String(party)), Some(client)) if party == client => Ok(()),
        (None, _) | (Some(_), None) if !several => Ok(()),
        _ => Err(Wrong::Audience),
    }
}

/// A claim that is a moment: seconds since 1970.
fn moment(all: &Map<String, Value>, name: &str) -> Result<Option<SystemTime>, Wrong> {
    let Some(value) = all.get(name) else { return Ok(None) };
    let wrong = || Wrong::Claim(name.to_owned());
    let seconds = value.as_f64().filter(|seconds| (0.0..1e11).contains(seconds));
    let seconds = Duration::try_from_secs_f64(seconds.ok_or_else(wrong)?).map_err(|_| wrong())?;
    UNIX_EPOCH.checked_add(seconds).map(Some).ok_or_else(wrong)
}

fn wrong(kind: &ErrorKind) -> Wrong {
    match kind {
        ErrorKind::InvalidSignature => Wrong::Signature,
        ErrorKind::InvalidAlgorithm
        | ErrorKind::InvalidAlgorithmName
        | ErrorKind::UnsupportedAlgorithm => Wrong::Algorithm,
        // A header whose algorithm is none of the known ones cannot be read at all.
        ErrorKind::Json(error) if error.to_string().contains("unknown variant") => Wrong::Algorithm,
        ErrorKind::InvalidEcdsaKey
        | ErrorKind::InvalidEddsaKey
        | ErrorKind::InvalidRsaKey(_)
        | ErrorKind::InvalidKeyFormat => Wrong::Key,
        _ => Wrong::Malformed,
    }
}

#[cfg(test)]
mod tests;
