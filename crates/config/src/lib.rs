//! The directives of redis.conf: names, types, defaults, parsing and rewriting.
