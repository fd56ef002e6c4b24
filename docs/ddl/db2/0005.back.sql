-- Running downgrade 0005 -> 0004

DROP TABLE prunings;

DROP TABLE erasures;

DROP TABLE subject_keys;

DROP TABLE version_approvals;

DROP TABLE audit_seals;

DROP TABLE audit_heads;

DROP TABLE audit_entries;

DROP TABLE api_keys;

ALTER TABLE runs DROP COLUMN requested_by RESTRICT;

CALL SYSPROC.ADMIN_CMD('REORG TABLE runs');

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0005';

COMMIT;
