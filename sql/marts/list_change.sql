-- one row per school and student on tonight's list or on the school's last one: what changed since, and the numbers then and now
with tonight as (
    select
        s.student_key, s.school_id, s.chance, s.model_version, s.is_listed, s.is_abstained,
        coalesce(s.abstain_reason = 'opted out', false) as is_opted_out, n.* exclude (student_key, as_of_date, school_id)
    from this_night as t
    inner join night.score as s on t.as_of_date = s.as_of_date and t.list_target = s.target
    inner join night.snapshot as n on s.student_key = n.student_key and s.as_of_date = n.as_of_date
),

named as (
    select school_id, school_year, student_key from tonight where is_listed union
    select school_id, school_year, student_key from last_stay where is_on_last_list
),

last_list as (
    select school_id, school_year, any_value(as_of_date) as last_list_date
    from earlier_entry
    where list_age = 1
    group by school_id, school_year
),

-- a later entry in the same school outweighs an exit
spell as (
    select
        e.student_key, e.school_id, e.school_year,
        arg_max(if(e.exit_date <= t.as_of_date, coalesce(e.exit_reason::varchar, 'unknown'), 'none'), e.entry_date) as exit_reason
    from this_night as t
    inner join core.enrolment as e on e.known_at <= t.as_of_date and (e.known_until is null or e.known_until > t.as_of_date)
    group by e.student_key, e.school_id, e.school_year
),

change as (
    select
        p.school_id, p.school_year, p.student_key, l.last_list_date, s.is_on_last_list, s.first_date, s.last_date,
        coalesce(n.is_listed, false) as is_listed, o.student_key is not null as is_elsewhere, x.exit_reason, n.is_abstained,
        coalesce(n.is_opted_out, false) as is_opted_out,
        n.model_version is distinct from s.last_model_version as is_other_model,
        if(s.is_on_last_list, s.first_chance, s.last_chance) as chance_then, n.chance as chance_now,
        -- log-odds that are lower by more than $noise, written so that a chance of 0 or 1 has no logarithm
        coalesce(chance_now * (1 - chance_then) < chance_then * (1 - chance_now) * exp(-$noise::double), false) as has_fallen,
        coalesce(a.acted_on_list_date >= s.first_date, false) as is_followed_up,
        coalesce(a.is_said_elsewhere, false) as is_said_elsewhere,
        s.compared_date,
        s.absences_unexcused_28d_count as absences_unexcused_28d_count_then, n.absences_unexcused_28d_count,
        s.registers_taken_28d_count as registers_taken_28d_count_then, n.registers_taken_28d_count,
        s.absence_share_year as absence_share_year_then, n.absence_share_year,
        s.mark_mean_year_share as mark_mean_year_share_then, n.mark_mean_year_share,
        s.assessments_missing_count as assessments_missing_count_then, n.assessments_missing_count,
        s.incidents_year_count as incidents_year_count_then, n.incidents_year_count
    from named as p
    left join tonight as n on p.student_key = n.student_key and p.school_id = n.school_id
    left join tonight as o on p.student_key = o.student_key and p.school_id <> o.school_id
    left join last_stay as s on p.student_key = s.student_key and p.school_id = s.school_id and p.school_year = s.school_year
    left join last_list as l on p.school_id = l.school_id and p.school_year = l.school_year
    left join spell as x on p.student_key = x.student_key and p.school_id = x.school_id and p.school_year = x.school_year
    left join list_acted_on as a on p.student_key = a.student_key and p.school_id = a.school_id
)

select
    * exclude (is_listed, is_on_last_list, is_elsewhere, exit_reason, is_abstained, is_other_model, has_fallen, is_followed_up, is_opted_out),
    case
        when is_listed and last_list_date is null then 'first'
        when is_listed and first_date is null then 'added'
        when is_listed and is_on_last_list then 'kept'
        when is_listed then 'back'
        else 'left'
    end as state,
    case
        when is_listed then null
        when is_elsewhere or exit_reason in ('transferred_in', 'transferred_out') then 'transferred'
        when is_abstained is null then if(exit_reason = 'graduated', 'finished', 'left_school')
        when is_abstained then 'no_data'
        when is_other_model then 'ranked_anew'
        when has_fallen then if(is_followed_up, 'followed_up', 'risk_fell')
        else 'others_first'
    end as why
from change
where not is_opted_out  -- no list names them, nor says why
order by school_id, is_listed desc, chance_now desc nulls last, student_key
