//! Commands on HyperLogLogs, which are strings of a certain form.

mod value;

crate::family! { pfadd, pfcount, pfdebug, pfmerge, pfselftest }
