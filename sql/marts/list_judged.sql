-- one row, or none: what share of the lists left, of what ranks tonight, on the newest cohort that it was judged on
select e.cohort, e.value as precision, e.low, e.high
from this_night as t
inner join (
    select distinct s.as_of_date, s.target, s.model_version, s.method
    from night.score as s
) as v on t.as_of_date = v.as_of_date and t.list_target = v.target
inner join ops.evaluation as e
    on v.model_version = e.version and v.target = e.target and v.method = e.ranking
    and e.metric = 'precision_at_capacity' and e.as_of_group = 'all' and e.student_group = 'all' and e.value is not null
order by e.cohort desc
limit 1
