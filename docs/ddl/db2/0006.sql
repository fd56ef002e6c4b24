-- Running upgrade 0005 -> 0006

CREATE TABLE journal_leases (
    journal VARCHAR(128) NOT NULL, 
    holder VARCHAR(128) NOT NULL, 
    renewals BIGINT NOT NULL, 
    renewed_at TIMESTAMP NOT NULL, 
    CONSTRAINT pk_journal_leases PRIMARY KEY (journal)
);

UPDATE alembic_version SET version_num='0006' WHERE alembic_version.version_num = '0005';

COMMIT;
