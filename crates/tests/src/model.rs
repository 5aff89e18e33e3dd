//! A model's side of MCP: the official Python SDK as a process, one call a line.

use crate::client;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use testkit::Weir;

/// A connected client.
#[derive(Debug)]
pub struct Model {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Model {
    /// Over HTTP, with a token.
    pub fn http(url: &str, token: &str, certificate: &Path) -> Self {
        let mut command = client::python_command("mcp_client.py").unwrap();
        command.args(["http", &format!("{url}/mcp"), token]).arg(certificate);
        Self::start(command)
    }

    /// Over standard input and output, by `weir mcp` with these variables.
    pub fn stdio(weir: &Weir, environment: &[(&str, &str)]) -> Self {
        let mut command = client::python_command("mcp_client.py").unwrap();
        command.arg("stdio").args(weir.words(&["mcp"]));
        command.envs(environment.iter().copied());
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    /// Sends one line and reads one.
    pub fn say(&mut self, line: &Value) -> Value {
        writeln!(self.input, "{line}").unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|_| {
            let mut said = String::new();
            let _ = self.child.kill();
            let mut stderr = self.child.stderr.take().unwrap();
            std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
            panic!("{line} gives {answer:?}\n{said}")
        })
    }

    /// Calls a tool; gives the whole result.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.say(&json!({ "tool": tool, "arguments": arguments }))
    }

    /// Calls a tool that must do its work; gives what it says.
    ///
    /// # Panics
    /// If it does not.
    pub fn works(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments.clone());
        assert_eq!(result["isError"], false, "{tool} {arguments}: {result}");
        let content = &result["structuredContent"];
        // Clients that know no structure read the same as text.
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), *content);
        content.clone()
    }

    /// Calls a tool that must not do its work; gives what it says.
    ///
    /// # Panics
    /// If it does.
    pub fn fails(&mut self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments.clone());
        assert_eq!(result["isError"], true, "{tool} {arguments}: {result}");
        result["structuredContent"].clone()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
