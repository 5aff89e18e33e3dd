//! `weir mcp`: MCP over standard input and output, for clients that start their servers. Every call
//! goes on to a running Weir's `/mcp` with the caller's token. Knows no database.

use super::handler;
use crate::http::PERSONS_ONLY;
use anyhow::{Context, anyhow, bail, ensure};
use identity::Secret;
use net::tls::{ClientTls, Mode};
use reqwest::{Client, RequestBuilder, Response, StatusCode, header};
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ListToolsResult,
        PaginatedRequestParams, ProgressNotificationParam, ServerConfig,
    },
    service::RequestContext,
};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// The revision that is spoken to Weir: requests stand by themselves since then.
const REVISION: &str = "2025-11-25";
/// How long Weir may take to be reached.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a call may take: the longest wait for an approval, and some.
const CALL: Duration = Duration::from_secs(10 * 60);
/// The longest answer that is read.
const ANSWER_BYTES: usize = 8 << 20;
/// Where somebody signs in with a password.
const SESSION: &str = "/api/v1/session";

/// A Weir that runs, and who calls it.
pub(crate) struct Remote {
    /// `https://host:port`.
    pub(crate) url: String,
    /// Whom to believe beside the system's authorities.
    pub(crate) ca: Option<PathBuf>,
    /// The caller's token.
    pub(crate) token: Option<Secret>,
    /// Else the caller's name and password.
    pub(crate) password: Option<(String, Secret)>,
    /// The task that an agent works on.
    pub(crate) task: Option<String>,
}

/// Answers on standard input and output until the input ends.
pub(crate) async fn bridge(remote: Remote) -> anyhow::Result<()> {
    let bridge = Bridge::to(remote).await?;
    // Whoever starts this learns here, and not at the first call, that it cannot work.
    let listed = bridge.ask("tools/list", json!({}), None).await;
    listed.map_err(|error| anyhow!("{}", error.message)).context("Weir's MCP is not reached")?;
    let streams = (tokio::io::stdin(), tokio::io::stdout());
    let running = bridge.serve(streams).await.context("the client did not begin")?;
    running.waiting().await?;
    Ok(())
}

/// Calls one tool; gives what it answers, and whether it did what was asked.
pub(crate) async fn tool(
    remote: Remote,
    name: &str,
    arguments: Value,
) -> anyhow::Result<(Value, bool)> {
    let bridge = Bridge::to(remote).await?;
    let params = json!({ "name": name, "arguments": arguments });
    let result = bridge.ask("tools/call", params, None).await;
    bridge.leave().await;
    let mut result = result.map_err(|error| anyhow!("{}", error.message))?;
    let done = result.get("isError").and_then(Value::as_bool) != Some(true);
    let value = result.get_mut("structuredContent").map(Value::take);
    Ok((value.context("the answer says nothing")?, done))
}

/// One POST to the API, without a body; gives its answer, and whether it did what was asked.
pub(crate) async fn post(remote: Remote, path: &str) -> anyhow::Result<(Value, bool)> {
    let bridge = Bridge::to(remote).await?;
    let request = bridge.client.post(format!("{}{path}", bridge.base));
    let sent = request.bearer_auth(bridge.token.expose()).send().await;
    let read = async {
        let mut answer = sent?;
        let done = answer.status().is_success();
        Ok((serde_json::from_str(&whole(&mut answer).await?)?, done))
    };
    let answer = read.await;
    bridge.leave().await;
    answer
}

/// A token for a name and its password.
async fn sign_in(
    client: &Client,
    url: &str,
    name: &str,
    password: &Secret,
) -> anyhow::Result<Secret> {
    let body = json!({ "name": name, "password": password.expose() }).to_string();
    let request = client.post(format!("{url}{SESSION}"));
    let mut answer =
        request.header(header::CONTENT_TYPE, "application/json").body(body).send().await?;
    let status = answer.status();
    let text = whole(&mut answer).await?;
    let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let word = |name: &str| value.get(name).and_then(Value::as_str);
    if let Some(detail) = word("detail").filter(|it| it.ends_with(PERSONS_ONLY)) {
        bail!("{detail}. Run `weir key create {name}` and set WEIR_TOKEN to the key.");
    }
    ensure!(status == StatusCode::CREATED, "{}", word("title").unwrap_or("refused"));
    let token = word("token").context("the answer has no token")?;
    Ok(Secret::from(token.to_owned()))
}

async fn whole(answer: &mut Response) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        ensure!(bytes.len() + chunk.len() <= ANSWER_BYTES, "the answer is too long");
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(bytes)?)
}

/// A server that asks another.
struct Bridge {
    client: Client,
    base: String,
    url: String,
    token: Secret,
    /// The token was got for this alone.
    own: bool,
    task: Option<String>,
    count: AtomicU64,
}

impl ServerHandler for Bridge {
    fn get_info(&self) -> ServerConfig {
        handler::info()
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let result = self.ask("tools/list", json!({}), Some(&context)).await?;
        serde_json::from_value(result).map_err(|error| broken(&error))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let token = context.meta.get_progress_token();
        let mut params = json!({ "name": request.name, "arguments": request.arguments });
        if let (Some(token), Some(fields)) = (token, params.as_object_mut()) {
            fields.insert("_meta".to_owned(), json!({ "progressToken": token }));
        }
        let result = tokio::select! {
            result = self.ask("tools/call", params, Some(&context)) => result?,
            // Weir hears that the request is gone as this is dropped.
            () = context.ct.cancelled() => return Err(ErrorData::internal_error("cancelled", None)),
        };
        let result: CallToolResult =
            serde_json::from_value(result).map_err(|error| broken(&error))?;
        Ok(CallToolResponse::Complete(result))
    }
}

