-- one row per version on record, the latest first
select version, target, status
from ops.model
order by trained_as_of desc, target, version
