-- one row per school whose list of about this date in an earlier season has known outcomes, the newest such season: who left
select
    s.school_id, s.school_year, s.as_of_date as list_date, count(*) as named_count, count(l.label) as listed_count,
    count(*) filter (l.label = 1) as left_count, count(*) filter (l.label = 1 and l.is_returned) as returned_count,
    count(*) filter (l.label = 1 and l.is_unknown_exit) as unknown_exit_count
from snapshot as s
inner join label as l on s.student_key = l.student_key and s.as_of_date = l.as_of_date
group by s.school_id, s.school_year, s.as_of_date
having count(l.label) > 0
qualify row_number() over (partition by s.school_id order by s.school_year desc) = 1
order by s.school_id
