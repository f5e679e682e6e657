-- one row per listed student and school day of this year until tonight: what the register says of it; shares of a day
-- reads what the features are made of (cohort, school_day, absence_day), so that a page and its reasons cannot differ
with last_register as (
    select class_id, max(taken_no) as taken_no from school_day group by class_id
)

select
    c.school_id, c.student_key, d.date,
    case
        when d.date < c.from_date then 'elsewhere'  -- not yet enrolled here
        when not d.is_taken then 'not_taken'
        when a.unexcused_share > 0 then 'unexcused'
        when a.absent_share > 0 then 'excused'
        when a.is_late then 'late'
        else 'present'
    end as state,
    coalesce(a.absent_share, 0)::double as absent_share, coalesce(a.unexcused_share, 0)::double as unexcused_share,
    coalesce(a.is_late, false) as is_late,
    if(d.is_taken and d.date >= c.from_date, r.taken_no - d.taken_no, null) as registers_ago
from cohort as c
inner join school_day as d on c.class_id = d.class_id
inner join last_register as r on c.class_id = r.class_id
left join absence_day as a on c.student_key = a.student_key and d.taken_no = a.taken_no and d.is_taken
order by c.school_id, c.student_key, d.date
