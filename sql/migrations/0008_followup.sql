-- answers to lists: one per student and list, where there was one per action; a decision alone is enough
create schema if not exists core;
create schema if not exists gone;
-- as an older warehouse has them; a new one gets the contract's words and comments from the first load
create table if not exists core.followup (
    student_key bigint not null, list_date date not null, decision varchar, action varchar, action_date date, outcome varchar,
    note_code varchar, known_at date not null, known_until date, delivery_no integer not null, file_id integer, line bigint
);
create table if not exists gone.followup (
    student_key bigint, list_date date, action varchar, known_at date, delivery_no integer, file_id integer, line bigint
);
alter table gone.followup drop column action;
alter table core.followup alter column decision type varchar;
alter table core.followup alter column decision drop not null;
alter table core.followup alter column action drop not null;
update core.followup set decision = 'will_act' where decision = 'follow_up';
-- of several actions that stood for one list, the latest stands on; the others were known and are replaced by it
update core.followup as f set known_until = n.known_at
from (
    select student_key, list_date, known_at, file_id, line
    from core.followup
    where known_until is null
    qualify row_number() over (
        partition by student_key, list_date order by known_at desc, action_date desc nulls last, file_id desc, line desc
    ) = 1
) as n
where
    f.student_key = n.student_key and f.list_date = n.list_date and f.known_until is null
    and (f.file_id, f.line) is distinct from (n.file_id, n.line);
