//! The way of a text: guards, grammar, then one statement after the other, each seeing what the
//! earlier ones of the same text do to names. Holds the state of a walk; knows no statement.

use crate::{
    Analysed, CopyShape, MAX_NESTING, MAX_STATEMENT_BYTES, Scope, SyntaxError,
    collect::{Collector, changes_names},
    flow::{Columns, Distance, Field, Flow},
    frame::Frame,
    function::Body,
    given::Gathered,
    guard::Guard,
    lex,
    made::{Home, Made, MadeTable},
    names::Path,
    parse,
    plpgsql::Loops,
    query::once::Seen,
    relate,
    scope::Env,
};
use model::{
    Catalog, Facts, FunctionId, Operation, RelationId, Use,
    facts::{Effect, SessionChange},
};
use pg_raw_parse::{Node, Owned, StmtList};
use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
};

/// How many nodes a statement may make the walk visit, expansions included. A statement of the
/// greatest length stays below it; views that double with each level do not.
const MAX_WORK: usize = 4_000_000;
/// How much all statements of a text may take: others wait meanwhile.
const MAX_TEXT_WORK: usize = 4 * MAX_WORK;

/// How many function bodies a statement may make the walk expand. Overloads that call each other
/// multiply; ordinary statements stay far below.
const MAX_BODIES: usize = 2_000;

/// How deep the walk goes: a level of nesting in the text is at most three levels of the tree.
const MAX_DEPTH: usize = 3 * MAX_NESTING;

/// Whether a name means what an earlier statement of the same text made.
pub(crate) enum MadeAs {
    /// It means something else.
    Other,
    /// It means that, with these columns.
    This(Rc<Columns>),
    /// It may, or what it holds is not known.
    Unclear,
}

/// A walk over the statements of one text.
pub(crate) struct Walk<'a> {
    /// The client's own text.
    pub(crate) text: &'a str,
    pub(crate) catalog: &'a Catalog,
    pub(crate) scope: &'a Scope,
    /// Where names are looked up at this point.
    pub(crate) path: Rc<Path>,
    /// What has been found about the statement.
    pub(crate) facts: Collector,
    /// See [`Made`].
    pub(crate) made: Made,
    /// Prepared statements of this text; `None` for those deallocated by it.
    pub(crate) prepared: HashMap<String, Option<Arc<Facts>>>,
    /// Cursors of this text; `None` for those closed by it.
    pub(crate) cursors: HashMap<String, Option<Arc<Facts>>>,
    /// True after DEALLOCATE ALL, CLOSE ALL or DISCARD ALL in this text.
    pub(crate) forgot: (bool, bool),
    /// False where earlier statements may have changed how the server reads literals.
    pub(crate) readable: bool,
    /// True where the statement or one before it may have changed the client's encoding.
    pub(crate) recodes: bool,
    /// True if the statement's functions may have changed the path.
    pub(crate) lost_path: bool,
    /// What names mean may change while a statement of this text runs, and code that it runs looks
    /// its own up then, in an order that nobody knows.
    pub(crate) moving: bool,
    /// The statement is a CALL: what it calls runs once, behind its arguments.
    pub(crate) calls: bool,
    /// Columns of relations already expanded.
    pub(crate) expanded: HashMap<RelationId, Rc<Columns>>,
    /// Arguments of the function bodies around this point, innermost last.
    pub(crate) frames: Vec<Frame>,
    /// Functions whose bodies are being walked.
    pub(crate) calling: Vec<FunctionId>,
    /// Triggers already walked for this statement.
    pub(crate) triggered: HashSet<(RelationId, FunctionId, &'a [String])>,
    /// Tables that the next body sees alone: those of a trigger's changed rows.
    pub(crate) changed: Vec<(String, Rc<Columns>)>,
    /// What hangs on relations and types and was followed already.
    pub(crate) followed: HashSet<crate::attached::Followed>,
    /// What functions do that run while a statement is planned.
    pub(crate) planned: Vec<Effect>,
    /// The relation whose trigger is being walked.
    pub(crate) trigger_on: Option<RelationId>,
    /// Bodies already parsed.
    pub(crate) bodies: HashMap<FunctionId, Option<Body>>,
    /// Functions that earlier statements of the same text made anew.
    pub(crate) replaced: HashSet<FunctionId>,
    /// Views and functions around this point.
    pub(crate) expansion: usize,
    /// The stream of a COPY.
    pub(crate) copy: Option<CopyShape>,
    /// True while the text that is walked is the client's own and goes to the server as it stands,
    /// so that its aggregates can be guarded.
    pub(crate) guarding: bool,
    /// The aggregates of this statement that can be guarded.
    pub(crate) guards: Vec<Guard>,
    /// Whether what the client gives can be replaced; `None` if it is not looked at.
    pub(crate) replaceable: Option<bool>,
    /// What the client gives for columns in this statement.
    pub(crate) given: Gathered,
    pub(crate) sets: u32,
    /// Operands around this point that are asked about several times.
    pub(crate) seen: Vec<Seen>,
    /// True while a statement is planned and not run: no trigger fires.
    pub(crate) planning: bool,
    /// Loops of the body that is walked.
    pub(crate) loops: Loops,
    /// The deepest level that was walked so far.
    pub(crate) deepest: usize,
    depth: usize,
    work: usize,
    /// What the statements before took.
    spent: usize,
    ran: usize,
}

