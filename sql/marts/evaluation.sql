-- one row per model version, target, cohort, as_of_group, student_group, ranking, metric and list size
select
    version, target, cohort, as_of_group, student_group, ranking, metric, size_share, value, low, high, student_count, event_count
from ops.evaluation
order by version, target, cohort, as_of_group, student_group, ranking, metric, size_share
