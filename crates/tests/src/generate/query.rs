//! Queries with wanted types: SELECT, set operations, VALUES, WITH, and FROM in its forms. Knows
//! scopes, and nothing of what is done with a query.

use super::templates::section;
use super::{Choices, Column, Gives, Relation, Schema, Type};

/// Levels of queries within queries.
const LEVELS: usize = 3;
/// Templates that one statement fills.
const BUDGET: usize = 40;

/// What stands in FROM under an alias.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) alias: String,
    pub(super) columns: Vec<Column>,
    /// The relation whose rows these are.
    pub(super) relation: Option<String>,
}

impl Source {
    pub(super) fn strict(&self) -> bool {
        self.columns.iter().any(|column| column.strict)
    }
}

/// One statement in the making.
#[derive(Debug)]
pub(super) struct Generator<'a> {
    pub(super) schema: &'a Schema,
    pub(super) choices: &'a mut Choices,
    /// The sources of each query around, the innermost last.
    pub(super) scopes: Vec<Vec<Source>>,
    ctes: Vec<Relation>,
    /// Values of `$1` and so on, where the statement may have them.
    pub(super) parameters: Option<Vec<String>>,
    /// Window functions may stand here.
    pub(super) windows: bool,
    /// Within a predicate, an order or the like.
    pub(super) searching: bool,
    /// Something was taken that may not be searched.
    pub(super) touched: bool,
    pub(super) budget: usize,
    names: usize,
    level: usize,
}

impl<'a> Generator<'a> {
    pub(super) fn new(schema: &'a Schema, choices: &'a mut Choices) -> Self {
        Self {
            schema,
            choices,
            scopes: Vec::new(),
            ctes: Vec::new(),
            parameters: None,
            windows: false,
            searching: false,
            touched: false,
            budget: BUDGET,
            names: 0,
            level: 0,
        }
    }

    pub(super) fn name(&mut self, letter: char) -> String {
        self.names += 1;
        format!("{letter}{}", self.names)
    }

    fn types(&mut self) -> Vec<Type> {
        let count = 1 + self.choices.below(4);
        (0..count).map(|_| self.ty()).collect()
    }

    /// A type, those with secrets more often.
    pub(super) fn ty(&mut self) -> Type {
        const FREQUENT: [Type; 4] = [Type::Text, Type::Text, Type::Numeric, Type::Date];
        if self.choices.chance(50) {
            Type::ALL[self.choices.below(Type::ALL.len())].1
        } else {
            FREQUENT[self.choices.below(FREQUENT.len())]
        }
    }

    /// A query of any types, at the top.
    pub(super) fn any(&mut self) -> String {
        let types = self.types();
        self.query(&types).0
    }

    /// A query for a view: its columns have names and types of their own.
    pub(super) fn view(&mut self) -> (String, Vec<Column>) {
        // Views over views multiply; each is small.
        self.budget = BUDGET / 4;
        self.level = 1;
        let types: Vec<Type> =
            self.types().into_iter().filter(|ty| *ty != Type::Other).chain([Type::Text]).collect();
        let (query, columns) = self.query(&types);
        let alias = self.name('v');
        let cast: Vec<String> = columns
            .iter()
            .map(|one| format!("{alias}.{0}::{1} as {0}", one.name, one.ty.cast()))
            .collect();
        (format!("select {} from ({query}) {alias}", cast.join(", ")), columns)
    }

    /// A subquery in an expression.
    pub(super) fn inner(&mut self, types: &[Type]) -> String {
        let saved = (self.windows, self.searching);
        self.windows = false;
        let query = self.query(types).0;
        (self.windows, self.searching) = saved;
        query
    }

    /// A query whose columns have these types and are named `c1` and so on.
    pub(super) fn query(&mut self, types: &[Type]) -> (String, Vec<Column>) {
        self.level += 1;
        let (windows, touched) = (self.windows, self.touched);
        self.windows = false;
        let deep = self.level > LEVELS || self.budget == 0;
        let kind = if deep { 0 } else { self.choices.below(16) };
        let done = match kind {
            10 | 11 => self.set_operation(types),
            12 => self.values(types),
            13 | 14 => self.with(types),
            15 => self.recursive(types),
            _ => self.select(types),
        };
        self.windows = windows;
        self.touched |= touched;
        self.level -= 1;
        done
    }

