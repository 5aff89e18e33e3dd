//! Errors and notices as clients may see them. Knows SQLSTATEs, not sessions.
//!
//! Where a statement touched what its asker may not see raw, the server's words are a channel: a
//! cast fails with the value in its message, a unique violation names the key. What is kept is what
//! cannot carry a value: severity, SQLSTATE, the names of schema, table, column, type and
//! constraint, and messages that are made of such names.

use bytes::BytesMut;
use gate::Refusal;
use std::borrow::Cow;
use wire_pg::{
    WireError,
    backend::{
        Report, Tag,
        encode::{self, Diagnostic, Severity},
        field,
    },
};

/// Fields that hold names from the server's source, and no values.
const SAFE_FIELDS: &[u8] = &[
    field::SEVERITY,
    field::SEVERITY_PLAIN,
    field::CODE,
    field::POSITION,
    field::FILE,
    field::LINE,
    field::ROUTINE,
];

/// Fields that hold names from the catalog where the server speaks for itself, and anything where
/// code raises what it likes.
const NAMES: &[u8] =
    &[field::SCHEMA, field::TABLE, field::COLUMN, field::DATATYPE, field::CONSTRAINT];

/// Functions of the server's source by which code speaks: PL/pgSQL's RAISE and ASSERT, and what
/// PL/Python and PL/Perl have for it.
const SPEAKERS: &[&[u8]] =
    &[b"exec_stmt_raise", b"exec_stmt_assert", b"PLy_output", b"PLy_elog_impl", b"do_util_elog"];

/// An ErrorResponse for a refusal; a fatal one ends the session.
pub(crate) fn refuse(out: &mut BytesMut, refusal: &Refusal, fatal: bool) {
    let severity = if fatal { Severity::Fatal } else { Severity::Error };
    let detail = match (&refusal.detail, &refusal.record) {
        (Some(detail), Some(record)) => Some(format!("{detail}\nRecord: {record}")),
        (Some(detail), None) => Some(detail.clone()),
        (None, Some(record)) => Some(format!("Record: {record}")),
        (None, None) => None,
    };
    let diagnostic = Diagnostic {
        severity,
        code: refusal.sqlstate,
        message: &refusal.message,
        detail: detail.as_deref(),
        hint: refusal.hint.as_deref(),
        position: refusal.position.filter(|position| *position > 0),
    };
    diagnostic.encode(out);
}

/// The server's error or notice without what may carry a value.
///
/// # Errors
/// If `tag` is neither an error's nor a notice's.
pub(crate) fn redact(out: &mut BytesMut, tag: Tag, report: Report<'_>) -> Result<(), WireError> {
    let spoken = said_before_data(report);
    let code = report.code().bytes();
    let by = report.field(field::ROUTINE);
    let names = by.is_some_and(|by| !SPEAKERS.contains(&by.bytes()));
    encode::report(out, tag, report, |field_code, text| match field_code {
        field::MESSAGE if spoken || only_names(report) => Some(Cow::Borrowed(text.bytes())),
        field::DETAIL | field::HINT if spoken => Some(Cow::Borrowed(text.bytes())),
        field::MESSAGE => {
            let message = format!("{} ({WITHHELD})", generic(code));
            Some(Cow::Owned(message.into_bytes()))
        }
        field::WHERE => copied_line(text.bytes()).map(Cow::Borrowed),
        kept if SAFE_FIELDS.contains(&kept) || names && NAMES.contains(&kept) => {
            Some(Cow::Borrowed(text.bytes()))
        }
        _ => None,
    })
}

/// Which line and column of a COPY it is (`COPY t, line 2, column c: "…"`), without what stands
/// there.
fn copied_line(context: &[u8]) -> Option<&[u8]> {
    let line = context.split(|byte| *byte == b'\n').next()?;
    let end = line.windows(3).position(|three| three == b": \"").unwrap_or(line.len());
    let place = line.get(..end)?;
    let line = place.windows(7).position(|seven| seven == b", line ")?;
    (place.starts_with(b"COPY ") && place.get(line + 7)?.is_ascii_digit()).then_some(place)
}

const WITHHELD: &str =
    "Weir withheld the server's words: the statement touched data that you may not see";

/// True if the message was made before any row was read: errors of parse analysis point into the
/// client's own text (`P`), have no context and no internal statement.
pub(crate) fn said_before_data(report: Report<'_>) -> bool {
    let code = report.code().bytes();
    let of_analysis = code.starts_with(b"42") || code == b"3F000" || code == b"25P02";
    let pointed = report.field(field::POSITION).is_some() || code == b"25P02";
    of_analysis && pointed && report.field(field::WHERE).is_none()
}

