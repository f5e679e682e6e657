-- one row per delivery, stage, table and rule, counts rounded; at stage read the rule is the reason of a rejected line, at
-- stage answer a decision of counselors that the list was wrong about a student
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

-- students are counted: one can have an answer to each of several lists
returned as (
    select delivery_no, count(distinct student_key) as row_count
    from core.followup
    group by delivery_no
),

answered as (
    select f.delivery_no, f.decision::varchar as rule, count(distinct f.student_key) as answer_count, any_value(r.row_count) as row_count
    from core.followup as f
    inner join returned as r on f.delivery_no = r.delivery_no
    group by f.delivery_no, f.decision
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
    union all
    select
        delivery_no, 'answer' as stage, 'followup' as table_name, rule, 'warn' as severity, row_count::bigint as row_count,
        answer_count as violation_count
    from answered
    where rule in ('disagree', 'not_at_this_school')
),

named as (
    select *, concat_ws('/', 'data_quality/broken', delivery_no, stage, table_name, rule) as cell
    from broken
)

select
    b.delivery_no, d.name as delivery_name, d.source, d.delivered_on, d.arrived_on, d.status as delivery_status,
    b.stage, b.table_name, b.rule, b.severity,
    -- a returned list is of one school, each of its rows a pupil
    if(
        b.stage = 'answer' or d.source = 'list_answers', shown_count('data_quality/rows/' || b.delivery_no, b.row_count),
        rounded_count('data_quality/rows/' || b.delivery_no, b.row_count)
    ) as row_count,
    -- no broken row tells on nobody, a few are hidden, and that nearly every answer says the same: it tells on all
    case
        when b.violation_count = 0 then 0
        when b.stage = 'answer' then shown_part(b.cell, b.violation_count, b.row_count)
        else shown_count(b.cell, b.violation_count)
    end as violation_count
from named as b
left join ops.delivery as d on b.delivery_no = d.delivery_no
order by b.delivery_no, b.stage, b.table_name, b.rule
