//! A connection URL, as libpq writes it (PostgreSQL manual, 34.1.1.2), read far enough to fill in a
//! `[database.upstream]`. Opens no connection.

/// What a URL says.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) user: String,
    pub(super) password: Option<String>,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: String,
    pub(super) sslmode: Option<String>,
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { user, host, port, database, .. } = self;
        write!(f, "postgres://{user}@{host}:{port}/{database}")
    }
}

impl Url {
    /// Reads a URL. The error never repeats the password.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or("a URL begins with postgres://")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').ok_or("the URL names no database")?;
        let (who, place) = authority.rsplit_once('@').ok_or("the URL names no role (ROLE@HOST)")?;
        let (user, password) = match who.split_once(':') {
            Some((user, password)) => (user, Some(decode(password)?)),
            None => (who, None),
        };
        let (host, port) = split_place(place)?;
        let mut sslmode = None;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => sslmode = Some(decode(mode)?),
                _ => return Err("of the parameters after ? only sslmode is understood"),
            }
        }
        let (user, database) = (decode(user)?, decode(database)?);
        if user.is_empty() {
            return Err("the URL names no role (ROLE@HOST)");
        }
        if database.is_empty() || database.contains('/') {
            return Err("the URL names no database");
        }
        let password = password.filter(|password| !password.is_empty());
        Ok(Self { user, password, host, port, database, sslmode })
    }
}

fn split_place(place: &str) -> Result<(String, u16), &'static str> {
    const PORT: &str = "the URL's port is not one";
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or("the URL's host lacks a ]")?;
            let port = match rest {
                "" => None,
                rest => Some(rest.strip_prefix(':').ok_or(PORT)?),
            };
            (host, port)
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = match port {
        None | Some("") => 5432,
        Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or(PORT)?,
    };
    let host = decode(host)?;
    if host.is_empty() || host.contains(',') || host.starts_with('/') {
        return Err("the URL must name one host, by name or IP address");
    }
    Ok((host, port))
}

/// Percent-decoding (RFC 3986, 2.1).
fn decode(text: &str) -> Result<String, &'static str> {
    const BAD: &str = "the URL holds a % that is not followed by two hex digits";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = rest.next().map(char::from).and_then(|c| c.to_digit(16)).ok_or(BAD)?;
            u8::try_from(digit).map_err(|_| BAD)
        };
        let (high, low) = (digit()?, digit()?);
        bytes.push(high << 4 | low);
    }
    let text = String::from_utf8(bytes).map_err(|_| "the URL is not UTF-8 text")?;
    if text.chars().any(char::is_control) {
        return Err("the URL holds control characters");
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
