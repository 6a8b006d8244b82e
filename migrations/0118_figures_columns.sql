-- A snapshot names the counts that its lines hold, so that another version of the program reads them by their names.

-- +goose Up
alter table figures rename column sub to subgroup;
alter table figures rename column stretches to periods;
-- of each metric that is in it, the names of its counts in the order in which its lines hold them; null: a version made
-- it that did not note them, and it is made anew
alter table figure_snapshots add column columns jsonb;
