//! Slots, locks, expiry, views, transactions, effects and the engine traits.
