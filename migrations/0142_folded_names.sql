-- The names of people folded one by one, so that comparing records folds none again; and by which rules all is folded.

-- +goose Up
alter table person_names
  add given     text not null default '',
  add preferred text not null default '',
  add family    text not null default '';
alter table installation add search_rules text;  -- a hash; null: before
-- each has other results
drop function if exists find_people(jsonb, text[], int);
