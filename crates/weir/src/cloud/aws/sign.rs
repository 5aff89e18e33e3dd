//! The signed request that is a password at RDS: AWS Signature Version 4 in the query of a URL,
//! for service `rds-db` and action `connect`. Letter by letter what AWS's own SDKs make of the same
//! keys and time. Knows no clock and no network.

use super::keys::Keys;
use hmac::{Hmac, KeyInit, Mac};
use ledger::Time;
use sha2::{Digest, Sha256};
use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "rds-db";
/// The port that a URL need not say.
const HTTPS: u16 = 443;

/// What is asked for: to connect to a database as a user.
pub(super) struct Connect<'c> {
    pub(super) host: &'c str,
    pub(super) port: u16,
    pub(super) user: &'c str,
    pub(super) region: &'c str,
}

impl Connect<'_> {
    /// The request, signed, without its scheme.
    pub(super) fn signed(&self, keys: &Keys, now: SystemTime, lasts: Duration) -> String {
        let Self { host, port, user, region } = self;
        let time = time(now);
        let day = time.split('T').next().unwrap_or_default();
        let scope = format!("{day}/{region}/{SERVICE}/aws4_request");
        let mut query = vec![
            ("Action", "connect".to_owned()),
            ("DBUser", escaped(user)),
            ("X-Amz-Algorithm", ALGORITHM.to_owned()),
            ("X-Amz-Credential", escaped(&format!("{}/{scope}", keys.id))),
            ("X-Amz-Date", time.clone()),
            ("X-Amz-Expires", lasts.as_secs().to_string()),
            ("X-Amz-SignedHeaders", "host".to_owned()),
        ];
        if let Some(token) = &keys.token {
            query.push(("X-Amz-Security-Token", escaped(token.expose())));
        }
        let sent = joined(&query);
        query.sort();
        let mut named = host.to_ascii_lowercase();
        if *port != HTTPS {
            // Writing into a string does not fail.
            let _ = write!(named, ":{port}");
        }
        let nothing = hex(&Sha256::digest([]));
        let request = format!("GET\n/\n{}\nhost:{named}\n\nhost\n{nothing}", joined(&query));
        let request = hex(&Sha256::digest(request.as_bytes()));
        let text = format!("{ALGORITHM}\n{time}\n{scope}\n{request}");
        let mut key = format!("AWS4{}", keys.secret.expose()).into_bytes();
        for part in [day, *region, SERVICE, "aws4_request", &text] {
            key = mac(&key, part);
        }
        format!("{host}:{port}/?{sent}&X-Amz-Signature={}", hex(&key))
    }
}

fn joined(query: &[(&str, String)]) -> String {
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// `20261126T210000Z`.
fn time(now: SystemTime) -> String {
    let time = Time::from(now).to_string();
    let digits = time.chars().take_while(|c| *c != '.').filter(|c| !matches!(c, '-' | ':'));
    digits.chain(['Z']).collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // A key of HMAC may have any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// As RFC 3986 wants it: letters, digits and `-._~` stand for themselves.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}
