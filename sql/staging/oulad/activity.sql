-- one row per student, module, day and kind of page: clicks; pages that the list of sites does not know are of kind other
select
    a.id_student || '-' || a.code_module as student_id,
    make_date(left(a.code_presentation, 4)::int, if(right(a.code_presentation, 1) = 'B', 2, 10), 1) + a.date as date,
    case
        when s.activity_type in ('oucontent', 'resource', 'url') then 'content'
        when s.activity_type in ('quiz', 'externalquiz', 'questionnaire') then 'quiz'
        when s.activity_type in ('forumng', 'oucollaborate', 'ouwiki', 'ouelluminate') then 'forum'
        when s.activity_type in ('homepage', 'subpage') then 'page'
        else 'other'
    end as kind,
    sum(a.sum_click)::integer as amount, a.file_id, min(a.line) as line
from raw_activity as a
left join (select id_site, any_value(activity_type) as activity_type from raw_site group by id_site) as s on a.id_site = s.id_site
group by all
