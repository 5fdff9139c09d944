-- One row per run of an instance: what it said with its last heartbeat. Only that run writes the row, so no two
-- instances wait for each other. A run's number grows with the time of its start. Times are the database's.
-- Nothing but the key is indexed and the pages have room, so a heartbeat stays on its page (heap-only tuples).
create table instances (
    run bigint primary key,
    instance_id text not null,
    version text not null,
    state text not null,
    started_ms bigint not null,
    last_seen_ms bigint not null,
    heartbeat_ms bigint not null,
    beats bigint not null,
    -- JSON. The database never looks into it, so that older and newer versions can tell what they know.
    report text not null
) with (fillfactor = 50);

-- What each run did between two heartbeats, until it is rolled up some seconds later.
create table samples (
    at_ms bigint not null,
    run bigint not null,
    length_ms bigint not null,
    cpu_percent double precision not null,
    requests bigint not null,
    latencies bytea not null,
    primary key (at_ms, run)
);

-- The whole fleet over time, in fine slices (grain 0) for hours and in minutes (grain 1) for days.
create table timeline (
    grain smallint not null,
    start_ms bigint not null,
    length_ms bigint not null,
    instances bigint not null,
    cpu_percent double precision not null,
    requests_per_second double precision not null,
    latencies bytea not null,
    per_instance bytea not null,
    primary key (grain, start_ms)
);

-- Samples before this time, in milliseconds, are in the timeline.
insert into progress (task, position) values ('roll_up', 0);
