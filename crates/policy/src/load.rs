//! From policy files to rules that are known to be sound. Knows files, Cedar's parser and its
//! strict validator; decides nothing.
//!
//! A set is loaded whole or not at all: one problem anywhere, and all problems are reported.

use crate::assume::ACTIONS;
use crate::listed::Listed;
use crate::owner::{self, says_who_owns};
use crate::problem::{Problem, nearest, position};
use crate::rule::Rule;
use cedar_policy::{
    ActionConstraint, Effect, Policy, PolicySet, Schema, ValidationError, ValidationMode, Validator,
};
use model::PolicyId;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The vocabulary against which every policy is validated.
pub(crate) const SCHEMA: &str = include_str!("../schema.cedarschema");

/// The shipped policies by file name.
pub(crate) const BASELINE: [(&str, &str); 10] = [
    ("00-admins.cedar", include_str!("../baseline/00-admins.cedar")),
    ("10-connect.cedar", include_str!("../baseline/10-connect.cedar")),
    ("20-people.cedar", include_str!("../baseline/20-people.cedar")),
    ("30-services.cedar", include_str!("../baseline/30-services.cedar")),
    ("40-agents.cedar", include_str!("../baseline/40-agents.cedar")),
    ("45-containment.cedar", include_str!("../baseline/45-containment.cedar")),
    ("50-guardrails.cedar", include_str!("../baseline/50-guardrails.cedar")),
    ("55-mass-changes.cedar", include_str!("../baseline/55-mass-changes.cedar")),
    ("60-values.cedar", include_str!("../baseline/60-values.cedar")),
    ("70-developers.cedar", include_str!("../baseline/70-developers.cedar")),
];

/// The largest policy file that is read.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// The most policies in one set; Cedar's time grows with their number.
pub const MAX_POLICIES: usize = 5_000;

/// A file's text under the name by which problems refer to it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) file: PathBuf,
    pub(crate) text: String,
}

/// A sound policy with what its annotations say.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) policy: Policy,
    pub(crate) rule: Rule,
    source: usize,
    offset: usize,
}

/// The shipped files and those of a folder. A file of a shipped one's name replaces it.
pub(crate) fn sources(dir: Option<&Path>) -> Result<Vec<Source>, Vec<Problem>> {
    let mut files: BTreeMap<String, Source> = BASELINE
        .iter()
        .map(|(name, text)| {
            let source =
                Source { file: Path::new("baseline").join(name), text: (*text).to_owned() };
            ((*name).to_owned(), source)
        })
        .collect();
    let mut problems = Vec::new();
    if let Some(dir) = dir {
        match list(dir) {
            Ok(found) => {
                for file in found {
                    match read(&file) {
                        Ok(text) => {
                            let name = file.file_name().unwrap_or_default().to_string_lossy();
                            files.insert(name.into_owned(), Source { file, text });
                        }
                        Err(message) => problems.push(whole_file(file, message)),
                    }
                }
            }
            Err(error) => {
                let message = format!("the policy folder cannot be read: {error}");
                problems.push(whole_file(dir.to_owned(), message));
            }
        }
    }
    if problems.is_empty() { Ok(files.into_values().collect()) } else { Err(problems) }
}

