-- one row per snapshot that counts as left and whose student was enrolled again later, as far as is known
select j.student_key, j.as_of_date
from judged as j
cross join labelling as l
inner join enrolment_known as e
    on j.student_key = e.student_key and e.entry_date >= j.back_from and e.entry_date <= l.known_on
    and (e.exit_date is null or e.exit_date > j.back_from) and e.exit_reason is distinct from 'invalid_enrolment'
where j.state like 'left%'
group by j.student_key, j.as_of_date
