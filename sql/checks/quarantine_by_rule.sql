-- one row per delivery, table and rule with rows in quarantine: how many, and the place of one of them
with broken as (
    select delivery_no, table_name, unnest(rules) as rule, file_id, line
    from ops.quarantine
)

select
    d.name as delivery, d.status, b.table_name, b.rule, count(*) as row_count,
    coalesce(min_by(f.file || ':' || b.line, (f.file, b.line)), 'derived') as example_place
from broken as b
inner join ops.delivery as d on b.delivery_no = d.delivery_no
left join ops.file as f on b.file_id = f.file_id
group by all
order by delivery, b.table_name, row_count desc, b.rule
