//! Reading and comparing; the command is tested in the lab's suite.
