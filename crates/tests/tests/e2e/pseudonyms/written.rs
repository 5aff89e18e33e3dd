//! A row that is loaded, changed and saved with all its columns: what was shown masked does not go
//! over the real values, in whichever form it is sent.

use super::*;
use tokio_postgres::types::{ToSql, Type};

/// What is looked at of the row afterwards.
const ROW: &str = "select l.email, l.phone, c.first_name, c.preferences, s.emails from leads l
    join customers c using (id) join lists s on s.lead = l.id where l.id = 17";

/// `pseudonym`: what the person sees of the customer's email.
pub(super) async fn masks_are_not_written_back(stage: &Stage, pseudonym: &str) {
    let before = stage.truth(ROW).unwrap();
    let (email, _) = value(stage, SERVICE, "email", "leads");
    assert!(email.contains("***@***."), "{email}");
    let refused = |told: &str, what: &str| {
        let said = told.contains("looks like a mask of") && told.contains("baseline-write-mask");
        assert!(said && told.contains("Leave the column out"), "{what}\n{told}");
        assert_eq!(stage.truth(ROW).unwrap(), before, "{what}");
    };
    for sql in [
        format!("update leads set email = '{email}', phone = 4915100000017 where id = {ID}"),
        format!("update leads set email = '***' where id = {ID}"),
        format!("update customers set first_name = 'A***' where id = {ID}"),
        format!(
            "update leads set email = case when id = {ID} then '{email}' else email end
             where id in ({ID}, 18)"
        ),
        format!("update lists set emails = array['x@y.org', '{email}'] where lead = {ID}"),
        format!("update lists set emails = '{{x@y.org,{email}}}' where lead = {ID}"),
        format!(
            "update leads l set email = v.e from (values ({ID}, '{email}')) v (i, e)
             where l.id = v.i"
        ),
        format!(
            "insert into leads (id, email) values (18, 'new@x.org'), ({ID}, '{email}')
             on conflict (id) do update set email = excluded.email"
        ),
        format!(
            "merge into leads l using (values ({ID}, '{email}')) v (i, e) on l.id = v.i
             when matched then update set email = v.e"
        ),
        format!("explain analyze update leads set email = '{email}' where id = {ID}"),
    ] {
        refused(&stage.weir.psql(SERVICE, "shop", &sql).unwrap().all(), &sql);
    }
    // Whoever sees pseudonyms would write these.
    let sql = format!("update leads set email = '{pseudonym}' where id = {ID}");
    refused(&stage.weir.psql(PERSON, "shop", &sql).unwrap().all(), &sql);
    let record = stage.weir.record(400).unwrap().join("\n");
    assert!(record.contains("what looks like a mask of email into public.leads.email"), "{record}");
    assert!(!record.contains(&email), "{record}");
    parameters(stage, &email, &refused).await;
    // What is new is written, and so is what looks so by whoever sees the real values.
    let sql = format!("update leads set email = 'new@x.org', phone = phone where id = {ID}");
    stage.rows(SERVICE, &sql).unwrap();
    let sql = format!("update leads set email = '***' where id = {ID}");
    stage.rows(ADMIN, &sql).unwrap();
    assert_eq!(stage.truth("select email from leads where id = 17").unwrap().trim(), "***");
}

async fn parameters(stage: &Stage, email: &str, refused: &impl Fn(&str, &str)) {
    let client = client(stage, SERVICE).await;
    let list = vec!["x@y.org".to_owned(), email.to_owned()];
    let sent: [(&str, &[Type], &[&(dyn ToSql + Sync)]); 4] = [
        ("update leads set email = $1 where id = 17", &[], &[&email]),
        ("update leads set email = $1::text where id = 17", &[Type::TEXT], &[&email]),
        ("update lists set emails = $1 where lead = 17", &[], &[&list]),
        (
            "insert into leads (id, email) values (18, $2), (17, $1)
             on conflict (id) do update set email = excluded.email",
            &[],
            &[&email, &"new@x.org"],
        ),
    ];
    for (sql, types, values) in sent {
        let statement = client.prepare_typed(sql, types).await.unwrap();
        let error = client.execute(&statement, values).await.unwrap_err();
        let told = error.as_db_error().unwrap_or_else(|| panic!("{sql}: {error:?}"));
        assert_eq!(told.code().code(), "42501", "{sql}");
        let hint = told.hint().unwrap_or_default();
        refused(&format!("{}\n{hint}", told.message()), sql);
    }
    // The same statement takes another value.
    let statement = client.prepare("update leads set email = $1 where id = 18").await.unwrap();
    assert_eq!(client.execute(&statement, &[&"other@x.org"]).await.unwrap(), 1);
    // In text, over the wire.
    let mut raw = Raw::sign_in(stage.weir.port(), SERVICE, PASSWORD, "shop").unwrap();
    let length = i32::try_from(email.len()).unwrap().to_be_bytes();
    let parse = b"\0update leads set email = $1 where id = 17\0\0\0";
    let bind = [b"\0\0\0\0\0\x01".as_slice(), &length, email.as_bytes(), b"\0\0"].concat();
    raw.send(&[frame(b'P', parse), frame(b'B', &bind)].concat()).unwrap();
    raw.send(&[frame(b'E', b"\0\0\0\0\0"), frame(b'S', b"")].concat()).unwrap();
    let answers = raw.until(b'Z').unwrap();
    let error = answers.iter().find(|message| message.tag == b'E').unwrap();
    let told = [b'M', b'H'].map(|field| error.field(field).unwrap_or_default());
    refused(&told.join("\n"), "in text");
}
