-- Running downgrade 0006 -> 0005

DROP TABLE journal_leases;

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0006';

COMMIT;
