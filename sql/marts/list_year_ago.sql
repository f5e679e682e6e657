-- one row per school, earlier season and student on the school's list of about this date in it: the newest one up to that date
with entry as (
    select e.*
    from this_night as t
    inner join season_asked as a on t.as_of_date > a.asked_on
    inner join ops.list_entry as e
        on a.school_year = e.school_year and t.list_target = e.target and e.as_of_date <= a.asked_on
),

-- a night that was published twice counts as it was published last
publication as (
    select e.generation_id
    from entry as e
    left join ops.generation as g on e.generation_id = g.generation_id
    group by e.generation_id, e.as_of_date
    qualify row_number() over (partition by e.as_of_date order by max(g.published_at) desc nulls last, e.generation_id desc) = 1
)

select e.student_key, e.as_of_date, e.school_year, e.school_id, e.grade_level
from entry as e
semi join publication as p on e.generation_id = p.generation_id
qualify e.as_of_date = max(e.as_of_date) over (partition by e.school_id, e.school_year)
