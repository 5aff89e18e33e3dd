//! SCRAM by its RFC vectors, and by what must fail.
