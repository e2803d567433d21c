-- Nothing here is ever replaced or deleted: plain MergeTree, so that a row too many stays visible.
-- An insert bears a token; the deduplication window drops a second one with the same token. That is what lets exactly
-- one closing of a day, one correction of a number and one event of a number win, from however many processes.
-- fsync: an insert that returned is on disk.

CREATE TABLE IF NOT EXISTS settlement_migrations (
    number UInt32,
    name String,
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = ReplacingMergeTree ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Items of closed days and of minutes that wait for a signature; `run` is the digest of the minutes.
CREATE TABLE IF NOT EXISTS settlement_items (
    run String,
    number UInt32,
    key String,
    code LowCardinality(String),
    also LowCardinality(String),
    note String,
    plaza LowCardinality(String),
    lane LowCardinality(String),
    passage_id String,
    charge_id String,
    passed_us Int64,
    charged_us Int64,
    outcome LowCardinality(String),
    status LowCardinality(String),
    epc String,
    station_plate String,
    provider_plate String,
    station_class UInt8,
    provider_class UInt8,
    ticket_no String,
    station_rows UInt32,
    provider_rows UInt32,
    station_vnd Int64,
    provider_vnd Int64,
    claim_vnd Int64,
    taken_vnd Int64,
    left_vnd Int64,
    agreed_vnd Int64,
    disputed_vnd Int64,
    joint_key String,
    leaf String CODEC(NONE)
) ENGINE = MergeTree ORDER BY (run, key)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 100000,
         replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 3153600000;

-- One row closes a day: minutes and both signatures at once. Before it the day is open, after it the day is closed.
CREATE TABLE IF NOT EXISTS settlement_closings (
    provider String,
    day Date,
    digest String,
    minutes String CODEC(ZSTD(1)),
    register String CODEC(ZSTD(1)),
    operator_key String,
    operator_signature String,
    provider_key String,
    provider_signature String
) ENGINE = MergeTree ORDER BY (provider, day, digest)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 100000,
         replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 3153600000;

-- What is written after a closing, to miss it by should it vanish.
CREATE TABLE IF NOT EXISTS settlement_receipts (
    provider String,
    day Date,
    digest String,
    at_us Int64
) ENGINE = MergeTree ORDER BY (provider, day, digest)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 100000,
         replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 3153600000;

-- Corrections of closed days, numbered from 1 within provider and original day, each naming the one before.
CREATE TABLE IF NOT EXISTS settlement_corrections (
    provider String,
    original_day Date,
    number UInt32,
    content String,
    digest String
) ENGINE = MergeTree ORDER BY (provider, original_day, number)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 100000,
         replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 3153600000;

-- What people did about a dispute, numbered from 1 within the dispute, each naming the one before.
CREATE TABLE IF NOT EXISTS settlement_dispute_events (
    dispute_id String,
    number UInt32,
    content String,
    digest String
) ENGINE = MergeTree ORDER BY (dispute_id, number)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 100000,
         replicated_deduplication_window = 100000, replicated_deduplication_window_seconds = 3153600000;
