-- one row per delivery, table and rule: rows, violations, and how many violations are allowed
select
    delivery_no, table_name, rule, severity, row_count, violation_count,
    case
        when rule in ('too_many_broken', 'too_many_rejects') then greatest($broken_at_most * row_count, $few - 1)
        else 0
    end as allowed_count
from staging.checked.rule_result
