//! The readers of the engine's files against files that the engine has written: a version of it that
//! writes them otherwise fails here.

mod journal;
mod tables;
mod verdict;
