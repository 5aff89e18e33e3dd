//! Tests of what a reading and a sample leave alone: other sessions and their locks.

use super::*;

#[tokio::test]
async fn samples_are_bounded_and_cut() {
    let cluster = Cluster::start(Postgres::options(), 15);
    cluster.sql(
        "insert into people.person (mail, \"Full Name\", home, photo)
         select 'p' || n || '@x.org', repeat('y', 1000), row('s', 'z')::people.address, '\\x00ff'
         from generate_series(1, 30000) n;
         insert into people.person (\"Full Name\") values ('no mail'); analyze people.person",
    );
    let mut reader = cluster.reader().await;
    let catalog = reader.read(1).await.unwrap();
    let person = named(&catalog, "people", "person");
    assert!(person.estimated_rows > 20_000.0);
    let samples = reader.sample(person, &[3, 4, 5, 9, 77], 50).await.unwrap();
    let [mail, name, home, photo, none] = &samples[..] else { panic!("five lists") };
    assert!(!mail.is_empty() && mail.len() <= 50 && mail.iter().all(|m| m.ends_with("@x.org")));
    assert!(name.iter().all(|name| name == &"y".repeat(200) || name == "no mail"));
    assert!(home.iter().all(|home| home == "(s,z)"));
    assert!(photo.iter().all(|photo| photo == "\\x00ff"));
    assert!(none.is_empty());
    // Random blocks lie anywhere, the first rows do not.
    let number = |m: &String| m[1..m.len() - 6].parse::<u32>().unwrap();
    assert!(mail.iter().map(number).max() > Some(100), "{mail:?}");

    let odd = named(&catalog, "odd \"Name", "odd Table");
    assert_eq!(reader.sample(odd, &[1], 5).await.unwrap(), [Vec::<String>::new()]);
    let view = named(&catalog, "people", "mails");
    assert_eq!(reader.sample(view, &[2], 5).await.unwrap(), [Vec::<String>::new()]);

    // A table that is gone is an error and not the end.
    cluster.sql("drop table \"odd \"\"Name\".\"odd Table\"");
    let error = reader.sample(odd, &[1], 5).await.unwrap_err();
    assert!(matches!(&error, CatalogError::Server(e) if e.sqlstate == "42P01"), "{error}");
    assert!(!error.is_final());
    reader.read(2).await.unwrap();
}

#[tokio::test]
async fn somebody_elses_lock_holds_up_neither_reading_nor_sample() {
    let cluster = Cluster::start(Postgres::options(), 15);
    let mut holder = cluster.reader().await;
    let sql = "begin; lock table people.person; select pg_sleep(20)";
    let held = tokio::task::spawn(async move { holder.rows(sql).await });
    let mut reader = cluster.reader().await;
    let locked = "select 1 from pg_locks where relation = 'people.person'::regclass and granted";
    while reader.rows(locked).await.unwrap().is_empty() {}
    let catalog = reader.read(1).await.unwrap();
    // Written out, it would wait for the lock; without its text nothing can be proven of it.
    assert_eq!(named(&catalog, "people", "mails").definition, None);
    assert!(named(&catalog, "hidden", "deep").definition.is_some());
    let person = named(&catalog, "people", "person");
    assert_eq!(person.column("upper_name").unwrap().generated.as_deref(), Some(""));
    assert_eq!(catalog.functions_named("modern").next().unwrap().body, None);
    let error = reader.sample(person, &[1], 1).await.unwrap_err();
    assert!(matches!(&error, CatalogError::Server(e) if e.sqlstate == "55P03"), "{error}");
    assert!(!held.is_finished());
    held.abort();
}

#[tokio::test]
async fn what_was_read_is_not_locked_until_the_end_of_the_reading() {
    let mut reader = cluster().reader().await;
    let sections = queries::sections(15, queries::Reading::Shared);
    let texts: Vec<&str> = sections.iter().skip(2).map(|(_, text)| text.as_str()).collect();
    let locks = "select relation::regclass from pg_locks where pid = pg_backend_pid() \
                 and relation >= 16384";
    let rows = |sql: String| format!("begin; set local search_path = ''; {sql}; {locks}");
    let rest = reader.rows(&rows(texts.join(";"))).await.unwrap();
    assert!(
        rest.iter().any(|row| row == &[Some("people.person".to_owned())]),
        "else it shows none"
    );
    reader.rows("rollback").await.unwrap();
    let rest = reader.rows(&rows(queries::unlocked(&texts))).await.unwrap();
    assert!(!rest.iter().any(|row| row == &[Some("people.person".to_owned())]), "{rest:?}");
}

#[tokio::test]
async fn an_empty_table_is_not_locked_to_be_sampled() {
    let cluster = Cluster::start(Postgres::options(), 15);
    cluster.sql(
        "create table hollow (mail text); create table filled as select 1 as a;
         create table parent (a int); create table child () inherits (parent);
         insert into child values (7)",
    );
    let mut reader = cluster.reader().await;
    let catalog = reader.read(1).await.unwrap();
    let size = |name| sample::size(named(&catalog, "public", name)).unwrap();
    assert_eq!(reader.rows(&size("hollow")).await.unwrap(), [[Some("0".to_owned())]]);
    let hollow = named(&catalog, "public", "hollow");
    assert_eq!(reader.sample(hollow, &[1], 5).await.unwrap(), [Vec::<String>::new()]);
    let filled = named(&catalog, "public", "filled");
    assert_eq!(reader.sample(filled, &[1], 5).await.unwrap(), [["1"]]);
    let parent = named(&catalog, "public", "parent");
    assert_eq!(reader.sample(parent, &[1], 5).await.unwrap(), [["7"]]);
}
