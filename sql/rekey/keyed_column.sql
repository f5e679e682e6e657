-- one row per table of catalog $catalog: its schema and name, and the type of its column student_key, NULL where it has none
select t.schema_name, t.table_name, c.data_type
from duckdb_tables() as t
left join duckdb_columns() as c on t.database_name = c.database_name and t.table_oid = c.table_oid and c.column_name = 'student_key'
where t.database_name = $catalog and not t.temporary
order by t.schema_name, t.table_name