/// FNV-1a over names and texts: the same on every machine and in every release of Rust.
pub(crate) fn version(sources: &[Source]) -> u64 {
    let names = sources.iter().map(|source| source.file.file_name().unwrap_or_default());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let texts = sources.iter().map(|source| source.text.clone());
    let all = names.zip(texts).flat_map(|(name, text)| [name, text]).chain([SCHEMA.to_owned()]);
    all.fold(0xcbf2_9ce4_8422_2325, |hash, text| {
        let bytes = text.bytes().chain([0xff]);
        bytes.fold(hash, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    })
}

fn list(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "cedar") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<String, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(format!("is larger than {MAX_FILE_BYTES} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}

fn whole_file(file: PathBuf, message: String) -> Problem {
    Problem { file, line: 1, column: 1, message, help: None }
}

/// Parses, names and validates everything.
pub(crate) fn load(sources: &[Source], schema: &Schema) -> Result<Vec<Loaded>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut loaded = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        parse(index, source, &mut loaded, &mut problems);
    }
    if loaded.len() > MAX_POLICIES {
        let message = format!("more than {MAX_POLICIES} policies in all");
        let file = sources.last().map(|source| source.file.clone()).unwrap_or_default();
        problems.push(whole_file(file, message));
    }
    duplicates(&loaded, sources, &mut problems);
    if problems.is_empty() {
        validate(&loaded, sources, schema, &mut problems);
    }
    if problems.is_empty() { Ok(loaded) } else { Err(problems) }
}

fn parse(index: usize, source: &Source, loaded: &mut Vec<Loaded>, problems: &mut Vec<Problem>) {
    let set: PolicySet = match source.text.parse() {
        Ok(set) => set,
        Err(errors) => {
            for error in errors.iter() {
                problems.push(at_label(source, error, 0));
            }
            return;
        }
    };
    for template in set.templates() {
        let message = format!("{} is a template; templates are not supported", template.id());
        problems.push(whole_file(source.file.clone(), message));
    }
    // Cedar numbers the policies of a file `policy0`, `policy1`, … in the order of the text.
    let mut policies: Vec<&Policy> = set.policies().collect();
    policies.sort_by_key(|policy| {
        let id = policy.id().to_string();
        id.trim_start_matches("policy").parse::<usize>().unwrap_or(usize::MAX)
    });
    let mut from = 0;
    for policy in policies {
        let text = policy.to_cedar().unwrap_or_default();
        let rest = source.text.get(from..).unwrap_or_default();
        let offset = rest.find(&text).map_or(from, |found| from + found);
        from = offset + text.len();
        let (line, column) = position(&source.text, offset);
        let name = source.file.file_name().unwrap_or_default().to_string_lossy();
        let id = match policy.annotation("id") {
            Some(id) if !id.is_empty() => id.to_owned(),
            Some(_) | None => format!("{name}:{line}"),
        };
        match Rule::read(PolicyId::new(id.as_str()), policy.annotations()) {
            Ok(rule) if rule.limits() && policy.effect() == Effect::Forbid => {
                let message =
                    "limits of changes, costs and estimates say nothing on a forbid".to_owned();
                let help =
                    Some("write it on a permit: its limit holds whoever else permits".into());
                problems.push(Problem { file: source.file.clone(), line, column, message, help });
            }
            Ok(rule) if (rule.longest.is_some() || rule.review.is_some()) && !assumes(policy) => {
                let message = "@longest and @review are about grants".to_owned();
                let help = "write them where action is Action::\"assume\" or \"break_glass\"";
                let help = Some(help.to_owned());
                problems.push(Problem { file: source.file.clone(), line, column, message, help });
            }
            Ok(rule) if rule.asks_owners() && assumes(policy) => {
                let message = "a group has no owners who could be asked about grants".to_owned();
                let help = Some("write the groups whose members are asked".to_owned());
                problems.push(Problem { file: source.file.clone(), line, column, message, help });
            }
            Ok(_) if says_who_owns(policy) && owner::mistake(policy).is_some() => {
                let message = owner::mistake(policy).unwrap_or_default().to_owned();
                let help = "permit (principal in Group::\"payments\", action == Action::\"own\", \
                            resource == Table::\"shop.public.payments\");";
                let help = Some(help.to_owned());
                problems.push(Problem { file: source.file.clone(), line, column, message, help });
            }
            Ok(rule) => {
                let policy = policy.new_id(cedar_policy::PolicyId::new(&id));
                loaded.push(Loaded { policy, rule, source: index, offset });
            }
            Err((message, help)) => {
                problems.push(Problem { file: source.file.clone(), line, column, message, help });
            }
        }
    }
}

/// True if a policy names the actions by which a group's rights are had for a while.
fn assumes(policy: &Policy) -> bool {
    let one = |uid: &cedar_policy::EntityUid| ACTIONS.contains(&uid.id().unescaped());
    match policy.action_constraint() {
        ActionConstraint::Any => false,
        ActionConstraint::Eq(uid) => one(&uid),
        ActionConstraint::In(uids) => uids.iter().any(one),
    }
}

/// What was loaded, in the order of files and texts, for people to look up.
pub(crate) fn listed(loaded: &[Loaded], sources: &[Source]) -> Vec<Listed> {
    let list = |one: &Loaded| {
        let source = sources.get(one.source)?;
        let mut annotations: Vec<(String, String)> = one
            .policy
            .annotations()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        annotations.sort();
        Some(Listed {
            id: one.rule.id.clone(),
            permits: one.policy.effect() == Effect::Permit,
            file: source.file.clone(),
            line: position(&source.text, one.offset).0,
            annotations,
            text: one.policy.to_cedar().unwrap_or_default(),
        })
    };
    loaded.iter().filter_map(list).collect()
}

/// Two policies of one id could not be told apart in a record.
fn duplicates(loaded: &[Loaded], sources: &[Source], problems: &mut Vec<Problem>) {
    let mut seen: HashMap<&PolicyId, &Loaded> = HashMap::new();
    for policy in loaded {
        if let Some(first) = seen.insert(&policy.rule.id, policy) {
            let place = sources.get(first.source).map_or(String::new(), |source| {
                let (line, _) = position(&source.text, first.offset);
                format!("{}:{line}", source.file.display())
            });
            let message = format!("policy id \"{}\" is taken by {place}", policy.rule.id);
            problems.extend(at_policy(policy, sources, message));
        }
    }
}

fn validate(loaded: &[Loaded], sources: &[Source], schema: &Schema, problems: &mut Vec<Problem>) {
    let set = match PolicySet::from_policies(loaded.iter().map(|loaded| loaded.policy.clone())) {
        Ok(set) => set,
        Err(error) => {
            problems.push(whole_file(PathBuf::new(), error.to_string()));
            return;
        }
    };
    let result = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    let find = |id: &cedar_policy::PolicyId| loaded.iter().find(|loaded| loaded.policy.id() == id);
    // What follows from a word that is not known says nothing new.
    let misspelt: HashSet<&cedar_policy::PolicyId> = result
        .validation_errors()
        .filter(|error| is_misspelt(error))
        .map(ValidationError::policy_id)
        .collect();
    let follows =
        |error: &ValidationError| misspelt.contains(error.policy_id()) && !is_misspelt(error);
    for error in result.validation_errors().filter(|error| !follows(error)) {
        if let Some(loaded) = find(error.policy_id())
            && let Some(source) = sources.get(loaded.source)
        {
            problems.push(described(source, error, loaded, schema));
        } else {
            problems.push(whole_file(PathBuf::new(), error.to_string()));
        }
    }
    // A warning is a policy that can never apply or that looks like another: nobody means that.
    for warning in result.validation_warnings().filter(|one| !misspelt.contains(one.policy_id())) {
        if let Some(loaded) = find(warning.policy_id())
            && let Some(source) = sources.get(loaded.source)
        {
            problems.push(described(source, warning, loaded, schema));
        } else {
            problems.push(whole_file(PathBuf::new(), warning.to_string()));
        }
    }
}

/// True if a policy names an action or a type that there is not.
fn is_misspelt(error: &ValidationError) -> bool {
    matches!(
        error,
        ValidationError::UnrecognizedActionId(_) | ValidationError::UnrecognizedEntityType(_)
    )
}

fn at_policy(loaded: &Loaded, sources: &[Source], message: String) -> Option<Problem> {
    let source = sources.get(loaded.source)?;
    let (line, column) = position(&source.text, loaded.offset);
    Some(Problem { file: source.file.clone(), line, column, message, help: None })
}

/// A problem where the diagnostic's first label points, else at `fallback`.
fn at_label(source: &Source, error: &dyn miette::Diagnostic, fallback: usize) -> Problem {
    let label = error.labels().and_then(|mut labels| labels.next());
    let offset = label.map_or(fallback, |label| label.offset());
    let (line, column) = position(&source.text, offset);
    let help = error.help().map(|help| help.to_string());
    Problem { file: source.file.clone(), line, column, message: error.to_string(), help }
}

fn described(
    source: &Source,
    error: &dyn miette::Diagnostic,
    loaded: &Loaded,
    schema: &Schema,
) -> Problem {
    let mut problem = at_label(source, error, loaded.offset);
    let prefix = format!("for policy `{}`, ", loaded.rule.id);
    if let Some(message) = problem.message.strip_prefix(&prefix) {
        problem.message = message.to_owned();
    }
    // The nearest word of the vocabulary before what Cedar guesses, which may be any of it.
    if problem.help.is_none() || problem.message.starts_with("unrecognized ") {
        problem.help = suggestion(&problem.message, schema).or(problem.help);
    }
    problem
}

/// For a message that quotes an unknown word in backticks: the nearest word of the vocabulary.
fn suggestion(message: &str, schema: &Schema) -> Option<String> {
    let quoted = message.split('`').nth(1)?;
    let (kind, word) = match quoted.split_once("::") {
        Some((kind, word)) => (Some(kind), word.trim_matches('"')),
        None => (None, quoted),
    };
    let actions: Vec<String> =
        schema.actions().map(|action| action.id().unescaped().to_owned()).collect();
    let types: Vec<String> = schema.entity_types().map(ToString::to_string).collect();
    match kind {
        Some("Action") => nearest(word, actions.iter().map(String::as_str))
            .map(|near| format!("did you mean Action::\"{near}\"?")),
        Some(_) | None => nearest(word, types.iter().map(String::as_str).chain(ATTRIBUTES))
            .map(|near| format!("did you mean `{near}`?")),
    }
}

/// Attributes of the context and of resources; a test holds them against the schema.
pub(crate) const ATTRIBUTES: [&str; 17] = [
    "unbounded",
    "dynamic",
    "complete",
    "environment",
    "tls",
    "application",
    "address",
    "now",
    "hour",
    "weekday",
    "acts_for",
    "option",
    "database",
    "schema",
    "name",
    "temporary",
    "table",
];

#[cfg(test)]
mod tests;
