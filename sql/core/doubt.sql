-- one row per full file of tonight that cannot say who is missing, and why; is_everything: nor can the others of its delivery
with keyless as (
    select file_id, count(*) as row_count
    from ops.quarantine
    where table_name = $table and file_id in (select file_id from full_file) and list_has_any(rules, $rules)
    group by file_id
),

stopped as (
    select delivery_no, count(*) as file_count
    from ops.file
    where source_file = $table and status = 'stopped'
    group by delivery_no
),

named as (
    select file_id, count(*) as row_count
    from arrived
    group by file_id
)

select
    f.file_id, f.delivery_no, d.name || '/' || f.file as place,
    case
        when s.file_count is not null then 'Another file of this table was stopped.'
        when f.reject_count > 0 then format('{:,} lines could not be read.', f.reject_count)
        when k.row_count is not null then format('The key of {:,} rows is not known.', k.row_count)
        else 'It holds no row.'
    end as why,
    s.file_count is not null as is_everything
from ops.file as f
semi join full_file using (file_id)
inner join ops.delivery as d on f.delivery_no = d.delivery_no
left join keyless as k on f.file_id = k.file_id
left join stopped as s on f.delivery_no = s.delivery_no
left join named as n on f.file_id = n.file_id
where s.file_count is not null or f.reject_count > 0 or k.row_count is not null or n.row_count is null
order by f.file_id
