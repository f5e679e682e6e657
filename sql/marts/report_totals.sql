-- one row: the night in numbers, counts of students hidden where few and rounded one by one
with total as (
    select
        count(*) as schools, sum(enrolled_count)::bigint as students, sum(scored_count)::bigint as scored,
        sum(abstained_count)::bigint as abstained, sum(listed_count)::bigint as listed
    from exact.marts.school_night
)

select
    schools, shown_count('report/students', students) as students, shown_count('report/scored', scored) as scored,
    shown_part('report/abstained', abstained, students) as abstained, shown_part('report/listed', listed, students) as listed
from total
