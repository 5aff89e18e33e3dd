//! The server as rmcp wants it: from a request with its identity to a tool. Knows no tool's work.

use super::{
    Mcp,
    arguments::{self, Nothing, read},
    bearer::{self, Proven},
    run::Call,
    say::Reply,
    tools,
};
use axum::http::request::Parts;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, ListToolsResult,
        PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
};
use std::sync::Arc;

/// The server.
#[derive(Clone)]
pub(super) struct Handler {
    pub(super) mcp: Arc<Mcp>,
}

/// What the server says of itself.
pub(super) fn info() -> ServerConfig {
    let capabilities = ServerCapabilities::builder().enable_tools().build();
    let own = Implementation::new("weir", env!("CARGO_PKG_VERSION")).with_title("Weir");
    ServerConfig::new(capabilities).with_server_info(own).with_instructions(tools::INSTRUCTIONS)
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        info()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::all().into_iter().find(|tool| tool.name == name)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let proven = context.extensions.get::<Parts>();
        let proven = proven.and_then(|parts| parts.extensions.get::<Proven>()).cloned();
        // Nothing comes here without: what is not known to be somebody is nobody.
        let Some(proven) = proven else {
            return Err(ErrorData::invalid_request("nobody is known to ask", None));
        };
        let call = Call { mcp: &self.mcp, proven: &proven };
        let work = call.tool(request, &context);
        let reply = tokio::select! {
            reply = work => reply?,
            () = bearer::over(&self.mcp.shared, &proven) => {
                Reply::mistake("the sign-in is over")
            }
            // Whoever asked has gone: what runs for them is cancelled as this is dropped.
            () = context.ct.cancelled() => Reply::mistake("cancelled"),
        };
        Ok(CallToolResponse::Complete(CallToolResult::from(reply)))
    }
}

impl Call<'_> {
    async fn tool(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<Reply, ErrorData> {
        let given = request.arguments;
        let reply = match &*request.name {
            "list_databases" => read(given).map(|Nothing {}| Ok(self.list_databases())),
            "list_tables" => with(given, |wanted| self.list_tables(wanted)).await,
            "describe" => with(given, |wanted| self.describe(wanted)).await,
            "query" => with(given, |statement| self.query(statement)).await,
            "write" => with(given, |statement| self.write(statement)).await,
            "why" => with(given, |statement| self.why(statement)).await,
            "preview" => with(given, |statement| self.preview(statement)).await,
            "follow_pseudonym" => with(given, |follow| self.follow(follow)).await,
            "request_approval" => with(given, |statement| self.request(statement)).await,
            "await_approval" => with(given, |wanted| self.wait(wanted, context)).await,
            other => {
                return Err(ErrorData::invalid_params(format!("there is no tool {other:?}"), None));
            }
        };
        let reply = reply.unwrap_or_else(|why| Err(Reply::mistake(why)));
        Ok(reply.unwrap_or_else(|reply| reply))
    }
}

/// Reads arguments and works with them; the outer error is that they are not understood.
async fn with<T, W>(
    given: Option<serde_json::Map<String, serde_json::Value>>,
    work: impl FnOnce(T) -> W,
) -> Result<Result<Reply, Reply>, String>
where
    T: serde::de::DeserializeOwned,
    W: Future<Output = Result<Reply, Reply>>,
{
    Ok(work(arguments::read(given)?).await)
}

/// Tells that it is still waited, to whoever wants to be told.
pub(super) async fn tell(context: &RequestContext<RoleServer>, done: u64, all: u64) {
    let Some(token) = context.meta.get_progress_token() else { return };
    // Seconds, far below what a float holds exactly.
    let seconds = |time| f64::from(u32::try_from(time).unwrap_or(u32::MAX));
    let (done, all) = (seconds(done), seconds(all));
    let progress = ProgressNotificationParam::new(token, done).with_total(all);
    // Whoever cannot be told has gone; the call ends by itself.
    let _told = context.peer.notify_progress(progress).await;
}
