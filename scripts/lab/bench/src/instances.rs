//! One, two and three handlers on one database: on all CPUs, and each with the same limit.

use anyhow::{Context as _, bail};
use processes::cgroup::{Group as ControlGroup, Groups};
use processes::launch;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::process::Command;

use super::measure::{Measurement, count, visit};
use super::results::Limit;
use super::server::{Server, in_clean_environment};
use super::{Bench, Group, names};

const MOST: usize = 3;
const CONNECTIONS: u32 = 64;

impl Bench {
    pub(super) async fn instances(&mut self) -> anyhow::Result<()> {
        let database = "instances";
        self.database(database, 0).await?;
        let mut running: Vec<Server> = Vec::new();
        for number in 1..=MOST {
            running.push(self.on_postgres(database).await?);
            let beside = Limit::rate(names::SINGLE_INSERTS);
            let name = names::instances(number);
            self.load_instances(&name, beside, &running, database)
                .await?;
        }
        for server in running {
            server.stop().await?;
        }
        match Division::of_this_machine() {
            Ok(division) => self.limited_instances(&division).await,
            Err(why) => {
                self.say(&format!("skipping limited instances: {why}"));
                Ok(())
            }
        }
    }

    /// The same with limits, so that an additional instance takes no CPU from the database and the callers.
    async fn limited_instances(&mut self, division: &Division) -> anyhow::Result<()> {
        let database = "limited_instances";
        self.database(database, 0).await?;
        self.postgres.pin(&division.others)?;
        let mut running: Vec<Server> = Vec::new();
        let mut groups = Vec::new();
        for number in 1..=MOST {
            let group = division.groups.group(&number.to_string(), division.each);
            let group = group.context("cannot limit an instance's CPU")?;
            running.push(self.limited_instance(division, &group, database).await?);
            groups.push(group);
            let one = Limit::rate(names::limited_instances(1));
            let name = names::limited_instances(number);
            self.load_instances(&name, one.filter(|_| number > 1), &running, database)
                .await?;
        }
        for (server, group) in running.into_iter().zip(groups) {
            server.stop().await?;
            group.remove().await;
        }
        self.postgres.pin(&division.all)?;
        pin_this_thread(&division.all)
    }

    /// Keeps this thread, and so the load that it generates, on the CPUs of the others.
    async fn limited_instance(
        &self,
        division: &Division,
        group: &ControlGroup,
        database: &str,
    ) -> anyhow::Result<Server> {
        let command = launch::command(&group.folders).context("cannot find this program")?;
        let mut command = in_clean_environment(Command::from(command));
        command
            .arg(&self.programs.handler)
            .env("DATABASE_URL", self.postgres.url(database));
        // A process starts on the CPUs of the thread that starts it.
        pin_this_thread(&division.instances)?;
        let server = self.start_handler(command).await?;
        pin_this_thread(&division.others)?;
        Ok(server)
    }

    async fn load_instances(
        &mut self,
        name: &str,
        beside: Option<Limit>,
        running: &[Server],
        database: &str,
    ) -> anyhow::Result<()> {
        let visit = visit();
        let measurement = Measurement::new(Group::Instances, name, &visit, CONNECTIONS);
        let servers: Vec<&Server> = running.iter().collect();
        self.load(measurement.beside(beside), &servers, Some(database))
            .await?;
        Ok(())
    }
}

/// Half of the CPUs for the instances, in equal parts, and half for PostgreSQL and the callers.
struct Division {
    all: CpuSet,
    instances: CpuSet,
    others: CpuSet,
    groups: Groups,
    /// CPUs of an instance.
    each: f64,
}

impl Division {
    fn of_this_machine() -> anyhow::Result<Self> {
        let all = sched_getaffinity(None).context("cannot read which CPUs may be used")?;
        let cpus: Vec<usize> = (0..CpuSet::MAX_CPU)
            .filter(|cpu| all.is_set(*cpu))
            .collect();
        if cpus.len() < 2 {
            bail!("one CPU cannot be divided");
        }
        let (instances, others) = cpus.split_at(cpus.len() / 2);
        let each = count(instances.len() as u64) / count(MOST as u64);
        let set = |cpus: &[usize]| {
            let mut set = CpuSet::new();
            cpus.iter().for_each(|cpu| set.set(*cpu));
            set
        };
        Ok(Self {
            all,
            instances: set(instances),
            others: set(others),
            groups: Groups::create(each).map_err(anyhow::Error::msg)?,
            each,
        })
    }
}

fn pin_this_thread(cpus: &CpuSet) -> anyhow::Result<()> {
    sched_setaffinity(None, cpus).context("cannot choose CPUs")
}
