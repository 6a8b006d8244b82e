-- That a closed episode was not over.

-- +goose Up
create table episode_reopenings (
  site_id        uuid not null,
  id             uuid not null,
  episode_id     uuid not null,
  reason         text not null,  -- free text, in this row alone
  closed_on      date not null,  -- what its closure had said
  closure_reason text not null references code_closure_reasons,
  closure_note   text,
  actor_role     text not null,  -- who opened it again
  actor_key_id   uuid,
  link_worker_id uuid,
  on_behalf      boolean not null,
  created_at     timestamptz not null,
  primary key (site_id, id),
  foreign key (site_id, episode_id) references episodes (site_id, id)
);
create index episode_reopenings_of on episode_reopenings (site_id, episode_id, id);
