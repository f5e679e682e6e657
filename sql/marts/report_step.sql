-- one row per step of the run $run_id
select ordinal, step, step_status, step_seconds, counts
from analytics.marts.run
where run_id = $run_id and step is not null
order by ordinal
