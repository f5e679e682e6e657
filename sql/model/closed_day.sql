-- one row per day on which no school that has a calendar was open, as known on the as-of date
select date
from core.calendar
where known_at <= $as_of and (known_until is null or known_until > $as_of)
group by date
having not bool_or(is_school_day)
order by date