    fn set_operation(&mut self, types: &[Type]) -> (String, Vec<Column>) {
        let comparable = !types.iter().any(|ty| matches!(ty, Type::Xml | Type::Other));
        let (left, mut columns) = self.select(types);
        let operator = match self.choices.below(5) {
            1 if comparable => "union",
            2 if comparable => "except",
            3 if comparable => "intersect",
            4 if comparable => "except all",
            _ => "union all",
        };
        let (right, other) = self.select(types);
        for (column, other) in columns.iter_mut().zip(other) {
            column.strict |= other.strict;
        }
        (format!("({left}) {operator} ({right})"), columns)
    }

    fn values(&mut self, types: &[Type]) -> (String, Vec<Column>) {
        let mut rows = Vec::new();
        let mut columns = Vec::new();
        for _ in 0..1 + self.choices.below(2) {
            columns = Vec::new();
            let mut row = Vec::new();
            for (at, ty) in types.iter().enumerate() {
                self.touched = false;
                row.push(self.expression(*ty, 2));
                columns.push(self.made(&format!("column{}", at + 1), *ty));
            }
            rows.push(format!("({})", row.join(", ")));
        }
        let names: Vec<String> = (1..=types.len()).map(|at| format!("c{at}")).collect();
        for (column, name) in columns.iter_mut().zip(&names) {
            column.name.clone_from(name);
        }
        let alias = self.name('v');
        let (rows, names) = (rows.join(", "), names.join(", "));
        (format!("select {alias}.* from (values {rows}) {alias} ({names})"), columns)
    }

    fn with(&mut self, types: &[Type]) -> (String, Vec<Column>) {
        let known = self.ctes.len();
        let mut parts = Vec::new();
        for _ in 0..1 + self.choices.below(2) {
            let inner = self.types();
            let (query, columns) = self.query(&inner);
            // A name that a table may have too, sometimes: the table is hidden then.
            let name = match self.choices.below(4) {
                3 => "customers".to_owned(),
                _ => self.name('w'),
            };
            if self.ctes.iter().any(|one| one.name == name) {
                continue;
            }
            let how = ["", "materialized ", "not materialized "][self.choices.below(3)];
            parts.push(format!("{name} as {how}({query})"));
            self.ctes.push(Relation { name, columns, written: false });
        }
        let (query, columns) = self.select(types);
        self.ctes.truncate(known);
        if parts.is_empty() {
            return (query, columns);
        }
        (format!("with {} {query}", parts.join(", ")), columns)
    }

    fn recursive(&mut self, types: &[Type]) -> (String, Vec<Column>) {
        let known = self.ctes.len();
        let name = self.name('w');
        let (first, mut columns) = self.select(&[Type::Text]);
        columns.push(Column::new("n", Type::Int));
        let own = Source { alias: name.clone(), columns: columns.clone(), relation: None };
        self.scopes.push(vec![own]);
        let next = self.expression(Type::Text, 2);
        self.scopes.pop();
        self.ctes.push(Relation { name: name.clone(), columns, written: false });
        let (query, columns) = self.select(types);
        self.ctes.truncate(known);
        let text = format!(
            "with recursive {name} (c1, n) as (select c1::text, 1 from ({first}) z union all \
             select ({next})::text, {name}.n + 1 from {name} where {name}.n < 3) {query}"
        );
        (text, columns)
    }

    /// The column that an expression made.
    fn made(&self, name: &str, ty: Type) -> Column {
        Column { secret: true, strict: self.touched, ..Column::new(name, ty) }
    }

