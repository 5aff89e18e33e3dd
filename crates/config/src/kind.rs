//! What values a key can take: how they are written, checked and described. Knows no keys.

mod evidence;
pub(crate) mod label;
mod several;

pub(crate) use several::{Named, Texts};

pub(crate) use evidence::{Cosigner, Origin, Origins, Url};

use crate::{secret::SecretSource, table::a};
use std::{
    net::SocketAddr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};
use toml::de::DeValue;

/// Why a value is not accepted, and what would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(crate) fn help(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

/// What a value may need to know of its surroundings.
pub(crate) struct Place {
    /// The folder that relative paths start from: the file's own.
    pub(crate) base: PathBuf,
}

/// A kind of value.
pub(crate) trait Kind {
    /// What an accepted value becomes.
    type Value;

    /// Checks and converts a value.
    fn accept(&self, value: &DeValue<'_>, place: &Place) -> Result<Self::Value, Fault>;

    /// What stands in for a value that was not accepted, so that reading can go on and find the
    /// other problems; it never leaves this crate, because a file with a problem gives no `Config`.
    fn blank(&self) -> Self::Value;

    /// In words, for messages and the reference page.
    fn describe(&self) -> String;
}

fn text<'v>(value: &'v DeValue<'_>, expected: &str) -> Result<&'v str, Fault> {
    match value {
        DeValue::String(text) => Ok(text),
        other => Err(Fault::new(format!("expected {expected}, found {}", a(other)))),
    }
}

/// Text that is not empty and holds no control characters.
pub(crate) struct Text {
    /// What it is, in words.
    pub(crate) what: &'static str,
}

impl Kind for Text {
    type Value = String;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<String, Fault> {
        let text = text(value, &self.describe())?;
        if text.is_empty() {
            return Err(Fault::new(format!("{} cannot be empty", self.what)));
        }
        if text.chars().any(char::is_control) {
            return Err(Fault::new(format!("{} cannot hold control characters", self.what)));
        }
        Ok(text.to_owned())
    }

    fn blank(&self) -> String {
        String::new()
    }

    fn describe(&self) -> String {
        format!("{}, as a string", self.what)
    }
}

/// A path; a relative one starts at the file's own folder.
pub(crate) struct FilePath;

impl Kind for FilePath {
    type Value = PathBuf;

    fn accept(&self, value: &DeValue<'_>, place: &Place) -> Result<PathBuf, Fault> {
        let text = text(value, "a path, as a string")?;
        if text.is_empty() {
            return Err(Fault::new("a path cannot be empty"));
        }
        let path = Path::new(text.strip_prefix("./").unwrap_or(text));
        Ok(place.base.join(path))
    }

    fn blank(&self) -> PathBuf {
        PathBuf::new()
    }

    fn describe(&self) -> String {
        "a path; a relative one starts at this file's folder".into()
    }
}

/// An IP address and port.
pub(crate) struct Address;

impl Kind for Address {
    type Value = SocketAddr;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<SocketAddr, Fault> {
        let text = text(value, &self.describe())?;
        text.parse().map_err(|_| {
            let help = match text.rsplit_once(':') {
                Some(("localhost", port)) => format!("write \"127.0.0.1:{port}\""),
                Some(("" | "*", port)) => format!("write \"0.0.0.0:{port}\" for every address"),
                _ if text.parse::<u16>().is_ok() => format!("write \"127.0.0.1:{text}\""),
                _ => "write an address like \"127.0.0.1:6432\" or \"[::1]:6432\"".into(),
            };
            Fault::help(format!("\"{text}\" is not an IP address with a port"), help)
        })
    }

    fn blank(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    fn describe(&self) -> String {
        "an IP address and a port, as a string (\"127.0.0.1:6432\")".into()
    }
}

/// Another kind, or the word `off`.
pub(crate) struct OrOff<K>(pub(crate) K);

impl<K: Kind> Kind for OrOff<K> {
    type Value = Option<K::Value>;

