//! Certificates for test servers: an authority of our own and what it signs, made by `openssl`.
//! Knows nothing of the servers.

use crate::tool;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

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

    /// The same, good for so long from now on: whole seconds.
    pub fn sign_until(&self, name: &str, names: &str, lasts: Duration) -> Result<Pair> {
        let pair = self.sign_for(name, names)?;
        let time = |from_now: u64| {
            let date = ["-u", "-d", &format!("{from_now} seconds"), "+%Y%m%d%H%M%SZ"];
            Ok::<_, anyhow::Error>(tool::run("date", date)?.success()?.trim().to_owned())
        };
        let serial = fs::read_dir(&self.folder)?.count();
        let config = format!(
            "[ca]\ndefault_ca = own\n[own]\ndatabase = {name}.index\nserial = {name}.serial\n\
             new_certs_dir = .\ndefault_md = sha256\npolicy = any\n[any]\n\
             commonName = supplied\n"
        );
        fs::write(self.folder.join(format!("{name}.cnf")), config)?;
        fs::write(self.folder.join(format!("{name}.index")), "")?;
        fs::write(self.folder.join(format!("{name}.serial")), format!("{:04x}\n", serial + 4096))?;
        let (begin, end) = (time(0)?, time(lasts.as_secs())?);
        self.openssl(&format!(
            "ca -batch -config {name}.cnf -cert ca.crt -keyfile ca.key -in {name}.csr -notext \
             -extfile {name}.ext -startdate {begin} -enddate {end} -out {name}.crt"
        ))?;
        Ok(pair)
    }

    fn openssl(&self, arguments: &str) -> Result<()> {
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(&self.folder);
        tool::finish(&mut command)?.success()?;
        Ok(())
    }
}
