-- one row per as_of_date, student and period with a total of days missed, this year and the one before, as it was known then
-- of periods that hold one another the shortest stay: a term's total would count its months twice
with known as (
    select
        c.as_of_date, c.student_key, c.class_id, y.school_year = c.school_year as is_this_year, t.period_start, t.period_end,
        t.school_days, t.late_count, t.absent_unexcused_days,
        coalesce(t.absent_days, t.absent_excused_days + t.absent_unexcused_days, t.absent_unexcused_days, t.absent_excused_days)
            as absent_days
    from cohort as c
    inner join school_year as y on y.year_no = c.year_no - 1 or y.year_no = c.year_no
    inner join core.attendance_total as t
        on c.student_key = t.student_key and t.period_end > y.start_date and t.period_start <= y.end_date
        and t.period_end <= least(c.as_of_date, y.end_date + 31)
        and t.known_at <= c.as_of_date and (t.known_until is null or t.known_until > c.as_of_date)
),

shortest as (
    select k.*
    from known as k
    anti join known as inner_period
        on k.as_of_date = inner_period.as_of_date and k.student_key = inner_period.student_key
        and inner_period.period_start >= k.period_start and inner_period.period_end <= k.period_end
        and inner_period.period_end - inner_period.period_start < k.period_end - k.period_start
),

counted as (
    select s.as_of_date, s.student_key, s.period_start, count(d.date) as day_count
    from shortest as s
    left join school_day as d
        on s.as_of_date = d.as_of_date and s.class_id = d.class_id and d.date between s.period_start and s.period_end
    where s.school_days is null and s.is_this_year
    group by all
)

select
    s.as_of_date, s.student_key, s.is_this_year, s.period_end, s.absent_days, s.absent_unexcused_days, s.late_count,
    -- where a total does not say of how many days it is, the calendar does; days open to the school, not to the pupil
    coalesce(s.school_days, c.day_count) as school_days
from shortest as s
left join counted as c using (as_of_date, student_key, period_start)
