//! Which role of the database whose sessions work as. Knows identities, and no server.

use model::Identity;

/// As which roles sessions work.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    /// Whose sessions as which role.
    pub rules: Vec<RoleRule>,
    /// Sessions that no rule is for are refused; else they work as whoever signs in upstream.
    pub refuse_others: bool,
}

/// Whose sessions work as a role.
#[derive(Clone, Debug)]
pub struct RoleRule {
    /// Whose.
    pub whose: RoleOf,
    /// The role.
    pub role: String,
}

/// Whose sessions a rule is for.
#[derive(Clone, Debug)]
pub enum RoleOf {
    /// One identity's.
    Identity(String),
    /// Those of everybody in a group.
    Group(String),
}

impl Roles {
    /// The role of an identity: by its name, else by its groups, else that of whoever it acts for.
    pub(crate) fn of(&self, identity: &Identity) -> Option<&str> {
        let mut chain = std::iter::successors(Some(identity), |one| one.acts_for.as_deref());
        chain.find_map(|one| self.own(one))
    }

    fn own(&self, identity: &Identity) -> Option<&str> {
        let named = |rule: &&RoleRule| match &rule.whose {
            RoleOf::Identity(name) => *name == *identity.name.as_str(),
            RoleOf::Group(_) => false,
        };
        let grouped = |rule: &&RoleRule| match &rule.whose {
            RoleOf::Group(name) => identity.groups.iter().any(|group| *group == **name),
            RoleOf::Identity(_) => false,
        };
        let rule = self.rules.iter().find(named).or_else(|| self.rules.iter().find(grouped));
        rule.map(|rule| rule.role.as_str())
    }
}

/// A name of a role as SQL has it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
