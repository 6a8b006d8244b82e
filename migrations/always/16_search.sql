-- How people and organisations are found by what somebody types. The end of this file works everything out anew, since
-- the file is applied again only when a rule in it has changed.

-- A name as it is compared: small letters without accents, apostrophes and dots, words apart by one space. Letters that
-- Unicode does not decompose are spelled out. The acute accent alone (U+00B4) decomposes to a space, so it goes first.
create or replace function fold_name(name text) returns text
  language sql immutable parallel safe as $$
  select btrim(regexp_replace(
    regexp_replace(
      replace(replace(replace(replace(replace(replace(
        lower(translate(
          regexp_replace(
            normalize(regexp_replace(name, '[\u00B4\u00AD\u200B-\u200F\u2060\uFEFF]', '', 'g'), nfkd),
            '[\u0300-\u036F\u0591-\u05BD\u064B-\u065F\u0483-\u0487]', '', 'g'),
          U&'\0141\0142\00D8\00F8\0110\0111\00D0\00F0\0126\0127\0131\0166\0167\0138\014A\014B',
          'llooddddhhittkNn')),
        U&'\00DF', 'ss'), U&'\00E6', 'ae'), U&'\0153', 'oe'), U&'\00FE', 'th'), U&'\0259', 'e'), '&', ' and '),
      '[''`\u2018\u2019\u201B\u2032\u02B9-\u02BF\u02C8\uA78C\u05F3.]', '', 'g'),
    '[][\s!"#$%()*+,/:;<=>?@\\^_{|}~\u00A1-\u00BF\u2010-\u2015\u2024-\u206F\u3000-\u3002\u30FB-]+', ' ', 'g')) $$;

-- The words of a name, and two or more of them written together: Anne-Marie is anne, marie and annemarie. Functions that
-- a trigger calls are in PL/pgSQL, which keeps the plans of its queries for the session; one in SQL is planned at
-- each call.
create or replace function name_words(name text) returns text[]
  language plpgsql immutable parallel safe as $$
declare
  words text[] := string_to_array(nullif(fold_name(name), ''), ' ');
  all_words text[] := coalesce(words, '{}');
  joined text;
begin
  for i in 1..coalesce(cardinality(words), 0) - 1 loop
    joined := words[i];
    for j in i + 1..least(i + 3, cardinality(words)) loop
      joined := joined || words[j];
      all_words := all_words || joined;
    end loop;
  end loop;
  return all_words;
end $$;

-- A word without each of its letters in turn. Nothing for words of fewer than four letters: too many are alike.
create or replace function one_letter_less(word text) returns setof text
  language sql immutable parallel safe as $$
  select left(word, i - 1) || substr(word, i + 1) from generate_series(1, length(word)) i
  where length(word) between 4 and 30 $$;

-- One thing that people of a site are found by, as a number. Kinds: w a whole word, p the beginning of one, l a word or
-- what is left of it with one letter less; d a birth date, m a month of birth, y a year of birth. By an NHS number (n), a
-- telephone number (t), an e-mail address (e), a postcode (c) and what another system calls them (r) people are looked up
-- exactly, in person_lookups.
create or replace function search_key(site uuid, kind text, value text) returns bigint
  language sql immutable parallel safe as $$
  select hashtextextended(site::text || kind || value, 0) $$;

create or replace function word_keys(site uuid, word text) returns setof bigint
  language sql immutable parallel safe as $$
  select search_key(site, 'w', word)
  union all
  select search_key(site, 'p', left(word, i)) from generate_series(1, least(length(word), 20)) i
  union all
  select search_key(site, 'l', word)
  union all
  select search_key(site, 'l', less) from one_letter_less(word) less $$;

create or replace function person_words(given text, family text, preferred text) returns text[]
  language plpgsql immutable parallel safe as $$
begin
  return array(select distinct unnest(name_words(given) || name_words(family) || name_words(preferred)) order by 1);
end $$;

-- What a person is found by beside exact look-ups.
create or replace function person_keys(p patients, words text[]) returns bigint[]
  language plpgsql immutable parallel safe as $$
begin
  return array(
    select distinct k from unnest(words) w, word_keys(p.site_id, w) k
    union
    select search_key(p.site_id, kind, value)
    from (values
      ('d', case when length(p.birth_date) = 10 then p.birth_date end),
      ('m', case when length(p.birth_date) >= 7 then left(p.birth_date, 7) end),
      ('y', left(p.birth_date, 4))
    ) f (kind, value)
    where value is not null);
end $$;

create or replace function keep_person_names() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  words text[];
begin
  if new.merged_into_id is not null then -- the record that is kept is found, and this one is not
    delete from person_names where site_id = new.site_id and patient_id = new.id;
    return null;
  end if;
  words := person_words(new.given_name, new.family_name, new.preferred_name);
  insert into person_names (site_id, patient_id, names, keys)
    values (new.site_id, new.id, words, person_keys(new, words))
    on conflict (site_id, patient_id) do update set names = excluded.names, keys = excluded.keys
      where person_names.keys <> excluded.keys or person_names.names <> excluded.names;
  if found then
    insert into duplicate_checks (site_id, patient_id) values (new.site_id, new.id) on conflict do nothing;
  end if;
  return null;
end $$;
call only_for('keep_person_names()');
create or replace trigger patients_names after insert on patients
  for each row execute function keep_person_names();
create or replace trigger patients_names_changed
  after update of given_name, family_name, preferred_name, birth_date, merged_into_id
  on patients for each row execute function keep_person_names();

