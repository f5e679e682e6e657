-- one row per class, date and session that shows a taken register where the system delivers none
-- full and presence: a class of which anyone was noted; exceptions: every class of a school in which anyone was noted that day
with noted as (
    select a.student_key, a.date, a.session, l.mode, min(a.known_at) as known_at, min(a.delivery_no) as delivery_no
    from core.attendance as a
    inner join loading as l on a.delivery_no = l.delivery_no
    group by all
),

placed as (
    select n.*, e.school_id, e.class_id, e.school_year
    from noted as n
    inner join core.enrolment as e
        on n.student_key = e.student_key and n.date >= e.entry_date and (e.exit_date is null or n.date <= e.exit_date)
        and e.known_until is null and e.class_id is not null
),

class_of_school as (
    select distinct school_id, school_year, class_id from core.enrolment where known_until is null and class_id is not null
),

seen as (
    select class_id, date, session, known_at, delivery_no from placed where mode <> 'exceptions'
    union all
    select c.class_id, p.date, 'day' as session, p.known_at, p.delivery_no
    from placed as p
    inner join class_of_school as c on p.school_id = c.school_id and p.school_year = c.school_year
    where p.mode = 'exceptions'
)

select class_id, date, session, true as taken, min(known_at) as known_at, min(delivery_no) as delivery_no
from seen
where class_id not in (select class_id from core.register where file_id is not null)
    and (class_id, date, session) not in (select (class_id, date, session) from core.register)
group by class_id, date, session
