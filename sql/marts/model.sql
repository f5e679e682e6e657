-- one row per model version
select
    version, target, method,
    case when status = 'promoted' and target in (select target from ops.suspension where resumed_at is null) then 'suspended' else status end as status,
    trained_as_of, promoted_at, why, card
from ops.model
order by trained_as_of, version