/// Errors that PostgreSQL's executor words with names alone, by the function of its source that
/// says them: what somebody's code raises under the same SQLSTATE names another.
const NAMING: &[(&[u8], &[&[u8]])] = &[
    (b"21000", &[b"ExecSetParamPlan", b"ExecScanSubPlan", b"ExecOnConflictUpdate"]),
    (b"21000", &[b"ExecMergeMatched"]),
    (b"23502", &[b"ExecConstraints", b"ReportNotNullViolationError"]),
    (b"23503", &[b"ri_ReportViolation"]),
    (b"23505", &[b"_bt_check_unique"]),
    (b"23514", &[b"ExecConstraints", b"ExecPartitionCheckEmitError", b"ExecFindPartition"]),
    (b"23P01", &[b"check_exclusion_or_unique_constraint"]),
    (b"22001", &[b"varchar", b"bpchar", b"varchar_input", b"bpchar_input"]),
    (b"22003", &[b"apply_typmod"]),
    (b"23502", &[b"domain_check_input", b"ExecEvalConstraintNotNull"]),
    (b"23514", &[b"domain_check_input", b"ExecEvalConstraintCheck"]),
    (b"25001", &[b"PreventInTransactionBlock"]),
    (b"25006", &[b"PreventCommandIfReadOnly"]),
    (b"25P01", &[b"CheckTransactionBlock", b"RequireTransactionBlock"]),
    (b"40001", &[b"ExecUpdate", b"ExecDelete", b"ExecLockRows", b"ExecMergeMatched"]),
    (b"40001", &[b"ExecOnConflictUpdate", b"heapam_tuple_lock", b"GetTupleForTrigger"]),
    (b"40001", &[b"CheckForSerializableConflictOut", b"CheckForSerializableConflictIn"]),
    (b"40001", &[b"OnConflict_CheckForSerializationFailure", b"CheckTargetForConflictsIn"]),
    (b"40001", &[b"PreCommit_CheckForSerializationFailure"]),
    (b"40P01", &[b"DeadLockReport"]),
    (b"42P10", &[b"infer_arbiter_indexes"]),
    (b"44000", &[b"ExecWithCheckOptions"]),
    (b"55000", &[b"pg_stat_statements_internal"]),
    (b"55P03", &[b"ProcessInterrupts", b"heapam_tuple_lock", b"heap_lock_tuple"]),
    (b"55P03", &[b"RangeVarGetRelidExtended", b"LockTableRecurse"]),
    (b"57014", &[b"ProcessInterrupts"]),
    (b"57P01", &[b"ProcessInterrupts"]),
    (b"57P02", &[b"quickdie"]),
    (b"57P05", &[b"ProcessInterrupts"]),
    (b"25P03", &[b"ProcessInterrupts"]),
    (b"25P04", &[b"ProcessInterrupts"]),
];

/// True if the message holds names from the catalog and no value.
fn only_names(report: Report<'_>) -> bool {
    let code = report.code().bytes();
    let said_by = report.field(field::ROUTINE).map(|routine| routine.bytes());
    NAMING
        .iter()
        .filter(|(known, _)| *known == code)
        .any(|(_, routines)| said_by.is_some_and(|said_by| routines.contains(&said_by)))
}

/// What went wrong, by SQLSTATE (PostgreSQL manual, appendix A), in words that hold no value.
fn generic(code: &[u8]) -> &'static str {
    match code {
        b"22012" => "division by zero",
        b"22P02" => "invalid input syntax",
        b"22003" => "value out of range",
        b"22001" => "value too long",
        b"22007" | b"22008" => "invalid or out-of-range date or time",
        b"22023" => "invalid parameter value",
        b"22P05" | b"22021" => "character that the encoding does not have",
        b"23502" => "null value violates a not-null constraint",
        b"23503" => "foreign key violation",
        b"23505" => "unique violation",
        b"23514" => "check violation",
        b"23P01" => "exclusion violation",
        b"21000" => "more than one row returned by a subquery used as an expression",
        b"25006" => "cannot write in a read-only transaction",
        b"25P02" => {
            "current transaction is aborted, commands ignored until end of transaction block"
        }
        b"40001" => "could not serialize access",
        b"40P01" => "deadlock detected",
        b"42501" => "permission denied",
        b"53100" => "the database's disk is full",
        b"53200" => "the database is out of memory",
        b"53300" => "too many connections",
        b"55P03" => "could not obtain lock",
        b"57014" => "canceling statement due to timeout or user request",
        b"57P01" => "terminating connection due to administrator command",
        b"54001" => "stack depth limit exceeded",
        b"P0001" => "an exception was raised",
        _ if code.starts_with(b"00") || code.starts_with(b"01") => "a notice was raised",
        _ if code.starts_with(b"22") => "data exception",
        _ if code.starts_with(b"23") => "constraint violation",
        _ => "the statement failed",
    }
}

#[cfg(test)]
mod tests;
