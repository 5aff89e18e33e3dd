//! Masked values against a real PostgreSQL: a table with a column of every type is copied out in
//! every format, masked, and copied in again. What the server takes back is a value of the type;
//! and text and binary masks must have made the same one.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use mask::{ColumnMask, CopyFormat, CopyMask, CopyStream, Format, Key};
use model::{
    Catalog, Disclosure, Label, MaskMethod, RelationId, TypeId,
    catalog::{Column, Relation, RelationKind, Type, TypeKind},
};
use std::path::Path;
use testkit::{Postgres, TestDir};

/// Column type and two values.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("bool", "true", "false"),
    ("int2", "12345", "-7"),
    ("int4", "1234567890", "0"),
    ("int8", "4111111111111111", "-9223372036854775808"),
    ("float4", "3.25", "'NaN'"),
    ("float8", "52.5163", "-1.5e300"),
    ("numeric", "54321.9876", "-0.00012"),
    ("numeric(12,2)", "1234567890.12", "0"),
    ("numeric", "'NaN'", "100000000000000000000"),
    ("money", "1234.56", "-7"),
    ("text", "'alice@example.org'", "'tab\there \\ \"q\", ''x'''"),
    ("varchar(80)", "'Müller, Jürgen'", "''"),
    ("bpchar", "'4111 1111 1111 1111'", "'x'"),
    ("name", "'a_name'", "'x'"),
    ("\"char\"", "'c'", "'d'"),
    ("bytea", "'mail alice@example.org'", "'\\xdeadbeef00'"),
    ("date", "'1984-03-12'", "'infinity'"),
    ("date", "'0044-03-15 BC'", "'2024-02-29'"),
    ("time", "'12:34:56.789'", "'24:00'"),
    ("timetz", "'12:34:56+05:30'", "'00:00-08'"),
    ("timestamp", "'1984-03-12 04:05:06.789'", "'-infinity'"),
    ("timestamptz", "'1984-03-12 04:05:06.789+02'", "'2000-01-01'"),
    ("interval", "'1 year 2 mons 3 days 04:05:06'", "'-1 day'"),
    ("uuid", "'6ecd8c99-4036-403d-bf84-cf8400f67836'", "gen_random_uuid()"),
    ("inet", "'192.168.7.9'", "'2001:db8::7/64'"),
    ("cidr", "'10.20.30.0/24'", "'2001:db8::/32'"),
    ("macaddr", "'08:00:2b:01:02:03'", "'ff:ff:ff:ff:ff:ff'"),
    ("macaddr8", "'08:00:2b:01:02:03:04:05'", "'ff:ff:ff:ff:ff:ff:ff:ff'"),
    ("json", "'{\"email\": \"al@b.org\", \"n\": [1, 2.5e3, null, true]}'", "'\"\\ud83d\\ude00\"'"),
    ("jsonb", "'{\"email\": \"al@b.org\", \"n\": [1, 2.5e3, null, true]}'", "'[]'"),
    ("xml", "'<a b=\"c\">alice@example.org</a>'", "'text'"),
    ("bit(5)", "'10110'", "'00001'"),
    ("varbit", "'1011010101'", "''"),
    ("point", "'(13.3777,52.5163)'", "'(-180,90)'"),
    ("lseg", "'[(0,1),(2,3)]'", "'[(0,0),(0,0)]'"),
    ("path", "'((0,1),(2,3),(4,5))'", "'[(0,1),(2,3)]'"),
    ("box", "'(3,4),(1,2)'", "'(0,0),(0,0)'"),
    ("polygon", "'((0,1),(2,3),(4,5))'", "'((0,1))'"),
    ("line", "'{1,2,3}'", "'{0,1,5}'"),
    ("circle", "'<(1,2),3>'", "'<(0,0),0>'"),
    ("oid", "12345", "0"),
    ("regclass", "'pg_class'", "'pg_type'"),
    ("regtype", "'int4'", "'text'"),
    ("xid", "'7'", "'8'"),
    ("tid", "'(1,2)'", "'(0,0)'"),
    ("pg_lsn", "'16/B374D848'", "'0/0'"),
    ("pg_snapshot", "'10:20:10,14,15'", "'1:1:'"),
    ("tsvector", "'alice:1 smith:2A'::tsvector", "''"),
    ("tsquery", "'alice & !bob'", "'x'"),
    ("jsonpath", "'$.a[*] ? (@ > 1)'", "'$'"),
    ("int2vector", "'1 2 3'", "'4'"),
    ("oidvector", "'1 2 3'", "'4'"),
    ("int4range", "'[1,10)'", "'empty'"),
    ("daterange", "'[2020-01-01,2020-02-01)'", "'(,)'"),
    ("int8multirange", "'{[1,3),[5,9)}'", "'{}'"),
    ("text[]", "array['alice@example.org',null,'a \"b\" \\ {c}']", "'{}'"),
    ("text[]", "array[['al@b.org','x'],['NULL','']]", "'[2:3]={a,b}'"),
    ("int4[]", "array[1,null,3]", "'[0:1][1:2]={{1,2},{3,4}}'"),
    ("box[]", "array['(3,4),(1,2)'::box,'(0,0),(0,0)']", "'{}'"),
    ("float4[]", "array[0.25,-1.5]", "'{}'"),
    ("date[]", "array['1984-03-12'::date,null]", "'{}'"),
    ("jsonb[]", "array['{\"email\": \"al@b.org\"}'::jsonb]", "'{}'"),
    ("uuid[]", "array['6ecd8c99-4036-403d-bf84-cf8400f67836'::uuid]", "'{}'"),
    ("d_mail", "'alice@example.org'", "'bob@example.com'"),
    ("d_age", "7", "8"),
    ("mood", "'happy'", "'sad'"),
    ("mood[]", "'{happy,sad}'", "'{}'"),
    (
        "person",
        "row('al@b.org, \"x\" \\', '1984-03-12', array['a b','c'], 7)",
        "row(null,null,null,null)",
    ),
    ("person[]", "array[row('al@b.org','1984-03-12','{}',7)::person]", "'{}'"),
    ("textrange", "'[\"a b\",\"c,d\")'", "'[alice@example.org,zoe)'"),
];

