-- one row per version that was in force for $target before the one that is, and may be again: newest first
select e.version
from ops.model as e
inner join ops.model as f on e.target = f.target and f.status = 'promoted' and e.promoted_at < f.promoted_at
where e.target = $target and e.status = 'retired' and e.trained_as_of <= $as_of
    -- what a person once stopped does not come back by itself
    and e.version not in (select version from ops.suspension)
    -- nor what learned from a pupil who was forgotten since
    and e.version not in (select version from ops.tainted)
order by e.promoted_at desc, e.version