/// States what each statement of a text does. Total: what is too long, too deep or not PostgreSQL
/// is one statement with unknown facts. An empty text has no statements.
pub fn analyse(text: &str, catalog: &Catalog, scope: &Scope) -> Vec<Analysed> {
    if text.len() > MAX_STATEMENT_BYTES {
        let why = format!("it is longer than {MAX_STATEMENT_BYTES} bytes; split it");
        return unknown(text, "the whole text", why, None);
    }
    if text.contains('\0') {
        return unknown(text, "the whole text", "it holds a NUL byte".to_owned(), None);
    }
    if lex::nesting(text) > MAX_NESTING {
        let why = format!("it nests deeper than {MAX_NESTING} levels; flatten it");
        return unknown(text, "the whole text", why, None);
    }
    if !scope.standard_conforming_strings && text.contains('\\') {
        let why = "standard_conforming_strings is off, so a backslash may be anything; write E'…'";
        return unknown(text, "the whole text", why.to_owned(), None);
    }
    // The binding panics on trees it did not expect; a panic must cost a statement, no session.
    let guarded = catch_unwind(AssertUnwindSafe(|| match parse::parse(text) {
        Ok(tree) => statements(text, &tree, catalog, scope),
        Err(message) => {
            let error = parse::locate(text, message);
            let why = "the grammar of PostgreSQL 18 rejects it".to_owned();
            unknown(text, "the whole text", why, Some(error))
        }
    }));
    guarded.unwrap_or_else(|_| {
        unknown(text, "the whole text", "analysis failed on it".to_owned(), None)
    })
}

fn statements<'a>(
    text: &'a str,
    tree: &Owned<StmtList>,
    catalog: &'a Catalog,
    scope: &'a Scope,
) -> Vec<Analysed> {
    let known = walked(text, tree, Walk::new(text, catalog, scope));
    if !known.iter().any(|one| moves_below(&one.facts)) {
        return known;
    }
    walked(text, tree, Walk { moving: true, ..Walk::new(text, catalog, scope) })
}

/// True if names may change while code runs that looks some up.
fn moves_below(facts: &Facts) -> bool {
    let inner = facts.session.iter().any(|change| match change {
        SessionChange::Prepare(_, inner) | SessionChange::Declare(_, inner) => moves_below(inner),
        _ => false,
    });
    inner || !facts.code.is_empty() && facts.session.contains(&SessionChange::Scope)
}

