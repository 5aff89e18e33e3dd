//! Names, keys and addresses of ledgers and their witnesses.

use super::{Fault, Kind, Place, text};
use crate::table::a;
use tlog::{CosignatureVerifier, VerifierKey};
use toml::de::DeValue;

/// A ledger's name.
pub(crate) struct Origin;

impl Kind for Origin {
    type Value = String;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<String, Fault> {
        let text = text(value, &self.describe())?;
        // A key is the judge of what can be its name.
        tlog::SigningKey::from_seed(text, &[0; 32]).map_err(|error| Fault::new(error.0))?;
        Ok(text.to_owned())
    }

    fn blank(&self) -> String {
        String::new()
    }

    fn describe(&self) -> String {
        "a name without spaces and plus signs, as a string (\"example.com/gateway-1\")".into()
    }
}

/// A witness's public key.
pub(crate) struct Cosigner;

impl Kind for Cosigner {
    type Value = Option<CosignatureVerifier>;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<Self::Value, Fault> {
        let text = text(value, &self.describe())?;
        CosignatureVerifier::parse(text.trim()).map(Some).map_err(|error| Fault::new(error.0))
    }

    fn blank(&self) -> Self::Value {
        None
    }

    fn describe(&self) -> String {
        "a key that cosigns with Ed25519, as a string (\"name+id+key\")".into()
    }
}

/// Public keys of ledgers.
pub(crate) struct Origins;

impl Kind for Origins {
    type Value = Vec<VerifierKey>;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<Self::Value, Fault> {
        let DeValue::Array(items) = value else {
            let message = format!("expected {}, found {}", self.describe(), a(value));
            return Err(Fault::new(message));
        };
        let one = |value: &DeValue<'_>| {
            let text = text(value, "a public key, as a string")?;
            VerifierKey::parse(text.trim()).map_err(|error| Fault::new(error.0))
        };
        items.iter().map(|item| one(item.get_ref())).collect()
    }

    fn blank(&self) -> Self::Value {
        Vec::new()
    }

    fn describe(&self) -> String {
        "a list of public keys, as strings (\"name+id+key\")".into()
    }
}

/// Where an HTTP service is.
pub(crate) struct Url;

impl Kind for Url {
    type Value = String;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<String, Fault> {
        let text = text(value, &self.describe())?;
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let plain = |host: &&str| {
            !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        if host.filter(plain).is_none() {
            let help = "write \"https://witness.example\"";
            return Err(Fault::help(format!("\"{text}\" is not an HTTP address"), help));
        }
        Ok(text.trim_end_matches('/').to_owned())
    }

    fn blank(&self) -> String {
        String::new()
    }

    fn describe(&self) -> String {
        "an HTTP address, as a string (\"https://witness.example\")".into()
    }
}
