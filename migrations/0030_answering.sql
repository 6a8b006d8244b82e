-- What the person's own page says of whose answers these are, what it must not name, and who may answer.

-- +goose Up
-- What a person is told before they answer by their own link.
alter table sites
  add column privacy_notice_url text,  -- null: no link to a person's own page can be made
  add column controller text,          -- who is responsible for the record by law; null: the site, by its name
  add column kept_for text,            -- how long answers are kept, in words; null: the privacy notice says so
  add column phone text;               -- of the team, for the people it supports
update sites set privacy_notice_url = 'https://www.example.org/privacy' where exists (select from installation where demo);

-- A sensitive service is never named where others may read: on the person's own page and in mail to them.
alter table services add column sensitive boolean not null default false;
update services set sensitive = true where needs && '{domestic_abuse,alcohol_drugs}';

-- Somebody else answered what the person alone may answer. It is kept, and is in no figure: it has no rows in assessment_scores.
alter table assessments add column not_counted boolean not null default false;
update assessments set not_counted = true where instrument = 'ons4' and respondent = 'proxy';
delete from assessment_scores s using assessments a where a.site_id = s.site_id and a.id = s.assessment_id and a.not_counted;

-- +goose Down
select 1;
