-- one row per row of $table that broke a rule: its place, every rule it broke, and its pseudonymous columns as JSON
-- (unordered: in DuckDB 2.0.0 an ordered insert of no row hides a large ordered one that follows in the transaction)
select
    r.delivery_no, '$table' as table_name, coalesce(r.file_id, 0) as file_id, coalesce(r.line, 0) as line, b.rules,
    to_json(struct_pack($content_by_name, known_at := r.known_at))::varchar as row_data
from staging.arrived.$table as r
inner join broken as b on r.row_no = b.row_no
where len(b.rules) > 0
