//! What somebody may do, by their groups as they are now. Who is in no group that is named may do
//! nothing.

use config::Console;
use console::layout::Right;

/// The roles of somebody in these groups, and what they may do.
pub(in crate::http) fn roles(
    settings: &Console,
    groups: &[String],
) -> (Vec<&'static str>, Vec<Right>) {
    let Console { viewers, approvers, auditors, admins, .. } = settings;
    let is_in = |named: &[String]| groups.iter().any(|group| named.contains(group));
    let all: [(&str, bool, &[Right]); 4] = [
        ("viewer", is_in(viewers), &[Right::See]),
        ("approver", is_in(approvers), &[Right::Decide]),
        ("auditor", is_in(auditors), &[Right::See, Right::Audit]),
        ("admin", is_in(admins), &[Right::See, Right::Decide, Right::Audit, Right::Administer]),
    ];
    let mut names = Vec::new();
    let mut rights: Vec<Right> = Vec::new();
    for (name, _, gives) in all.into_iter().filter(|(_, has, _)| *has) {
        names.push(name);
        rights.extend(gives.iter().filter(|right| !rights.contains(right)).collect::<Vec<_>>());
    }
    (names, rights)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn groups_give_roles_and_nothing_gives_nothing() {
        let named = |name: &str| vec![name.to_owned()];
        let settings = Console {
            viewers: named("staff"),
            approvers: named("dba"),
            auditors: named("audit"),
            admins: named("admins"),
            idle: Duration::ZERO,
            lifetime: Duration::ZERO,
        };
        let of = |groups: &[&str]| {
            let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
            roles(&settings, &groups)
        };
        assert_eq!(of(&[]), (vec![], vec![]));
        assert_eq!(of(&["admin", "Admins"]), (vec![], vec![]));
        assert_eq!(of(&["dba"]), (vec!["approver"], vec![Right::Decide]));
        let both = of(&["audit", "staff"]);
        assert_eq!(both, (vec!["viewer", "auditor"], vec![Right::See, Right::Audit]));
        assert_eq!(of(&["admins"]).1.len(), 4);
    }
}