-- Whoever writes a person's numbers and addresses owes their look-ups: keep_lookups pays, in the same transaction where the
-- program has the key.
create or replace function lookups_fall_due() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into person_lookups_due (site_id, patient_id) values (new.site_id, new.id) on conflict do nothing;
  if new.merged_into_id is null then
    insert into duplicate_checks (site_id, patient_id) values (new.site_id, new.id) on conflict do nothing;
  end if;
  return null;
end $$;
call only_for('lookups_fall_due()');
create or replace trigger patients_lookups after insert on patients
  for each row execute function lookups_fall_due();
create or replace trigger patients_lookups_changed after update of nhs_number, nhs_number_unissued, phone, email, postcode, external_ids
  on patients for each row execute function lookups_fall_due();

-- Writes the look-ups of a person: keys in hexadecimal digits, each with its kind. A process whose key was replaced
-- meanwhile writes none, and they stay due.
create or replace function keep_lookups(site uuid, patient uuid, kinds text[], keys text[], made_with uuid) returns void
  language plpgsql set search_path = public, pg_temp as $$
begin
  if not exists (select from installation where lookup_key_id = made_with) then
    return;
  end if;
  delete from person_lookups where site_id = site and patient_id = patient;
  insert into person_lookups (site_id, kind, key, patient_id)
    select distinct site, k, decode(h, 'hex'), patient from unnest(kinds, keys) t (k, h);
  delete from person_lookups_due where site_id = site and patient_id = patient;
end $$;
call only_for('keep_lookups(uuid, uuid, text[], text[], uuid)', 'waypost_staff', 'waypost_jobs');

-- The SQL of a condition: the person has any of these keys.
create or replace function any_key(keys bigint[]) returns text language sql immutable as $$
  select format('n.keys && %L::bigint[]', keys) $$;

-- The people of the caller's sites who may be meant, in this order: those who fit everything as it was typed, everything
-- with a slip, the words as typed, the words with a slip, and each of the others alone. Each way finds at most so many
-- people as given. words holds a list for each word, folded: the word, then what it makes together with its
-- neighbours. others holds a kind (search_key) and a value each. A month or a year of birth alone finds nobody.
-- It is a definer function because the operators of arrays are not leakproof: under row-level security they would
-- filter every row, and here they are conditions of the index. Other plans are off, since for the limit's sake
-- PostgreSQL would read the table instead.
create or replace function find_people(words jsonb, others text[], most int)
  returns table (site_id uuid, patient_id uuid, names text[])
  language plpgsql stable security definer set search_path = public, pg_temp
  set enable_seqscan = off set enable_indexscan = off as $$
declare
  sites uuid[] := acting_sites();
  as_written text;
  alike text;
  rest text;
  condition text;
begin
  select
    string_agg(any_key(array(
      select search_key(s, 'w', x) from unnest(sites) s, jsonb_array_elements_text(w) x)), ' and ' order by n),
    string_agg(any_key(array(
      select search_key(s, 'p', w->>0) from unnest(sites) s
      union
      select search_key(s, 'w', x) from unnest(sites) s, jsonb_array_elements_text(w) x
      union
      select search_key(s, 'l', less)
      from unnest(sites) s, jsonb_array_elements_text(w) x,
        lateral (select x union select one_letter_less(x)) y (less)
      where length(x) between 4 and 30)), ' and ' order by n)
    into as_written, alike
    from jsonb_array_elements(words) with ordinality t (w, n);
  select string_agg(any_key(array(select search_key(s, left(o, 1), substr(o, 2)) from unnest(sites) s)), ' and ')
    into rest from unnest(others) o;
  foreach condition in array array_remove(array[as_written || ' and ' || rest, alike || ' and ' || rest, as_written,
      alike] || array(select any_key(array(select search_key(s, left(o, 1), substr(o, 2)) from unnest(sites) s))
        from unnest(others) o where left(o, 1) not in ('m', 'y')), null) loop
    return query execute 'select n.site_id, n.patient_id, n.names from person_names n where ' || condition || ' limit $1'
      using most;
  end loop;
end $$;
call only_for('find_people(jsonb, text[], int)', 'waypost_staff', 'waypost_jobs');

create or replace function keep_folded_name() returns trigger language plpgsql as $$
begin
  new.name_folded := fold_name(new.name);
  return new;
end $$;
create or replace trigger organisations_folded before insert or update of name on organisations
  for each row execute function keep_folded_name();
create or replace trigger services_folded before insert or update of name on services
  for each row execute function keep_folded_name();

call reset_access('person_names');
grant select on person_names to waypost_staff, waypost_jobs;
create policy staff on person_names to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on person_names to waypost_jobs using (true);

call reset_access('person_lookups', 'person_lookups_due');
grant select, insert, delete on person_lookups, person_lookups_due to waypost_staff, waypost_jobs;
create policy staff on person_lookups to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on person_lookups to waypost_jobs using (true);
create policy staff on person_lookups_due to waypost_staff using (site_id = any((select acting_sites())::uuid[]));
create policy jobs on person_lookups_due to waypost_jobs using (true);

-- A changed rule, or a new table: every person and name of the directory.
insert into person_names (site_id, patient_id, names, keys)
  select p.site_id, p.id, w.words, person_keys(p, w.words)
  from patients p
  cross join lateral (select person_words(p.given_name, p.family_name, p.preferred_name) as words offset 0) w
  where p.merged_into_id is null
  on conflict (site_id, patient_id) do update set names = excluded.names, keys = excluded.keys
    where person_names.keys <> excluded.keys or person_names.names <> excluded.names;
update organisations set name_folded = fold_name(name) where name_folded is distinct from fold_name(name);
update services set name_folded = fold_name(name) where name_folded is distinct from fold_name(name);
