-- one row per student and replayed night but the cohort's first: listed on it, or on the replayed night before it and still enrolled
with following as (
    select as_of_date, lag(as_of_date) over (order by as_of_date) as before
    from (select distinct as_of_date from night.replayed where target = $target and school_year = $school_year)
)

select
    n.as_of_date, n.student_key, n.school_id, n.is_listed, coalesce(b.is_listed, false) as was_listed,
    coalesce(l.label = 1, false) as has_left
from following as f
inner join night.replayed as n on f.as_of_date = n.as_of_date and n.target = $target and n.school_year = $school_year
left join night.replayed as b
    on n.student_key = b.student_key and f.before = b.as_of_date and b.target = $target and b.school_year = $school_year
left join label as l on n.student_key = l.student_key and n.as_of_date = l.as_of_date
where f.before is not null and (n.is_listed or b.is_listed)
order by n.as_of_date, n.student_key
