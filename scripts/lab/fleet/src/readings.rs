//! Requests in flight at the instances, and their CPU: from their control groups, or else from the process groups in
//! `/proc`, with a resolution of a hundredth of a second.

use std::collections::HashMap;
use std::time::Duration;

use processes::proc;
use tokio::time::Instant;

use super::instances::Instances;
use super::member::Member;
use super::meter::Use;

impl Instances {
    /// CPU time by process group, if control groups do not count it.
    pub(super) fn counters(&self) -> HashMap<u32, Duration> {
        let counted = |member: &Member| member.group.is_some() || member.process.is_none();
        if self
            .members
            .iter()
            .all(|member| member.exited() || counted(member))
        {
            HashMap::new()
        } else {
            proc::cpu_by_group()
        }
    }

    pub(super) fn counter(&self, place: usize, table: &HashMap<u32, Duration>) -> Option<Duration> {
        let member = &self.members[place];
        match &member.group {
            Some(group) => group.cpu_time(),
            None => table.get(&member.process?).copied(),
        }
    }

    /// Reads the CPU time of every instance that is ready.
    pub(super) fn measure(&mut self, now: Instant) {
        let table = self.counters();
        for place in 0..self.members.len() {
            if self.members[place].ready() {
                let counter = self.counter(place, &table);
                self.members[place].meter.read(now, counter);
            }
        }
    }

    /// The CPU use of each instance since the last call while it was ready.
    pub(super) fn take_minute(&mut self) -> Vec<(String, Use)> {
        self.members
            .iter_mut()
            .map(|member| (member.id().to_owned(), member.meter.take_minute()))
            .filter(|(_, used)| !used.span.is_zero())
            .collect()
    }

    /// Updates the current CPU of each instance.
    pub(super) fn take_second(&mut self) {
        for member in &mut self.members {
            let used = member.meter.take_second();
            if member.ready() {
                member.cpu_percent = used.percent(self.share.cpus);
            }
        }
    }

    /// The CPU use of each ready instance in the last second, in percent.
    pub(super) fn cpu_percent(&self) -> Vec<(String, f64)> {
        let ready = self.members.iter().filter(|member| member.ready());
        ready
            .filter_map(|member| Some((member.id().to_owned(), member.cpu_percent?)))
            .collect()
    }

    /// The requests in flight at the ready instances, and the number of these instances.
    pub(super) fn in_flight(&self) -> (u32, u32) {
        let ready = self.members.iter().filter(|member| member.ready());
        ready.fold((0, 0), |(in_flight, count), member| {
            (in_flight + member.load.outstanding(), count + 1)
        })
    }
}
