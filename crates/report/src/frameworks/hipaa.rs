//! HIPAA: the Security Rule's technical safeguards, and the review of activity.

use super::{ABOUT, Bearing, Control, Framework};

pub(super) const HIPAA: Framework = Framework {
    word: "hipaa",
    title: "HIPAA Security Rule: evidence",
    about: &[
        ABOUT,
        "Numbers are those of 45 CFR Part 164, Subpart C. Health data is what columns labelled \
         `health` hold; names, addresses and numbers that make it somebody's bear labels of their \
         own and are in the figures by label.",
    ],
    controls: &[
        Control {
            reference: "164.308(a)(1)(ii)(D)",
            title: "Information system activity review",
            bearing: Bearing::Partial,
            shows: "Who read or searched the record, how often and when; this report becomes \
                    such a reading. What there was to review is in the figures.",
            limits: "That it was reviewed regularly, and what followed, needs your procedures.",
            evidence: &["readings", "statements", "refusals", "health"],
        },
        Control {
            reference: "164.312(a)(1)",
            title: "Access control",
            bearing: Bearing::Direct,
            shows: "Every statement was decided on by policy. Health data left masked unless a \
                    policy let it leave raw, and then the record says to whom.",
            limits: "That Weir is the only way to the databases has to be shown from the network.",
            evidence: &[
                "statements",
                "verdicts",
                "policies",
                "approvals",
                "health",
                "left_by_label",
                "raw_to",
            ],
        },
        Control {
            reference: "164.312(a)(2)(i)",
            title: "Unique user identification",
            bearing: Bearing::Direct,
            shows: "Every session and every statement has an identity; of an agent, also whom it \
                    acts for.",
            limits: "That a name is used by one person only cannot be seen from a record.",
            evidence: &["sign_ins", "identities", "agents"],
        },
        Control {
            reference: "164.312(a)(2)(ii)",
            title: "Emergency access procedure",
            bearing: Bearing::Partial,
            shows: "Who broke the glass, for which rights and how long, what for, and what the \
                    persons who had to review it found.",
            limits: "That the procedure is known and works when Weir cannot be reached needs your \
                     own evidence.",
            evidence: &["break_glass", "granted"],
        },
        Control {
            reference: "164.312(b)",
            title: "Audit controls",
            bearing: Bearing::Direct,
            shows: "The record itself: written before a statement runs, sealed within \
                    milliseconds, under signed checkpoints; its starts, stops and damage.",
            limits: "",
            evidence: &["statements", "runs", "span", "removals", "administration"],
        },
        Control {
            reference: "164.312(c)(1)",
            title: "Integrity of health data",
            bearing: Bearing::Partial,
            shows: "Who changed data, by statement; refused changes.",
            limits: "Weir does not check that what was written is right.",
            evidence: &["writes", "refusals"],
        },
        Control {
            reference: "164.312(d)",
            title: "Person or entity authentication",
            bearing: Bearing::Direct,
            shows: "How each session's client proved who it is, and who was not let in.",
            limits: "",
            evidence: &["methods", "sign_ins", "refused_sign_ins", "identity_changes"],
        },
        Control {
            reference: "164.312(e)(1)",
            title: "Transmission security",
            bearing: Bearing::Partial,
            shows: "What protected the connections of clients.",
            limits: "The connection from Weir to a database is set in weir.toml, and not in the \
                     record.",
            evidence: &["transport"],
        },
    ],
};
