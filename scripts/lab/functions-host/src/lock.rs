//! Locks of data that requests share. None is held across an await.

use std::sync::{Mutex, MutexGuard};

/// Locks a mutex.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nothing panics while holding a lock")
}
