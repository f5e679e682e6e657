-- one row per class of a leaver and day: registers of the twenty days after the exit
select distinct on (class_id, date)
    class_id, exit_date + 1 + n::int as date, 'day' as session, true as taken, $known_at as known_at, delivery_no
from leaver cross join range(20) as t (n)
where class_id is not null
