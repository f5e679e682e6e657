-- one row per state that snapshots of the cohort $school_year ended in, the commonest first; leavers who returned stay leavers
select
    l.state, count(*) as snapshot_count, count(distinct l.student_key) as student_count,
    count(distinct l.student_key) filter (l.is_returned) as returned_student_count
from label as l
inner join snapshot as s on l.student_key = s.student_key and l.as_of_date = s.as_of_date
where s.school_year = $school_year
group by l.state
order by snapshot_count desc, l.state