    fn select(&mut self, types: &[Type]) -> (String, Vec<Column>) {
        self.scopes.push(Vec::new());
        let from = self.from();
        let condition = self.choices.chance(25).then(|| self.predicate(2));
        let grouped = self.choices.chance(18);
        let mut keys = Vec::new();
        if grouped {
            for _ in 0..self.choices.below(3) {
                let ty = self.ty();
                if !matches!(ty, Type::Xml | Type::Other) {
                    self.touched = false;
                    // A bare constant would be a position, or an error.
                    let key = format!("{}::{}", self.expression(ty, 1), ty.cast());
                    keys.push((ty, key, self.touched));
                }
            }
        }
        let mut targets = Vec::new();
        let mut columns = Vec::new();
        for (at, ty) in types.iter().enumerate() {
            self.touched = false;
            let value = if grouped { self.grouped(*ty, &keys) } else { self.target(*ty, 3) };
            let name = format!("c{}", at + 1);
            targets.push(format!("{value} as {name}"));
            columns.push(self.made(&name, *ty));
        }
        let mut text = String::from("select ");
        let comparable = !types.iter().any(|ty| matches!(ty, Type::Xml | Type::Other));
        let distinct = comparable && !grouped && self.choices.chance(8);
        if distinct {
            text += "distinct ";
        }
        text += &format!("{} from {from}", targets.join(", "));
        if let Some(condition) = condition {
            text += &format!(" where {condition}");
        }
        if !keys.is_empty() {
            text += &self.group_by(&keys);
        }
        self.tail(&mut text, &columns, grouped || distinct);
        self.scopes.pop();
        (text, columns)
    }

    fn group_by(&mut self, keys: &[(Type, String, bool)]) -> String {
        let texts: Vec<String> = keys.iter().map(|(_, text, _)| format!("({text})")).collect();
        let all = texts.join(", ");
        let how = match self.choices.below(5) {
            1 => format!("rollup ({all})"),
            2 => format!("cube ({all})"),
            3 => format!("grouping sets (({all}), ())"),
            _ => all,
        };
        let having = if self.choices.chance(25) { " having count(*) > 0" } else { "" };
        format!(" group by {how}{having}")
    }

    /// A target of a grouped query: one of its keys, or an aggregate.
    fn grouped(&mut self, ty: Type, keys: &[(Type, String, bool)]) -> String {
        let fitting: Vec<&(Type, String, bool)> = keys.iter().filter(|key| key.0 == ty).collect();
        if !fitting.is_empty() && self.choices.chance(40) {
            let (_, text, strict) = fitting[self.choices.below(fitting.len())];
            self.touched = *strict;
            return format!("({text})");
        }
        let letter = ty.letter();
        let fitting: Vec<&str> = section("aggregates")
            .iter()
            .filter_map(|line| line.strip_prefix(letter)?.strip_prefix(' '))
            .collect();
        match fitting.is_empty() {
            true => self.choices.pick(section(&format!("{letter} constants"))).to_owned(),
            false => {
                let template = self.choices.pick(&fitting);
                let searching = std::mem::replace(&mut self.searching, true);
                let value = self.fill(template, 2);
                self.searching = searching;
                value
            }
        }
    }

    fn tail(&mut self, text: &mut String, columns: &[Column], closed: bool) {
        if self.choices.chance(20) {
            let orderable = columns
                .iter()
                .position(|one| !one.strict && !matches!(one.ty, Type::Xml | Type::Other));
            match orderable {
                Some(at) if closed || self.choices.chance(50) => {
                    *text += &format!(" order by {}", at + 1);
                }
                _ if closed => {}
                _ => {
                    let ty = [Type::Int, Type::Text][self.choices.below(2)];
                    self.searching = true;
                    let key = self.expression(ty, 1);
                    self.searching = false;
                    let how = ["", " desc", " nulls first"][self.choices.below(3)];
                    *text += &format!(" order by ({key}){how}");
                }
            }
        }
        if self.choices.chance(15) {
            let count = 1 + self.choices.below(4);
            *text += &[format!(" limit {count}"), format!(" offset 1 limit {count}")]
                [self.choices.below(2)];
        }
    }

    pub(super) fn predicate(&mut self, depth: usize) -> String {
        let searching = std::mem::replace(&mut self.searching, true);
        let value = self.expression(Type::Bool, depth);
        self.searching = searching;
        value
    }

