-- one row per as_of_date and enrolled student: every feature of the catalogue, NULL where it is not known
with class_mean as (
    select
        c.as_of_date, c.class_id, avg(a.absence_share_year::decimal(18, 9)) as absence_share,
        avg(m.mark_mean_year_share::decimal(18, 9)) as mark_share
    from cohort as c
    left join attendance as a on c.as_of_date = a.as_of_date and c.student_key = a.student_key
    left join marks as m on c.as_of_date = m.as_of_date and c.student_key = m.student_key
    group by c.as_of_date, c.class_id
),

birth as (
    select c.as_of_date, c.student_key, s.birth_year
    from cohort as c
    inner join core.student as s
        on c.student_key = s.student_key and s.known_at <= c.as_of_date and (s.known_until is null or s.known_until > c.as_of_date)
)

select
    c.student_key, c.as_of_date, c.school_year, c.school_id, c.class_id, c.grade_level,
    a.* exclude (as_of_date, student_key),
    a.absence_share_year - k.absence_share as absence_class_gap_difference,
    v.absences_previous_year_count,
    m.* exclude (as_of_date, student_key),
    i.* exclude (as_of_date, student_key),
    p.* exclude (as_of_date, student_key),
    c.entry_date - c.start_date as entry_late_days,
    (c.entry_date - c.start_date > 21)::int as is_late_entry,
    year(c.start_date) - b.birth_year - (select age_in_grade_1 from country_rule) - c.grade_level + 1 as years_over_age,
    c.grade_level as grade_level_number,
    (c.as_of_date - c.start_date) / (c.end_date - c.start_date) as year_elapsed_share,
    k.absence_share as class_absence_share_year,
    k.mark_share as class_mark_mean_share,
    w.assessment_count as class_assessments_year_count,
    w.weight_sum as class_assessments_weight_sum,
    w.last_days as class_assessment_last_days,
    t.rank_7 as activity_7_calendar_days_rank_class_share,
    t.rank_28 as activity_28_calendar_days_rank_class_share,
    t.rank_year as activity_year_rank_class_share,
    t.rank_content as activity_content_rank_class_share,
    t.rank_quiz as activity_quiz_rank_class_share,
    t.rank_forum as activity_forum_rank_class_share,
    t.rank_page as activity_page_rank_class_share,
    l.left_year_share as class_left_year_share,
    l.left_28_share as class_left_28_calendar_days_share,
    if(a.absence_share_28d is null, null, percent_rank() over (
        partition by c.as_of_date, c.class_id, a.absence_share_28d is null order by a.absence_share_28d
    )) as absence_28d_rank_class_share
from cohort as c
left join class_mean as k on c.as_of_date = k.as_of_date and c.class_id = k.class_id
left join class_left as l on c.as_of_date = l.as_of_date and c.class_id = l.class_id
left join class_assessment as w on c.as_of_date = w.as_of_date and c.class_id = w.class_id
left join activity as t on c.as_of_date = t.as_of_date and c.student_key = t.student_key
left join attendance as a on c.as_of_date = a.as_of_date and c.student_key = a.student_key
left join absence_previous_year as v on c.as_of_date = v.as_of_date and c.student_key = v.student_key
left join marks as m on c.as_of_date = m.as_of_date and c.student_key = m.student_key
left join conduct as i on c.as_of_date = i.as_of_date and c.student_key = i.student_key
left join enrolment_past as p on c.as_of_date = p.as_of_date and c.student_key = p.student_key
left join birth as b on c.as_of_date = b.as_of_date and c.student_key = b.student_key
