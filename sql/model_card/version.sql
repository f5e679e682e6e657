-- one row: the version $version as the ledger holds it; none where it was never on record
select version, target, method, status, trained_as_of, why, card
from ops.model
where version = $version
