-- one row per school year of student $student_key: days with a taken register in the pupil's classes, days with entries, absences
with year as (
    select unnest($years::varchar[]) as school_year, unnest($starts::date[]) as start_date, unnest($ends::date[]) as end_date
),

spell as (
    select
        e.school_year, e.class_id, greatest(e.entry_date, coalesce(y.start_date, e.entry_date)) as first_date,
        least(coalesce(e.exit_date, $today::date), coalesce(y.end_date, $today::date), $today::date) as last_date
    from core.enrolment as e
    left join year as y on e.school_year = y.school_year
    where e.student_key = $student_key and e.known_until is null and e.exit_reason is distinct from 'invalid_enrolment'
),

register_day as (
    select distinct s.school_year, r.date
    from spell as s
    inner join core.register as r on s.class_id = r.class_id and r.date between s.first_date and s.last_date
    where r.taken and r.known_until is null
),

entry as (
    select distinct s.school_year, a.date, a.status
    from spell as s
    inner join core.attendance as a on a.date between s.first_date and s.last_date
    where a.student_key = $student_key and a.known_until is null
),

by_register as (
    select school_year, count(*) as day_count, min(date) as first_date, max(date) as last_date
    from register_day
    group by school_year
),

by_entry as (
    select
        school_year, count(distinct date) as day_count, min(date) as first_date, max(date) as last_date,
        count(distinct date) filter (status = 'absent_unexcused') as unexcused_count,
        count(distinct date) filter (status = 'absent_excused') as excused_count,
        count(distinct date) filter (status = 'late') as late_count
    from entry
    group by school_year
)

select
    coalesce(r.school_year, e.school_year) as school_year, r.day_count is not null as is_by_register,
    coalesce(r.day_count, e.day_count) as day_count, coalesce(r.first_date, e.first_date) as first_date,
    coalesce(r.last_date, e.last_date) as last_date, coalesce(e.unexcused_count, 0) as unexcused_count,
    coalesce(e.excused_count, 0) as excused_count, coalesce(e.late_count, 0) as late_count
from by_register as r
full join by_entry as e on r.school_year = e.school_year
order by school_year
