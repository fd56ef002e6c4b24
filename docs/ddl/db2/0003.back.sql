-- Running downgrade 0003 -> 0002

DROP VIEW scores;

UPDATE score_rows SET segments = (SELECT g.segments FROM score_groups g WHERE g.group_no = score_rows.place / 16777216) WHERE segments IS NULL;

UPDATE score_rows SET request_id = (SELECT g.request_id FROM score_groups g WHERE g.group_no = score_rows.place / 16777216) WHERE request_id IS NULL;

ALTER TABLE score_groups DROP COLUMN segments RESTRICT;

ALTER TABLE score_groups DROP COLUMN request_id RESTRICT;

CALL SYSPROC.ADMIN_CMD('REORG TABLE score_groups');

CREATE TABLE scores (
    group_no BIGINT NOT NULL, 
    "ROW_NUMBER" INT NOT NULL, 
    score_id VARCHAR(36) NOT NULL, 
    subject_key_id VARCHAR(64), 
    record_key VARCHAR(1020) NOT NULL, 
    prediction VARCHAR(1020) NOT NULL, 
    probability DOUBLE, 
    prediction_number DOUBLE, 
    by_class CLOB(65536), 
    segments CLOB(65536) NOT NULL, 
    request_id VARCHAR(128) NOT NULL, 
    details CLOB(65536), 
    CONSTRAINT pk_scores PRIMARY KEY (group_no, "ROW_NUMBER"), 
    CONSTRAINT fk_scores_group_no FOREIGN KEY(group_no) REFERENCES score_groups (group_no)
);

INSERT INTO scores (score_id, group_no, "ROW_NUMBER", segments, request_id, record_key, prediction, probability, prediction_number, by_class, details, subject_key_id) SELECT s.score_id, s.group_no, s."ROW_NUMBER", s.segments, s.request_id, s.record_key, s.prediction, s.probability, s.prediction_number, s.by_class, s.details, s.subject_key_id FROM (SELECT COALESCE(r.early_id, substr(g.group_id, 1, 30) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 1048576, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 65536, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 4096, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 256, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 16, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 1, 16) + 1, 1)) AS score_id, g.group_id, r.place / 16777216 AS group_no, r.place - r.place / 16777216 * 16777216 AS "ROW_NUMBER", r.record_key, r.subject_key_id, g.use_case, g.model, g."VERSION", r.prediction, r.prediction_number, r.probability, r.by_class, r.segments AS segments, r.request_id AS request_id, r.details, g.created_at AS scored_at FROM score_rows r LEFT JOIN score_groups g ON g.group_no = r.place / 16777216) s ORDER BY s.group_no, s."ROW_NUMBER";

DROP TABLE score_rows;

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0003';

COMMIT;
