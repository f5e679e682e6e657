-- one row per row of $table that a delivery with a full file named and a rule kept out: broken, but there
select $key_of_row, delivery_no
from ops.quarantine
where table_name = '$table' and delivery_no in (select delivery_no from $scope)
