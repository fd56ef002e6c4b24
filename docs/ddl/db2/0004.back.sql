-- Running downgrade 0004 -> 0003

DROP INDEX ix_runs_method_status;

DROP TABLE deliveries;

DROP TABLE trigger_actions;

DROP TABLE alerts;

DROP TABLE monitor_evaluations;

DROP TABLE approvals;

DROP TABLE bundle_imports;

DROP TABLE version_health;

DROP INDEX ix_reports_digest;

ALTER TABLE reports DROP COLUMN digest RESTRICT;

ALTER TABLE reports DROP COLUMN "VERSION" RESTRICT;

ALTER TABLE reports DROP COLUMN as_of RESTRICT;

CALL SYSPROC.ADMIN_CMD('REORG TABLE reports');

ALTER TABLE reports DROP COLUMN window_end RESTRICT;

ALTER TABLE reports DROP COLUMN window_start RESTRICT;

CALL SYSPROC.ADMIN_CMD('REORG TABLE reports');

DROP INDEX ix_labels_use_case_label_time;

DROP TABLE drift_counts;

DROP TABLE uncounted_groups;

DROP VIEW scores;

ALTER TABLE score_groups DROP COLUMN shadow_of RESTRICT;

CALL SYSPROC.ADMIN_CMD('REORG TABLE score_groups');

CREATE VIEW scores AS SELECT COALESCE(r.early_id, substr(g.group_id, 1, 30) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 1048576, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 65536, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 4096, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 256, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 16, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 1, 16) + 1, 1)) AS score_id, g.group_id, r.place / 16777216 AS group_no, r.place - r.place / 16777216 * 16777216 AS "ROW_NUMBER", r.record_key, r.subject_key_id, g.use_case, g.model, g."VERSION", r.prediction, r.prediction_number, r.probability, r.by_class, COALESCE(r.segments, g.segments) AS segments, COALESCE(r.request_id, g.request_id) AS request_id, r.details, g.created_at AS scored_at FROM score_rows r LEFT JOIN score_groups g ON g.group_no = r.place / 16777216;

ALTER TABLE alias_events DROP COLUMN traffic RESTRICT;

ALTER TABLE alias_events DROP COLUMN digest RESTRICT;

ALTER TABLE alias_events DROP COLUMN environment RESTRICT;

CALL SYSPROC.ADMIN_CMD('REORG TABLE alias_events');

DROP TABLE dataset_notes;

DROP INDEX ix_labels_use_case_timed_key;

ALTER TABLE labels DROP COLUMN scored_until RESTRICT;

ALTER TABLE labels DROP COLUMN timed_key RESTRICT;

ALTER TABLE labels DROP COLUMN propensity RESTRICT;

CALL SYSPROC.ADMIN_CMD('REORG TABLE labels');

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0004';

COMMIT;
