-- one row per target that the version in force did not speak for tonight
select v.state, v.in_force, v.served, v.since
from this_night as t
inner join night.serving as v on t.as_of_date = v.as_of_date and v.state <> 'in_force'
order by v.target
