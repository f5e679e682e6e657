-- one row: the version $version as the ledger holds it; none where it was never on record
select
    version, target, method,
    case when status = 'promoted' and target in (select target from ops.suspension where resumed_at is null) then 'suspended' else status end as status,
    trained_as_of, why, card
from ops.model
where version = $version
