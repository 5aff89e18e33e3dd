//! Listening, and limits on those who have not signed in.
