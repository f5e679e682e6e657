-- one row per line with a student number: the number as the register has it, and of how many students it could be
-- Spreadsheets take leading zeros away; a number that is nobody's stays as it is, and the contract keeps its row out.
with written as (
    select
        l.file_id, l.line, c.bare as number,
        regexp_replace(lower(strip_accents(concat(l.family_name, ' ', l.given_name))), '[^\pL\pN]', '', 'g') as name
    from returned_line as l
    inner join answer_cell as c on c.column_name = 'student_id' and l.student_id = c.written
),

known as (
    select
        s.student_id, ltrim(s.student_id, '0') as bare_number,
        regexp_replace(lower(strip_accents(concat(s.family_name, ' ', s.given_name))), '[^\pL\pN]', '', 'g') as name
    from identity.student as s
    semi join (select distinct ltrim(number, '0') as bare_number from written) as w on ltrim(s.student_id, '0') = w.bare_number
),

candidate as (
    select w.file_id, w.line, w.number, k.student_id, k.name = w.name as is_named_so
    from written as w
    left join known as k on ltrim(w.number, '0') = k.bare_number
)

select
    file_id, line, any_value(number) as number,
    case
        when count(student_id) = 0 then any_value(number)
        when count(student_id) = 1 then any_value(student_id)
        when count(student_id) filter (is_named_so) = 1 then any_value(student_id) filter (is_named_so)
    end as student_id,
    count(student_id) as candidate_count
from candidate
group by file_id, line
