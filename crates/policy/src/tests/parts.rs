//! The right of an agent is what is common to three: whoever it acts for, itself, and its task.
//! Over random policies, groups, grants, tasks and statements nothing of it is wider than any.

use super::{
    properties::{facts, principals, within},
    shop::{Ask, Shop, task},
};
use crate::{PolicySet, Risk, judge};
use model::{Facts, Granted, Identity, IdentityKind, Outcome, Task, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// How many sets of policies.
const SETS: usize = 24;
/// How many requests are put to each.
const REQUESTS: usize = 96;

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(words.to_vec())
}

const WHO: &[&str] = &[
    "principal",
    "principal is Person",
    "principal is Agent",
    "principal is Service",
    "principal in Group::\"admins\"",
    "principal in Group::\"helpers\"",
    "principal is Agent in Group::\"helpers\"",
    "principal == Agent::\"copilot\"",
    "principal == Person::\"alice\"",
];

/// Actions on tables, and conditions that may stand beside them.
const DOES: &[&str] = &[
    "action",
    "action in Action::\"read\"",
    "action in Action::\"write\"",
    "action in Action::\"definition\"",
    "action == Action::\"select\"",
    "action in [Action::\"insert\", Action::\"update\"]",
];
const ON: &[&str] =
    &["resource", "resource in Database::\"shop\"", "resource in Schema::\"shop.public\""];

/// Actions on columns.
const USES: &[&str] = &[
    "action == Action::\"disclose\"",
    "action == Action::\"test\"",
    "action == Action::\"look_up\"",
    "action == Action::\"turn_back\"",
    "action == Action::\"aggregate\"",
    "action == Action::\"infer\"",
    "action in [Action::\"copy\", Action::\"write_label\"]",
    "action == Action::\"write_mask\"",
    "action == Action::\"export\"",
];
const OF: &[&str] = &[
    "resource",
    "resource in Label::\"email\"",
    "resource in Class::\"pii\"",
    "resource in Class::\"pci\"",
    "resource in Table::\"shop.public.customers\"",
];

const WHEN: &[&str] = &[
    "",
    "",
    "",
    "when { context.unbounded }",
    "unless { context.complete }",
    "when { context has task }",
    "unless { context has task && context.task.left > 50 }",
    "when { context.tainted }",
    "unless { context has purpose && context.purpose == \"refunds\" }",
    "when { context.environment == \"production\" }",
];

const DEMANDS: &[&str] = &[
    "",
    "",
    "@row_limit(\"7\")",
    "@row_limit(\"40\")",
    "@change_limit(\"3\")",
    "@cost_limit(\"500\")",
    "@estimate_limit(\"600\")",
    "@approval(\"dba\")",
    "@durability(\"before_forward\")",
    "@keep(\"text\")",
];
const SHOWS: &[&str] = &[
    "",
    "",
    "@mask(\"partial\")",
    "@mask(\"pseudonym\")",
    "@mask(\"full\")",
    "@row_limit(\"12\")",
    "@min_group(\"9\")",
    "@look_ups(\"4\")",
];

fn effect() -> impl Strategy<Value = &'static str> {
    one_of(&["permit", "permit", "permit", "forbid"])
}

/// One policy as text.
fn policy() -> impl Strategy<Value = String> {
    let statement =
        (one_of(DEMANDS), effect(), one_of(WHO), one_of(DOES), one_of(ON), one_of(WHEN));
    let value = (one_of(SHOWS), effect(), one_of(WHO), one_of(USES), one_of(OF), one_of(WHEN));
    let text = |(demand, effect, who, does, on, when)| {
        format!("{demand} {effect} ({who}, {does}, {on}) {when};\n")
    };
    let ladder = (one_of(&["mask", "deny"]), one_of(WHO)).prop_map(|(ladder, who)| {
        let action = "action == Action::\"unproven_limited\"";
        format!("@ladder(\"{ladder}\") permit ({who}, {action}, resource);\n")
    });
    prop_oneof![4 => statement.prop_map(text), 4 => value.prop_map(text), 1 => ladder]
}

/// A set that is sound: what Cedar says can never apply is left out of the draw.
fn set(runner: &mut TestRunner) -> PolicySet {
    let texts = proptest::collection::vec(policy(), 1..9);
    loop {
        let drawn = texts.new_tree(runner).unwrap().current();
        let text = drawn.concat();
        // Half of the sets stand alone, so that what the baseline refuses is drawn too.
        let alone = runner.rng().next_u32().is_multiple_of(2);
        let set = if alone {
            without_baseline(&text)
        } else {
            PolicySet::baseline().unwrap().with(&[("mine.cedar", &text)])
        };
        if let Ok(set) = set {
            return set;
        }
    }
}

fn without_baseline(text: &str) -> Result<PolicySet, Vec<crate::Problem>> {
    let texts = vec![crate::load::Source { file: "mine.cedar".into(), text: text.to_owned() }];
    PolicySet::of(&texts)
}

fn tasks() -> impl Strategy<Value = Task> {
    let tables = ["public.customers", "public.orders", "public.payments", "public.*", "*"];
    let table =
        (proptest::sample::select(tables.to_vec()), one_of(&["read", "write", "read write"]));
    let tables = proptest::collection::vec(table, 0..4);
    let rest = one_of(&["", "cost 100", "rows 5", "on bank", "on shop bank; cost 9"]);
    (tables, rest).prop_map(|(tables, rest)| {
        let tables = tables.into_iter().map(|(table, how)| format!("{table} {how}"));
        task(&tables.chain([rest.to_owned()]).collect::<Vec<_>>().join(";"))
    })
}

