-- one row per student of the cohort $school_year who left by a dated exit after a replayed night: school days from the first list to it
with leaver as (
    select
        n.student_key, max(x.exit_date) as exit_date, min(n.as_of_date) filter (n.is_listed) as first_listed_on,
        coalesce(arg_min(n.school_id, n.as_of_date) filter (n.is_listed), arg_max(n.school_id, n.as_of_date)) as school_id
    from night.replayed as n
    inner join label as l on n.student_key = l.student_key and n.as_of_date = l.as_of_date
    inner join exit_after as x on n.student_key = x.student_key and n.as_of_date = x.as_of_date
    where n.target = $target and n.school_year = $school_year
    group by n.student_key
    -- whose exit was a transfer left after it, nobody knows when
    having arg_max(coalesce(l.label = 1 and l.state <> 'left_not_found', false), n.as_of_date)
),

school_day as (
    select school_id, date
    from core.calendar
    where is_school_day and known_at <= $known_on and (known_until is null or known_until > $known_on)
),

open_day as (
    select v.student_key, d.date
    from leaver as v
    inner join school_day as d on v.school_id = d.school_id and d.date >= v.first_listed_on and d.date < v.exit_date
    union
    select student_key, date
    from (
        select student_key, unnest(generate_series(first_listed_on, exit_date - 1, interval 1 day))::date as date
        from leaver
        where school_id not in (select school_id from school_day)
    )
    where list_contains($school_days, isodow(date))
)

select
    v.student_key, any_value(v.school_id) as school_id, any_value(v.exit_date) as exit_date,
    any_value(v.first_listed_on) as first_listed_on,
    if(any_value(v.first_listed_on) is null, null, count(d.date)) as lead_school_days
from leaver as v
left join open_day as d on v.student_key = d.student_key
group by v.student_key
order by v.student_key
