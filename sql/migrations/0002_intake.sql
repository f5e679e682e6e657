-- files and deliveries as they really arrive: what became of each file, what waits, what the operator must know
alter table ops.file add column source varchar;
alter table ops.file add column attendance_mode varchar;
alter table ops.file add column contents varchar default 'increment';
alter table ops.file add column encoding varchar;
alter table ops.file add column aside_count bigint default 0;  -- lines or cells the source declares to be of no concern
alter table ops.file add column status varchar default 'read';  -- or stopped
alter table ops.file add column why varchar;

-- one row per set of headers that a kind of file came with; one that is not accepted stops its file
create table ops.file_shape (
    source varchar not null, pattern varchar not null, headers varchar[] not null, file varchar not null, is_accepted boolean not null
);

create table ops.notice (
    run_id varchar not null, step varchar not null, place varchar not null, what varchar not null, cause varchar not null,
    remedy varchar not null, noticed_at timestamp not null
);
