-- The register. Rows are only ever added; retention blanks ip_address and nothing else.
-- Paged by id, never sorted by time.
create table visits (
    id integer primary key,
    recorded_ms integer not null,
    ip_address text,
    instance_id text not null
);

-- The total. SQLite has one writer at a time, so the first slot is the only one used; the table has the
-- same shape as PostgreSQL's so that reading it is the same statement.
create table visit_counter (
    slot integer primary key,
    visits integer not null
);
insert into visit_counter (slot, visits) values (0, 0);

-- One row per Idempotency-Key of the last 24 hours. The key is stored as its SHA-256, so nothing a
-- client put into it can be read back.
create table idempotency_keys (
    key_hash blob primary key,
    visit_id integer not null,
    recorded_ms integer not null,
    sealed_ip blob,
    instance_id text not null
) without rowid;
create index idempotency_keys_by_age on idempotency_keys (recorded_ms);

-- Orders to the whole fleet; the newest one is in force. An order whose end is its own time is a stop.
create table stress_orders (
    id integer primary key autoincrement,
    ordered_ms integer not null,
    ends_ms integer not null,
    intensity integer
);

-- How far a background task has got, by name.
create table progress (
    task text primary key,
    position integer not null
) without rowid;
insert into progress (task, position) values ('blank_addresses', 0);
