//! How long a decision takes. Measured where it is run with `--release --nocapture`; elsewhere it
//! only guards against a decision that grows with the width of a table.

use super::shop::Shop;
use crate::PolicySet;
use std::time::Instant;

const ROUNDS: u32 = 200;

/// What is worked out beforehand is all there is to find when somebody asks.
#[test]
fn what_was_warmed_is_not_worked_out_again() {
    let shop = Shop::new();
    let asks = [
        "who: Person alice in support\neffects: begin",
        "who: Person alice in support\neffects: select customers\noutputs: customers.email; \
         customers.note\ncolumns: tested customers.email; looked_up customers.id",
        "who: Agent copilot for Person alice in support\neffects: update customers\ncolumns: \
         written customers.email",
    ];
    let asks: Vec<_> = asks.iter().map(|text| shop.ask(text)).collect();
    let policies = PolicySet::baseline().unwrap();
    let members = asks
        .iter()
        .flat_map(|ask| std::iter::successors(Some(&ask.identity), |one| one.acts_for.as_deref()));
    policies.warm(members, &["shop".into()]);
    let warmed = policies.book.kept.sets();
    asks.iter().for_each(|ask| {
        shop.decide(&policies, ask);
    });
    assert_eq!(policies.book.kept.sets(), warmed);
    let cold = PolicySet::baseline().unwrap();
    shop.decide(&cold, &asks[1]);
    assert!(cold.book.kept.sets() > 0, "nothing is kept of what was asked");
}

#[test]
fn a_decision_is_quick() {
    let shop = Shop::new();
    let policies = PolicySet::baseline().unwrap();
    let select = "effects: select customers\noutputs: customers.id; customers.email; \
                  customers.name; customers.note\ncolumns: tested customers.id";
    let kinds = [
        ("begin", "who: Person alice\neffects: begin".to_owned()),
        ("select one", "effects: select\noutputs: constant".to_owned()),
        ("select, a person", format!("who: Person alice\n{select}")),
        ("select, an admin", format!("who: Person root in admins\n{select}")),
        ("select, an agent", format!("who: Agent copilot for Person alice\n{select}")),
        (
            "join of three, a person",
            "effects: select customers; select orders; select payments\ncolumns: tested \
             customers.id; tested orders.customer; inferred orders.total\noutputs: \
             customers.name; customers.email; payments.card; aggregate orders.total"
                .to_owned(),
        ),
        (
            "update, a person",
            "effects: update customers\ncolumns: written customers.email; tested customers.id"
                .to_owned(),
        ),
        ("drop, refused", "effects: drop customers".to_owned()),
    ];
    for (name, text) in kinds {
        let ask = shop.ask(&text);
        let _warm = shop.decide(&policies, &ask);
        let start = Instant::now();
        for _ in 0..ROUNDS {
            std::hint::black_box(shop.decide(&policies, std::hint::black_box(&ask)));
        }
        let each = start.elapsed() / ROUNDS;
        println!("{name}: {} µs", each.as_nanos() as f64 / 1000.0);
        assert!(each.as_millis() < 50, "{name}: {each:?}");
    }
}
