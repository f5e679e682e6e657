-- one row per run and step; a run that has no step yet has one row without a step; what a step counted is the operator's
select
    r.run_id, r.kind, r.as_of_date, r.status as run_status, r.exit_code, r.started_at, r.finished_at, r.seconds as run_seconds,
    r.code_version, r.settings_sha256, s.ordinal, s.step, s.status as step_status, s.seconds as step_seconds
from ops.run as r
left join ops.step as s on r.run_id = s.run_id
order by r.started_at, r.run_id, s.ordinal
