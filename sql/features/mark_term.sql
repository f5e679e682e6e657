-- one row per as_of_date and student with a mark: mean of the latest term with a mark and of the term before it
with term_mean as (
    select
        as_of_date, student_key, is_this_year, term, max(assessment_date) as last_date,
        sum(mark_share * weight) / nullif(sum(weight) filter (where mark_share is not null), 0) as mean_share
    from grade_known
    where mark_share is not null
    group by as_of_date, student_key, is_this_year, term
),

ordered as (
    select *, row_number() over (partition by as_of_date, student_key order by last_date desc, term desc) as term_ago from term_mean
)

select
    as_of_date, student_key,
    max(mean_share) filter (where term_ago = 1 and is_this_year) as last_share,
    max(mean_share) filter (where term_ago = 1) - max(mean_share) filter (where term_ago = 2) as trend_difference
from ordered
group by as_of_date, student_key
