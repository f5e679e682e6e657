-- one row per row of a contested key of $table that stood when a full file left it out: that file, the first of them
with standing as (
    select *, lead(known_at) over (partition by $key order by $order) as said_until
    from event
),

named as (
    select $key, delivery_no
    from event
    where is_row
    union all
    select $key, delivery_no
    from quarantined
),

left_out as (
    select $own, o.known_at as row_known_at, s.known_at, s.delivery_no, s.file_id
    from $rows as o
    inner join $scope as s on $within and o.known_at < s.known_at and (o.said_until is null or o.said_until > s.known_at)
    where o.is_row and o.file_id is not null
)

select $key, known_at, delivery_no, file_id
from left_out
anti join named using ($key, delivery_no)
qualify row_number() over (partition by $key, row_known_at order by known_at, file_id) = 1
