-- one row per delivery, target of its files and file rule: lines, and the rejected ones or the files that are empty
with target as (
    select
        delivery_no, source_file, sum(line_count)::bigint as line_count, sum(reject_count)::bigint as reject_count,
        count(*) filter (where line_count = 0 and source_file <> 'unneeded') as empty_count
    from ops.file
    where
        delivery_no in (select delivery_no from tonight)
        and delivery_no not in (select delivery_no from refused)
    group by delivery_no, source_file
)

select
    t.delivery_no, t.source_file as table_name, r.rule, r.severity, t.line_count as row_count,
    if(r.rule = 'too_many_rejects', t.reject_count, t.empty_count) as violation_count
from target as t
cross join (values ('too_many_rejects', 'refuse'), ('file_without_rows', 'warn')) as r (rule, severity)
