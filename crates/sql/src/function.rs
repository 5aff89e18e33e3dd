//! Functions with a body: which one a name reaches, and what its statements do with the arguments.

use crate::{
    MAX_EXPANSION,
    analyse::Walk,
    builtin,
    flow::{Columns, Distance, Field, Flow, Rest},
    frame::Frame,
    names::Path,
    parse, plpgsql,
    query::call::Arguments,
    scope::Env,
};
use model::{
    Operation, TypeId,
    catalog::{Function, Relation, Trigger, TypeKind, Volatility},
    facts::FunctionRef,
};
use pg_raw_parse::{Owned, StmtList};
use std::{rc::Rc, sync::Arc};

/// A function's body, ready to be walked.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Plain statements; the last one's rows are the result.
    Sql(Rc<Owned<StmtList>>),
    /// PL/pgSQL.
    Steps(Rc<Vec<plpgsql::Step>>),
}

/// Why a function is not followed that the text itself made anew.
pub(crate) const ANEW: &str =
    "an earlier statement of the same text makes it; send them separately";

/// Variables that every PL/pgSQL body has.
pub(crate) const AMBIENT: [&str; 2] = ["found", "sqlstate"];

impl<'a> Walk<'a> {
    /// Every function that a call can mean. PostgreSQL takes the one whose argument types fit
    /// exactly if there is one; where that is not certain, all with the right number count.
    pub(crate) fn candidates(
        &mut self,
        schema: Option<&str>,
        name: &str,
        arguments: &Arguments,
    ) -> Vec<&'a Arc<Function>> {
        let changed = self.made.stale || self.made.functions.iter().any(|made| made == name);
        let builtin = |function: &&Arc<Function>| function.schema == "pg_catalog";
        let all = if schema.is_none() && !self.path.certain {
            self.catalog.functions_named(name).collect()
        } else {
            self.path.functions(self.catalog, schema, name)
        };
        if changed && !(schema == Some("pg_catalog") && all.iter().all(builtin)) {
            // pg_catalog cannot be changed by ordinary means, and it comes first.
            let own: Vec<_> = all.into_iter().filter(builtin).collect();
            if own.is_empty() || self.made.functions.iter().any(|made| made == name) {
                return Vec::new();
            }
            return own.into_iter().filter(|function| fits(function, arguments)).collect();
        }
        let mut fitting: Vec<_> = all
            .into_iter()
            .filter(|function| fits(function, arguments) && self.accepts(function, arguments))
            .collect();
        let given: Option<Vec<TypeId>> = arguments.values.iter().map(|(_, flow)| flow.ty).collect();
        // Which of several that somebody made is meant hangs on types that are certain: columns'.
        let sure = fitting.iter().all(builtin)
            || arguments.values.iter().all(|(_, flow)| flow.origin.is_some());
        if let Some(given) = given.filter(|given| sure && !given.is_empty()) {
            let exact = |function: &&&Arc<Function>| function.argument_types == given;
            let schemas = &self.path.schemas;
            let place = |function: &Arc<Function>| {
                schemas.iter().position(|schema| *schema == function.schema)
            };
            if let Some(best) =
                fitting.iter().filter(exact).min_by_key(|function| place(function)).copied()
            {
                return vec![best];
            }
        }
        // The same signature in a later schema is hidden by that in an earlier one.
        let schemas = self.path.schemas.clone();
        fitting.sort_by_key(|f| schemas.iter().position(|schema| *schema == f.schema));
        let mut kept: Vec<&'a Arc<Function>> = Vec::with_capacity(fitting.len());
        for function in fitting {
            let same = |known: &&Arc<Function>| {
                known.argument_types == function.argument_types
                    && known.variadic == function.variadic
                    && known.defaults == function.defaults
            };
            if !kept.iter().any(same) {
                kept.push(function);
            }
        }
        kept
    }

    /// False if an argument certainly cannot be cast to what a function declares: an array to
    /// something else, or something else to an array or a range.
    fn accepts(&self, function: &Function, arguments: &Arguments) -> bool {
        // What VARIADIC gathers is compared as elements, not as the array that is declared.
        let gathered = function.variadic && !arguments.spread;
        let fixed = function.argument_types.len().saturating_sub(usize::from(gathered));
        let pairs = function.argument_types.iter().take(fixed).zip(&arguments.values);
        pairs.into_iter().all(|(declared, (name, flow))| {
            let given = self.base_type(flow.ty).and_then(|ty| self.catalog.type_by_id(ty));
            let (None, Some(given)) = (name, given) else { return true };
            let Some(declared) = self.catalog.type_by_id(*declared) else { return true };
            let array = given.category == 'A';
            match declared.name.as_str() {
                "anyarray" | "anycompatiblearray" => array,
                "anyrange" | "anymultirange" | "anycompatiblerange" => given.category == 'R',
                _ if declared.kind == TypeKind::Pseudo => true,
                _ => array == (declared.category == 'A'),
            }
        })
    }

    /// What calling a function with a body does and yields.
    pub(crate) fn body(&mut self, function: &'a Arc<Function>, arguments: &Arguments) -> Flow {
        let what = format!("function {}.{}(…)", function.schema, function.name);
        self.facts.runs(function);
        self.takes_types(function, &arguments.merged());
        if self.calling.contains(&function.id) || self.expansion >= MAX_EXPANSION {
            self.facts.unknown(what, "it calls itself, or stands too deep in other functions");
            return self.opaque(function, arguments);
        }
        if !self.may_expand() {
            self.facts.unknown(what, "the statement calls too many functions; split it");
            return self.opaque(function, arguments);
        }
        let Some(body) = self.parsed(function) else {
            self.takes_role(function);
            self.facts.dynamic = true;
            let why = match self.replaced.contains(&function.id) {
                true => ANEW.to_owned(),
                false => format!(
                    "its body, in {}, cannot be followed; query its tables directly",
                    function.language
                ),
            };
            self.facts.unknown(what, why);
            return self.opaque(function, arguments);
        };
        self.takes_role(function);
        let arguments = self.bound(function, arguments);
        let before = std::mem::take(&mut self.facts.effects);
        let columns = self.run(function, arguments, &body);
        let own = std::mem::replace(&mut self.facts.effects, before);
        // The planner runs what is declared to change nothing, before anybody asks it to run.
        let changes = own.iter().any(|effect| effect.operation.is_write());
        if changes && function.volatility != Volatility::Volatile {
            let why = "it changes something and is declared not to; declare it VOLATILE";
            self.facts.unknown(what, why);
            self.plans(&own);
        }
        own.into_iter().for_each(|effect| self.facts.effect(effect));
        let mut flow = self.returned(function, columns);
        flow.origin = None;
        self.becomes(Some(function.return_type), &flow);
        for (_, ty) in &function.output_columns {
            self.becomes(Some(*ty), &flow);
        }
        flow
    }

    /// A function with SET role runs as that one, whoever calls it.
    fn takes_role(&mut self, function: &Function) {
        let role = |setting: &String| {
            let name = setting.split('=').next().unwrap_or_default();
            ["role", "session_authorization"].iter().any(|role| name.eq_ignore_ascii_case(role))
        };
        if function.settings.iter().any(role) {
            let what = format!("function {}.{}", function.schema, function.name);
            self.facts.about(Operation::SetRole, what);
        }
    }

    /// Walks a body with its arguments; the columns it yields, if any.
    fn run(
        &mut self,
        function: &'a Arc<Function>,
        mut arguments: Vec<(String, Flow)>,
        body: &Body,
    ) -> Option<Columns> {
        let path = self.function_path(function);
        let path = std::mem::replace(&mut self.path, path);
        let changes = self.facts.session.len();
        if let Body::Steps(_) = body {
            let outputs = function.output_columns.iter().filter(|(name, _)| !name.is_empty());
            for (name, ty) in outputs {
                if !arguments.iter().any(|(known, _)| known == name) {
                    arguments.push((name.clone(), Flow::constant(Some(*ty))));
                }
            }
            let ambient = AMBIENT.iter().map(|name| ((*name).to_owned(), Flow::constant(None)));
            arguments.extend(ambient);
        }
        let declared = function.argument_types.clone();
        let tables = std::mem::take(&mut self.changed);
        self.frames.push(Frame { declared, tables, ..Frame::new(&function.name, arguments) });
        self.calling.push(function.id);
        self.expansion += 1;
        let noted = self.made.noted();
        let columns = match body {
            Body::Sql(tree) => {
                let mut last = None;
                for statement in tree.stmts() {
                    let before = std::mem::take(&mut self.facts.effects);
                    last = self.statement(statement, &Env::default());
                    let own = std::mem::replace(&mut self.facts.effects, before);
                    self.follow_in_body(&own);
                    own.into_iter().for_each(|effect| self.facts.effect(effect));
                }
                last
            }
            Body::Steps(steps) => {
                let what = format!("function {}.{}(…)", function.schema, function.name);
                let rows = !function.output_columns.is_empty()
                    || self.composite(function.return_type).is_some();
                let columns = self.steps(&what, rows, steps);
                columns.or_else(|| self.out_arguments(function))
            }
        };
        // Whether it is called at all, and how often, the rows decide.
        self.made.doubt(noted);
        self.expansion -= 1;
        self.calling.pop();
        self.frames.pop();
        self.path = path;
        // What the body did to the path holds for the bodies around it. The statement itself had
        // its names looked up before it ran.
        if self.facts.session.len() > changes && self.frames.is_empty() {
            self.lost_path = true;
        } else if self.facts.session.len() > changes {
            self.path = Rc::new(Path { certain: false, ..Path::clone(&self.path) });
        }
        columns
    }

    /// What a body that returns nothing by itself leaves in its OUT arguments.
    fn out_arguments(&self, function: &Function) -> Option<Columns> {
        let frame = self.frames.last()?;
        let fields = function.output_columns.iter().map(|(name, _)| {
            let value = frame.arguments.iter().find(|(known, _)| known == name);
            Field::new(name, value.map_or_else(Flow::unknown, |(_, flow)| flow.clone()))
        });
        let fields: Vec<Field> = fields.collect();
        (!fields.is_empty()).then(|| Columns::closed(fields))
    }

    /// The value of a function whose last statement yields these columns.
    fn returned(&mut self, function: &'a Arc<Function>, columns: Option<Columns>) -> Flow {
        let Some(columns) = columns else { return Flow::constant(None) };
        let declared: Option<Vec<(String, TypeId)>> = match function.output_columns.len() {
            0 => self.composite(function.return_type),
            _ => Some(function.output_columns.clone()),
        };
        if columns.rest != Rest::Closed {
            return self.shaped(function, Flow::unknown());
        }
        // A single column can be the whole row.
        let fields = match (columns.fields.as_slice(), &declared) {
            ([only], Some(declared)) if declared.len() > 1 => self.fields_of(&only.flow),
            _ => Some(columns.fields.into()),
        };
        let Some(fields) = fields else {
            return self.shaped(function, Flow::unknown());
        };
        match declared {
            Some(declared) => {
                let named = declared.iter().enumerate().map(|(index, (name, ty))| {
                    let name = &column_name(name, index);
                    let flow = fields.get(index).map(|field| field.flow.clone());
                    let flow = flow.unwrap_or_else(Flow::unknown);
                    let flow = Flow { origin: None, ..flow }.typed(Some(*ty));
                    Field::new(name, flow)
                });
                let mut row = Flow::row(named.collect());
                row.ty = Some(function.return_type);
                match (row.fields.as_deref(), function.returns_set) {
                    // One OUT argument is the value itself.
                    (Some([only]), false) => only.flow.clone(),
                    _ => row,
                }
            }
            None => match &*fields {
                [only] => only.flow.clone().typed(Some(function.return_type)),
                _ => Flow::row(fields.to_vec()),
            },
        }
    }

    /// Notes that something a statement runs may change what names mean: to the rest of a body at
    /// once, and to the text behind the statement.
    pub(crate) fn moves_path(&mut self) {
        self.facts.scope();
        self.lost_path = true;
        self.doubts_path();
    }

    /// What names mean is not known for the rest of a body.
    pub(crate) fn doubts_path(&mut self) {
        if !self.frames.is_empty() {
            self.path = Rc::new(Path { certain: false, ..Path::clone(&self.path) });
        }
    }

    /// The value of a function of which only the declaration is known.
    fn opaque(&mut self, function: &'a Arc<Function>, arguments: &Arguments) -> Flow {
        let mut flow = arguments.merged().moved(Distance::Expression);
        self.facts.uses(&flow, model::Use::Exported);
        self.moves_path();
        flow.unknown = true;
        self.shaped(function, flow)
    }

    /// Arguments by declared position; those that are not given are their defaults.
    fn bound(&mut self, function: &Function, arguments: &Arguments) -> Vec<(String, Flow)> {
        let mut bound: Vec<(String, Flow)> = function
            .argument_types
            .iter()
            .enumerate()
            .map(|(index, ty)| {
                let name = function.argument_names.get(index).cloned().unwrap_or_default();
                (name, Flow::constant(Some(*ty)))
            })
            .collect();
        let last = bound.len().saturating_sub(1);
        let defaults = usize::from(function.defaults);
        let first = bound.len().saturating_sub(defaults);
        for (place, (name, slot)) in bound.iter_mut().enumerate().skip(first) {
            let values = &arguments.values;
            let by_name = values.iter().any(|(given, _)| given.as_ref() == Some(name));
            let by_place = values.get(place).is_some_and(|(given, _)| given.is_none());
            if !by_name && !by_place {
                let value = self.argument_default(function, place - first);
                slot.absorb(&value.unwrap_or_default());
            }
        }
        for (index, (name, flow)) in arguments.values.iter().enumerate() {
            let place = match name {
                Some(name) => bound.iter().position(|(known, _)| known == name),
                None => Some(index.min(last)),
            };
            let Some((_, slot)) = place.and_then(|place| bound.get_mut(place)) else { continue };
            let declared = slot.ty;
            if index > last || (function.variadic && place == Some(last)) {
                slot.absorb(flow);
            } else {
                *slot = Flow { origin: None, ..flow.clone() };
                slot.ty = flow.ty.or(declared);
                // A row becomes the declared one by its places: its fields are called otherwise.
                if flow.ty != declared {
                    (slot.named, slot.document) = (false, None);
                    if let Some(named) = declared.and_then(|ty| self.composite(ty)) {
                        slot.fields = Some(flow.placed(&named).into());
                        slot.ty = declared;
                    }
                }
            }
        }
        bound
    }

    /// The path under which a function's text is read: its own setting, or the caller's.
    fn function_path(&self, function: &Function) -> Rc<Path> {
        // In other languages a body may begin in the same words.
        if function.language == "sql" && function.body.as_deref().is_some_and(standard_body) {
            return Rc::new(Path::bare());
        }
        match builtin::own_path(&function.settings) {
            Some(Some(mut names)) => {
                names.retain(|name| !name.is_empty());
                Rc::new(Path::named(names, self.role(), self.path.temp.clone()))
            }
            Some(None) => Rc::new(Path { certain: false, ..Path::clone(&self.path) }),
            None if self.moving && !self.is_called_alone() => {
                Rc::new(Path { certain: false, ..Path::clone(&self.path) })
            }
            None => Rc::clone(&self.path),
        }
    }

    /// True for the procedure of a CALL, if nothing ran before it.
    fn is_called_alone(&self) -> bool {
        self.calls && self.frames.is_empty() && self.facts.code.len() == 1
    }

    fn parsed(&mut self, function: &Function) -> Option<Body> {
        if self.replaced.contains(&function.id)
            || !function.settings.iter().all(|one| builtin::is_followed(one))
        {
            return None;
        }
        let text = function.body.as_deref()?;
        if !(self.readable && self.scope.standard_conforming_strings) && text.contains('\\') {
            // Where a literal ends is up to the session.
            return None;
        }
        if let Some(known) = self.bodies.get(&function.id) {
            return known.clone();
        }
        let body = match function.language.as_str() {
            "sql" => parse::parse(&statements_of(text)).ok().map(|tree| Body::Sql(Rc::new(tree))),
            "plpgsql" => plpgsql::steps(text).map(|steps| Body::Steps(Rc::new(steps))),
            _ => None,
        };
        self.bodies.insert(function.id, body.clone());
        body
    }

    /// Runs the trigger functions of a relation that is written. A trigger that cannot be followed
    /// is named among the functions and no more, unless it makes up its SQL as it goes: ordinary
    /// writes must go on.
    pub(crate) fn triggers(&mut self, relation: &'a Arc<Relation>) {
        if self.planning {
            return;
        }
        for Trigger { function: id, tables } in &relation.triggers {
            let Some(function) = self.catalog.function(*id) else {
                self.facts.dynamic = true;
                let why = "it is not in the catalog as it was last read";
                self.facts.unknown(format!("a trigger's function on {}", relation.name), why);
                continue;
            };
            let name = format!("{}.{}", function.schema, function.name);
            self.facts.function(FunctionRef { id: Some(*id), name });
            self.facts.runs(function);
            let first = self.triggered.insert((relation.id, *id, tables.as_slice()));
            if !first || self.calling.contains(id) || self.expansion >= MAX_EXPANSION {
                continue;
            }
            self.takes_role(function);
            let Some(body) = self.parsed(function) else {
                self.moves_within(function, relation);
                continue;
            };
            let columns = self.columns(relation);
            let row = Flow::row(columns.fields.clone()).typed(Some(relation.row_type));
            let mut variables = vec![("new".to_owned(), row.clone()), ("old".to_owned(), row)];
            let own = ["tg_op", "tg_name", "tg_when", "tg_level", "tg_relid", "tg_relname"];
            let more = ["tg_table_name", "tg_table_schema", "tg_nargs", "tg_argv"];
            for name in own.iter().chain(&more) {
                variables.push(((*name).to_owned(), Flow::constant(None)));
            }
            let path = Path::clone(&self.path);
            let outer = self.trigger_on.replace(relation.id);
            let tables = tables.iter().map(|name| (name.clone(), Rc::clone(&columns))).collect();
            self.within(path, Some(relation.id), |walk| {
                walk.changed = tables;
                if let Some(columns) = walk.run(function, variables, &body) {
                    walk.returns_row(&columns);
                }
            });
            self.trigger_on = outer;
        }
    }
}

