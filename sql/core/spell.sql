-- one row per $owner: the schools of its enrolments as they are known now, and when each was
select $owner, list(distinct school_id) as schools, list({'school_id': school_id, 'entry_date': entry_date, 'exit_date': exit_date}) as spells
from core.enrolment
where known_until is null and $owner is not null
group by $owner
