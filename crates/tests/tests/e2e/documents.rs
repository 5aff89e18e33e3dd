//! Documents that a statement puts together show what bears no label and hide the rest, as columns
//! side by side would.

use serde_json::Value;
use testkit::weir::{AGENT, PERSON, SERVICE};
use tests::Stage;

/// Statements with one document, and the keys in it that are hidden. Where there are no keys, the
/// places of a list.
const DOCUMENTS: &[(&str, &[&str])] = &[
    (
        "select to_jsonb(c) from customers c where id = 17",
        &[
            "first_name",
            "last_name",
            "email",
            "phone",
            "national_id",
            "birth_date",
            "other_emails",
            "last_ip",
            "portrait",
            "preferences",
        ],
    ),
    (
        "select coalesce(json_agg(t), '[]') from (select id, country, email from customers
         order by id limit 5) t",
        &["email"],
    ),
    // An enum is a type of somebody's own: a cast of theirs could make a document of it.
    (
        "select json_build_object('order', o.id, 'total', o.total, 'paid', (select coalesce(
         jsonb_agg(jsonb_build_object('by', p.method, 'card', p.card_number)), '[]')
         from payments p where p.order_id = o.id)) from orders o where id = 4",
        &["by", "card"],
    ),
    (
        "with page as (select id, email, tags, newsletter from customers where id < 4)
         select json_agg(row_to_json(page)) from page",
        &["email"],
    ),
    (
        "select json_agg(json_build_array(id, card_number, amount)) from (select * from payments
         where card_number is not null order by id limit 3) p",
        &["1"],
    ),
    ("select to_json(p) from products p order by sku limit 1", &["embedding", "attributes"]),
];

/// Compares leaf by leaf: what stands below a hidden key must differ, all else must not.
fn compare(truth: &Value, seen: &Value, hidden: bool, keys: &[&str], counts: &mut (usize, usize)) {
    match (truth, seen) {
        (Value::Object(left), Value::Object(right)) => {
            assert_eq!(left.len(), right.len(), "{truth} is {seen}");
            for (key, value) in left {
                let hidden = hidden || keys.contains(&key.as_str());
                let other = right.get(key).unwrap_or_else(|| panic!("no {key} in {seen}"));
                compare(value, other, hidden, keys, counts);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            assert_eq!(left.len(), right.len(), "{truth} is {seen}");
            for (place, (value, other)) in left.iter().zip(right).enumerate() {
                let inner = !value.is_array() && !value.is_object();
                let hidden = hidden || inner && keys.contains(&place.to_string().as_str());
                compare(value, other, hidden, keys, counts);
            }
        }
        (Value::Null, other) => assert!(other.is_null(), "{truth} is {seen}"),
        _ if hidden => {
            assert!(truth != seen || *truth == Value::Bool(false), "{truth} is shown");
            counts.0 += 1;
        }
        _ => {
            assert_eq!(truth, seen);
            counts.1 += 1;
        }
    }
}

#[test]
fn what_bears_no_label_stands_in_documents_as_it_is() {
    let stage = Stage::shop().unwrap();
    for (sql, keys) in DOCUMENTS {
        let truth: Value = serde_json::from_str(&stage.truth(sql).unwrap()).unwrap();
        for identity in [PERSON, SERVICE, AGENT] {
            let said = stage.rows(identity, sql).unwrap();
            let seen = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{sql}: {e}: {said}"));
            let mut counts = (0, 0);
            compare(&truth, &seen, false, keys, &mut counts);
            assert!(counts.0 > 0 && counts.1 > 0, "{identity}: {sql} says {said}");
        }
    }
}
