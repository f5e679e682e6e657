-- one row per class, day, session and time during which the register counts as taken, where the system delivers none
-- full and presence: a class of which anyone was noted; exceptions: every class of a school in which anyone was noted that day
with class as (
    select distinct class_no, school_id, school_year, class_id
    from placement
),

said as (
    select c.school_id, c.school_year, c.class_id, n.date, n.session, n.known_at, n.known_until, m.delivery_no, m.mode
    from noted as n
    inner join class as c on n.class_no = c.class_no
    inner join file_mode as m on n.file_id = m.file_id
),

spoken as (
    select class_id, date, session, known_at, known_until, delivery_no, mode = 'presence' as is_presence
    from said
    where mode in ('full', 'presence')
    union all
    select c.class_id, s.date, 'day' as session, s.known_at, s.known_until, s.delivery_no, false as is_presence
    from (select distinct school_id, school_year, date, known_at, known_until, delivery_no from said where mode = 'exceptions') as s
    inner join class as c on s.school_id = c.school_id and s.school_year = c.school_year
),

derived_before as (
    select r.class_id, r.date, r.session, r.known_at, r.known_until, r.delivery_no, false as is_presence
    from core.register as r
    semi join spoken as s on r.class_id = s.class_id and r.date = s.date and r.session = s.session
    where
        r.file_id is null
        and (r.class_id, r.date) not in (
            select (c.class_id, f.date) from affected as f inner join class as c on f.school_id = c.school_id
        )
),

interval as (
    select *
    from (from spoken union all from derived_before)
    where class_id not in (select class_id from core.register where file_id is not null)
),

taken as (
    select
        class_id, date, session, min(known_at) as known_at, null::date as known_until, min(delivery_no) as delivery_no,
        bool_or(is_presence) as is_presence, count(known_until) as ended_count
    from interval
    group by class_id, date, session
),

-- where a row was deleted or replaced there may be times without any: touching intervals are joined
ended as (
    select i.*, coalesce(i.known_until, date 'infinity') as until
    from interval as i
    semi join taken as t on i.class_id = t.class_id and i.date = t.date and i.session = t.session and t.ended_count > 0
),

covered as (
    select *, max(until) over (
        partition by class_id, date, session order by known_at, until rows between unbounded preceding and 1 preceding
    ) as until_before
    from ended
),

run as (
    select *, count(*) filter (where until_before is null or known_at > until_before) over (
        partition by class_id, date, session order by known_at, until rows between unbounded preceding and current row
    ) as run_no
    from covered
)

select class_id, date, session, true as taken, known_at, known_until, delivery_no, is_presence
from taken
where ended_count = 0
union all
select
    class_id, date, session, true as taken, min(known_at) as known_at, nullif(max(until), date 'infinity') as known_until,
    min(delivery_no) as delivery_no, bool_or(is_presence) as is_presence
from run
group by class_id, date, session, run_no
