-- Figures of people's facets, and of one link worker, find the episode of a pair in the index too.

-- +goose Up
drop index pairs_counted;
create index pairs_counted on pairs (site_id, code, instrument, version, score, before, after, baseline_on)
  include (episode_id);
