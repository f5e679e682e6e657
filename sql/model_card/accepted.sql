-- one row per night on which lists of the version $version were accepted though a group was out of bounds
select as_of_date, student_groups, reason, who
from ops.audit_acceptance
where model_version = $version
order by as_of_date
