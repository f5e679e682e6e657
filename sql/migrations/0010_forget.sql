-- pupils who were forgotten: a keyed hash that names nobody, where lines of theirs stood, and what has to be done still
create table ops.tombstone (mark varchar primary key, set_on date not null);
-- one row per received line of somebody who was forgotten; nothing of what it said
create table ops.suppressed (file_id integer not null, line bigint not null);
-- one row per received file that such lines were cut out of, or that was removed since they could not be
create table ops.raw_cut (delivery_no integer not null, file varchar not null, is_removed boolean not null, cut_at timestamp not null);
alter table ops.file add column suppressed_count bigint default 0;
-- one row per version that learned from somebody who was forgotten since: a season is due
create table ops.tainted (version varchar primary key);
-- whom nothing is predicted of: a pupil, or all pupils of a school
create table ops.opt_out (student_key bigint, school_id varchar, since date not null);
