CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE alias_events (
    model VARCHAR(63) NOT NULL, 
    "SEQUENCE" INT NOT NULL, 
    "ALIAS" VARCHAR(63) NOT NULL, 
    "VERSION" VARCHAR(63) NOT NULL, 
    moved_at TIMESTAMP NOT NULL, 
    moved_by VARCHAR(1020) NOT NULL, 
    reason CLOB(65536) NOT NULL, 
    CONSTRAINT pk_alias_events PRIMARY KEY (model, "SEQUENCE")
);

CREATE INDEX ix_alias_events_model_alias_sequence ON alias_events (model, "ALIAS", "SEQUENCE");

CREATE TABLE label_imports (
    import_id VARCHAR(36) NOT NULL, 
    use_case VARCHAR(63) NOT NULL, 
    received_at TIMESTAMP NOT NULL, 
    row_count INT NOT NULL, 
    idempotency_digest VARCHAR(64), 
    fingerprint VARCHAR(128), 
    CONSTRAINT pk_label_imports PRIMARY KEY (import_id)
);

CREATE UNIQUE INDEX uq_label_imports_idempotency_digest ON label_imports (idempotency_digest) EXCLUDE NULL KEYS;

CREATE TABLE reports (
    id VARCHAR(36) NOT NULL, 
    use_case VARCHAR(63) NOT NULL, 
    created_at TIMESTAMP NOT NULL, 
    content CLOB(16777216) NOT NULL, 
    idempotency_digest VARCHAR(64), 
    fingerprint VARCHAR(128), 
    CONSTRAINT pk_reports PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_reports_idempotency_digest ON reports (idempotency_digest) EXCLUDE NULL KEYS;

CREATE INDEX ix_reports_use_case_id ON reports (use_case, id);

CREATE TABLE runs (
    id VARCHAR(36) NOT NULL, 
    use_case VARCHAR(63) NOT NULL, 
    "METHOD" VARCHAR(32) NOT NULL, 
    status VARCHAR(16) NOT NULL, 
    parameters CLOB(16777216) NOT NULL, 
    created_at TIMESTAMP NOT NULL, 
    timeout_s DOUBLE NOT NULL, 
    started_at TIMESTAMP, 
    finished_at TIMESTAMP, 
    percent DOUBLE NOT NULL, 
    stage VARCHAR(1020) NOT NULL, 
    cancel_requested SMALLINT NOT NULL, 
    steps CLOB(16777216) NOT NULL, 
    "RESULT" CLOB(16777216) NOT NULL, 
    error CLOB(16777216), 
    request_id VARCHAR(128) NOT NULL, 
    owner VARCHAR(128), 
    lease_until TIMESTAMP, 
    heartbeat_at TIMESTAMP, 
    exclusive_key VARCHAR(1020), 
    idempotency_digest VARCHAR(64), 
    fingerprint VARCHAR(128), 
    CONSTRAINT pk_runs PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_runs_exclusive_key ON runs (exclusive_key) EXCLUDE NULL KEYS;

CREATE UNIQUE INDEX uq_runs_idempotency_digest ON runs (idempotency_digest) EXCLUDE NULL KEYS;

CREATE INDEX ix_runs_status_id ON runs (status, id);

CREATE INDEX ix_runs_use_case_id ON runs (use_case, id);

CREATE TABLE score_groups (
    group_id VARCHAR(36) NOT NULL, 
    writer_id VARCHAR(128) NOT NULL, 
    "SEQUENCE" BIGINT NOT NULL, 
    use_case VARCHAR(63) NOT NULL, 
    model VARCHAR(63) NOT NULL, 
    "VERSION" VARCHAR(63) NOT NULL, 
    "ALIAS" VARCHAR(63), 
    created_at TIMESTAMP NOT NULL, 
    request_id VARCHAR(128) NOT NULL, 
    row_count INT NOT NULL, 
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

CREATE TABLE labels (
    label_id VARCHAR(36) NOT NULL, 
    import_id VARCHAR(36) NOT NULL, 
    "ROW_NUMBER" INT NOT NULL, 
    use_case VARCHAR(63) NOT NULL, 
    score_id VARCHAR(36), 
    record_key VARCHAR(1020), 
    value_text VARCHAR(1020) NOT NULL, 
    value_number DOUBLE, 
    label_time TIMESTAMP NOT NULL, 
    received_at TIMESTAMP NOT NULL, 
    "SOURCE" VARCHAR(1020) NOT NULL, 
    verdict VARCHAR(16) NOT NULL, 
    current_subject VARCHAR(64), 
    supersedes VARCHAR(36), 
    superseded_by VARCHAR(36), 
    superseded_at TIMESTAMP, 
    CONSTRAINT pk_labels PRIMARY KEY (label_id), 
    CONSTRAINT fk_labels_import_id FOREIGN KEY(import_id) REFERENCES label_imports (import_id), 
    CONSTRAINT uq_labels_import_id_row_number UNIQUE (import_id, "ROW_NUMBER")
);

CREATE UNIQUE INDEX uq_labels_current_subject ON labels (current_subject) EXCLUDE NULL KEYS;

CREATE INDEX ix_labels_score_id ON labels (score_id);

CREATE INDEX ix_labels_use_case_record_key ON labels (use_case, record_key);

CREATE TABLE scores (
    score_id VARCHAR(36) NOT NULL, 
    group_id VARCHAR(36) NOT NULL, 
    "ROW_NUMBER" INT NOT NULL, 
    record_key VARCHAR(1020) NOT NULL, 
    subject_key_id VARCHAR(64), 
    use_case VARCHAR(63) NOT NULL, 
    model VARCHAR(63) NOT NULL, 
    "VERSION" VARCHAR(63) NOT NULL, 
    prediction VARCHAR(1020) NOT NULL, 
    prediction_number DOUBLE, 
    probability DOUBLE, 
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

INSERT INTO alembic_version (version_num) VALUES ('0001');

COMMIT;
