-- Running downgrade 0002 -> 0001

DROP TABLE scores;

DROP TABLE serving_events;

DROP TABLE unindexed_groups;

DROP TABLE score_keys;

DROP TABLE early_score_ids;

DROP TABLE score_groups;

CREATE TABLE score_groups (
    group_id VARCHAR(36) NOT NULL, 
    writer_id VARCHAR(128) NOT NULL, 
    "SEQUENCE" BIGINT NOT NULL, 
    use_case VARCHAR(63) NOT NULL, 
    model VARCHAR(63) NOT NULL, 
    "VERSION" VARCHAR(63) NOT NULL, 
    "ALIAS" VARCHAR(63), 
    created_at TIMESTAMP NOT NULL, 
    row_count INT NOT NULL, 
    request_id VARCHAR(128) NOT NULL, 
    inputs BLOB(268435456) INLINE LENGTH 4000 NOT NULL, 
    row_digests BLOB(268435456) INLINE LENGTH 4000 NOT NULL, 
    root VARCHAR(64) NOT NULL, 
    previous_root VARCHAR(64) NOT NULL, 
    idempotency_key VARCHAR(1020), 
    idempotency_digest VARCHAR(64), 
    fingerprint VARCHAR(128), 
    CONSTRAINT pk_score_groups PRIMARY KEY (group_id), 
    CONSTRAINT uq_score_groups_writer_id_sequence UNIQUE (writer_id, "SEQUENCE")
);

CREATE UNIQUE INDEX uq_score_groups_idempotency_digest ON score_groups (idempotency_digest) EXCLUDE NULL KEYS;

CREATE TABLE scores (
    group_id VARCHAR(36) NOT NULL, 
    "ROW_NUMBER" INT NOT NULL, 
    score_id VARCHAR(36) NOT NULL, 
    record_key VARCHAR(1020) NOT NULL, 
    subject_key_id VARCHAR(64), 
    prediction VARCHAR(1020) NOT NULL, 
    prediction_number DOUBLE, 
    probability DOUBLE, 
    use_case VARCHAR(63) NOT NULL, 
    model VARCHAR(63) NOT NULL, 
    "VERSION" VARCHAR(63) NOT NULL, 
    probabilities CLOB(65536) NOT NULL, 
    segments CLOB(65536) NOT NULL, 
    request_id VARCHAR(128) NOT NULL, 
    scored_at TIMESTAMP NOT NULL, 
    CONSTRAINT pk_scores PRIMARY KEY (score_id), 
    CONSTRAINT fk_scores_group_id FOREIGN KEY(group_id) REFERENCES score_groups (group_id), 
    CONSTRAINT uq_scores_group_id_row_number UNIQUE (group_id, "ROW_NUMBER")
);

CREATE INDEX ix_scores_use_case_record_key ON scores (use_case, record_key);

CREATE INDEX ix_scores_use_case_scored_at ON scores (use_case, scored_at);

UPDATE alembic_version SET version_num='0001' WHERE alembic_version.version_num = '0002';

COMMIT;
