-- one row per school: aggregates only, the lowest register coverage first
select school_id, enrolled_count, abstained_count, listed_count, register_coverage_28d_share, newest_data_date
from analytics.marts.school_night
order by register_coverage_28d_share nulls last, school_id