    /// The FROM clause; its sources are put into the innermost scope.
    fn from(&mut self) -> String {
        let mut text = self.item();
        let count = match self.choices.below(10) {
            0..=5 => 0,
            6..=8 => 1,
            _ => 2,
        };
        // Within JOIN's conditions only what is joined can be seen: lists are not mixed with joins.
        let joins = self.choices.chance(60);
        for _ in 0..count {
            if !joins {
                text += &format!(", {}", self.item());
                continue;
            }
            let how = ["join", "left join", "full join", "right join"][self.choices.below(4)];
            match self.choices.below(5) {
                0 => {
                    let (item, source) = self.plain_item();
                    self.scopes.last_mut().expect("in a query").push(source);
                    text += &format!(" join {item} on {}", self.predicate(1));
                }
                1 => text += &format!(" cross join {}", self.item()),
                2 => text += &format!(" left join {} on true", self.item()),
                kind => {
                    let (item, source) = self.plain_item();
                    let scope = self.scopes.last_mut().expect("in a query");
                    let with_id = |one: &Source| {
                        one.columns.iter().filter(|column| column.name == "id").count() == 1
                    };
                    let shared = scope.len() == 1 && with_id(&scope[0]) && with_id(&source);
                    scope.push(source);
                    text += &match kind {
                        3 if shared => format!(" {how} {item} using (id)"),
                        4 if shared => format!(" natural {how} {item}"),
                        _ => format!(" {how} {item} on true"),
                    };
                }
            }
        }
        text
    }

    /// An item of FROM; its source is put into the innermost scope.
    fn item(&mut self) -> String {
        let deep = self.level >= LEVELS || self.budget == 0;
        let (text, source) = match self.choices.below(if deep { 6 } else { 12 }) {
            0..=5 => self.plain_item(),
            6 | 7 => self.derived(false),
            8 => self.derived(true),
            9 => self.rows().unwrap_or_else(|| self.plain_item()),
            _ => self.builtin(),
        };
        self.scopes.last_mut().expect("in a query").push(source);
        text
    }

    /// A relation.
    fn plain_item(&mut self) -> (String, Source) {
        let own = self.ctes.len();
        let relation = if own > 0 && self.choices.chance(60) {
            self.ctes[self.choices.below(own)].clone()
        } else {
            let seen = |name: &str| self.ctes.iter().any(|cte| cte.name == name);
            let shown: Vec<&Relation> =
                self.schema.relations.iter().filter(|one| !seen(&one.name)).collect();
            shown[self.choices.below(shown.len())].clone()
        };
        let alias = self.name('r');
        let source = Source {
            alias: alias.clone(),
            columns: relation.columns.clone(),
            relation: Some(relation.name.clone()),
        };
        (format!("{} {alias}", relation.name), source)
    }

    /// A subquery in FROM. Without LATERAL it does not see its neighbours.
    fn derived(&mut self, lateral: bool) -> (String, Source) {
        let types = self.types();
        let hidden = match lateral {
            true => Vec::new(),
            false => std::mem::take(self.scopes.last_mut().expect("in a query")),
        };
        let (query, columns) = self.query(&types);
        if !lateral {
            *self.scopes.last_mut().expect("in a query") = hidden;
        }
        let alias = self.name('q');
        let text = format!("{}({query}) {alias}", if lateral { "lateral " } else { "" });
        (text, Source { alias, columns, relation: None })
    }

    /// One of the schema's functions that give rows.
    fn rows(&mut self) -> Option<(String, Source)> {
        let functions: Vec<(&str, &Vec<Column>)> = self
            .schema
            .functions
            .iter()
            .filter_map(|one| match &one.gives {
                Gives::Rows(columns) => Some((one.call.as_str(), columns)),
                Gives::One(_) => None,
            })
            .collect();
        if functions.is_empty() {
            return None;
        }
        let (call, columns) = functions[self.choices.below(functions.len())];
        let columns = columns.clone();
        let alias = self.name('f');
        Some((format!("{call} {alias}"), Source { alias, columns, relation: None }))
    }

    /// A function of PostgreSQL's own in FROM.
    fn builtin(&mut self) -> (String, Source) {
        let line = self.choices.pick(section("sources"));
        let (described, template) = line.split_once(" => ").expect("columns => template");
        let alias = self.name('b');
        let template = template.replace("‹›", &alias);
        let searching = std::mem::replace(&mut self.searching, true);
        self.touched = false;
        let text = self.fill(&template, 1);
        self.searching = searching;
        let columns = described
            .split(' ')
            .filter_map(|one| one.split_once(':'))
            .filter_map(|(name, ty)| Some((name, Type::by_letter(ty.chars().next()?)?)))
            .map(|(name, ty)| self.made(name, ty))
            .collect();
        (text, Source { alias, columns, relation: None })
    }
}
