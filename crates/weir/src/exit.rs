//! How a command can end badly, and the exit code and words for each. Knows no command.

use crate::{out::is_broken_pipe, visible::visible};
use std::{fmt::Write, process::ExitCode};

/// Exit codes with their meaning, for the help and the reference page.
pub(crate) const EXIT_CODES: &[(u8, &str)] = &[
    (0, "done"),
    (1, "something failed on the way: disk, network, another process in the way"),
    (2, "the command line, weir.toml or a policy file is wrong"),
    (3, "asked well, and the answer is no: no such identity, a name taken, a damaged ledger"),
];

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Files are wrong: every problem, as `file:line:column: message` with its help.
    Problems(Vec<Problem>),
    /// The command line is wrong, in one sentence.
    Usage(String),
    /// The answer is no, in one sentence.
    Refused(String),
    /// Something failed.
    Failed(anyhow::Error),
    /// Another program ended badly, and has said so itself: with this code.
    Ended(u8),
}

/// A problem of a file, whichever crate found it.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Problem {
    pub(crate) file: String,
    /// 0 if the whole file is meant.
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
}

impl Failure {
    /// Says on standard error what is wrong, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Problems(problems) => {
                eprint!("{}", visible(&render(&problems)));
                ExitCode::from(2)
            }
            Self::Usage(why) => {
                eprintln!("weir: {}", visible(&why));
                ExitCode::from(2)
            }
            Self::Refused(why) => {
                eprintln!("weir: {}", visible(&why));
                ExitCode::from(3)
            }
            Self::Ended(code) => ExitCode::from(code),
            // Whoever reads the output has seen enough (`weir audit tail | head`).
            Self::Failed(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
            Self::Failed(error) => {
                eprintln!("weir: {}", visible(&format!("{error:#}")));
                ExitCode::FAILURE
            }
        }
    }
}

/// Problems as a compiler prints them: a line that editors make clickable, the help below it.
pub(crate) fn render(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        // Writing to a String cannot fail.
        let _ = match problem.line {
            0 => writeln!(text, "{}: {}", problem.file, problem.message),
            line => {
                let Problem { file, column, message, .. } = problem;
                writeln!(text, "{file}:{line}:{column}: {message}")
            }
        };
        if let Some(help) = &problem.help {
            let _ = writeln!(text, "  help: {help}");
        }
    }
    text
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        if let Some(wrong) = error.downcast_ref::<index::IndexError>()
            && wrong.blame() == model::Blame::Client
        {
            return Self::Refused(wrong.to_string());
        }
        if let Some(wrong) = error.downcast_ref::<report::ReportError>()
            && wrong.blame() == model::Blame::Client
        {
            return Self::Refused(wrong.to_string());
        }
        match error.downcast_ref::<store::StoreError>() {
            Some(refusal) if refusal.blame() == model::Blame::Client => {
                Self::Refused(refusal.to_string())
            }
            _ => Self::Failed(error),
        }
    }
}

impl From<config::Problem> for Problem {
    fn from(problem: config::Problem) -> Self {
        let config::Problem { file, line, column, message, help } = problem;
        Self { file: file.display().to_string(), line, column, message, help }
    }
}

impl From<policy::Problem> for Problem {
    fn from(problem: policy::Problem) -> Self {
        let policy::Problem { file, line, column, message, help } = problem;
        Self { file: file.display().to_string(), line, column, message, help }
    }
}

/// Problems of any origin, as a failure.
pub(crate) fn problems<P: Into<Problem>>(found: Vec<P>) -> Failure {
    Failure::Problems(found.into_iter().map(Into::into).collect())
}
