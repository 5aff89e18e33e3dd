//! ISO/IEC 27001:2022, Annex A: the controls on access, identities, masking and logging.

use super::{ABOUT, Bearing, Control, Framework};

pub(super) const ISO27001: Framework = Framework {
    word: "iso27001",
    title: "ISO/IEC 27001:2022: evidence for Annex A",
    about: &[
        ABOUT,
        "Controls are numbered as in Annex A of ISO/IEC 27001:2022; only those that concern access \
         to databases, masking and logging are in it.",
    ],
    controls: &[
        Control {
            reference: "A.5.15",
            title: "Access control",
            bearing: Bearing::Direct,
            shows: "Rules are policies in force for every statement; the record names those that \
                    decided, and what they refused.",
            limits: "The access control policy as a document is outside of Weir.",
            evidence: &["statements", "verdicts", "policies", "refusals", "policy_changes"],
        },
        Control {
            reference: "A.5.16",
            title: "Identity management",
            bearing: Bearing::Partial,
            shows: "Identities are single persons, services and agents; each change of one is \
                    recorded. No session was without one.",
            limits: "That one name is used by one person only cannot be seen from a record.",
            evidence: &["sign_ins", "identities", "identity_changes", "agents"],
        },
        Control {
            reference: "A.5.17",
            title: "Authentication information",
            bearing: Bearing::Partial,
            shows: "How identities proved themselves, and changes of passwords. Weir keeps \
                    verifiers and no passwords; clients hold no password of a database.",
            limits: "How people keep their passwords is outside of Weir.",
            evidence: &["methods", "identity_changes", "refused_sign_ins"],
        },
        Control {
            reference: "A.5.18",
            title: "Access rights are given, reviewed and removed",
            bearing: Bearing::Partial,
            shows: "Groups that were given and taken, identities that were disabled, and who used \
                    what they were given. Rights for a while: whose, by whose consent, from when \
                    to when, and what their review found.",
            limits: "That lasting rights were reviewed, and by whom approved, is not in it.",
            evidence: &["identity_changes", "identities", "grants", "granted", "raw_to"],
        },
        Control {
            reference: "A.8.2",
            title: "Privileged access rights",
            bearing: Bearing::Direct,
            shows: "Who worked with full rights and how much; every privileged statement, run or \
                    refused; what needed another person's consent, and whose it had; who broke \
                    the glass, and whether that was reviewed.",
            limits: "Superusers that connect to a database past Weir are not in it.",
            evidence: &[
                "full_rights",
                "privileged",
                "approvals",
                "consents",
                "break_glass",
                "administration",
            ],
        },
        Control {
            reference: "A.8.3",
            title: "Information access restriction",
            bearing: Bearing::Direct,
            shows: "How many values of labelled columns left raw and masked, and to whom raw.",
            limits: "",
            evidence: &["left", "raw_to", "refusals", "verdicts"],
        },
        Control {
            reference: "A.8.11",
            title: "Data masking",
            bearing: Bearing::Direct,
            shows: "Labels were found on columns by themselves and values masked by them; the \
                    figures say by which method, and what left raw by policy.",
            limits: "A label that was missed is not masked. What aggregates and allowed questions \
                     let somebody infer is bounded by policy and not counted here.",
            evidence: &["left_by_label", "left", "labelled", "label_changes", "not_understood"],
        },
        Control {
            reference: "A.8.12",
            title: "Data leakage prevention",
            bearing: Bearing::Partial,
            shows: "Statements that carry data out by another way than a result, and what of \
                    labelled columns left raw.",
            limits: "What clients do with results is outside of Weir.",
            evidence: &["ways_out", "raw_to"],
        },
        Control {
            reference: "A.8.15",
            title: "Logging",
            bearing: Bearing::Direct,
            shows: "The record itself: each statement's intent is written before it runs; the log \
                    is a chain under seals and signed checkpoints, which were verified as said \
                    above. Starts, stops and damage are in it.",
            limits: "How long records have to be kept is for you to say; the figures show how far \
                     back they reach.",
            evidence: &["statements", "runs", "span", "removals", "readings"],
        },
        Control {
            reference: "A.8.16",
            title: "Monitoring activities",
            bearing: Bearing::Partial,
            shows: "What there was to notice, and who looked by Weir's own commands.",
            limits: "Alarms and their handling happen in the systems that take Weir's events.",
            evidence: &["refusals", "refused_sign_ins", "not_understood", "readings"],
        },
    ],
};
