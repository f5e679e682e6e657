-- one row per date by $as_of on which something became known of enrolments
select known_at as known_on
from core.enrolment
where known_at <= $as_of
union
select known_until as known_on
from core.enrolment
where known_until <= $as_of
