-- one row per column of text in the operator's ledger; hashes and the log's marks hold no number
select c.schema_name, c.table_name, c.column_name
from duckdb_columns() as c
inner join duckdb_tables() as t on c.database_name = t.database_name and c.table_oid = t.table_oid
where
    c.database_name = current_database() and c.schema_name = 'ops' and c.data_type = 'VARCHAR' and not t.temporary
    and c.table_name not in ('audit_head', 'tombstone', 'quarantine')
order by c.table_name, c.column_name
