-- Who corrected the charge of a passage, and why; the money is in postings under the same correction id.

CREATE TABLE IF NOT EXISTS corrections (
    passage_id String,
    correction_id String,
    account String,
    provider String,
    amount_vnd Int64,
    operator String,
    reason String,
    at DateTime64(6, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY (passage_id, correction_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
