-- one row per as_of_date and student with a mark this year: weakest subject and subjects below the pass mark
with subject_mean as (
    select
        as_of_date, student_key, subject,
        sum(mark_share * weight) / nullif(sum(weight) filter (where mark_share is not null), 0) as mean_share
    from grade_known
    where is_this_year and mark_share is not null
    group by as_of_date, student_key, subject
)

select
    as_of_date, student_key, min(mean_share) as weakest_share,
    count(*) filter (where mean_share < (select pass_share from country_rule)) as failing_count
from subject_mean
group by as_of_date, student_key
