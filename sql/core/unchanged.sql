-- one row per key of $table of which an arrived row says what stands; history is kept all the same, see version.sql
select distinct $key
from arrived as a
inner join core.$table as o using ($key)
where not a.is_history and o.known_until is null and o.known_at <= a.known_at and $delivered and $same
