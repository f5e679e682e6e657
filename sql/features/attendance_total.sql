-- one row per as_of_date and student with totals of days missed this year: shares of the school days that they tell of
with told as (
    select *, period_end > as_of_date - 62 as is_recent from total_period
    where is_this_year and school_days > 0
)

select
    as_of_date, student_key,
    sum(absent_days) / nullif(sum(school_days) filter (where absent_days is not null), 0) as absence_share,
    sum(absent_unexcused_days) / nullif(sum(school_days) filter (where absent_unexcused_days is not null), 0) as unexcused_share,
    least(1, sum(late_count) / nullif(sum(school_days) filter (where late_count is not null), 0)) as lateness_share,
    arg_max(absent_days / school_days, period_end) filter (where is_recent and absent_days is not null) as last_period_share,
    sum(school_days) filter (where is_recent and absent_days is not null) as recent_days
from told
group by as_of_date, student_key
