-- one row per reason and answer of families' contestations; small counts are hidden, others rounded
select
    why_code, answer_code,
    -- a family's step is known in its neighbourhood: a row per pupil, or a small count, would point at one
    shown_count(concat_ws('/', 'contest', why_code, answer_code), count(*)) as contest_count
from ops.contest
group by why_code, answer_code
order by why_code, answer_code nulls first
