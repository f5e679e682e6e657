-- one row per cohort, as_of_group, student_group, ranking, metric and list size of the version $version
select cohort, as_of_group, student_group, ranking, metric, size_share, value, low, high, student_count, event_count
from ops.evaluation
where version = $version
order by cohort, as_of_group, student_group, ranking, metric, size_share
