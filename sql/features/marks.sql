-- one row per as_of_date and student with an assessment this year or last: means, trends, rank, missing work
with year_sum as (
    select
        as_of_date, student_key,
        sum(mark_share * weight) filter (where is_this_year)
        / nullif(sum(weight) filter (where is_this_year and mark_share is not null), 0) as mean_share,
        coalesce(sum(mark_share * weight) filter (where is_this_year), 0)
        / nullif(sum(weight) filter (where is_this_year and (mark_share is not null or is_missing)), 0) as earned_share,
        sum(mark_share * weight) filter (where not is_this_year)
        / nullif(sum(weight) filter (where not is_this_year and mark_share is not null), 0) as previous_share,
        avg(mark_share) filter (where is_this_year and marked_recency <= 3)
        - avg(mark_share) filter (where is_this_year and marked_recency > 3) as recent_difference,
        count(*) filter (where is_this_year and state = 'marked') as marked_count,
        sum(weight) filter (where is_this_year and state = 'marked') as marked_weight,
        count(*) filter (where is_this_year and state <> 'exempt') as assessment_count,
        count(*) filter (where is_this_year and is_missing) as missing_count,
        avg(is_missing::int) filter (where is_this_year and recency <= 3 and state <> 'exempt') as missing_recent_share,
        avg(late_days) filter (where is_this_year) as late_mean_days,
        max(late_days) filter (where is_this_year and marked_recency = 1) as late_last_days
    from grade_known
    group by as_of_date, student_key
)

select
    s.as_of_date, s.student_key, s.mean_share as mark_mean_year_share, t.last_share as mark_mean_term_share,
    u.weakest_share as mark_weakest_subject_share, t.trend_difference as mark_trend_term_difference,
    s.recent_difference as mark_recent_difference, u.failing_count as marks_failing_count,
    if(s.mean_share is null, null, percent_rank() over (
        partition by s.as_of_date, c.class_id, s.mean_share is null order by s.mean_share
    )) as mark_rank_class_share,
    s.previous_share as mark_previous_year_share, s.earned_share as mark_earned_year_share,
    if(s.assessment_count > 0, s.marked_count, null) as assessments_marked_count,
    if(s.assessment_count > 0, coalesce(s.marked_weight, 0), null) as assessments_marked_weight_sum,
    if(s.assessment_count > 0, s.missing_count, null) as assessments_missing_count,
    s.missing_count / nullif(s.assessment_count, 0) as assessments_missing_share,
    s.missing_recent_share as assessments_missing_recent_share,
    s.late_mean_days as work_late_mean_days, s.late_last_days as work_late_last_days
from year_sum as s
inner join cohort as c on s.as_of_date = c.as_of_date and s.student_key = c.student_key
left join mark_term as t on s.as_of_date = t.as_of_date and s.student_key = t.student_key
left join mark_subject as u on s.as_of_date = u.as_of_date and s.student_key = u.student_key
