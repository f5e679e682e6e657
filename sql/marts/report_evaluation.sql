-- one row per ranking, metric and list size, over all as-of dates: tonight's version, or the last one evaluated; no replay
select e.version, e.cohort, e.ranking, e.metric, e.size_share, e.value, e.low, e.high, e.student_count
from this_night as t
inner join analytics.marts.evaluation as e on t.list_target = e.target and e.as_of_group = 'all' and e.student_group = 'all'
where not e.is_hidden and e.version = (
    select v.version
    from analytics.marts.evaluation as v
    left join analytics.marts.model as m on v.version = m.version
    where v.target = e.target and m.status is distinct from 'backtest'
    order by v.version is not distinct from $version desc, m.trained_as_of desc nulls last, v.version desc
    limit 1
)
order by e.ranking, e.metric, e.size_share
