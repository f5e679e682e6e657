-- one row: the night in numbers
select
    count(*) as schools, sum(enrolled_count)::bigint as students, sum(scored_count)::bigint as scored,
    sum(abstained_count)::bigint as abstained, sum(listed_count)::bigint as listed
from analytics.marts.school_night
