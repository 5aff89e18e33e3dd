//! Raw bytes to a server, for what no honest client would send. Knows as much of the protocol as a
//! hostile one would: framing, SCRAM, and nothing of Weir.
