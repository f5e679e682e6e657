-- one row per school with enrolled students tonight: each gets a list, be it empty
select n.school_id, any_value(coalesce(c.school_name, n.school_id)) as school
from this_night as t
inner join night.snapshot as n on t.as_of_date = n.as_of_date
left join core.school as c
    on n.school_id = c.school_id and c.known_at <= t.as_of_date and (c.known_until is null or c.known_until > t.as_of_date)
group by n.school_id
order by n.school_id
