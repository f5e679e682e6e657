-- one row: the run that decided on the version $version, so the last to promote before it was in force, or was refused
with decided as (
    select max(m.promoted_at) as decided_at
    from ops.model as v
    inner join ops.model as m on v.target = m.target and v.trained_as_of = m.trained_as_of
    where v.version = $version and (m.version = v.version or v.status = 'refused')
)

select r.code_version, r.settings_sha256
from decided as d
inner join ops.step as s on s.step = 'promote' and s.status = 'done' and s.started_at <= d.decided_at
inner join ops.run as r on s.run_id = r.run_id
order by s.started_at desc, r.run_id
limit 1
