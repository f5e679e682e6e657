-- one row: the newest attendance, taken register or assessment that is known tonight
select max(date) as newest_date
from (
    select max(a.date) as date
    from this_night as t
    inner join core.attendance as a
        on a.date <= t.as_of_date and a.known_at <= t.as_of_date and (a.known_until is null or a.known_until > t.as_of_date)
    union all
    select max(r.date) as date
    from this_night as t
    inner join core.register as r
        on r.taken and r.date <= t.as_of_date and r.known_at <= t.as_of_date
        and (r.known_until is null or r.known_until > t.as_of_date)
    union all
    select max(coalesce(g.assessment_date, g.known_at)) as date
    from this_night as t
    inner join core.grade as g
        on coalesce(g.assessment_date, g.known_at) <= t.as_of_date and g.known_at <= t.as_of_date
        and (g.known_until is null or g.known_until > t.as_of_date)
)
