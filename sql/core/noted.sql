-- one row per class, day, session, file and time during which the warehouse held a row of somebody of that class
with row_of_class as (
    select p.class_no, a.date, a.session, a.file_id, a.known_at, a.known_until
    from core.attendance as a
    inner join placement as p on a.student_key = p.student_key and a.date between p.entry_date and p.exit_date
    where
        a.file_id in (select file_id from file_mode where is_new and mode <> 'totals')
        or (a.file_id is not null and a.date in (select date from affected))
)

-- of rows that stand the first one covers the others: five columns less to group millions of rows by
select class_no, date, session, file_id, min(known_at) as known_at, null::date as known_until
from row_of_class
where known_until is null
group by class_no, date, session, file_id
union all
select distinct class_no, date, session, file_id, known_at, known_until
from row_of_class
where known_until > known_at
