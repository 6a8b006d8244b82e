-- The scores of the sites' own instruments, of every version. A definition was checked as a whole when it came in.
select i.key as instrument, i.version, e.score->>'code' as score, e.score->>'better' as better,
  (e.score->>'resolution')::float8 as resolution, (e.score->>'responder_threshold')::float8 as responder,
  coalesce(e.score->'bands', '[]') as bands
from instruments i, jsonb_array_elements(i.definition->'scores') with ordinality as e (score, place)
where i.site_id = any(cast(:'sites' as uuid[]))
order by i.key, i.version, e.place
