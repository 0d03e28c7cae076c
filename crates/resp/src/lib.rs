//! RESP2 and RESP3, parsed and encoded; knows no socket.
