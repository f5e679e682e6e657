-- how a reason held when the model was fitted again on halves of its students; NULL where that was not measured
alter table night.reason add column stability double;
alter table night.reason add column log_odds_low double;
alter table night.reason add column log_odds_high double;
