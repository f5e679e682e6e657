-- one row per as_of_date and class with an assessment this year: how many there were so far, and days since the last
select
    c.as_of_date, c.class_id, count(distinct (g.term, g.subject, g.assessment_id)) as assessment_count,
    c.as_of_date - max(g.due_date) as last_days
from cohort as c
inner join grade_known as g on c.as_of_date = g.as_of_date and c.student_key = g.student_key
where g.is_this_year and g.due_date <= c.as_of_date and c.class_id is not null
group by c.as_of_date, c.class_id
