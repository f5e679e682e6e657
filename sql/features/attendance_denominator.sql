-- one row per as_of_date and student: registers taken while enrolled, this year and in the windows
with entered as (
    select c.as_of_date, c.student_key, c.class_id, coalesce(max(d.taken_no), 0) as taken_before_count
    from cohort as c
    left join school_day as d on c.as_of_date = d.as_of_date and c.class_id = d.class_id and d.date < c.from_date
    where c.from_date > c.start_date
    group by all
)

select
    c.as_of_date, c.student_key, k.taken_count as last_taken_no, k.coverage_share_28d,
    k.taken_count - coalesce(e.taken_before_count, 0) as taken_year,
    least(7, k.taken_count - coalesce(e.taken_before_count, 0)) as taken_7d,
    least(28, k.taken_count - coalesce(e.taken_before_count, 0)) as taken_28d,
    least(56, k.taken_count - coalesce(e.taken_before_count, 0)) as taken_56d
from cohort as c
inner join class_attendance as k on c.as_of_date = k.as_of_date and c.class_id = k.class_id
left join entered as e on c.as_of_date = e.as_of_date and c.student_key = e.student_key
