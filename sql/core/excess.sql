-- one row per full file of tonight: the rows of $table that stand in its scope, and those that its delivery does not name
with standing as (
    select distinct s.file_id, s.delivery_no, $own
    from $rows as o
    inner join $scope as s on $within and o.known_at < s.known_at and (o.known_until is null or o.known_until > s.known_at)
    where s.is_new and o.file_id is not null
),

named as (
    select distinct delivery_no, $key, true as is_named
    from arrived
)

select s.file_id, s.delivery_no, count(*) as standing_count, count(*) - count(n.is_named) as left_out_count
from standing as s
left join named as n on s.delivery_no = n.delivery_no and $same_key
group by s.file_id, s.delivery_no
order by s.file_id
