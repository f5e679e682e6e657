-- one row per target that is suspended: since when, in UTC
select target, min(suspended_at) as suspended_at
from ops.suspension
where resumed_at is null
group by target
order by target
