//! `lab replay`, and the logs that `lab simulate --evaluations` writes.
