//! An authority of one's own: signs certificates by which clients sign in, for a short while each.
//! Knows names, not who bears them.

use super::certificate::{read_chain, read_text, replace, write_private};
use crate::NetError;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use std::{
    fmt, fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Its files in its folder.
const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca-key.pem";
/// Its name: who believes it believes its key.
const NAME: &str = "Weir's own authority";
/// How far clocks may differ from the one that it was made by.
const BEFORE: Duration = Duration::from_secs(300);

/// A certificate with its key, as PEM. Prints as `***`.
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// Its private key (PKCS#8).
    pub key: String,
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where the certificate of the authority of this folder is.
pub fn certificate(folder: &Path) -> PathBuf {
    folder.join(CERTIFICATE)
}

/// Makes an authority, good for so long. False if the folder has one already.
pub fn init(folder: &Path, lasts: Duration, now: SystemTime) -> Result<bool, NetError> {
    let (certificate, key) = (folder.join(CERTIFICATE), folder.join(KEY));
    if certificate.exists() {
        return Ok(false);
    }
    let failed = |error: rcgen::Error| NetError::Certificate(error.to_string());
    let own = KeyPair::generate().map_err(failed)?;
    let mut params = params();
    params.not_before = now.checked_sub(BEFORE).unwrap_or(now).into();
    params.not_after = now.checked_add(lasts).unwrap_or(now).into();
    let signed = params.self_signed(&own).map_err(failed)?;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| NetError::File { path: folder.to_owned(), source })?;
    // The key goes first: what a crash leaves behind is made anew.
    write_private(&key, own.serialize_pem().as_bytes())?;
    replace(&certificate, signed.pem().as_bytes(), 0o644)?;
    Ok(true)
}

/// Signs a certificate for a new key: a client's, with this URI for its name. It is good from
/// `begins` to `ends`, and never longer than the authority itself.
pub fn issue(
    folder: &Path,
    uri: &str,
    (begins, ends): (SystemTime, SystemTime),
) -> Result<Pair, NetError> {
    let failed = |error: rcgen::Error| NetError::Certificate(error.to_string());
    let path = folder.join(CERTIFICATE);
    let last = read_chain(&path)?.first().and_then(|der| super::ends(der));
    if last.is_none_or(|last| last < ends) {
        let what = format!("{} ends before it would", path.display());
        return Err(NetError::Certificate(what));
    }
    let authority = KeyPair::from_pem(&read_text(&folder.join(KEY))?).map_err(failed)?;
    let issuer = Issuer::new(params(), authority);
    let own = KeyPair::generate().map_err(failed)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = vec![SanType::URI(uri.try_into().map_err(failed)?)];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (begins.into(), ends.into());
    let signed = params.signed_by(&own, &issuer).map_err(failed)?;
    Ok(Pair { certificate: signed.pem(), key: own.serialize_pem() })
}

/// What the authority says of itself; its names must be the same whenever it signs.
fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// When the certificate of a PEM file is good no longer; nothing if there is none.
pub fn ends_of(file: &Path) -> Option<SystemTime> {
    super::ends(read_chain(file).ok()?.first()?)
}
