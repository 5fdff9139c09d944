-- The recorded visits. Rows are only ever added; retention sets ip_address to null and changes nothing else.
-- Paged by id, never sorted by time.
create table visits (
    id integer primary key,
    recorded_ms integer not null,
    ip_address text,
    instance_id text not null
) strict;

-- The total. SQLite has one writer at a time, so there is one slot; the table has the same columns as PostgreSQL's so
-- that the same statement reads it.
create table visit_counter (
    slot integer primary key,
    visits integer not null
) strict;
insert into visit_counter (slot, visits) values (0, 0);

-- One row per Idempotency-Key of the last 24 hours. The key is stored as its SHA-256 digest, and nothing about the
-- caller is stored with it.
create table idempotency_keys (
    key_hash blob primary key,
    visit_id integer not null,
    recorded_ms integer not null,
    instance_id text not null
) strict, without rowid;
create index idempotency_keys_by_age on idempotency_keys (recorded_ms);

-- Commands to the whole fleet; the newest one is active. A command whose end is its own time is a stop.
create table stress_orders (
    id integer primary key autoincrement,
    ordered_ms integer not null,
    ends_ms integer not null,
    intensity integer
) strict;

-- One row per run of an instance: what its last heartbeat reported. A run's number grows with the time of its start.
create table instances (
    run integer primary key,
    instance_id text not null,
    version text not null,
    state text not null,
    started_ms integer not null,
    last_seen_ms integer not null,
    heartbeat_ms integer not null,
    beats integer not null,
    -- JSON. The database never reads it, so earlier and later versions can report what they know.
    report text not null
) strict;

-- What each run did between two heartbeats, until it is rolled up some seconds later.
create table samples (
    at_ms integer not null,
    run integer not null,
    length_ms integer not null,
    cpu_percent real not null,
    requests integer not null,
    latencies blob not null,
    primary key (at_ms, run)
) strict, without rowid;

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
) strict, without rowid;

-- The position of each background task. blank_addresses: the last visit whose address it has handled. roll_up:
-- samples before this time, in milliseconds, are in the timeline.
create table progress (
    task text primary key,
    position integer not null
) strict, without rowid;
insert into progress (task, position) values ('blank_addresses', 0), ('roll_up', 0);

-- Evaluations of the autoscale rules where the app sets the number of instances itself (Elastic Premium): at most one a
-- minute, the newest has the largest id. Times are the database's. wanted is null where the present count was not known;
-- outcome is null until the platform was asked, or for ever if the run was cut off.
create table scale_actions (
    id integer primary key autoincrement,
    minute_ms integer not null,
    at_ms integer not null,
    from_count integer,
    wanted integer,
    decision text not null,
    rule integer,
    observed real,
    reason text not null,
    cooldown_ms integer not null,
    outcome text,
    actual integer,
    problem text not null default ''
) strict;
-- For the timeline and for the cooldown: changes are few.
create index scale_changes on scale_actions (id) where from_count <> wanted;

-- Which run may tell the platform, and until when. One row.
create table scale_lease (
    holder integer not null,
    ends_ms integer not null
) strict;
insert into scale_lease (holder, ends_ms) values (0, 0);

-- How many evaluations had each decision and each outcome: old evaluations are deleted, and counters may not fall.
create table scale_totals (
    kind text not null,
    name text not null,
    total integer not null,
    primary key (kind, name)
) strict, without rowid;
