-- one row per school with enrolled students tonight: each gets a list, be it empty
select distinct n.school_id
from this_night as t
inner join night.snapshot as n on t.as_of_date = n.as_of_date
order by n.school_id
