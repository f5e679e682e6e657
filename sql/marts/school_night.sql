-- one row per school with enrolled students tonight; chances and lists are those of the list target
with pupil as (
    select n.school_id, n.school_year, n.student_key, n.class_id, n.register_coverage_share_28d as coverage_share
    from this_night as t
    inner join night.snapshot as n on t.as_of_date = n.as_of_date
),

coverage as (
    select school_id, avg(coverage_share) as register_coverage_28d_share
    from (select school_id, class_id, max(coverage_share) as coverage_share from pupil group by school_id, class_id)
    group by school_id
),

school as (
    select c.school_id, any_value(c.capacity) as capacity
    from this_night as t
    inner join core.school as c
        on c.known_at <= t.as_of_date and (c.known_until is null or c.known_until > t.as_of_date)
    group by c.school_id
),

score as (
    select
        s.school_id, count(*) filter (not s.is_abstained) as scored_count, count(*) filter (s.is_abstained) as abstained_count,
        count(*) filter (s.is_listed) as listed_count,
        bool_or(coalesce(s.abstain_reason = 'no fresh data from the school', false)) as is_silent, avg(s.chance) filter (not s.is_abstained) as chance_mean
    from this_night as t
    inner join night.score as s on t.as_of_date = s.as_of_date and t.list_target = s.target
    group by s.school_id
)

select
    p.school_id, t.as_of_date, t.list_target as target, any_value(p.school_year) as school_year,
    count(*) as enrolled_count, coalesce(any_value(s.scored_count), 0) as scored_count,
    coalesce(any_value(s.abstained_count), 0) as abstained_count, coalesce(any_value(s.listed_count), 0) as listed_count,
    coalesce(any_value(c.capacity), any_value(t.default_capacity)) as capacity, any_value(s.chance_mean) as chance_mean,
    any_value(v.register_coverage_28d_share) as register_coverage_28d_share,
    any_value(w.newest_date) as newest_data_date,
    not coalesce(any_value(s.is_silent), false) as is_data_fresh
from this_night as t
cross join pupil as p
left join coverage as v on p.school_id = v.school_id
left join school as c on p.school_id = c.school_id
left join score as s on p.school_id = s.school_id
left join night.school_newest as w on p.school_id = w.school_id
group by p.school_id, t.as_of_date, t.list_target
order by p.school_id
