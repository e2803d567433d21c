-- Every table replaces rows of the same sorting key (its business key): writing a row again changes nothing.
-- fsync: an insert that returned is on disk, so that the stream may forget what it brought.

CREATE TABLE IF NOT EXISTS schema_migrations (
    number UInt32,
    name String,
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = ReplacingMergeTree ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Columns up to ingested_at are published (backoffice/contracts/tables.py); the rest is the back office's own.
CREATE TABLE IF NOT EXISTS passages (
    plaza String,
    lane String,
    epoch UInt32,
    seq UInt64,
    passage_id String,
    outcome String,
    epc String,
    tid String,
    account String,
    provider String,
    plate String,
    plate_confidence Float64,
    registered_plate String,
    class UInt8,
    class_measured UInt8,
    fare_vnd Int64,
    ticket_no String,
    tariff_version UInt32,
    list_version UInt64,
    offline UInt8,
    operator String,
    reason String,
    flags Array(String),
    detected_at DateTime64(6, 'UTC'),
    decided_at DateTime64(6, 'UTC'),
    passed_at DateTime64(6, 'UTC'),
    time_to_open_ms Int64,
    image_sha256 String,
    explanation String CODEC(ZSTD(1)),
    record_hash String CODEC(NONE),
    ingested_at DateTime64(6, 'UTC'),
    class_registered UInt8,
    previous_hash String CODEC(NONE),
    evidence Array(Tuple(kind String, sha256 String)),
    INDEX by_passage_id passage_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_passed_at passed_at TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(ingested_at) PARTITION BY toYear(passed_at) ORDER BY (plaza, lane, epoch, seq)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS postings (
    posting_id String,
    passage_id String,
    leg String,
    kind String,
    plaza String,
    account String,
    amount_vnd Int64,
    provider String,
    at DateTime64(6, 'UTC'),
    reverses String,
    tariff_version UInt32,
    written_at DateTime64(6, 'UTC'),
    INDEX by_passage_id passage_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_at at TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(written_at) ORDER BY posting_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The same legs by account: balances and "whose balance changed" without a scan of the ledger.
CREATE TABLE IF NOT EXISTS account_postings (
    account String,
    posting_id String,
    amount_vnd Int64,
    stored_at DateTime64(6, 'UTC'),
    INDEX by_stored_at stored_at TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree ORDER BY (account, posting_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS account_postings_of TO account_postings AS
SELECT account, posting_id, amount_vnd, now64(6) AS stored_at FROM postings WHERE startsWith(account, 'customer:');

CREATE TABLE IF NOT EXISTS discrepancies (
    passage_id String,
    code String,
    plaza String,
    lane String,
    expected_vnd Int64,
    found_vnd Int64,
    detail String,
    at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (passage_id, code)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS rejected_messages (
    topic String,
    partition UInt32,
    offset UInt64,
    message_key String,
    reason String,
    raw_hex String CODEC(ZSTD(1)),
    at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(at) ORDER BY (topic, partition, offset, message_key)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS ingest_marks (
    plaza String,
    lane String,
    epoch UInt32,
    high_water_seq UInt64,
    head_hash String,
    missing Array(Tuple(first UInt64, last UInt64)),
    updated_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(updated_at) ORDER BY (plaza, lane, epoch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS seals (
    plaza String,
    lane String,
    epoch UInt32,
    first_seq UInt64,
    last_seq UInt64,
    count UInt64,
    sum_vnd Int64,
    head_hash String,
    sealed_at DateTime64(6, 'UTC'),
    public_key String,
    signature String,
    verdict String,
    detail String,
    checked_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(checked_at) ORDER BY (plaza, lane, epoch, first_seq, last_seq, signature)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS lane_status (
    plaza String,
    lane String,
    message String,
    at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(at) ORDER BY (plaza, lane);

CREATE TABLE IF NOT EXISTS accounts (
    account String,
    provider String,
    holder String,
    changed_at DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = ReplacingMergeTree(changed_at) ORDER BY account
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- What the operators want the list to say; the list itself is tag_changes.
CREATE TABLE IF NOT EXISTS tags (
    epc String,
    tid String,
    account String,
    provider String,
    plate String,
    class UInt8,
    status String,
    ticket String,
    exempt_reason String,
    removed UInt8,
    changed_at DateTime64(6, 'UTC') DEFAULT now64(6),
    INDEX by_account account TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_plate plate TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_changed_at changed_at TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree(changed_at) ORDER BY epc
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The list as published: version by version, with count and checksum after each.
CREATE TABLE IF NOT EXISTS tag_changes (
    version UInt64,
    epc String,
    entry String,
    changed_at DateTime64(6, 'UTC'),
    entries UInt64,
    checksum String
) ENGINE = ReplacingMergeTree ORDER BY version
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS tag_entries (
    epc String,
    version UInt64,
    entry String
) ENGINE = ReplacingMergeTree(version) ORDER BY epc
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS tag_entries_of TO tag_entries AS
SELECT epc, version, entry FROM tag_changes;

CREATE TABLE IF NOT EXISTS tariffs (
    plaza String,
    version UInt32,
    valid_from DateTime64(6, 'UTC'),
    message String,
    published_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(published_at) ORDER BY (plaza, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS evidence (
    sha256 String,
    size_bytes UInt64,
    media_type String,
    stored_at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(stored_at) ORDER BY sha256
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- How far something was done by one task of the back office: name and number.
CREATE TABLE IF NOT EXISTS progress_marks (
    name String,
    value UInt64,
    at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree(at) ORDER BY name
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
