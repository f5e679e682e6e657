-- one row per school that names a capacity, as known on the as-of date
select school_id, capacity
from core.school
where capacity is not null and known_at <= $as_of and (known_until is null or known_until > $as_of)
