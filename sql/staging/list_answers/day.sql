-- one row per text of a date: the day it says, or the days it says with the day or the month first
with given as (
    -- a spreadsheet may write a time behind the date, and blanks and points between its parts
    select distinct
        written, bare,
        regexp_extract(
            bare, '^(\d{1,4})\s*[-./]\s*(\d{1,2})\s*[-./]\s*(\d{1,4})([ T]+\d{1,2}:\d{2}(:\d{2})?)?$', ['a', 'b', 'c', 't', 's']
        ) as part
    from answer_cell
    where column_name in ('list_date', 'action_date') and bare is not null
),

parted as (
    select written, bare, concat_ws('/', nullif(part.a, ''), nullif(part.b, ''), nullif(part.c, '')) as text
    from given
),

read as (
    select
        written, try_strptime(text, '%Y/%m/%d')::date as year_first,
        -- a date cell that lost its form is the number of days since 1899-12-30
        if(regexp_full_match(bare, '[3-6]\d{4}'), date '1899-12-30' + try_cast(bare as integer), null) as of_serial,
        try_strptime(text, ['%d/%m/%y', '%d/%m/%Y'])::date as day_first,
        try_strptime(text, ['%m/%d/%y', '%m/%d/%Y'])::date as month_first
    from parted
)

select
    written, coalesce(if(year(year_first) between 1990 and 2100, year_first, null), of_serial) as said_day,
    if(said_day is null and year(day_first) between 1990 and 2100, day_first, null) as day_first,
    if(said_day is null and year(month_first) between 1990 and 2100, month_first, null) as month_first
from read
