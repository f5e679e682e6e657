-- one row per line that could not be read and has one of $numbers as a word of its own, in whichever digits
select r.rowid
from store.reject_line as r
where exists (
    select 1
    from (select unnest($numbers::varchar[]) as number) as n
    where regexp_matches(translate(r.raw, $digits, $ascii), '(^|[^[:alnum:]])' || regexp_escape(n.number) || '($|[^[:alnum:]])')
)