fn fits(function: &Function, arguments: &Arguments) -> bool {
    let (given, declared) = (arguments.values.len(), function.argument_types.len());
    let least = declared.saturating_sub(usize::from(function.defaults));
    let named = arguments.values.iter().filter_map(|(name, _)| name.as_ref());
    if !named.into_iter().all(|name| function.argument_names.contains(name)) {
        return false;
    }
    if function.variadic && !arguments.spread {
        return given + 1 >= least;
    }
    given <= declared && given >= least
}

/// The name of an OUT argument as a column; one without a name gets a number.
pub(crate) fn column_name(name: &str, index: usize) -> String {
    if name.is_empty() { format!("column{}", index + 1) } else { name.to_owned() }
}

/// True for bodies that PostgreSQL prints from their tree: names in them are qualified.
fn standard_body(body: &str) -> bool {
    let body = body.trim_start();
    let starts = |word: &str| body.get(..word.len()).is_some_and(|s| s.eq_ignore_ascii_case(word));
    starts("RETURN ") || starts("BEGIN ATOMIC")
}

/// A function's body as plain statements.
pub(crate) fn statements_of(body: &str) -> String {
    if !standard_body(body) {
        return body.to_owned();
    }
    let body = body.trim().trim_end_matches(';');
    let rest = |word: &str| body.get(word.len()..).unwrap_or_default().to_owned();
    if body.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("RETURN")) {
        return format!("SELECT {}", rest("RETURN"));
    }
    let inner = rest("BEGIN ATOMIC");
    let inner = inner.trim_end();
    inner.get(..inner.len().saturating_sub(3)).unwrap_or_default().to_owned()
}
