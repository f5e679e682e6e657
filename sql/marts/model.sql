-- one row per model version
select version, target, method, status, trained_as_of, promoted_at, why, card
from ops.model
order by trained_as_of, version
