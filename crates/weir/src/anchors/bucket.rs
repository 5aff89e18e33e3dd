//! A checkpoint as an object that nobody can remove before its time: S3's PutObject with Object
//! Lock, signed by AWS Signature Version 4. Knows one request.

use anyhow::{Context, bail, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use config::Bucket;
use hmac::{Hmac, KeyInit, Mac};
use ledger::Time;
use net::tls::{ClientTls, Mode};
use reqwest::{Client, RequestBuilder, Response, Url, redirect::Policy};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};
use tlog::Checkpoint;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of what it says is read: more than a checkpoint has.
const COMPLAINT: usize = 1_000;

/// Puts the checkpoint there under its size. One that is there already is not replaced.
pub(super) async fn put(
    bucket: &Bucket,
    head: &Checkpoint,
    note: &str,
    now: SystemTime,
) -> anyhow::Result<()> {
    let url = format!("{}/{:020}.checkpoint", bucket.url, head.size);
    let url: Url = url.parse().context("its address")?;
    let host = url.host_str().context("its address names no host")?;
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let until = now.checked_add(bucket.retention).context("its retention is too long")?;
    let hash: [u8; 32] = Sha256::digest(note).into();
    let headers = BTreeMap::from([
        ("host", host.clone()),
        ("if-none-match", "*".to_owned()),
        ("x-amz-checksum-sha256", STANDARD.encode(hash)),
        ("x-amz-content-sha256", hex(&hash)),
        ("x-amz-date", compact(now)),
        ("x-amz-object-lock-mode", "COMPLIANCE".to_owned()),
        ("x-amz-object-lock-retain-until-date", seconds(until)),
        ("x-amz-sdk-checksum-algorithm", "SHA256".to_owned()),
    ]);
    let secret = bucket.secret_key.read()?;
    let key = Key { name: &bucket.access_key, secret: secret.expose(), region: &bucket.region };
    let signed = key.sign("PUT", url.path(), &headers)?;
    let client = client(bucket)?;
    let request = client.put(url.clone()).header("authorization", signed);
    let request = with(request.header("content-type", "text/plain; charset=utf-8"), &headers);
    let answer = request.body(note.to_owned()).send().await?;
    match answer.status().as_u16() {
        200..=299 => return Ok(()),
        // It was put there before, and nobody replaces it. Was it this one?
        412 => {}
        status => bail!("it answered {status}: {}", said(answer).await),
    }
    let headers = BTreeMap::from([
        ("host", host),
        ("x-amz-content-sha256", hex(&Sha256::digest(""))),
        ("x-amz-date", compact(now)),
    ]);
    let signed = key.sign("GET", url.path(), &headers)?;
    let answer = with(client.get(url).header("authorization", signed), &headers).send().await?;
    let (status, there) = (answer.status(), said(answer).await);
    ensure!(
        status.is_success(),
        "a checkpoint of {} records lies there, and cannot be compared: it answered {status}: \
         {there}",
        head.size
    );
    let same = there == note.chars().take(COMPLAINT).collect::<String>();
    ensure!(
        same,
        "another checkpoint of {} records lies there: this ledger is not the one that was \
         anchored, or an old copy was put in its place",
        head.size
    );
    Ok(())
}

fn with(request: RequestBuilder, headers: &BTreeMap<&str, String>) -> RequestBuilder {
    let headers = headers.iter().filter(|(name, _)| **name != "host");
    headers.fold(request, |request, (name, value)| request.header(*name, value))
}

/// What it says, or the beginning of it.
async fn said(answer: Response) -> String {
    let said = answer.text().await.unwrap_or_default();
    said.chars().take(COMPLAINT).collect()
}

/// Who signs.
struct Key<'a> {
    name: &'a str,
    secret: &'a str,
    region: &'a str,
}

impl Key<'_> {
    /// The `Authorization` header of a request without a query, whose headers hold `x-amz-date` and
    /// `x-amz-content-sha256` and are named in small letters.
    fn sign(
        &self,
        method: &str,
        path: &str,
        headers: &BTreeMap<&str, String>,
    ) -> anyhow::Result<String> {
        let date = headers.get("x-amz-date").context("no date")?;
        let body = headers.get("x-amz-content-sha256").context("no hash")?;
        let names = headers.keys().copied().collect::<Vec<_>>().join(";");
        let lines: String =
            headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let request = format!("{method}\n{path}\n\n{lines}\n{names}\n{body}");
        let day = date.get(..8).context("no day")?;
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let request = hex(&Sha256::digest(request));
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{request}");
        let mut key = format!("AWS4{}", self.secret).into_bytes();
        for part in [day, self.region, "s3", "aws4_request"] {
            key = mac(&key, part)?;
        }
        let signature = hex(&mac(&key, &text)?);
        let name = self.name;
        Ok(format!(
            "AWS4-HMAC-SHA256 Credential={name}/{scope},SignedHeaders={names},Signature={signature}"
        ))
    }
}

fn mac(key: &[u8], text: &str) -> anyhow::Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).context("a key of no use")?;
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `2026-11-22T03:15:11Z`.
fn seconds(time: SystemTime) -> String {
    let text = Time::from(time).to_string();
    format!("{}Z", text.get(..19).unwrap_or_default())
}

/// `20261122T031511Z`.
fn compact(time: SystemTime) -> String {
    seconds(time).replace(['-', ':'], "")
}

fn client(bucket: &Bucket) -> anyhow::Result<Client> {
    let tls = ClientTls::new(Mode::VerifyFull, bucket.ca.as_deref(), None)?;
    Ok(Client::builder()
        .tls_backend_preconfigured(tls.config())
        .timeout(PATIENCE)
        .redirect(Policy::none())
        .build()?)
}

#[cfg(test)]
mod tests;
