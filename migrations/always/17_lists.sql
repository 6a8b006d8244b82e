-- How the lists that a team works from are narrowed.

-- What somebody's names must have for each word of what was typed, as people are found (find_people): the beginning of a
-- word, or a word as it was typed or with one slip, alone or together with its neighbours. A list of few people is
-- narrowed by it person by person, so that nobody is lost among many of one name.
create or replace function typed_names(sites uuid[], typed text) returns table (keys bigint[])
  language sql stable parallel safe as $$
  with words as (
    select w, array_remove(array[w, lag(w) over (order by n) || w, w || lead(w) over (order by n)], null) as written
    from unnest(string_to_array(nullif(fold_name(typed), ''), ' ')) with ordinality t (w, n)
  )
  select array(
    select search_key(s, 'p', left(w, 20)) from unnest(sites) s
    union
    select search_key(s, 'w', x) from unnest(sites) s, unnest(written) x
    union
    select search_key(s, 'l', less)
    from unnest(sites) s, unnest(written) x, lateral (select x union select one_letter_less(x)) y (less)
    where length(x) between 4 and 30)
  from words $$;
