-- Running upgrade 0002 -> 0003

CREATE TABLE score_rows (
    place BIGINT NOT NULL, 
    record_key VARCHAR(1020) NOT NULL, 
    prediction VARCHAR(1020) NOT NULL, 
    probability DOUBLE, 
    prediction_number DOUBLE, 
    by_class CLOB(65536), 
    segments CLOB(65536), 
    request_id VARCHAR(128), 
    details CLOB(65536), 
    subject_key_id VARCHAR(64), 
    early_id VARCHAR(36), 
    CONSTRAINT pk_score_rows PRIMARY KEY (place)
);

INSERT INTO score_rows (place, record_key, prediction, probability, prediction_number, by_class, details, subject_key_id, segments, request_id, early_id) SELECT s.group_no * 16777216 + s."ROW_NUMBER", s.record_key, s.prediction, s.probability, s.prediction_number, s.by_class, s.details, s.subject_key_id, s.segments, s.request_id, e.score_id FROM scores s LEFT JOIN early_score_ids e ON e.score_id = s.score_id ORDER BY s.group_no, s."ROW_NUMBER";

DROP TABLE scores;

ALTER TABLE score_groups ADD COLUMN segments CLOB(65536);

ALTER TABLE score_groups ADD COLUMN request_id VARCHAR(128);

CREATE VIEW scores AS SELECT COALESCE(r.early_id, substr(g.group_id, 1, 30) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 1048576, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 65536, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 4096, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 256, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 16, 16) + 1, 1) || substr('0123456789abcdef', mod((r.place - r.place / 16777216 * 16777216 + 1) / 1, 16) + 1, 1)) AS score_id, g.group_id, r.place / 16777216 AS group_no, r.place - r.place / 16777216 * 16777216 AS "ROW_NUMBER", r.record_key, r.subject_key_id, g.use_case, g.model, g."VERSION", r.prediction, r.prediction_number, r.probability, r.by_class, COALESCE(r.segments, g.segments) AS segments, COALESCE(r.request_id, g.request_id) AS request_id, r.details, g.created_at AS scored_at FROM score_rows r LEFT JOIN score_groups g ON g.group_no = r.place / 16777216;

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';

COMMIT;
