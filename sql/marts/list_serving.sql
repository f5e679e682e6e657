-- one row, or none: how the target of tonight's lists was served, and by which version
select v.state, v.in_force, v.served, v.since
from this_night as t
inner join night.serving as v on t.as_of_date = v.as_of_date and t.list_target = v.target
