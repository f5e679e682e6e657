-- one row per delivery and row rule of $table: how many rows there were and how many broke it
with arrived as (
    select delivery_no, count(*) as row_count
    from staging.arrived.$table
    where delivery_no not in (select delivery_no from refused)
    group by delivery_no
),

rule_broken as (
    select delivery_no, unnest(list_concat(rules, warnings)) as rule
    from broken
),

violation as (
    select delivery_no, rule, count(*) as violation_count
    from rule_broken
    group by all
)

select a.delivery_no, '$table' as table_name, r.rule, r.severity, a.row_count, coalesce(v.violation_count, 0) as violation_count
from arrived as a
cross join (values $rules) as r (rule, severity)
left join violation as v on a.delivery_no = v.delivery_no and r.rule = v.rule
