//! `[[canary]]`: values that were planted in databases.

use crate::{
    kind::{Fault, Text},
    settings::Canary,
    table::Table,
};

/// What is shorter turns up by chance: bytes.
const LEAST_BYTES: usize = 8;

pub(super) const CANARY: &str = "A value that was planted where nobody has to look: an address of \
nobody, a card that was never issued. Whoever is sent it, masked or not, was looking around: the \
row does not leave, the session ends, the identity is disabled, and the record and the log say so. \
The section stands once for each. A change holds at once.";

pub(super) fn canaries(table: &mut Table<'_>) -> Vec<Canary> {
    let tables = table.tables("canary", "[[canary]]", CANARY);
    tables.into_iter().map(canary).collect()
}

/// One of them; also read empty, for the reference page.
pub(super) fn canary(mut table: Table<'_>) -> Canary {
    let span = table.span_of("value");
    let canary = Canary {
        name: table.required(
            "name",
            &Text { what: "a name" },
            "What people call it: the log has \
            this, and not the value.",
        ),
        value: table.required(
            "value",
            &Text { what: "a value" },
            "What to look for, in any case of its letters: eight bytes at least, and nothing that \
             turns up by chance.",
        ),
        database: table.optional(
            "database",
            &Text { what: "a database" },
            "Only in this database, by the name clients ask for.",
        ),
        spare: table.optional(
            "spare",
            &Text { what: "a group" },
            "A group whose members may be sent it: who makes backups.",
        ),
    };
    if let Some(span) = span.filter(|_| canary.value.len() < LEAST_BYTES) {
        let why = format!("a value of fewer than {LEAST_BYTES} bytes turns up by chance");
        table.fault(span, Fault::new(why));
    }
    table.finish();
    canary
}
