-- one row per listed student, term and subject of this year, and per term over all of them (is_all): means of pupil and class
with pupil_mean as (
    select
        student_key, term, subject, grouping(subject) = 1 as is_all, max(assessment_date) as last_date,
        sum(mark_share * weight) / nullif(sum(weight), 0) as mean_share
    from grade_known
    where is_this_year and mark_share is not null
    group by grouping sets ((student_key, term, subject), (student_key, term))
),

class_mean as (
    select
        c.class_id, p.term, p.subject, p.is_all, avg(p.mean_share::decimal(18, 9)) as mean_share
    from pupil_mean as p
    inner join cohort as c on p.student_key = c.student_key
    group by all
    having count(*) >= 5  -- of fewer, the mean says who had what
)

select c.school_id, p.student_key, p.term, p.subject, p.is_all, p.last_date, p.mean_share, k.mean_share as class_share
from pupil_mean as p
inner join cohort as c on p.student_key = c.student_key
inner join this_night as t on c.as_of_date = t.as_of_date
inner join night.score as s on c.student_key = s.student_key and t.as_of_date = s.as_of_date and t.list_target = s.target and s.is_listed
left join class_mean as k
    on c.class_id = k.class_id and p.term = k.term and p.is_all = k.is_all and p.subject is not distinct from k.subject
order by c.school_id, p.student_key, p.term, p.is_all desc, p.subject
