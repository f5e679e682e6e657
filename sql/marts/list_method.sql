-- one row: the target and the method of tonight's lists; no method where nobody was scored
select t.list_target, any_value(s.method) as method
from this_night as t
left join night.score as s on t.as_of_date = s.as_of_date and t.list_target = s.target
group by t.list_target
