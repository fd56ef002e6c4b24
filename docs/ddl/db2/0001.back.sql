-- Running downgrade 0001 -> 

DROP TABLE scores;

DROP TABLE labels;

DROP TABLE score_groups;

DROP TABLE runs;

DROP TABLE reports;

DROP TABLE label_imports;

DROP TABLE alias_events;

DELETE FROM alembic_version WHERE alembic_version.version_num = '0001';

COMMIT;
