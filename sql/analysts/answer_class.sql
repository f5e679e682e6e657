-- one row per student and list that was answered: what may be told of the answer, shared with nine other students or more
-- students are counted, not rows: one who stands on ten lists has ten answers
with answer as (
    select *, date_trunc('month', list_date)::date as list_month, first_known_at - list_date as days_to_answer
    from exact.marts.followup
),

whole as (
    select *, count(distinct student_key) over (partition by is_listed, decision, list_month, action, outcome) >= $k as is_whole
    from answer
),

no_outcome as (
    select
        *, not is_whole
        and count(distinct student_key) over (partition by is_whole, is_listed, decision, list_month, action) >= $k as is_no_outcome
    from whole
),

no_action as (
    select
        *, not is_whole and not is_no_outcome
        and count(distinct student_key) over (partition by is_whole or is_no_outcome, is_listed, decision, list_month) >= $k as is_no_action
    from no_outcome
),

no_month as (
    select
        *, is_whole or is_no_outcome or is_no_action as is_placed,
        count(distinct student_key) over (partition by is_whole or is_no_outcome or is_no_action, is_listed, decision) as rest_count
    from no_action
)

select
    student_key, if(is_placed, list_month, null) as list_month, is_listed, decision, if(is_whole or is_no_outcome, action, null) as action,
    if(is_whole, outcome, null) as outcome, days_to_answer,
    case
        when is_whole then null when is_no_outcome then 'outcome' when is_no_action then 'action and outcome'
        else 'month, action and outcome'
    end as coarsened,
    is_placed or rest_count >= $k as is_shown
from no_month