    fn accept(&self, value: &DeValue<'_>, place: &Place) -> Result<Self::Value, Fault> {
        match value {
            DeValue::String(text) if text == "off" => Ok(None),
            other => self.0.accept(other, place).map(Some),
        }
    }

    fn blank(&self) -> Self::Value {
        None
    }

    fn describe(&self) -> String {
        format!("{}, or \"off\"", self.0.describe())
    }
}

/// A whole number in a range.
pub(crate) struct Count(pub(crate) RangeInclusive<u64>);

impl Kind for Count {
    type Value = u64;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<u64, Fault> {
        let DeValue::Integer(integer) = value else {
            return Err(Fault::new(format!("expected {}, found {}", self.describe(), a(value))));
        };
        let digits = integer.as_str().replace('_', "");
        let number = u64::from_str_radix(&digits, integer.radix());
        number.ok().filter(|number| self.0.contains(number)).ok_or_else(|| {
            Fault::new(format!("{} is outside of {} to {}", integer, self.0.start(), self.0.end()))
        })
    }

    fn blank(&self) -> u64 {
        0
    }

    fn describe(&self) -> String {
        format!("a whole number from {} to {}", self.0.start(), self.0.end())
    }
}

/// One of a few words, each with what it means.
pub(crate) struct Word<T: 'static>(pub(crate) &'static [(&'static str, T)], pub(crate) T);

impl<T: Clone> Kind for Word<T> {
    type Value = T;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<T, Fault> {
        let text = text(value, &self.describe())?;
        if let Some((_, meaning)) = self.0.iter().find(|(word, _)| *word == text) {
            return Ok(meaning.clone());
        }
        let near = crate::problem::nearest(text, self.0.iter().map(|(word, _)| *word));
        Err(Fault {
            message: format!("\"{text}\" is not {}", self.describe()),
            help: near.map(|near| format!("did you mean \"{near}\"?")),
        })
    }

    fn blank(&self) -> T {
        self.1.clone()
    }

    fn describe(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        match words.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => words.concat(),
        }
    }
}

/// A number with a unit: the scale of units, smallest first, and the range that is accepted.
struct Scaled<'s> {
    units: &'s [(&'s str, u64)],
    example: &'s str,
}

impl Scaled<'_> {
    /// `"30s"` to 30 times the unit; `"0"` needs no unit.
    fn parse(&self, value: &DeValue<'_>) -> Result<u64, Fault> {
        let words: Vec<&str> = self.units.iter().map(|(unit, _)| *unit).collect();
        let help =
            format!("write a number and a unit ({}), like \"{}\"", words.join(", "), self.example);
        let text = match value {
            DeValue::String(text) => text,
            DeValue::Integer(number) => {
                let message = format!("{number} has no unit");
                return Err(Fault::help(message, help));
            }
            other => {
                return Err(Fault::help(format!("expected a string, found {}", a(other)), help));
            }
        };
        if text == "0" {
            return Ok(0);
        }
        let bad = || Fault::help(format!("\"{text}\" is not a number with a unit"), help.clone());
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at_checked(digits).ok_or_else(bad)?;
        let number: u64 = number.parse().map_err(|_| bad())?;
        let unit = unit.trim_start_matches(' ');
        let (_, scale) = self.units.iter().find(|(word, _)| *word == unit).ok_or_else(bad)?;
        number.checked_mul(*scale).ok_or_else(bad)
    }

    /// The largest unit in which the number is whole.
    fn format(&self, number: u64) -> String {
        let fits = |(_, scale): &&(&str, u64)| number != 0 && number.is_multiple_of(*scale);
        match self.units.iter().rev().find(fits) {
            Some((unit, scale)) => format!("{}{unit}", number / scale),
            None => number.to_string(),
        }
    }
}

