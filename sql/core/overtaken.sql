-- one row per key of $table that arrived with an earlier date than a full file that speaks of its scope
select distinct $own
from $rows as o
inner join $scope as s on $within and o.known_at < s.known_at and o.delivery_no <> s.delivery_no
