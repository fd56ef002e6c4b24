-- Running upgrade 0003 -> 0004

ALTER TABLE labels ADD COLUMN propensity DOUBLE;

ALTER TABLE labels ADD COLUMN timed_key VARCHAR(1020);

ALTER TABLE labels ADD COLUMN scored_until TIMESTAMP;

CREATE INDEX ix_labels_use_case_timed_key ON labels (use_case, timed_key);

ALTER TABLE alias_events ADD COLUMN environment VARCHAR(16) NOT NULL WITH DEFAULT '';

ALTER TABLE alias_events ADD COLUMN digest VARCHAR(64) NOT NULL WITH DEFAULT '';

CREATE TABLE dataset_notes (
    dataset_id VARCHAR(64) NOT NULL, 
    "SEQUENCE" INT NOT NULL, 
    noted_at TIMESTAMP NOT NULL, 
    changes CLOB(16777216) NOT NULL, 
    noted_by VARCHAR(1020) NOT NULL, 
    reason CLOB(65536) NOT NULL, 
    "FLOOR" VARCHAR(16), 
    CONSTRAINT pk_dataset_notes PRIMARY KEY (dataset_id, "SEQUENCE")
);

ALTER TABLE alias_events ADD COLUMN traffic DOUBLE NOT NULL WITH DEFAULT 0;

ALTER TABLE score_groups ADD COLUMN shadow_of VARCHAR(36);

CREATE TABLE version_health (
    model VARCHAR(63) NOT NULL, 
    "SEQUENCE" INT NOT NULL, 
    "VERSION" VARCHAR(63) NOT NULL, 
    healthy SMALLINT NOT NULL, 
    streak INT NOT NULL, 
    fit SMALLINT NOT NULL, 
    reason CLOB(65536) NOT NULL, 
    judged_at TIMESTAMP NOT NULL, 
    judged_by VARCHAR(1020) NOT NULL, 
    evidence VARCHAR(128) NOT NULL, 
    idempotency_digest VARCHAR(64), 
    fingerprint VARCHAR(128), 
    CONSTRAINT pk_version_health PRIMARY KEY (model, "SEQUENCE")
);

CREATE UNIQUE INDEX uq_version_health_idempotency_digest ON version_health (idempotency_digest) EXCLUDE NULL KEYS;

CREATE INDEX ix_version_health_model_version_sequence ON version_health (model, "VERSION", "SEQUENCE");

ALTER TABLE reports ADD COLUMN window_start TIMESTAMP;

ALTER TABLE reports ADD COLUMN window_end TIMESTAMP;

ALTER TABLE reports ADD COLUMN as_of TIMESTAMP;

ALTER TABLE reports ADD COLUMN "VERSION" VARCHAR(63);

ALTER TABLE reports ADD COLUMN digest VARCHAR(64);

CREATE INDEX ix_reports_digest ON reports (digest);

CREATE TABLE bundle_imports (
    bundle VARCHAR(64) NOT NULL, 
    model VARCHAR(63) NOT NULL, 
    "VERSION" VARCHAR(63) NOT NULL, 
    digest VARCHAR(64) NOT NULL, 
    environment VARCHAR(16) NOT NULL, 
    imported_at TIMESTAMP NOT NULL, 
    imported_by VARCHAR(1020) NOT NULL, 
    evidence CLOB(16777216) NOT NULL, 
    CONSTRAINT pk_bundle_imports PRIMARY KEY (bundle)
);

CREATE TABLE approvals (
    approval_digest VARCHAR(64) NOT NULL, 
    model VARCHAR(63) NOT NULL, 
    "VERSION" VARCHAR(63) NOT NULL, 
    digest VARCHAR(64) NOT NULL, 
    environment VARCHAR(16) NOT NULL, 
    "ALIAS" VARCHAR(63) NOT NULL, 
    "SEQUENCE" INT NOT NULL, 
    moved_at TIMESTAMP NOT NULL, 
    moved_by VARCHAR(1020) NOT NULL, 
    reason CLOB(65536) NOT NULL, 
    bundle VARCHAR(64) NOT NULL, 
    CONSTRAINT pk_approvals PRIMARY KEY (approval_digest)
);

CREATE INDEX ix_bundle_imports_model_version ON bundle_imports (model, "VERSION");

CREATE INDEX ix_approvals_model_version ON approvals (model, "VERSION");

