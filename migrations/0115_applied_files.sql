-- Which text of each file of the folder always was applied last.

-- +goose Up
create table applied_files (
  name   text primary key, -- always/05_people.sql
  sha256 text not null     -- of its text, in hexadecimal
);