fn walked<'a>(text: &'a str, tree: &Owned<StmtList>, mut walk: Walk<'a>) -> Vec<Analysed> {
    let scope = walk.scope;
    let mut analysed = Vec::with_capacity(tree.len());
    let mut end = 0;
    for raw in tree.iter() {
        let start = usize::try_from(raw.stmt_location).unwrap_or(end);
        let length = usize::try_from(raw.stmt_len).unwrap_or(0);
        end = if length == 0 { text.len() } else { start + length };
        let span = trimmed(text, start..end);
        walk.guarding = crate::guard::may_guard(raw.stmt());
        walk.replaceable = crate::given::replaceable(raw.stmt());
        walk.calls = matches!(raw.stmt(), Node::CallStmt(_));
        // Settings that change how literals are read tell backslashes apart, and nothing else.
        let facts = if walk.readable || !text.contains('\\') {
            walk.whole(raw.stmt())
        } else {
            let why = "an earlier statement of the same text changes how literals are read";
            Facts::unknown("the statement", why)
        };
        let facts = Arc::new(facts);
        walk.follow(&facts);
        let copy = walk.copy.take();
        walk.recodes |= recodes(&facts, scope);
        let blurred = walk.blurred(copy.as_ref());
        let guards = std::mem::take(&mut walk.guards);
        let (given, assigned) = walk.given.take(text);
        let free = walk.free(tree, raw.stmt());
        let known =
            Analysed { copy, blurred, guards, given, assigned, free, ..Analysed::of(facts, span) };
        analysed.push(known);
    }
    if analysed.is_empty() && !text.is_empty() {
        let effect =
            Effect { operation: Operation::Empty, relation: None, object: None, unbounded: false };
        let mut facts = Collector::default();
        facts.effect(effect);
        let facts = Arc::new(facts.finish(None));
        let span = 0..text.len();
        analysed.push(Analysed { empty: true, ..Analysed::of(facts, span) });
    }
    analysed
}

/// Operators that a free literal may stand beside.
const BESIDE_FREE: [&str; 8] = ["=", "<>", "<", "<=", ">", ">=", "+", "-"];

/// True if a statement may change the client's encoding: unless all it does is to end a transaction
/// that cannot have begun with another, or to set something else by its name.
fn recodes(facts: &Facts, scope: &Scope) -> bool {
    let harmless = |effect: &Effect| match effect.operation {
        Operation::Transaction | Operation::Commit => !scope.was_blurred,
        Operation::SetRole | Operation::Security => true,
        Operation::Set => effect.object.as_deref().is_some_and(|name| {
            let known = crate::builtin::scope_parameter(name);
            known && !matches!(name, "client_encoding" | "names")
        }),
        _ => false,
    };
    let changes = facts.session.contains(&SessionChange::Scope);
    facts.dynamic || changes && !facts.effects.iter().all(harmless)
}

/// A statement's span without the white space and comments in front of it.
fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let Some(piece) = text.get(span.clone()) else { return span };
    let skipped = lex::Lexer::new(piece)
        .take_while(|token| matches!(token.kind, lex::Kind::Space | lex::Kind::Comment))
        .last()
        .map_or(0, |token| token.span.end);
    span.start + skipped..span.end
}

fn unknown(
    text: &str,
    what: &str,
    why: String,
    syntax_error: Option<SyntaxError>,
) -> Vec<Analysed> {
    let facts = Arc::new(Facts::unknown(what, why));
    vec![Analysed { syntax_error, ..Analysed::of(facts, 0..text.len()) }]
}

/// What the open transaction made, as the text finds it.
fn made_before(scope: &Scope) -> HashMap<String, MadeTable> {
    let field = |(name, carried): &(String, crate::Carried)| {
        let flow = Flow {
            sources: carried.sources.iter().copied().collect(),
            distance: crate::flow::Distance::of(carried.derivation),
            unknown: carried.unknown,
            ..Flow::default()
        };
        Field::new(name, flow)
    };
    let made = scope.made.iter().map(|(name, made)| {
        let columns = made
            .columns
            .as_ref()
            .map(|columns| Rc::new(Columns::closed(columns.iter().map(field).collect())));
        let home = made.schema.clone().map_or(Home::Path, Home::Schema);
        // The server was told to forget what it planned before.
        (name.clone(), MadeTable { home: Some(home), columns, depth: usize::MAX })
    });
    made.collect()
}

