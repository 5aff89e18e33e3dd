//! Certificates: PEM files, the development certificate, the channel binding hash. Opens no
//! connection.

use crate::NetError;
use aws_lc_rs::digest;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The names that the development certificate is good for: this machine, as seen from itself.
const DEVELOPMENT_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The certificates of a PEM file, leaf first. At least one.
pub(super) fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, NetError> {
    let pem = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(pem_error(path, "no certificate in this file")),
        Err(error) => Err(pem_error(path, &error.to_string())),
    }
}

/// The private key of a PEM file. Its text is never part of an error.
pub(super) fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, NetError> {
    let pem = read(path)?;
    PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| pem_error(path, "no unencrypted private key in this file"))
}

/// The text of a PEM file.
pub(super) fn read_text(path: &Path) -> Result<String, NetError> {
    String::from_utf8(read(path)?).map_err(|_| pem_error(path, "no text"))
}

fn read(path: &Path) -> Result<Vec<u8>, NetError> {
    fs::read(path).map_err(|source| file_error(path, source))
}

fn pem_error(path: &Path, reason: &str) -> NetError {
    NetError::Pem { path: path.to_owned(), reason: reason.to_owned() }
}

fn file_error(path: &Path, source: io::Error) -> NetError {
    NetError::File { path: path.to_owned(), source }
}

/// The development certificate and its key in `state`: made when they are missing, otherwise
/// used again, so that a client that pinned it keeps working.
pub(super) fn development(state: &Path) -> Result<(PathBuf, PathBuf), NetError> {
    let certificate = state.join("dev-cert.pem");
    let key = state.join("dev-key.pem");
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let names: Vec<String> = DEVELOPMENT_NAMES.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names)
        .map_err(|error| NetError::Certificate(error.to_string()))?;
    fs::create_dir_all(state).map_err(|source| file_error(state, source))?;
    // The key goes first: a crash in between leaves a key without a certificate, and both are
    // made anew.
    write_private(&key, made.signing_key.serialize_pem().as_bytes())?;
    replace(&certificate, made.cert.pem().as_bytes(), 0o644)?;
    Ok((certificate, key))
}

pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), NetError> {
    replace(path, bytes, 0o600)
}

/// Writes beside the target and renames, so that nobody ever reads half a file; the mode is set
/// when the file is created, not after its bytes are in it.
pub(super) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), NetError> {
    let beside = path.with_extension("pem.new");
    let written = (|| {
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        // The process's umask may have taken bits away; what is left must be exactly this.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    written.map_err(|source| file_error(path, source))
}

/// The `tls-server-end-point` channel binding of a certificate (RFC 5929 section 4.1): its hash
/// by the hash of its own signature, where MD5 and SHA-1 are replaced by SHA-256.
///
/// `None` when the signature algorithm names no single hash (Ed25519) or is not known: then no
/// channel binding can be offered, as in PostgreSQL.
pub fn end_point_hash(der: &[u8]) -> Option<Vec<u8>> {
    let algorithm = signature_hash(der)?;
    Some(digest::digest(algorithm, der).as_ref().to_vec())
}

/// The hash named by `Certificate.signatureAlgorithm` (RFC 5280 section 4.1).
fn signature_hash(der: &[u8]) -> Option<&'static digest::Algorithm> {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];

    let (certificate, _) = element(der, 0x30)?;
    let (_to_be_signed, rest) = element(certificate, 0x30)?;
    let (algorithm, _) = element(rest, 0x30)?;
    let (oid, parameters) = element(algorithm, 0x06)?;
    if oid == ECDSA_SHA1 {
        return Some(&digest::SHA256);
    }
    let (last, family) = oid.split_last()?;
    match (family, last) {
        // md5WithRSA and sha1WithRSA, then the SHA-2 family.
        (RSA, 4 | 5 | 11) => Some(&digest::SHA256),
        (RSA, 12) => Some(&digest::SHA384),
        (RSA, 13) => Some(&digest::SHA512),
        (RSA, 14) => Some(&digest::SHA224),
        (RSA, 10) => pss_hash(parameters),
        (ECDSA_SHA2, 1) => Some(&digest::SHA224),
        (ECDSA_SHA2, 2) => Some(&digest::SHA256),
        (ECDSA_SHA2, 3) => Some(&digest::SHA384),
        (ECDSA_SHA2, 4) => Some(&digest::SHA512),
        _ => None,
    }
}

/// RSASSA-PSS names its hash in the parameters (RFC 4055 section 3.1); the default is SHA-1.
fn pss_hash(parameters: &[u8]) -> Option<&'static digest::Algorithm> {
    const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
    let (parameters, _) = element(parameters, 0x30)?;
    let Some((tagged, _)) = element(parameters, 0xa0) else {
        return Some(&digest::SHA256);
    };
    let (algorithm, _) = element(tagged, 0x30)?;
    let (oid, _) = element(algorithm, 0x06)?;
    let (last, family) = oid.split_last()?;
    match (family, last) {
        (SHA2, 1) => Some(&digest::SHA256),
        (SHA2, 2) => Some(&digest::SHA384),
        (SHA2, 3) => Some(&digest::SHA512),
        (SHA2, 4) => Some(&digest::SHA224),
        _ => None,
    }
}

/// The content of the DER element at the front, if it has this tag, and what follows it.
pub(super) fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    if found != tag {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return rest.split_at_checked(usize::from(first));
    }
    // The long form: the low bits count the bytes of the length. Four are more than any
    // certificate needs.
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 4 {
        return None;
    }
    let (digits, rest) = rest.split_at_checked(count)?;
    let length = digits.iter().fold(0_usize, |sum, digit| (sum << 8) | usize::from(*digit));
    rest.split_at_checked(length)
}
