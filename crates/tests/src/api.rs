//! Calls of Weir's API by curl, each answer held against the description that Weir itself serves.

use serde_json::{Value, json};
use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};
use testkit::{Weir, weir::PASSWORD};

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// Its body; `Null` if there is none.
    pub body: Value,
}

impl Answer {
    /// A header's value, empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// The last word of the problem's type, empty if it is no problem.
    pub fn problem(&self) -> &str {
        self.body["type"].as_str().and_then(|kind| kind.rsplit(':').next()).unwrap_or("")
    }
}

/// Weir's API.
#[derive(Debug)]
pub struct Api {
    url: String,
    certificate: PathBuf,
    description: Value,
}

impl Api {
    /// The API of a Weir that runs.
    pub fn of(weir: &Weir) -> Self {
        let (url, certificate) = weir.api().unwrap();
        let mut api = Self { url, certificate, description: Value::Null };
        api.description = api.raw("GET", "/api/v1/openapi.json", &[], None).body;
        api
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// One exchange, held against nothing.
    pub fn raw(&self, method: &str, path: &str, headers: &[&str], body: Option<&str>) -> Answer {
        let mut command = Command::new("curl");
        command.args(["-sSi", "--max-time", "20", "-H", "Expect:", "-X", method, "--cacert"]);
        command.arg(&self.certificate).arg(format!("{}{path}", self.url));
        for header in headers {
            command.args(["-H", header]);
        }
        if body.is_some() {
            command.args(["--data-binary", "@-"]);
        }
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut curl = streams.spawn().unwrap();
        let mut stdin = curl.stdin.take().unwrap();
        // A server that does not want it all does not read it all.
        let _ = stdin.write_all(body.unwrap_or_default().as_bytes());
        drop(stdin);
        let said = curl.wait_with_output().unwrap();
        let text = String::from_utf8(said.stdout).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| {
            panic!("{method} {path}: {}", String::from_utf8_lossy(&said.stderr))
        });
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        let headers = lines.map(header).collect();
        Answer { status, headers, body: serde_json::from_str(body).unwrap_or(Value::Null) }
    }

    /// One exchange, which must be as the description says.
    pub fn call(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Answer {
        let authorization = format!("Authorization: Bearer {token}");
        let mut headers = vec!["Content-Type: application/json"];
        if !token.is_empty() {
            headers.push(&authorization);
        }
        let body = body.map(|body| body.to_string());
        let answer = self.raw(method, path, &headers, body.as_deref());
        self.check(method, path, &answer);
        answer
    }

    /// Sends what its description allows and what it does not, as somebody, and holds each answer
    /// against it; what is wrong, with how it is repeated.
    pub fn tried(&self, token: &str, examples: u32, without: &[&str]) -> Result<(), String> {
        let program = crate::client::packages().unwrap().join("schemathesis/bin/schemathesis");
        let mut command = Command::new(&program);
        command.args(["run", &format!("{}/api/v1/openapi.json", self.url), "--tls-verify"]);
        command.arg(&self.certificate).args(["-H", &format!("Authorization: Bearer {token}")]);
        command.args(["--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color"]);
        command.args(["--max-examples", &examples.to_string(), "--request-timeout", "30"]);
        // A connection ends after its time; that is no answer.
        command.args(["--request-retries", "3"]);
        let checks = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance";
        command.args(["--checks", checks, "--suppress-health-check", "all", "--warnings", "off"]);
        for operation in without {
            command.args(["--exclude-operation-id", operation]);
        }
        // Python believes no authority but those that it is told of.
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("REQUESTS_CA_BUNDLE", &self.certificate);
        let folder = testkit::TestDir::new("schemathesis").unwrap();
        let said = command.current_dir(folder.path()).output();
        let said = said.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let text = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(text.contains("Tested: ") || text.contains("passed"), "{text}");
        if said.status.success() { Ok(()) } else { Err(text) }
    }

    /// Signs a person in with everybody's password.
    pub fn sign_in(&self, name: &str) -> String {
        let body = json!({ "name": name, "password": PASSWORD });
        let answer = self.call("POST", "/api/v1/session", "", Some(body));
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.body["token"].as_str().unwrap().to_owned()
    }

    /// Holds an answer against the description: its status is named there, and its body has the
    /// fields that are needed, of the types that are named, and no others.
    fn check(&self, method: &str, path: &str, answer: &Answer) {
        let path = path.split('?').next().unwrap();
        let fits = |pattern: &str| {
            let (parts, given) = (pattern.split('/'), path.split('/'));
            pattern.split('/').count() == path.split('/').count()
                && parts.zip(given).all(|(part, given)| part.starts_with('{') || part == given)
        };
        let paths = self.description["paths"].as_object().unwrap();
        let found = paths.iter().find(|(pattern, _)| fits(pattern));
        let (pattern, methods) = found.unwrap_or_else(|| panic!("{path} is not described"));
        let responses = &methods[method.to_ascii_lowercase()]["responses"];
        let response = self.resolve(&responses[answer.status.to_string()]);
        assert!(!response.is_null(), "{method} {pattern} gives {answer:?}");
        let Some(content) = response["content"].as_object() else {
            assert!(answer.body.is_null(), "{method} {pattern} gives {answer:?}");
            return;
        };
        let (kind, schema) = content.iter().next().unwrap();
        assert_eq!(answer.header("content-type"), kind, "{method} {pattern}");
        self.fits(&schema["schema"], &answer.body, &format!("{method} {pattern}"));
    }

    fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value["$ref"].as_str() {
            Some(reference) => self.description.pointer(reference.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    fn fits(&self, schema: &Value, value: &Value, at: &str) {
        let schema = self.resolve(schema);
        let is = |kind: &Value| match kind.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("{at}: {other}"),
        };
        let right = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().any(is),
            kind => is(kind),
        };
        assert!(right, "{at}: {value} is no {schema}");
        if let Some(words) = schema["enum"].as_array() {
            assert!(words.contains(value), "{at}: {value} is none of {words:?}");
        }
        // As in JSON Schema, fields are required of objects: `null` has none.
        let required = schema["required"].as_array().filter(|_| !value.is_null());
        for name in required.into_iter().flatten() {
            assert!(value.get(name.as_str().unwrap()).is_some(), "{at}: no {name} in {value}");
        }
        if let (Some(fields), Some(properties)) = (value.as_object(), schema.get("properties")) {
            for (name, field) in fields {
                let property = properties.get(name).unwrap_or_else(|| panic!("{at}: {name}?"));
                self.fits(property, field, &format!("{at}.{name}"));
            }
        }
        for one in value.as_array().into_iter().flatten() {
            self.fits(&schema["items"], one, &format!("{at}[]"));
        }
    }
}
