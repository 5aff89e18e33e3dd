//! Who is at the door: credentials, SCRAM, attempt limits.
