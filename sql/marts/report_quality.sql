-- one row per stage, table and rule that lines or rows of the last extracts broke; refusing rules only where it was refused
select delivery_name, stage, table_name, rule, severity, row_count, violation_count
from analytics.marts.data_quality
where
    delivery_no = (select max(delivery_no) from analytics.marts.data_quality where source is distinct from 'list_answers')
    and stage <> 'answer'
    and violation_count is distinct from 0
    and (severity <> 'refuse' or delivery_status = 'refused')
order by stage desc, violation_count desc nulls last, table_name, rule
