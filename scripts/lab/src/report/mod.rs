//! What a run was like: its record, its verdict, and the page that shows it.

pub mod run;