impl<'a> Walk<'a> {
    pub(crate) fn new(text: &'a str, catalog: &'a Catalog, scope: &'a Scope) -> Self {
        let path = Path {
            schemas: scope.search_path.clone(),
            temp: scope.temp_schema.clone(),
            certain: !scope.path_lost,
            home: None,
        };
        Self {
            text,
            catalog,
            scope,
            path: Rc::new(path),
            facts: Collector::default(),
            made: Made { stale: scope.altered, tables: made_before(scope), ..Made::default() },
            prepared: HashMap::new(),
            cursors: HashMap::new(),
            forgot: (false, false),
            readable: true,
            recodes: false,
            lost_path: false,
            moving: false,
            calls: false,
            expanded: HashMap::new(),
            frames: Vec::new(),
            calling: Vec::new(),
            triggered: HashSet::new(),
            changed: Vec::new(),
            followed: HashSet::new(),
            planned: Vec::new(),
            trigger_on: None,
            bodies: HashMap::new(),
            replaced: HashSet::new(),
            expansion: 0,
            copy: None,
            guarding: false,
            guards: Vec::new(),
            replaceable: None,
            given: Gathered::default(),
            sets: 0,
            seen: Vec::new(),
            planning: false,
            loops: Loops::default(),
            deepest: 0,
            depth: 0,
            work: 0,
            spent: 0,
            ran: 0,
        }
    }

    /// The free literals of a statement. Behind others of the same text it may read what they
    /// wrote, and somebody's own operator may make anything of how long a value is.
    fn free(&self, tree: &StmtList, statement: Node<'_>) -> Vec<Range<usize>> {
        if tree.len() > 1 || BESIDE_FREE.iter().any(|name| self.has_own(name)) {
            return Vec::new();
        }
        crate::free::literals(self.text, statement)
    }

    /// The facts of one statement, apart from those collected so far.
    pub(crate) fn whole(&mut self, node: Node<'_>) -> Facts {
        let outer = std::mem::take(&mut self.facts);
        self.triggered.clear();
        self.followed.clear();
        let outputs = self.statement(node, &Env::default());
        for field in outputs.iter().flat_map(|columns| &columns.fields) {
            self.shows_shape(&field.flow);
            // A letter that the other encoding lacks fails, whatever put it there.
            if field.flow.distance > Distance::Folded && self.recoded() {
                self.facts.uses(&field.flow, Use::Inferred);
            }
        }
        let mut inner = std::mem::replace(&mut self.facts, outer);
        if inner.asks_unknown && !inner.unknowns.is_empty() {
            self.asks_all(&mut inner);
        }
        // What one statement of the text puts into a table, the next one reads there.
        let ties = &mut self.facts.relations.ties;
        ties.append(&mut inner.relations.ties);
        inner.relations.ties.clone_from(ties);
        inner.finish(outputs)
    }

    /// What is asked of something that was not understood may be asked of all that is read.
    fn asks_all(&self, facts: &mut Collector) {
        let read = facts.effects.iter().filter_map(|effect| effect.relation.as_ref()?.id);
        let read = read.filter_map(|id| self.catalog.relation(id));
        let columns = read.flat_map(|relation| {
            relation.columns.iter().map(|column| relation.column_id(column.number))
        });
        for column in columns.collect::<Vec<_>>() {
            facts.column(column, Use::Inferred);
        }
    }

    /// What the rest of the text must know of a statement before it.
    fn follow(&mut self, facts: &Facts) {
        self.spent += std::mem::take(&mut self.work);
        self.ran = 0;
        if std::mem::take(&mut self.lost_path) {
            self.path = Rc::new(Path { certain: false, ..Path::clone(&self.path) });
        }
        let keeps = std::mem::take(&mut self.made.grown) || facts.keeps_names;
        if !keeps && facts.effects.iter().any(changes_names) {
            self.made.stale = true;
            self.expanded.clear();
        }
        // What a function's body made is known by name only, and a name that changed is not
        // followed here.
        let new = facts.made.iter().map(|made| &made.relation);
        let renamed = facts.renamed.iter().map(|renamed| &renamed.to);
        for relation in new.chain(renamed.filter(|to| !to.name.is_empty())) {
            self.made.tables.entry(relation.name.to_string()).or_insert(MadeTable::UNCLEAR);
        }
    }

