//! PCI DSS v4.0: displayed card numbers, need to know, identification, and logging.

use super::{ABOUT, Bearing, Control, Framework};

pub(super) const PCI: Framework = Framework {
    word: "pci",
    title: "PCI DSS v4: evidence for requirements 3.4, 7, 8 and 10",
    about: &[
        ABOUT,
        "Requirements are numbered as in PCI DSS v4.0.1. Cardholder data is what columns labelled \
         `payment_card` or `card_security` hold.",
    ],
    controls: &[
        Control {
            reference: "3.4.1",
            title: "Card numbers are masked when displayed",
            bearing: Bearing::Direct,
            shows: "Values of columns with card data that left: masked by which methods, and how \
                    many raw, to how many identities.",
            limits: "A column with card numbers that bears no label is not among them. The \
                     business need of those who see them raw is for you to document.",
            evidence: &["cards", "left_by_label", "raw_to", "label_changes"],
        },
        Control {
            reference: "3.4.2",
            title: "Card numbers are not copied or moved by remote access",
            bearing: Bearing::Partial,
            shows: "Statements that carry data out by another way than a result.",
            limits: "What a client stored of a result is outside of Weir; masked values are what \
                     it could have stored.",
            evidence: &["ways_out", "cards"],
        },
        Control {
            reference: "7.2.1",
            title: "Access is granted by need to know, through a model",
            bearing: Bearing::Partial,
            shows: "The policies that decided on statements, and what they refused; rights that \
                    were had for a while, what for, and by whose consent.",
            limits: "Job classification and need are not in the record.",
            evidence: &["policies", "refusals", "identities", "grants", "granted"],
        },
        Control {
            reference: "7.2.5",
            title: "Application and system accounts have least privilege",
            bearing: Bearing::Partial,
            shows: "Services and agents that signed in, and what agents were refused.",
            limits: "Their periodic review is not in the record.",
            evidence: &["identities", "agents", "full_rights"],
        },
        Control {
            reference: "7.2.6",
            title: "Queries to repositories of cardholder data are restricted",
            bearing: Bearing::Direct,
            shows: "Every query passed a decision by policy; who was given labelled values raw; \
                    what needed another person's consent, and whose it had.",
            limits: "That Weir is the only way to the databases has to be shown from the network.",
            evidence: &["statements", "verdicts", "cards", "raw_to", "approvals", "consents"],
        },
        Control {
            reference: "7.3",
            title: "A system enforces access, and denies by default",
            bearing: Bearing::Direct,
            shows: "What was refused, and that what was not understood did not run as it was, \
                    except with full rights.",
            limits: "",
            evidence: &["verdicts", "refusals", "not_understood"],
        },
        Control {
            reference: "8.2.1",
            title: "Every user has a unique ID",
            bearing: Bearing::Direct,
            shows: "No session and no statement without an identity.",
            limits: "That a name is used by one person only cannot be seen from a record.",
            evidence: &["sign_ins", "statements", "identities"],
        },
        Control {
            reference: "8.2.4",
            title: "Adding, changing and removing of IDs is managed",
            bearing: Bearing::Partial,
            shows: "Each such change with who made it.",
            limits: "Its approval is outside of Weir.",
            evidence: &["identity_changes"],
        },
        Control {
            reference: "8.2.6",
            title: "Inactive accounts are disabled within 90 days",
            bearing: Bearing::Partial,
            shows: "The last session of each identity that had one, and who was disabled.",
            limits: "Who never signed in is in `weir identity list`, and not in the record.",
            evidence: &["identities", "identity_changes"],
        },
        Control {
            reference: "8.3.1",
            title: "Access is authenticated",
            bearing: Bearing::Direct,
            shows: "How each session's client proved who it is, and who was not let in.",
            limits: "Second factors (8.4, 8.5) are not in the record.",
            evidence: &["methods", "refused_sign_ins"],
        },
        Control {
            reference: "8.6",
            title: "Use of application and system accounts is managed",
            bearing: Bearing::Partial,
            shows: "Sessions of services and agents. Agents bear the chain of those whom they act \
                    for.",
            limits: "",
            evidence: &["methods", "agents"],
        },
        Control {
            reference: "10.2.1",
            title: "Audit logs are enabled and active",
            bearing: Bearing::Direct,
            shows: "Accesses to data, with full rights and without; accesses to the record; \
                    refused attempts; changes of identities; starts and stops of the record; \
                    objects made and dropped (10.2.1.1 to 10.2.1.7).",
            limits: "",
            evidence: &[
                "statements",
                "cards",
                "full_rights",
                "readings",
                "refused_sign_ins",
                "refusals",
                "identity_changes",
                "runs",
                "privileged",
                "administration",
            ],
        },
        Control {
            reference: "10.2.2",
            title: "Entries have who, what, when, whether it succeeded, where from, and on what",
            bearing: Bearing::Direct,
            shows: "The records shown at the end, as they stand in the log.",
            limits: "",
            evidence: &["statements", "sign_ins"],
        },
        Control {
            reference: "10.3",
            title: "Audit logs are protected from destruction and change",
            bearing: Bearing::Direct,
            shows: "Chain, seals and signed checkpoints, which were verified as said above; who \
                    read the record by Weir's commands.",
            limits: "Who may read the files is set on the machine. Records that were cut off the \
                     end show only against a checkpoint kept elsewhere, or by a witness.",
            evidence: &["runs", "readings", "administration", "removals"],
        },
        Control {
            reference: "10.4.1",
            title: "Logs are reviewed daily",
            bearing: Bearing::Partial,
            shows: "Who asked the record, how often and when.",
            limits: "Reviews in systems that take Weir's events are not in it.",
            evidence: &["readings"],
        },
        Control {
            reference: "10.5.1",
            title: "Logs are kept for twelve months",
            bearing: Bearing::Partial,
            shows: "How far back the record reaches, and what was removed of it by which rule.",
            limits: "",
            evidence: &["span", "removals"],
        },
        Control {
            reference: "10.6",
            title: "Clocks are synchronised",
            bearing: Bearing::None,
            shows: "Nothing: records bear the machine's own time.",
            limits: "Needs evidence of the machine's time service. Witnesses' cosignatures bear \
                     their own time.",
            evidence: &[],
        },
    ],
};
