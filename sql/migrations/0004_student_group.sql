-- an evaluation speaks of all students, or of one group of them, named as `sex=female` or `locality=rural`
alter table ops.evaluation add column student_group varchar default 'all';
