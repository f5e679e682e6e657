-- one row per table of catalog $catalog that has a column $key: its schema, name, and the column's type
select c.schema_name, c.table_name, c.data_type
from duckdb_columns() as c
inner join duckdb_tables() as t on c.database_name = t.database_name and c.table_oid = t.table_oid
where c.database_name = $catalog and c.column_name = $key and c.data_type in ('BIGINT', 'VARCHAR') and not t.temporary
order by c.schema_name, c.table_name