CREATE TABLE uncounted_groups (
    group_no BIGINT NOT NULL, 
    CONSTRAINT pk_uncounted_groups PRIMARY KEY (group_no)
);

CREATE TABLE drift_counts (
    use_case VARCHAR(63) NOT NULL, 
    "VERSION" VARCHAR(63) NOT NULL, 
    window_start TIMESTAMP NOT NULL, 
    segment VARCHAR(1020) NOT NULL, 
    row_count BIGINT NOT NULL, 
    cells CLOB(16777216) NOT NULL, 
    CONSTRAINT pk_drift_counts PRIMARY KEY (use_case, "VERSION", window_start, segment)
);

CREATE INDEX ix_labels_use_case_label_time ON labels (use_case, label_time);

CREATE TABLE monitor_evaluations (
    id VARCHAR(36) NOT NULL, 
    use_case VARCHAR(63) NOT NULL, 
    "SEQUENCE" INT NOT NULL, 
    "AT" TIMESTAMP NOT NULL, 
    champion VARCHAR(63), 
    decisions CLOB(16777216) NOT NULL, 
    states CLOB(16777216) NOT NULL, 
    evidence CLOB(16777216) NOT NULL, 
    CONSTRAINT pk_monitor_evaluations PRIMARY KEY (id), 
    CONSTRAINT uq_monitor_evaluations_use_case_sequence UNIQUE (use_case, "SEQUENCE"), 
    CONSTRAINT uq_monitor_evaluations_use_case_at UNIQUE (use_case, "AT")
);

CREATE TABLE alerts (
    id VARCHAR(36) NOT NULL, 
    use_case VARCHAR(63) NOT NULL, 
    rule VARCHAR(63) NOT NULL, 
    severity VARCHAR(16) NOT NULL, 
    state VARCHAR(16) NOT NULL, 
    firing_key VARCHAR(64), 
    first_seen TIMESTAMP NOT NULL, 
    last_seen TIMESTAMP NOT NULL, 
    resolved_at TIMESTAMP, 
    acknowledged_at TIMESTAMP, 
    acknowledged_by VARCHAR(1020) NOT NULL, 
    evaluation_id VARCHAR(36) NOT NULL, 
    "SUMMARY" CLOB(65536) NOT NULL, 
    CONSTRAINT pk_alerts PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_alerts_firing_key ON alerts (firing_key) EXCLUDE NULL KEYS;

CREATE INDEX ix_alerts_use_case_id ON alerts (use_case, id);

CREATE TABLE trigger_actions (
    id VARCHAR(36) NOT NULL, 
    use_case VARCHAR(63) NOT NULL, 
    rule VARCHAR(63) NOT NULL, 
    kind VARCHAR(16) NOT NULL, 
    status VARCHAR(16) NOT NULL, 
    evaluation_id VARCHAR(36) NOT NULL, 
    created_at TIMESTAMP NOT NULL, 
    run_id VARCHAR(36), 
    "VERSION" VARCHAR(63), 
    detail CLOB(65536) NOT NULL, 
    reason CLOB(65536) NOT NULL, 
    champion VARCHAR(63), 
    evidence CLOB(16777216) NOT NULL, 
    decided_at TIMESTAMP, 
    decided_by VARCHAR(1020) NOT NULL, 
    decided_why CLOB(65536) NOT NULL, 
    CONSTRAINT pk_trigger_actions PRIMARY KEY (id)
);

CREATE INDEX ix_trigger_actions_use_case_id ON trigger_actions (use_case, id);

CREATE TABLE deliveries (
    id VARCHAR(36) NOT NULL, 
    use_case VARCHAR(63) NOT NULL, 
    "TYPE" VARCHAR(63) NOT NULL, 
    created_at TIMESTAMP NOT NULL, 
    event CLOB(16777216) NOT NULL, 
    next_attempt_at TIMESTAMP NOT NULL, 
    status VARCHAR(16) NOT NULL, 
    attempts INT NOT NULL, 
    delivered_at TIMESTAMP, 
    outcome CLOB(65536) NOT NULL, 
    CONSTRAINT pk_deliveries PRIMARY KEY (id)
);

CREATE INDEX ix_deliveries_status_next_attempt_at ON deliveries (status, next_attempt_at);

CREATE INDEX ix_runs_method_status ON runs ("METHOD", status);

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

COMMIT;
