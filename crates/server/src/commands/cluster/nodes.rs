//! ASKING, READONLY and READWRITE: what a client says to a node before its next request.

super::declare! {
    asking: "asking", since "3.0.0", "O(1)", [Fast],
        "Lets the next command have a slot that the node is about to take over."
        (pub struct Args {})

    readonly: "readonly", since "3.0.0", "O(1)", [Loading, Stale, Fast],
        "Enables read-only queries for a connection to a Redis Cluster replica node."
        (pub struct Args {})

    readwrite: "readwrite", since "3.0.0", "O(1)", [Loading, Stale, Fast],
        "Enables read-write queries for a connection to a Redis Cluster replica node."
        (pub struct Args {})
}
