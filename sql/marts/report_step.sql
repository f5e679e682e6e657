-- one row per step of the run $run_id
select ordinal, step, status as step_status, seconds as step_seconds, counts
from ops.step
where run_id = $run_id
order by ordinal
