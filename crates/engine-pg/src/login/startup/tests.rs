//! Start-up packets as clients send them.
