-- one row per student and list that was answered, as known tonight, without student and school: codes ten or more share
select
    list_month, is_listed, decision, action, outcome,
    round(avg(days_to_answer) over same, 1) as days_to_answer_mean, coarsened
from answer_class
where is_shown
window same as (partition by list_month, is_listed, decision, action, outcome, coarsened)
order by all
