-- one row per as_of_date and student with an absence: longest run of missed days, and the run that reaches the last register
with missed as (
    select
        as_of_date, student_key, taken_no,
        taken_no - row_number() over (partition by as_of_date, student_key order by taken_no) as island
    from absence_day
    where absent_share >= 0.5
),

run as (
    select as_of_date, student_key, island, count(*) as days, max(taken_no) as last_taken_no
    from missed
    group by all
)

select
    r.as_of_date, r.student_key, max(r.days) as longest_days,
    coalesce(max(r.days) filter (where r.last_taken_no = d.last_taken_no), 0) as current_days
from run as r
inner join attendance_denominator as d on r.as_of_date = d.as_of_date and r.student_key = d.student_key
group by all
