-- one row per delivery and broken refusing rule: rows, violations, files that brought them, and the row rules broken most
with part as (
    select delivery_no, table_name, rule || ' ' || format('{:,}', violation_count) as words, violation_count
    from rule_summary
    where severity = 'quarantine' and violation_count > 0
),

brought as (
    select distinct s.delivery_no, s.table_name, f.file
    from rule_summary as s
    inner join ops.file as f on s.delivery_no = f.delivery_no
    where f.source_file = s.table_name or (s.table_name, f.file_id) in (select (table_name, file_id) from table_file)
)

select
    s.delivery_no, d.name as delivery, s.table_name, s.rule, s.row_count, s.violation_count,
    (
        select string_agg(b.file, ', ' order by b.file) from brought as b
        where b.delivery_no = s.delivery_no and b.table_name = s.table_name
    ) as files,
    (
        select string_agg(p.words, ', ' order by p.violation_count desc) from part as p
        where p.delivery_no = s.delivery_no and p.table_name = s.table_name
    ) as rules
from rule_summary as s
inner join ops.delivery as d on s.delivery_no = d.delivery_no
where s.severity = 'refuse' and s.violation_count > s.allowed_count
order by delivery, s.table_name, s.rule
