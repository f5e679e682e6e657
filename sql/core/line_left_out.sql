-- one row per line of table $raw that became no row: the column and the reason; without a column it is set aside
select
    r.file_id, r.line,
    -- a reason without a column says that nothing is wrong; a line without either was forgotten by the statement
    if(u.left_out is null, coalesce(u.left_out_column, ''), u.left_out_column) as column_name,
    coalesce(u.left_out, $unused) as reason
from $raw as r
inner join ops.file as f on r.file_id = f.file_id
left join (
    select file_id, line, bool_or(left_out is null) as is_row, any_value(left_out) as left_out,
        any_value(left_out_column) filter (where left_out is not null) as left_out_column
    from line_used
    group by file_id, line
) as u on r.file_id = u.file_id and r.line = u.line
where
    f.source = $source and f.delivery_no = $delivery and f.source_file = $label
    and not coalesce(u.is_row, false)
