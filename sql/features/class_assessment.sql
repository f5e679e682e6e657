-- one row per as_of_date and class with an assessment this year: how many were due so far and what they weigh, days since the last
with assessment as (
    select c.as_of_date, c.class_id, g.term, g.subject, g.assessment_id, max(g.due_date) as due_date, max(g.weight) as weight
    from cohort as c
    inner join grade_known as g on c.as_of_date = g.as_of_date and c.student_key = g.student_key
    where g.is_this_year and g.due_date <= c.as_of_date and c.class_id is not null
    group by c.as_of_date, c.class_id, g.term, g.subject, g.assessment_id
)

select
    as_of_date, class_id, count(*) as assessment_count, sum(weight) as weight_sum, as_of_date - max(due_date) as last_days
from assessment
group by as_of_date, class_id