impl Bridge {
    /// To a Weir, as whoever calls it.
    async fn to(remote: Remote) -> anyhow::Result<Self> {
        let tls = ClientTls::new(Mode::VerifyFull, remote.ca.as_deref(), None)?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls.config())
            .connect_timeout(CONNECT)
            .timeout(CALL)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let (token, own) = match (remote.token, remote.password) {
            (Some(token), _) => (token, false),
            (None, Some((name, password))) => {
                let token = sign_in(&client, &remote.url, &name, &password).await;
                (token.context("cannot sign in")?, true)
            }
            (None, None) => bail!("nobody is known to ask: set WEIR_TOKEN"),
        };
        let (base, task, url) = (remote.url.clone(), remote.task, format!("{}/mcp", remote.url));
        Ok(Self { client, base, url, token, own, task, count: 0.into() })
    }

    /// Signs out where it has signed in for this alone.
    async fn leave(&self) {
        if self.own {
            let request = self.client.delete(format!("{}{SESSION}", self.base));
            // What is not ended now ends with its time.
            let _ended = request.bearer_auth(self.token.expose()).send().await;
        }
    }

    /// One request to Weir; gives its result. Progress is passed on to whoever asked.
    async fn ask(
        &self,
        method: &str,
        params: Value,
        context: Option<&RequestContext<RoleServer>>,
    ) -> Result<Value, ErrorData> {
        let id = self.count.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let mut answer =
            self.request(body.to_string()).send().await.map_err(|error| lost(&error))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED => {
                let what = "the token is not good: get another and set WEIR_TOKEN";
                return Err(ErrorData::invalid_request(what, None));
            }
            status => return Err(ErrorData::internal_error(format!("Weir says {status}"), None)),
        }
        let mut events = Events::default();
        while let Some(chunk) = answer.chunk().await.map_err(|error| lost(&error))? {
            events.take(&chunk).map_err(|error| broken(&error))?;
            while let Some(message) = events.next() {
                if let Some(result) = self.message(message, context).await? {
                    return Ok(result);
                }
            }
        }
        events.rest().and_then(|mut message| message.get_mut("result").map(Value::take)).ok_or_else(
            || ErrorData::internal_error("Weir ended the answer before the result", None),
        )
    }

    fn request(&self, body: String) -> RequestBuilder {
        let request = self.client.post(&self.url);
        let request = match &self.task {
            Some(task) => request.header(super::http::TASK, task),
            None => request,
        };
        request
            .bearer_auth(self.token.expose())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream")
            .header("mcp-protocol-version", REVISION)
            .body(body)
    }

    /// A message of the answer: the result, or something on the way to it.
    async fn message(
        &self,
        mut message: Value,
        context: Option<&RequestContext<RoleServer>>,
    ) -> Result<Option<Value>, ErrorData> {
        if let Some(error) = message.get_mut("error") {
            return Err(serde_json::from_value(error.take()).unwrap_or_else(|error| broken(&error)));
        }
        if let Some(result) = message.get_mut("result") {
            return Ok(Some(result.take()));
        }
        let method = message.get("method").and_then(Value::as_str);
        let progress = method == Some("notifications/progress");
        let params = message.get_mut("params").map(Value::take).filter(|_| progress);
        let params =
            params.and_then(|it| serde_json::from_value::<ProgressNotificationParam>(it).ok());
        if let (Some(context), Some(params)) = (context, params) {
            // Whoever cannot be told has gone; the call ends by itself.
            let _told = context.peer.notify_progress(params).await;
        }
        Ok(None)
    }
}

fn lost(error: &reqwest::Error) -> ErrorData {
    ErrorData::internal_error(format!("Weir is not reached: {error}"), None)
}

fn broken(error: &dyn std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(format!("Weir's answer is not understood: {error}"), None)
}

/// Server-sent events as they come in pieces (HTML standard, 9.2.6), as far as they hold messages.
#[derive(Default)]
struct Events {
    bytes: Vec<u8>,
    data: String,
}

impl Events {
    fn take(&mut self, chunk: &[u8]) -> anyhow::Result<()> {
        let held = self.bytes.len() + self.data.len() + chunk.len();
        ensure!(held <= ANSWER_BYTES, "it is too long");
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// The next message that is complete.
    fn next(&mut self) -> Option<Value> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            if let Some(data) = line.strip_prefix("data:") {
                self.data.push_str(data.trim_start());
            } else if line.is_empty() {
                let data = std::mem::take(&mut self.data);
                if let Ok(message) = serde_json::from_str(&data) {
                    return Some(message);
                }
            } else if line.starts_with('{') {
                // It is no stream of events: one message, whole.
                return serde_json::from_str(line).ok();
            }
        }
        None
    }

    /// What is left at the end: a message that no line's end follows.
    fn rest(&mut self) -> Option<Value> {
        serde_json::from_slice(&self.bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_pieces_and_messages_whole() {
        let mut events = Events::default();
        let text = "id: 0\nretry: 3000\ndata: \n\n: ping\n\nevent: message\ndata: {\"a\":1}\n\n\
                    data: {\"b\"";
        for piece in text.as_bytes().chunks(3) {
            events.take(piece).unwrap();
        }
        assert_eq!(events.next(), Some(json!({ "a": 1 })));
        assert_eq!(events.next(), None);
        events.take(b":2}\r\n\r\n").unwrap();
        assert_eq!(events.next(), Some(json!({ "b": 2 })));
        events.take(b"{\"c\":3}").unwrap();
        assert_eq!((events.next(), events.rest()), (None, Some(json!({ "c": 3 }))));
        assert!(events.take(&vec![b'x'; ANSWER_BYTES]).is_err());
    }
}
