//! Derives a command's parser and its specification from its argument struct.
