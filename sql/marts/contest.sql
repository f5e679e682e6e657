-- one row per reason and answer of families' contestations; counts below 10 are NULL, others rounded to 5
select
    why_code, answer_code,
    -- a family's step is known in its neighbourhood: a row per pupil, or a small count, would point at one
    case when count(*) >= 10 then 5 * round(count(*) / 5.0)::bigint end as contest_count
from ops.contest
group by why_code, answer_code
order by why_code, answer_code nulls first
