-- one row per target with a model in force: what it learned from, and the newest as-of date it was held against by $as_of
select
    m.target, m.version, m.trained_as_of, m.card -> '$.cohorts' as cohorts, m.card ->> '$.running.start_date' as running_start,
    max(r.newest_matured_date) filter (where r.as_of_date <= $as_of) as newest_matured_date
from ops.model as m
left join ops.recalibration as r on m.version = r.version
where m.status = 'promoted' and m.method = 'model'
group by all
order by m.target
