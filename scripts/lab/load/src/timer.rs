//! A timer with a finer resolution than the runtime's milliseconds, because its delay counts as latency.

use std::io;
use std::time::Instant;

#[cfg(target_os = "linux")]
pub(super) struct Timer(tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>);

#[cfg(target_os = "linux")]
impl Timer {
    /// Must be called inside a runtime.
    pub(super) fn new() -> io::Result<Self> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        // Deprecated, because the argument could be closed while it is registered. An owned descriptor cannot.
        #[expect(deprecated, reason = "what replaces it is unsafe")]
        tokio::io::unix::AsyncFd::new(timer).map(Self)
    }

    /// Returns at the given time, or shortly after.
    pub(super) async fn until(&mut self, time: Instant) -> io::Result<()> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};
        let wait = time.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Ok(());
        }
        let once = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            // At most a day, so it fits.
            it_value: Timespec::try_from(wait).map_err(io::Error::other)?,
        };
        timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
        loop {
            let mut ready = self.0.readable().await?;
            let read = |timer: &tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>| {
                Ok(rustix::io::read(timer.get_ref(), &mut [0; 8])?)
            };
            if let Ok(expired) = ready.try_io(read) {
                return expired.map(|_| ());
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) struct Timer(());

#[cfg(not(target_os = "linux"))]
impl Timer {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(()))
    }

    pub(super) async fn until(&mut self, time: Instant) -> io::Result<()> {
        tokio::time::sleep_until(time.into()).await;
        Ok(())
    }
}
