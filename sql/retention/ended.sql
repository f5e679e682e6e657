-- one row per student with an enrolment: the day on which the last one ended, NULL while one is open; an open one ends with its year
with year as (
    select unnest($years::varchar[]) as school_year, unnest($ends::date[]) as end_date
),

spell as (
    select e.student_key, coalesce(e.exit_date, y.end_date) as ended_on
    from core.enrolment as e
    left join year as y on e.school_year = y.school_year
    where e.known_until is null
)

select student_key, if(bool_or(ended_on is null), null, max(ended_on)) as ended_on
from spell
group by student_key