const TIMES: Scaled<'static> = Scaled {
    units: &[("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)],
    example: "30s",
};

const SIZES: Scaled<'static> = Scaled {
    units: &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)],
    example: "16MiB",
};

/// A duration in a range; zero, where `zero` says what it means, is `None`.
pub(crate) struct Time {
    pub(crate) range: RangeInclusive<Duration>,
}

impl Kind for Time {
    type Value = Duration;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<Duration, Fault> {
        let millis = TIMES.parse(value)?;
        let duration = Duration::from_millis(millis);
        if self.range.contains(&duration) {
            return Ok(duration);
        }
        Err(Fault::new(format!("{} is outside of {}", TIMES.format(millis), self.span())))
    }

    fn blank(&self) -> Duration {
        *self.range.start()
    }

    fn describe(&self) -> String {
        format!("a duration from {}", self.span())
    }
}

impl Time {
    fn span(&self) -> String {
        let show = |d: &Duration| TIMES.format(u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
        format!("{} to {}", show(self.range.start()), show(self.range.end()))
    }
}

/// A duration in a range, or zero for no limit.
pub(crate) struct TimeOrNone(pub(crate) Time);

impl Kind for TimeOrNone {
    type Value = Option<Duration>;

    fn accept(&self, value: &DeValue<'_>, place: &Place) -> Result<Option<Duration>, Fault> {
        match TIMES.parse(value)? {
            0 => Ok(None),
            _ => self.0.accept(value, place).map(Some),
        }
    }

    fn blank(&self) -> Option<Duration> {
        None
    }

    fn describe(&self) -> String {
        format!("{}, or \"0\" for none", self.0.describe())
    }
}

/// A number of bytes in a range.
pub(crate) struct Size(pub(crate) RangeInclusive<u64>);

impl Kind for Size {
    type Value = u64;

    fn accept(&self, value: &DeValue<'_>, _: &Place) -> Result<u64, Fault> {
        let bytes = SIZES.parse(value)?;
        if self.0.contains(&bytes) {
            return Ok(bytes);
        }
        let (least, most) = (SIZES.format(*self.0.start()), SIZES.format(*self.0.end()));
        Err(Fault::new(format!("{} is outside of {least} to {most}", SIZES.format(bytes))))
    }

    fn blank(&self) -> u64 {
        *self.0.start()
    }

    fn describe(&self) -> String {
        format!("a size from {} to {}", SIZES.format(*self.0.start()), SIZES.format(*self.0.end()))
    }
}

/// A secret by reference. A literal string is refused, and never repeated in the message.
pub(crate) struct SecretRef;

impl Kind for SecretRef {
    type Value = SecretSource;

    fn accept(&self, value: &DeValue<'_>, place: &Place) -> Result<SecretSource, Fault> {
        let help = "write { env = \"NAME\" } or { file = \"/run/secrets/name\" }";
        let table = match value {
            DeValue::Table(table) => table,
            DeValue::String(_) => {
                let message = "a secret cannot stand in the file as text";
                return Err(Fault::help(message, help));
            }
            other => {
                let message = format!("expected a reference to a secret, found {}", a(other));
                return Err(Fault::help(message, help));
            }
        };
        let mut entries =
            table.iter().map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()));
        match (entries.next(), entries.next()) {
            (Some(("env", DeValue::String(name))), None) if is_variable(name) => {
                Ok(SecretSource::Env(name.to_string()))
            }
            (Some(("file", path)), None) => FilePath.accept(path, place).map(SecretSource::File),
            (Some(("env", _)), None) => {
                Err(Fault::help("`env` takes the name of an environment variable", help))
            }
            _ => Err(Fault::help("a secret is referred to by `env` or by `file`", help)),
        }
    }

    fn blank(&self) -> SecretSource {
        SecretSource::Env(String::new())
    }

    fn describe(&self) -> String {
        "a reference to a secret: { env = \"NAME\" } or { file = \"path\" }".into()
    }
}

fn is_variable(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
