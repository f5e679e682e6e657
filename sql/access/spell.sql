-- one row per enrolment of student $student_key as known now: school, class, and its dates; an open one of a past year ends with it
with year as (
    select unnest($years::varchar[]) as school_year, unnest($starts::date[]) as start_date, unnest($ends::date[]) as end_date
)

select
    coalesce(c.school_name, e.school_id) as school, e.class_id, e.entry_date as first_date,
    coalesce(e.exit_date, if(y.end_date < $today::date, y.end_date, null)) as last_date
from core.enrolment as e
left join year as y on e.school_year = y.school_year
left join core.school as c on e.school_id = c.school_id and c.known_until is null
where e.student_key = $student_key and e.known_until is null and e.exit_reason is distinct from 'invalid_enrolment'
order by e.entry_date, e.school_id