/// What somebody wants to do, and with which groups, grants and task.
#[derive(Clone, Debug)]
struct Drawn {
    facts: Facts,
    human: Identity,
    agent: Identity,
    task: Task,
    left: u32,
    tainted: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let some = |names: &'static [&'static str]| {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        proptest::sample::subsequence(names.clone(), 0..=names.len())
    };
    let grants = some(&["admins", "stewards", "helpers"]);
    let own = some(&["admins", "helpers", "stewards"]);
    (facts(), principals(), some(&["helpers"]), own, grants, any::<bool>(), tasks(), any::<bool>())
        .prop_flat_map(|(facts, human, more, own, grants, to_agent, task, tainted)| {
            let grants: Vec<Granted> = grants
                .into_iter()
                .map(|group| Granted { grant: format!("g-{group}"), group })
                .collect();
            let mut human = Identity { groups: [human.groups, more].concat(), ..human };
            human.groups.sort();
            human.groups.dedup();
            let mut agent = Identity {
                name: "copilot".into(),
                kind: IdentityKind::Agent,
                groups: own,
                acts_for: None,
            };
            if to_agent {
                agent = agent.granted(&grants);
            } else {
                human = human.granted(&grants);
            }
            (0_u32..=100, any::<bool>()).prop_map(move |(left, deep)| {
                let mut agent = agent.clone();
                // Sometimes another agent stands between the two.
                agent.acts_for = Some(Box::new(match deep {
                    false => human.clone(),
                    true => Identity {
                        name: "planner".into(),
                        kind: IdentityKind::Agent,
                        groups: vec!["helpers".to_owned()],
                        acts_for: Some(Box::new(human.clone())),
                    },
                }));
                let (facts, human, task) = (facts.clone(), human.clone(), task.clone());
                Drawn { facts, human, agent, task, left, tainted }
            })
        })
}

fn ask(drawn: &Drawn, identity: &Identity, task: Option<&Task>) -> Ask {
    Ask {
        identity: identity.clone(),
        environment: "production".to_owned(),
        facts: drawn.facts.clone(),
        time: 0,
        risk: Risk::default(),
        task: task.cloned(),
        left: drawn.left,
        purpose: drawn.task.details.purpose.clone(),
        tainted: drawn.tainted,
    }
}

/// What somebody may by themselves, whoever they act for.
fn alone(shop: &Shop, policies: &PolicySet, ask: &Ask, who: &Identity) -> Verdict {
    shop.asked(ask, |request| judge::judge(&policies.book, request, who, None))
}

#[test]
fn an_agents_right_is_within_each_of_its_three_parts() {
    let shop = Shop::new();
    // Policies that permit everything to everybody: what is left is the task's own bounds.
    let anything = without_baseline("permit (principal, action, resource);").unwrap();
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig::default(),
        proptest::test_runner::TestRng::from_seed(
            proptest::test_runner::RngAlgorithm::ChaCha,
            &[7; 32],
        ),
    );
    let (mut ran, mut refused, mut masked) = (0, 0, 0);
    for _ in 0..SETS {
        let policies = set(&mut runner);
        for _ in 0..REQUESTS {
            let drawn = drawn().new_tree(&mut runner).unwrap().current();
            let with_task = ask(&drawn, &drawn.agent, Some(&drawn.task));
            let its = shop.decide(&policies, &with_task);
            let what = || format!("{drawn:#?}\n{:#?}\n{its:#?}", policies.policies());
            // The human's right in the same circumstances, each member of the chain by itself.
            let mut member = Some(&drawn.agent);
            while let Some(one) = member {
                let own = alone(&shop, &policies, &with_task, one);
                assert!(within(&its, &own), "wider than {} alone: {own:#?}\n{}", one.name, what());
                member = one.acts_for.as_deref();
            }
            let human = shop.decide(&policies, &ask(&drawn, &drawn.human, None));
            let circumstances = "context has task";
            let looks = policies.policies().iter().any(|one| one.text.contains(circumstances));
            // A policy may permit more to somebody because there is a task: policy can widen.
            assert!(looks || within(&its, &human), "wider than the human: {human:#?}\n{}", what());
            let tasks_own = ask(&drawn, &drawn.human, Some(&drawn.task));
            let mut tasks_own = shop.decide(&anything, &tasks_own);
            // What must be on disk before raw values leave limits nobody to whom none leave.
            tasks_own.durability = tasks_own.durability.min(its.durability);
            assert!(within(&its, &tasks_own), "wider than the task: {tasks_own:#?}\n{}", what());
            match its.outcome {
                Outcome::Deny => refused += 1,
                Outcome::Allow | Outcome::Modify | Outcome::Hold => ran += 1,
            }
            masked += usize::from(its.disclosures.iter().any(|one| {
                matches!(one, model::Disclosure::Masked { .. }) && its.outcome != Outcome::Deny
            }));
        }
    }
    // The draw is worth something only if a good part of it may run, and shows something.
    assert!(ran > SETS * REQUESTS / 50, "only {ran} of {} may run", ran + refused);
    assert!(refused > SETS * REQUESTS / 10, "only {refused} are refused");
    assert!(masked > 20, "only {masked} are masked");
}
