-- one row per student scored on the date of temp table `listed` whose outcome is known by now; expected: what its school's list found
select
    s.* exclude (expected), l.label,
    coalesce(
        l.label * (count(*) filter (s.is_listed and l.label = 1) over school) / nullif(count(*) filter (l.label = 1) over school, 0), 0
    ) as expected
from listed as s
inner join label as l on s.student_key = l.student_key and s.as_of_date = l.as_of_date
where l.label is not null
window school as (partition by s.school_id)
order by s.student_key
