-- Running upgrade 0004 -> 0005

ALTER TABLE runs ADD COLUMN requested_by VARCHAR(1020) NOT NULL WITH DEFAULT '';

CREATE TABLE api_keys (
    key_id VARCHAR(16) NOT NULL, 
    key_digest VARCHAR(64) NOT NULL, 
    name VARCHAR(1020) NOT NULL, 
    current_name VARCHAR(1020), 
    grants CLOB(16777216) NOT NULL, 
    created_at TIMESTAMP NOT NULL, 
    created_by VARCHAR(1020) NOT NULL, 
    expires_at TIMESTAMP, 
    revoked_at TIMESTAMP, 
    revoked_by VARCHAR(1020) NOT NULL, 
    CONSTRAINT pk_api_keys PRIMARY KEY (key_id), 
    CONSTRAINT uq_api_keys_key_digest UNIQUE (key_digest)
);

CREATE UNIQUE INDEX uq_api_keys_current_name ON api_keys (current_name) EXCLUDE NULL KEYS;

CREATE TABLE audit_entries (
    "SEQUENCE" BIGINT NOT NULL, 
    occurred_at TIMESTAMP NOT NULL, 
    actor VARCHAR(1020) NOT NULL, 
    action VARCHAR(63) NOT NULL, 
    resource VARCHAR(1020) NOT NULL, 
    use_case VARCHAR(63), 
    environment VARCHAR(16) NOT NULL, 
    origin VARCHAR(64) NOT NULL, 
    request_id VARCHAR(128) NOT NULL, 
    outcome VARCHAR(32) NOT NULL, 
    detail CLOB(16777216) NOT NULL, 
    digest VARCHAR(64) NOT NULL, 
    previous_digest VARCHAR(64) NOT NULL, 
    CONSTRAINT pk_audit_entries PRIMARY KEY ("SEQUENCE")
);

CREATE INDEX ix_audit_entries_occurred_at ON audit_entries (occurred_at);

CREATE INDEX ix_audit_entries_use_case_sequence ON audit_entries (use_case, "SEQUENCE");

CREATE TABLE audit_heads (
    "SEQUENCE" BIGINT NOT NULL, 
    digest VARCHAR(64) NOT NULL, 
    signed_at TIMESTAMP NOT NULL, 
    key_id VARCHAR(64) NOT NULL, 
    signature VARCHAR(128) NOT NULL, 
    CONSTRAINT pk_audit_heads PRIMARY KEY ("SEQUENCE")
);

CREATE TABLE audit_seals (
    table_name VARCHAR(63) NOT NULL, 
    seal_number INT NOT NULL, 
    kind VARCHAR(8) NOT NULL, 
    first_key VARCHAR(2048) NOT NULL, 
    last_key VARCHAR(2048) NOT NULL, 
    row_count INT NOT NULL, 
    audit_sequence BIGINT NOT NULL, 
    sealed_at TIMESTAMP NOT NULL, 
    row_digests BLOB(16777216) INLINE LENGTH 4000 NOT NULL, 
    CONSTRAINT pk_audit_seals PRIMARY KEY (table_name, seal_number)
);

CREATE TABLE version_approvals (
    approval_id VARCHAR(36) NOT NULL, 
    model VARCHAR(63) NOT NULL, 
    "VERSION" VARCHAR(63) NOT NULL, 
    digest VARCHAR(64) NOT NULL, 
    report_digest VARCHAR(64) NOT NULL, 
    environment VARCHAR(16) NOT NULL, 
    kind VARCHAR(16) NOT NULL, 
    decided_by VARCHAR(1020) NOT NULL, 
    decided_at TIMESTAMP NOT NULL, 
    reason CLOB(65536) NOT NULL, 
    evidence CLOB(16777216) NOT NULL, 
    CONSTRAINT pk_version_approvals PRIMARY KEY (approval_id)
);

CREATE INDEX ix_version_approvals_model_version ON version_approvals (model, "VERSION");

CREATE TABLE subject_keys (
    subject_key_id VARCHAR(64) NOT NULL, 
    wrapped_key VARCHAR(1020), 
    created_at TIMESTAMP NOT NULL, 
    destroyed_at TIMESTAMP, 
    CONSTRAINT pk_subject_keys PRIMARY KEY (subject_key_id)
);

CREATE INDEX ix_subject_keys_destroyed_at ON subject_keys (destroyed_at);

CREATE TABLE erasures (
    erasure_id VARCHAR(36) NOT NULL, 
    subject_key_id VARCHAR(64) NOT NULL, 
    erased_at TIMESTAMP NOT NULL, 
    requested_by VARCHAR(1020) NOT NULL, 
    reason CLOB(65536) NOT NULL, 
    certificate CLOB(16777216) NOT NULL, 
    CONSTRAINT pk_erasures PRIMARY KEY (erasure_id)
);

CREATE INDEX ix_erasures_subject_key_id ON erasures (subject_key_id);

CREATE TABLE prunings (
    pruning_id VARCHAR(36) NOT NULL, 
    table_name VARCHAR(63) NOT NULL, 
    use_case VARCHAR(63), 
    "DAYS" INT NOT NULL, 
    cutoff TIMESTAMP NOT NULL, 
    pruned_at TIMESTAMP NOT NULL, 
    row_count INT NOT NULL, 
    digest VARCHAR(64) NOT NULL, 
    audit_sequence BIGINT NOT NULL, 
    key_digests BLOB(1048576) INLINE LENGTH 4000 NOT NULL, 
    CONSTRAINT pk_prunings PRIMARY KEY (pruning_id)
);

CREATE INDEX ix_prunings_table_name_pruning_id ON prunings (table_name, pruning_id);

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';

COMMIT;
