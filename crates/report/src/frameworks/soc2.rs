//! SOC 2: Trust Services Criteria (2017, points of focus of 2022), logical access and operations.

use super::{ABOUT, Bearing, Control, Framework};

pub(super) const SOC2: Framework = Framework {
    word: "soc2",
    title: "SOC 2: evidence for CC6 and CC7",
    about: &[
        ABOUT,
        "The criteria are the AICPA's Trust Services Criteria (2017, with the points of focus of \
         2022): CC6, logical and physical access, and CC7, system operations, as far as they \
         concern databases.",
    ],
    controls: &[
        Control {
            reference: "CC6.1",
            title: "Logical access to protected information is restricted",
            bearing: Bearing::Direct,
            shows: "Nobody reached a database through Weir without proving who they are. Every \
                    statement was decided on by policy before it ran; what policy does not let \
                    leave raw left masked.",
            limits: "That Weir is the only way to the databases has to be shown from the network.",
            evidence: &[
                "sign_ins",
                "methods",
                "statements",
                "verdicts",
                "policies",
                "left",
                "left_by_label",
            ],
        },
        Control {
            reference: "CC6.2",
            title: "Users are registered and authorised before they are given access",
            bearing: Bearing::Partial,
            shows: "Every identity that was added, disabled or changed stands in the record with \
                    who did it and when; only identities that were added could sign in. Rights \
                    for a while were asked for and consented to in Weir.",
            limits: "The request for an identity and its approval happen outside of Weir, as do \
                     joiners and leavers: compare the list of identities with that of employees.",
            evidence: &["identity_changes", "identities", "refused_sign_ins", "grants"],
        },
        Control {
            reference: "CC6.3",
            title: "Access follows roles, least privilege and separation of duties",
            bearing: Bearing::Partial,
            shows: "Which groups identities had at sign-in, which policies decided on their \
                    statements, what was refused, and who worked with full rights; which \
                    statements needed another person's consent, and who gave it; who had which \
                    rights for a while.",
            limits: "Whether a role is fit for a person's duties is nothing that a record knows.",
            evidence: &[
                "identities",
                "policies",
                "refusals",
                "full_rights",
                "privileged",
                "policy_changes",
                "agents",
                "approvals",
                "consents",
                "granted",
            ],
        },
        Control {
            reference: "CC6.4",
            title: "Physical access is restricted",
            bearing: Bearing::None,
            shows: "Nothing: Weir does not know buildings.",
            limits: "Needs other evidence.",
            evidence: &[],
        },
        Control {
            reference: "CC6.5",
            title: "Protection ends only when data can no longer be read",
            bearing: Bearing::None,
            shows: "Weir's own copies of statements' texts can be made unreadable for ever \
                    (`weir audit forget`), which is recorded as administration.",
            limits: "The disposal of databases, disks and backups is outside of Weir.",
            evidence: &["administration"],
        },
        Control {
            reference: "CC6.6",
            title: "Threats from outside the boundary are kept out",
            bearing: Bearing::Partial,
            shows: "Refused sign-ins with the address that they came from, and what protected the \
                    connections of those that were let in.",
            limits: "Firewalls and what never reached Weir are not in the record.",
            evidence: &["refused_sign_ins", "transport"],
        },
        Control {
            reference: "CC6.7",
            title: "Transmission, movement and removal of information are restricted",
            bearing: Bearing::Direct,
            shows: "How many values of which labels left, to whom, raw or masked; every statement \
                    that carries data out by another way than a result; TLS towards clients.",
            limits: "What a client did with what it was given is not in the record.",
            evidence: &["left", "left_by_label", "raw_to", "ways_out", "transport"],
        },
        Control {
            reference: "CC6.8",
            title: "Unauthorised software is prevented or detected",
            bearing: Bearing::Partial,
            shows: "Inside databases: extensions, functions and programs that statements brought \
                    in or ran, and refusals of such.",
            limits: "Software on machines is not in the record.",
            evidence: &["privileged", "catalog_changes"],
        },
        Control {
            reference: "CC7.1",
            title: "Changes of configuration and new vulnerabilities are detected",
            bearing: Bearing::Partial,
            shows: "Every change of policies, labels, identities and of the databases' structure, \
                    with who made it.",
            limits: "Scans for vulnerabilities are outside of Weir.",
            evidence: &[
                "policy_changes",
                "label_changes",
                "identity_changes",
                "catalog_changes",
                "administration",
            ],
        },
        Control {
            reference: "CC7.2",
            title: "Anomalies are monitored",
            bearing: Bearing::Partial,
            shows: "What there was to monitor: refusals, refused sign-ins, statements that were \
                    not understood, damage of the record.",
            limits: "That somebody looked, and alarms that an exported event raised, have to be \
                     shown from the systems that take Weir's events. Readings of the record are \
                     those made with Weir's own commands.",
            evidence: &[
                "refusals",
                "refused_sign_ins",
                "not_understood",
                "runs",
                "removals",
                "readings",
            ],
        },
        Control {
            reference: "CC7.3",
            title: "Security events are evaluated",
            bearing: Bearing::Partial,
            shows: "Who asked the record, how often and when.",
            limits: "What they concluded is not in the record.",
            evidence: &["readings", "raw_to", "break_glass"],
        },
        Control {
            reference: "CC7.4",
            title: "Incidents are responded to",
            bearing: Bearing::None,
            shows: "Measures that were taken in Weir: identities that were disabled, policies that \
                    were tightened.",
            limits: "A response is more than these, and nothing marks them as one.",
            evidence: &["identity_changes", "policy_changes"],
        },
    ],
};
