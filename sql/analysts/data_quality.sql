-- one row per delivery, stage, table and rule, counts rounded; at stage read the rule is the reason of a rejected line
with reading as (
    select f.delivery_no, f.source_file as table_name, sum(f.line_count) as row_count
    from ops.file as f
    group by f.delivery_no, f.source_file
),

rejected as (
    select f.delivery_no, f.source_file as table_name, r.reason as rule, count(distinct (r.file_id, r.line)) as violation_count
    from ops.reject as r
    inner join ops.file as f on r.file_id = f.file_id
    group by f.delivery_no, f.source_file, r.reason
),

broken as (
    select
        j.delivery_no, 'read' as stage, j.table_name, j.rule, 'reject' as severity, r.row_count::bigint as row_count,
        j.violation_count
    from rejected as j
    inner join reading as r on j.delivery_no = r.delivery_no and j.table_name = r.table_name
    union all
    select delivery_no, 'check' as stage, table_name, rule, severity, row_count, violation_count
    from ops.rule_result
)

select
    b.delivery_no, d.name as delivery_name, d.source, d.delivered_on, d.arrived_on, d.status as delivery_status,
    b.stage, b.table_name, b.rule, b.severity, rounded_count('data_quality/rows/' || b.delivery_no, b.row_count) as row_count,
    -- no broken row tells on nobody, a few are hidden
    if(
        b.violation_count = 0, 0,
        shown_count(concat_ws('/', 'data_quality/broken', b.delivery_no, b.stage, b.table_name, b.rule), b.violation_count)
    ) as violation_count
from broken as b
left join ops.delivery as d on b.delivery_no = d.delivery_no
order by b.delivery_no, b.stage, b.table_name, b.rule
