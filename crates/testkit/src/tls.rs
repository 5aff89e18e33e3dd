//! Certificates for test servers: an authority of our own and what it signs, made by `openssl`.
//! Knows nothing of the servers.

use crate::tool;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An authority in a folder; it lives as long as the test that made it.
#[derive(Clone, Debug)]
pub struct Authority {
    folder: PathBuf,
}

/// A certificate and its key, both PEM files.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Authority {
    /// Makes an authority in `folder`.
    pub fn new(folder: &Path) -> Result<Self> {
        let authority = Self { folder: folder.to_owned() };
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
                    -subj /CN=weir-test-authority -addext basicConstraints=critical,CA:TRUE \
                    -keyout ca.key -out ca.crt";
        authority.openssl(make)?;
        Ok(authority)
    }

    /// The authority's certificate, for clients that verify.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// Signs a certificate with common name `name`, good as a server's (`localhost`, 127.0.0.1)
    /// and as a client's.
    pub fn sign(&self, name: &str) -> Result<Pair> {
        self.sign_for(name, "DNS:localhost,IP:127.0.0.1")
    }

    /// The same for other names, as openssl writes them: `URI:spiffe://…`.
    pub fn sign_for(&self, name: &str, names: &str) -> Result<Pair> {
        fs::write(
            self.folder.join(format!("{name}.ext")),
            format!("subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n"),
        )?;
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={name} \
             -keyout {name}.key -out {name}.csr"
        ))?;
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
             -extfile {name}.ext -out {name}.crt"
        ))?;
        Ok(Pair {
            certificate: self.folder.join(format!("{name}.crt")),
            key: self.folder.join(format!("{name}.key")),
        })
    }

    fn openssl(&self, arguments: &str) -> Result<()> {
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(&self.folder);
        tool::finish(&mut command)?.success()?;
        Ok(())
    }
}
