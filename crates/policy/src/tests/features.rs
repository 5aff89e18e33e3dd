//! Questions apart from statements: connecting, features of the protocol, full rights.

use super::shop::{identity, with};
use crate::{Context, PolicySet, ProtocolFeature, Risk, Work};
use model::{Identity, Outcome};
use std::time::UNIX_EPOCH;

const CONTEXT: Context<'static> = Context {
    now: UNIX_EPOCH,
    address: None,
    tls: true,
    application: "psql",
    risk: Risk { score: 0, share: 0 },
    work: Work { task: None, left: 0, purpose: "", tainted: false },
};

fn may(policies: &PolicySet, who: &Identity, feature: ProtocolFeature<'_>) -> Result<(), String> {
    policies.may_use(who, &"shop".into(), "production", &CONTEXT, feature).map_err(|verdict| {
        assert_eq!(verdict.outcome, Outcome::Deny);
        verdict.reasons.join("; ")
    })
}

#[test]
fn everybody_connects_until_a_policy_says_no() {
    let open = PolicySet::baseline().unwrap();
    let closed = with(
        "@id(\"home-only\") @reason(\"only from the office\") @advice(\"Use the VPN.\")
         forbid (principal is Person, action == Action::\"connect\", resource)
         unless { context has address && context.address.isInRange(ip(\"10.0.0.0/8\")) };",
    );
    let connect = |policies: &PolicySet, who: &str, address: Option<[u8; 4]>| {
        let context = Context { address: address.map(Into::into), ..CONTEXT };
        policies.may_connect(&identity(who), &"shop".into(), "production", &context)
    };
    for who in ["Person alice", "Service shop", "Agent copilot for Person alice"] {
        assert!(connect(&open, who, None).is_ok(), "{who}");
    }
    assert!(connect(&open, "Agent stray", None).is_err());
    assert!(connect(&closed, "Person alice", Some([10, 1, 2, 3])).is_ok());
    let refused = connect(&closed, "Person alice", Some([192, 0, 2, 1])).unwrap_err();
    assert_eq!(refused.advice.as_deref(), Some("Use the VPN."));
    assert!(refused.reasons[0].contains("connecting to database shop is refused by policy"));
    // The agent may, but the one it acts for may not.
    let refused = connect(&closed, "Agent copilot for Person alice", None).unwrap_err();
    assert!(refused.reasons[0].contains("(the right of alice, for whom copilot acts)"));
}

#[test]
fn function_call_and_replication_are_for_admins() {
    let policies = PolicySet::baseline().unwrap();
    for feature in [ProtocolFeature::FunctionCall, ProtocolFeature::Replication] {
        assert!(may(&policies, &identity("Person root in admins"), feature).is_ok());
        assert!(may(&policies, &identity("Service backup in admins"), feature).is_ok());
        for who in [
            "Person alice in developers, stewards",
            "Agent copilot in admins for Person root in admins",
        ] {
            let refused = may(&policies, &identity(who), feature).unwrap_err();
            assert!(refused.contains("is refused"), "{refused}");
        }
    }
}

#[test]
fn harmless_startup_options_pass_others_do_not() {
    let policies = PolicySet::baseline().unwrap();
    let alice = identity("Person alice");
    for option in ["application_name", "DateStyle", "client_encoding", "TimeZone", "search_path"] {
        assert!(may(&policies, &alice, ProtocolFeature::StartupOption(option)).is_ok(), "{option}");
    }
    for option in ["role", "session_replication_role", "row_security", "local_preload_libraries"] {
        let refused = may(&policies, &alice, ProtocolFeature::StartupOption(option)).unwrap_err();
        assert!(refused.contains(&format!("start-up parameter \"{option}\"")), "{refused}");
    }
    let root = identity("Person root in admins");
    assert!(may(&policies, &root, ProtocolFeature::StartupOption("role")).is_ok());
}

#[test]
fn full_rights_need_every_member_of_the_chain() {
    let policies = PolicySet::baseline().unwrap();
    let full =
        |who: &str| policies.full_rights(&identity(who), &"shop".into(), "production", &CONTEXT);
    assert!(full("Person root in admins") && full("Service backup in admins"));
    assert!(!full("Person alice") && !full("Agent copilot for Person root in admins"));
    assert!(!full("Agent copilot in admins for Person root in admins"));
}

#[test]
fn a_set_that_looks_at_the_time_says_so() {
    assert!(!PolicySet::baseline().unwrap().time_dependent());
    let text = "forbid (principal, action, resource) when { context.hour < 6 };";
    assert!(with(text).time_dependent());
    assert_ne!(with(text).version(), PolicySet::baseline().unwrap().version());
}

#[test]
fn a_feature_that_waits_for_approval_is_refused() {
    let policies = with(
        "@approval(\"owners\") permit (principal is Person, action == Action::\"connect\", resource);",
    );
    let alice = identity("Person alice");
    let refused = policies.may_connect(&alice, &"shop".into(), "production", &CONTEXT);
    assert_eq!(refused.unwrap_err().outcome, Outcome::Deny);
}
