-- one row per key whose pseudonyms this warehouse has had, the last one in force; `is_told`: the audit log says so (decision 0024)
create table ops.key (
    ordinal integer primary key, key_id varchar not null, since timestamp not null, student_count bigint not null,
    unnumbered_count bigint not null, is_told boolean not null
);
-- one row per entry of the audit log on a pupil that an earlier key marked: the same mark, made with the key in force
create table ops.audit_subject (ordinal bigint not null, subject varchar not null);
