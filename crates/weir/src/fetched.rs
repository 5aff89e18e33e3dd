//! HTTP that Weir asks for what it needs itself: encrypted or close by, bounded, without redirects
//! and without what the environment says about proxies. Knows no message.

use anyhow::bail;
use net::tls::{ClientTls, Mode};
use reqwest::{Client, Response, redirect::Policy};
use std::{path::Path, time::Duration};

/// A client that believes these authorities, or the system's, and waits for so long.
///
/// # Errors
/// If the file of authorities cannot be used.
pub(crate) fn client(ca: Option<&Path>, patience: Duration) -> anyhow::Result<Client> {
    let tls = ClientTls::new(Mode::VerifyFull, ca, None)?;
    let client = Client::builder()
        .tls_backend_preconfigured(tls.config())
        .timeout(patience)
        .redirect(Policy::none())
        .no_proxy();
    Ok(client.build()?)
}

/// The body of an answer, of at most so many bytes.
///
/// # Errors
/// If it is longer, or breaks off; nothing of it is in the error.
pub(crate) async fn body(mut answer: Response, most: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            bail!("the answer is longer than {most} bytes");
        }
    }
    Ok(bytes)
}
