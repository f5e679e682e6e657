-- one row per delivery and dataset rule of $table: rows, and the broken rows or 1 where the rule does not hold
with arrived as (
    select * from staging.arrived.$table
    where delivery_no not in (select delivery_no from refused)
),

delivered as (
    select delivery_no, count(*) as row_count$dataset_holds
    from arrived
    group by delivery_no
),

broken_count as (
    select delivery_no, count(*) as broken_count
    from broken
    where is_broken
    group by delivery_no
)

select
    d.delivery_no, '$table' as table_name, r.rule, r.severity, d.row_count,
    case r.rule when 'too_many_broken' then coalesce(b.broken_count, 0)$dataset_counts else 0 end as violation_count
from delivered as d
cross join (values $dataset_rules) as r (rule, severity)
left join broken_count as b on d.delivery_no = b.delivery_no
