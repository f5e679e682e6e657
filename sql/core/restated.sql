-- one row per row of $table that stood by an earlier full file, which said it again: kept in mind for rows that arrive late
select $own_columns, s.known_at, s.delivery_no, s.file_id, null::bigint as line, true as is_row, false as is_history, '' as delivery
from $rows as o
inner join $scope as s on $within and o.known_at < s.known_at and (o.known_until is null or o.known_until > s.known_at)
where o.file_id is not null and not s.is_new