const SETUP: &str = "
    create domain d_mail as text check (value like '%@%');
    create domain d_age as int check (value >= 0);
    create type mood as enum ('happy', 'sad');
    create type person as (mail text, born date, tags text[], n int4);
    create type textrange as range (subtype = text);";

struct Bench {
    server: Postgres,
    folder: TestDir,
    catalog: Catalog,
    types: Vec<TypeId>,
}

impl Bench {
    fn start() -> Self {
        let server = Postgres::options().start().unwrap();
        server.create_database("types").unwrap();
        let folder = TestDir::new("mask").unwrap();
        testkit::tool::give_to_server_account(folder.path()).unwrap();
        let columns: Vec<String> =
            COLUMNS.iter().enumerate().map(|(i, (ty, _, _))| format!("c{i} {ty}")).collect();
        let row = |pick: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
            COLUMNS.iter().map(pick).collect::<Vec<_>>().join(", ")
        };
        let nulls = vec!["null"; COLUMNS.len()].join(", ");
        let sql = format!(
            "{SETUP} create table t ({}); insert into t values ({}), ({}), ({nulls});",
            columns.join(", "),
            row(|column| column.1),
            row(|column| column.2),
        );
        server.psql("types", &sql).unwrap();
        let mut bench = Self { server, folder, catalog: Catalog::default(), types: Vec::new() };
        bench.read_catalog();
        bench
    }

    fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let out = self.server.psql("types", sql).unwrap();
        let lines = out.lines().filter(|line| !line.is_empty());
        lines.map(|line| line.split('|').map(str::to_owned).collect()).collect()
    }

    fn read_catalog(&mut self) {
        let rows = self.query(
            "select atttypid from pg_attribute where attrelid = 't'::regclass and attnum > 0
             order by attnum",
        );
        self.types = rows.iter().map(|row| TypeId(row[0].parse().unwrap())).collect();
        let types = self.query(
            "select t.oid, typname, typtype, typcategory, typelem, typbasetype, typrelid,
                    coalesce(r.rngsubtype, 0), coalesce(m.rngtypid, 0)
             from pg_type t left join pg_range r on r.rngtypid = t.oid
             left join pg_range m on m.rngmultitypid = t.oid where t.oid >= 16384",
        );
        for row in &types {
            let oid = |at: usize| row[at].parse::<u32>().unwrap();
            let kind = match (row[2].as_str(), row[3].as_str()) {
                ("b", "A") => TypeKind::Array(TypeId(oid(4))),
                ("d", _) => TypeKind::Domain(TypeId(oid(5))),
                ("c", _) => TypeKind::Composite(RelationId(oid(6))),
                ("e", _) => TypeKind::Enum(vec!["happy".into(), "sad".into()]),
                ("r", _) => TypeKind::Range(TypeId(oid(7))),
                ("m", _) => TypeKind::Multirange(TypeId(oid(8))),
                _ => TypeKind::Base,
            };
            self.catalog.add_type(Type {
                id: TypeId(oid(0)),
                schema: "public".into(),
                name: row[1].clone(),
                kind,
                category: row[3].chars().next().unwrap(),
                attached: model::code::Attached::default(),
            });
        }
        self.read_person();
    }

    fn read_person(&mut self) {
        let rows = self.query(
            "select c.oid, c.reltype, attnum, attname, atttypid from pg_class c
             join pg_attribute a on a.attrelid = c.oid where relname = 'person' order by attnum",
        );
        let columns = rows.iter().map(|row| Column {
            number: row[2].parse().unwrap(),
            name: row[3].clone(),
            type_id: TypeId(row[4].parse().unwrap()),
            not_null: false,
            generated: None,
            unique: false,
            choosy: false,
            references: None,
            comment: None,
        });
        self.catalog.add_relation(Relation {
            id: RelationId(rows[0][0].parse().unwrap()),
            schema: "public".into(),
            name: "person".into(),
            kind: RelationKind::Composite,
            columns: columns.collect(),
            definition: None,
            parents: Vec::new(),
            has_rules: false,
            row_security: false,
            triggers: Vec::new(),
            attached: model::code::Attached::default(),
            refers: Vec::new(),
            carried_from: Vec::new(),
            row_type: TypeId(rows[0][1].parse().unwrap()),
            comment: None,
            estimated_rows: -1.0,
        });
    }

    /// Copies `t` through the masks into a new table of this name.
    fn copy(&self, disclosure: &Disclosure, kind: CopyFormat, options: &str, into: &str) {
        let file = |name: &str| self.folder.path().join(name);
        let path = |path: &Path| path.display().to_string();
        let (out, back) = (file("out"), file("back"));
        let _ = std::fs::remove_file(&out);
        let sql = format!("copy t to '{}' with ({options})", path(&out));
        self.server.psql("types", &sql).unwrap();
        let format = if kind == CopyFormat::Binary { Format::Binary } else { Format::Text };
        let key = Key::new([5; 32]);
        let masks = self
            .types
            .iter()
            .map(|ty| ColumnMask::compile(disclosure, *ty, &self.catalog, format, &key));
        let mut stream = CopyStream::new(kind);
        stream.header = options.contains("header");
        let mut copy = CopyMask::new(stream, masks.collect());
        let mut masked = Vec::new();
        for piece in std::fs::read(&out).unwrap().chunks(777) {
            copy.push(piece, &mut masked).unwrap();
        }
        copy.finish(&mut masked).unwrap();
        assert_eq!(copy.rows(), 3);
        std::fs::write(&back, masked).unwrap();
        let sql = format!(
            "drop table if exists {into}; create table {into} (like t);
             alter table {into} alter c{age} type int, alter c{mail} type text;
             copy {into} from '{}' with ({options})",
            path(&back),
            age = COLUMNS.iter().position(|column| column.0 == "d_age").unwrap(),
            mail = COLUMNS.iter().position(|column| column.0 == "d_mail").unwrap(),
        );
        // A domain's check speaks of real values; what its base type takes is what drivers read.
        self.server
            .psql("types", &sql)
            .unwrap_or_else(|error| panic!("{disclosure:?} {options}: {error:#}"));
    }

    fn assert_same(&self, left: &str, right: &str, why: &str) {
        let one = |place: usize| {
            format!(
                "select {place}, l, r from (select array_agg(c{place}::text) l from {left}) x,
                 (select array_agg(c{place}::text) r from {right}) y where l is distinct from r"
            )
        };
        let all: Vec<String> = (0..COLUMNS.len()).map(one).collect();
        let differences = self.query(&all.join(" union all "));
        let differences: Vec<String> = differences
            .iter()
            .map(|row| {
                let ty = row[0].parse::<usize>().ok().map(|place| COLUMNS[place].0);
                format!("{}: {row:?}", ty.unwrap_or_default())
            })
            .collect();
        assert!(differences.is_empty(), "{why}:\n{}", differences.join("\n"));
    }
}

