-- one row per key of $table that stands in the scope of a full file of tonight whose delivery does not name it
select distinct $own
from (select *, $block_no as block_no, $day as day from $rows where file_id is not null) as o
inner join $scope as s on $within and o.known_at < s.known_at and (o.known_until is null or o.known_until > s.known_at)
left join block as b on s.delivery_no = b.delivery_no and $same_block
where s.is_new and coalesce(b.days & o.day, 0) = 0
