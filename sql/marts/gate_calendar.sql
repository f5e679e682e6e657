-- one row: the last school day up to tonight, and the last date the delivered calendars speak of
select
    max(c.date) filter (c.is_school_day and c.date <= t.as_of_date) as last_school_day, max(c.date) as last_date
from this_night as t
inner join core.calendar as c
    on c.known_at <= t.as_of_date and (c.known_until is null or c.known_until > t.as_of_date)