#[test]
fn every_type_survives_every_mask_in_every_format() {
    let bench = Bench::start();
    let methods = [
        MaskMethod::Generalise,
        MaskMethod::Partial,
        MaskMethod::Pseudonym,
        MaskMethod::Full,
        MaskMethod::Null,
    ];
    let labels = [
        Label::UNKNOWN,
        Label::EMAIL,
        Label::LOCATION,
        Label::INCOME,
        Label::PAYMENT_CARD,
        Label::NETWORK_ADDRESS,
        Label::BIRTH_DATE,
    ];
    for label in labels {
        for method in methods {
            let disclosure = Disclosure::Masked { label: label.clone(), method };
            bench.copy(&disclosure, CopyFormat::Text, "format text", "m_text");
            bench.copy(&disclosure, CopyFormat::Csv, "format csv, header", "m_csv");
            bench.copy(&disclosure, CopyFormat::Binary, "format binary", "m_binary");
            let why = format!("{label} {method:?}");
            bench.assert_same("m_text", "m_csv", &why);
            // A pseudonym of a moment is drawn from its own form.
            if method != MaskMethod::Pseudonym {
                bench.assert_same("m_text", "m_binary", &why);
            }
        }
    }
}

#[test]
fn a_scan_finds_the_same_in_every_format_and_leaves_the_rest_alone() {
    let bench = Bench::start();
    bench.copy(&Disclosure::Scan, CopyFormat::Text, "format text", "s_text");
    bench.copy(&Disclosure::Scan, CopyFormat::Csv, "format csv", "s_csv");
    bench.copy(&Disclosure::Scan, CopyFormat::Binary, "format binary", "s_binary");
    bench.assert_same("s_text", "s_csv", "scan");
    bench.assert_same("s_text", "s_binary", "scan");
    let all = bench.server.psql("types", "select * from s_text").unwrap();
    assert!(!all.contains("alice@example.org") && !all.contains("al@b.org"), "{all}");
    assert!(all.contains("6ecd8c99-4036-403d-bf84-cf8400f67836") && all.contains("a***@***.org"));
    let raw = Disclosure::Raw { labels: Vec::new() };
    bench.copy(&raw, CopyFormat::Binary, "format binary", "r_binary");
    bench.assert_same("t", "r_binary", "raw");
}
