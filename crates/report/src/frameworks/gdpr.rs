//! GDPR: the principles, records of processing, and the security of it.

use super::{ABOUT, Bearing, Control, Framework};

pub(super) const GDPR: Framework = Framework {
    word: "gdpr",
    title: "GDPR: evidence for Articles 5, 25, 30 and 32",
    about: &[
        ABOUT,
        "Personal data is what columns with a label hold. The record never holds a value, so it \
         cannot say whose row was read: it says who was given values of which column, when, how \
         many, and raw or masked. `weir report access` tells that of one column or label, and \
         `weir report person` what is recorded of one identity.",
    ],
    controls: &[
        Control {
            reference: "Art. 5(1)(b)",
            title: "Purpose limitation",
            bearing: Bearing::None,
            shows: "Nothing: purposes are not in the record.",
            limits: "Who was given what is in it (Art. 30 below): hold it against the purposes \
                     that you documented.",
            evidence: &[],
        },
        Control {
            reference: "Art. 5(1)(c)",
            title: "Data minimisation",
            bearing: Bearing::Partial,
            shows: "How many values of labelled columns left masked, and how many raw.",
            limits: "Whether what left raw was necessary is not in the record.",
            evidence: &["left", "left_by_label"],
        },
        Control {
            reference: "Art. 5(1)(e)",
            title: "Storage limitation",
            bearing: Bearing::None,
            shows: "Of Weir's own record, how far back it reaches, and what was removed of it by \
                    which rule.",
            limits: "How long databases keep data is outside of Weir.",
            evidence: &["span", "removals"],
        },
        Control {
            reference: "Art. 5(1)(f)",
            title: "Integrity and confidentiality",
            bearing: Bearing::Direct,
            shows: "Nobody anonymous reached data through Weir; what was refused; who changed \
                    data; who was given labelled values raw.",
            limits: "That Weir is the only way to the databases has to be shown from the network.",
            evidence: &["sign_ins", "statements", "refusals", "writes", "raw_to"],
        },
        Control {
            reference: "Art. 5(2)",
            title: "Accountability",
            bearing: Bearing::Direct,
            shows: "The record itself: every statement with who, what, why and what came of it, \
                    under signatures that others can check.",
            limits: "",
            evidence: &["statements", "policies", "runs", "span"],
        },
        Control {
            reference: "Art. 25",
            title: "Data protection by design and by default",
            bearing: Bearing::Direct,
            shows: "Columns were labelled by themselves and masked by default; people's decisions \
                    about labels are recorded.",
            limits: "A label that was missed is not masked.",
            evidence: &["labelled", "label_changes", "left_by_label"],
        },
        Control {
            reference: "Art. 30",
            title: "Records of processing activities",
            bearing: Bearing::Partial,
            shows: "Which identities processed which kinds of personal data in which database, \
                    over which days, and how much of it raw.",
            limits: "Purposes, categories of data subjects, recipients outside, transfers to third \
                     countries and time limits are for the controller to add.",
            evidence: &["processing", "ways_out"],
        },
        Control {
            reference: "Art. 32(1)(a)",
            title: "Pseudonymisation and encryption",
            bearing: Bearing::Partial,
            shows: "By which method values were masked, pseudonyms among them; TLS towards \
                    clients.",
            limits: "Encryption at rest and between Weir and databases is not in the record.",
            evidence: &["left_by_label", "transport"],
        },
        Control {
            reference: "Art. 32(1)(b)",
            title: "Ongoing confidentiality, integrity, availability and resilience",
            bearing: Bearing::Partial,
            shows: "Access that was refused, starts and stops of Weir, crashes.",
            limits: "Availability of databases is outside of Weir.",
            evidence: &["refusals", "refused_sign_ins", "runs"],
        },
        Control {
            reference: "Art. 32(1)(d)",
            title: "Regular testing of measures",
            bearing: Bearing::None,
            shows: "Readings of the record, which may be a part of it.",
            limits: "Needs your procedures.",
            evidence: &["readings"],
        },
        Control {
            reference: "Art. 32(4)",
            title: "Those with access act on instructions only",
            bearing: Bearing::Partial,
            shows: "Policies that decided, and changes of them, with who made them; what needed \
                    another person's consent, and whose it had; who had which rights for a while, \
                    and what for.",
            limits: "",
            evidence: &["policies", "policy_changes", "identity_changes", "consents", "granted"],
        },
    ],
};
