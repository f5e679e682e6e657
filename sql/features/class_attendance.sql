-- one row per as_of_date and class: registers taken this year and in the last 28 school days
with last_day as (
    select *, max(day_no) over (partition by as_of_date, class_id) as last_day_no from school_day
)

select
    as_of_date, class_id, max(taken_no) as taken_count,
    count(*) filter (where day_no > last_day_no - 28 and is_taken) / count(*) filter (where day_no > last_day_no - 28)
        as coverage_share_28d
from last_day
group by as_of_date, class_id
