-- one row per student on an earlier list of this school year: list_age 1 is the school's last list, 2 the one before it
with entry as (
    select e.*, coalesce(e.generation_id = $current, false) as is_current
    from ops.list_entry as e
    where e.as_of_date < $as_of
    union all
    -- swapped in by a run that was killed before it could record it
    select e.*, true as is_current
    from night.list_entry as e
    where
        e.as_of_date < $as_of and e.generation_id = $current
        and not exists (select 1 from ops.list_entry as o where o.generation_id = $current)
),

-- a night that was published twice counts once, as it was published last: `current` goes first where an operator went back to it
publication as (
    select e.generation_id, e.as_of_date, e.is_current
    from entry as e
    left join ops.generation as g on e.generation_id = g.generation_id
    group by e.generation_id, e.as_of_date, e.is_current
    qualify row_number() over (
        partition by e.as_of_date order by e.is_current desc, max(g.published_at) desc nulls last, e.generation_id desc
    ) = 1
),

-- a school without a list that night (no data came, or nobody was listed) keeps the one before as its last
list as (
    select
        e.school_id, e.school_year, p.generation_id,
        row_number() over (
            partition by e.school_id, e.school_year order by p.is_current desc, p.as_of_date desc
        ) as list_age
    from publication as p
    inner join entry as e on p.generation_id = e.generation_id
    where e.school_year in (select n.school_year from night.snapshot as n)
    group by e.school_id, e.school_year, p.generation_id, p.as_of_date, p.is_current
)

select e.* exclude (is_current), l.list_age
from list as l
inner join entry as e
    on l.generation_id = e.generation_id and l.school_id = e.school_id and l.school_year is not distinct from e.school_year
