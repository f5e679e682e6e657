-- one row per as_of_date and student whose class has a taken register, or with totals: rates, counts, streaks, trends
-- totals say what registers do not: they stand in for the year where no register was taken, and have a column of their own
with window_sum as (
    select
        d.as_of_date, d.student_key,
        sum(a.absent_share) as absent_year, sum(a.unexcused_share) as unexcused_year, count(*) filter (where a.is_late) as late_year,
        sum(a.absent_share) filter (where a.taken_no > d.last_taken_no - 7) as absent_7d,
        sum(a.absent_share) filter (where a.taken_no > d.last_taken_no - 28) as absent_28d,
        sum(a.absent_share) filter (where a.taken_no > d.last_taken_no - 56) as absent_56d,
        sum(a.unexcused_share) filter (where a.taken_no > d.last_taken_no - 7) as unexcused_7d,
        sum(a.unexcused_share) filter (where a.taken_no > d.last_taken_no - 28) as unexcused_28d,
        sum(a.unexcused_share) filter (where a.taken_no > d.last_taken_no - 56) as unexcused_56d,
        count(*) filter (where a.is_late and a.taken_no > d.last_taken_no - 28) as late_28d,
        count(*) filter (where a.absent_share > 0) as absent_days,
        count(*) filter (where a.absent_share > 0 and a.weekday in (select weekday from week_edge)) as edge_days
    from attendance_denominator as d
    left join absence_day as a on d.as_of_date = a.as_of_date and d.student_key = a.student_key
    group by d.as_of_date, d.student_key
),

rate as (
    select
        d.as_of_date, d.student_key, d.taken_7d, d.taken_28d, d.taken_56d, d.coverage_share_28d,
        coalesce(absent_7d, 0) / nullif(taken_7d, 0) as absent_7d, coalesce(absent_28d, 0) / nullif(taken_28d, 0) as absent_28d,
        coalesce(absent_56d, 0) / nullif(taken_56d, 0) as absent_56d, coalesce(absent_year, 0) / nullif(taken_year, 0) as absent_year,
        if(taken_7d > 0, coalesce(unexcused_7d, 0), null) as unexcused_7d, if(taken_28d > 0, coalesce(unexcused_28d, 0), null) as unexcused_28d,
        if(taken_56d > 28, coalesce(unexcused_56d, 0) - coalesce(unexcused_28d, 0), null) as unexcused_28d_before,
        coalesce(unexcused_year, 0) / nullif(taken_year, 0) as unexcused_year,
        late_28d / nullif(taken_28d, 0) as late_28d, late_year / nullif(taken_year, 0) as late_year,
        if(taken_56d > 28, (coalesce(absent_56d, 0) - coalesce(absent_28d, 0)) / (taken_56d - 28), null) as absent_28d_before,
        if(taken_year > 28, (coalesce(absent_year, 0) - coalesce(absent_28d, 0)) / (taken_year - 28), null) as absent_earlier,
        if(absent_days >= 3, edge_days / absent_days, null) as week_edge
    from window_sum as w
    inner join attendance_denominator as d using (as_of_date, student_key)
)

select
    as_of_date, student_key,
    absent_7d as absence_share_7d, absent_28d as absence_share_28d, absent_56d as absence_share_56d,
    unexcused_7d as absences_unexcused_7d_count, unexcused_28d as absences_unexcused_28d_count, late_28d as lateness_share_28d,
    if(taken_56d > 0, coalesce(s.current_days, 0), null) as absence_streak_current_days,
    unexcused_28d_before as absences_unexcused_28d_before_count, coalesce(absent_year, t.absence_share) as absence_share_year,
    if(absent_year is null, t.unexcused_share, unexcused_year) as absence_unexcused_share_year,
    if(absent_year is null, t.lateness_share, late_year) as lateness_share_year,
    if(taken_56d > 0, coalesce(s.longest_days, 0), null) as absence_streak_longest_days, week_edge as absence_week_edge_share,
    absent_28d - absent_28d_before as absence_trend_difference, absent_28d - absent_earlier as absence_own_past_difference,
    taken_7d as registers_taken_7d_count, taken_28d as registers_taken_28d_count, taken_56d as registers_taken_56d_count,
    coverage_share_28d as register_coverage_share_28d,
    t.last_period_share as absence_share_last_period, t.recent_days as days_in_totals_62_calendar_days_count
from rate as r
full join attendance_total as t using (as_of_date, student_key)
left join absence_streak as s using (as_of_date, student_key)