    /// True if a relation of the catalog may come before what was made under this name, or stand in
    /// a plan that was made before it: if the path is not known here, or code runs that may have
    /// run before.
    pub(crate) fn has_rival(&self, schema: Option<&str>, name: &str) -> bool {
        let depth = self.made.tables.get(name).map_or(usize::MAX, |made| made.depth);
        schema.is_none()
            && (!self.path.certain || self.frames.len() > depth)
            && self.catalog.relations().any(|relation| relation.name == name)
    }

    /// Whether a name means what an earlier statement of the same text made.
    pub(crate) fn made_as(&self, schema: Option<&str>, name: &str) -> MadeAs {
        let Some(made) = self.made.tables.get(name) else { return MadeAs::Other };
        let this = match &made.columns {
            Some(columns) if !self.has_rival(schema, name) => MadeAs::This(Rc::clone(columns)),
            _ => MadeAs::Unclear,
        };
        match (&made.home, schema) {
            (Some(Home::Temporary), None) => match self.path.before_temporary(self.catalog, name) {
                true => MadeAs::Other,
                false => this,
            },
            (Some(Home::Temporary), Some(schema)) if crate::is_temporary(schema) => this,
            (Some(Home::Temporary), Some(_)) => MadeAs::Other,
            (Some(Home::Path), None) => match self.path.temporary(self.catalog, name) {
                true => MadeAs::Unclear,
                false => this,
            },
            (Some(Home::Path), Some(schema)) if crate::is_temporary(schema) => MadeAs::Other,
            (Some(Home::Schema(home)), Some(schema)) if home == schema => this,
            (Some(Home::Schema(_)), Some(_)) => MadeAs::Other,
            (Some(Home::Schema(home)), None) if !self.path.schemas.contains(home) => MadeAs::Other,
            (Some(Home::Path), Some(_)) | (Some(Home::Schema(_)), None) | (None, _) => {
                MadeAs::Unclear
            }
        }
    }

    /// Adds what was put into a column of a table that the same text made.
    pub(crate) fn filled_made(&mut self, name: &str, column: Option<&str>, flow: &Flow) {
        let Some(made) = self.made.tables.get_mut(name) else { return };
        let Some(columns) = &mut made.columns else { return };
        for field in &mut Rc::make_mut(columns).fields {
            if column.is_none_or(|column| *field.name == *column) {
                let ty = field.flow.ty;
                field.flow.absorb(flow);
                field.flow.ty = ty;
            }
        }
    }

    /// A source for a set that the client made up.
    pub(crate) fn new_set(&mut self) -> model::ColumnId {
        self.sets += 1;
        relate::set(self.sets)
    }

    /// Counts the expansion of a function's body; false if there have been too many.
    pub(crate) fn may_expand(&mut self) -> bool {
        self.ran += 1;
        self.ran <= MAX_BODIES
    }

    /// Runs a step of the walk with enough stack, unless the statement is too deep or too much.
    pub(crate) fn deeper<T>(
        &mut self,
        step: impl FnOnce(&mut Self) -> T,
        give_up: impl FnOnce() -> T,
    ) -> T {
        self.work += 1;
        if self.depth >= MAX_DEPTH {
            let why = format!("it nests deeper than {MAX_NESTING} levels; flatten it");
            self.facts.unknown("the statement", why);
            self.facts.dynamic = true;
            return give_up();
        }
        if self.work > MAX_WORK || self.spent + self.work > MAX_TEXT_WORK {
            // What was not looked at may do anything.
            self.facts.unknown("the statement", "it expands to too much; split it");
            self.facts.dynamic = true;
            return give_up();
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        let result = stacker::maybe_grow(parse::RED_ZONE_BYTES, parse::STACK_BYTES, || step(self));
        self.depth -= 1;
        result
    }
}
