-- one row per row of $table that broke no rule, as it arrived
select r.* exclude (row_no)
from (
    select *, rowid as row_no
    from staging.read.$table
    where delivery_no not in (select delivery_no from refused)
) as r
anti join (select row_no from broken where len(rules) > 0) as b on r.row_no = b.row_no
