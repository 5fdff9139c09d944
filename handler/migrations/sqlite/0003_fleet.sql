-- One row per run of an instance: what it said with its last heartbeat. A run's number grows with the time of
-- its start.
create table instances (
    run integer primary key,
    instance_id text not null,
    version text not null,
    state text not null,
    started_ms integer not null,
    last_seen_ms integer not null,
    heartbeat_ms integer not null,
    beats integer not null,
    -- JSON. The database never looks into it, so that older and newer versions can tell what they know.
    report text not null
);

-- What each run did between two heartbeats, until it is rolled up some seconds later.
create table samples (
    at_ms integer not null,
    run integer not null,
    length_ms integer not null,
    cpu_percent real not null,
    requests integer not null,
    latencies blob not null,
    primary key (at_ms, run)
) without rowid;

-- The whole fleet over time, in fine slices (grain 0) for hours and in minutes (grain 1) for days.
create table timeline (
    grain integer not null,
    start_ms integer not null,
    length_ms integer not null,
    instances integer not null,
    cpu_percent real not null,
    requests_per_second real not null,
    latencies blob not null,
    per_instance blob not null,
    primary key (grain, start_ms)
) without rowid;

-- Samples before this time, in milliseconds, are in the timeline.
insert into progress (task, position) values ('roll_up', 0);
