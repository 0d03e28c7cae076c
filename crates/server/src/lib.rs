//! Sockets, sessions, the request path, scripting, pub/sub.
