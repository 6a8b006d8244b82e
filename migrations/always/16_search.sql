-- How people and organisations are found by what somebody types. The end of this file works everything out anew where a
-- rule in it has changed.

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
declare
  -- of names in Chinese, Japanese and Korean, which are written together
  together text[] := array[replace(fold_name(family || given), ' ', ''), replace(fold_name(given || family), ' ', '')];
begin
  return array(select distinct unnest(name_words(given) || name_words(family) || name_words(preferred)
    || case when together[1] ~ '[\u3040-\u30FF\u3400-\u9FFF\uAC00-\uD7AF]' then together end) order by 1);
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
  if new.void_id is not null then -- no mistake is found; by a record that was merged away, the one that is kept is
    delete from person_names where site_id = new.site_id and patient_id = new.id;
    return null;
  end if;
  words := person_words(new.given_name, new.family_name, new.preferred_name);
  insert into person_names (site_id, patient_id, names, keys, given, preferred, family)
    values (new.site_id, new.id, words, person_keys(new, words), coalesce(fold_name(new.given_name), ''),
      coalesce(fold_name(new.preferred_name), ''), coalesce(fold_name(new.family_name), ''))
    on conflict (site_id, patient_id) do update set names = excluded.names, keys = excluded.keys,
        given = excluded.given, preferred = excluded.preferred, family = excluded.family
      where (person_names.keys, person_names.names, person_names.given, person_names.preferred, person_names.family)
        <> (excluded.keys, excluded.names, excluded.given, excluded.preferred, excluded.family);
  if found and new.merged_into_id is null then
    insert into duplicate_checks (site_id, patient_id) values (new.site_id, new.id) on conflict do nothing;
  end if;
  return null;
end $$;
call only_for('keep_person_names()');
create or replace trigger patients_names after insert on patients
  for each row execute function keep_person_names();
create or replace trigger patients_names_changed
  after update of given_name, family_name, preferred_name, birth_date, merged_into_id, void_id
  on patients for each row execute function keep_person_names();

-- Whoever writes a person's numbers and addresses owes their look-ups: keep_lookups pays, in the same transaction where the
-- program has the key.
create or replace function lookups_fall_due() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into person_lookups_due (site_id, patient_id) values (new.site_id, new.id) on conflict do nothing;
  if new.merged_into_id is null and new.void_id is null then
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

-- Nobody is found who should never have been recorded, nor proposed as a duplicate. An undo owes the look-ups again.
create or replace function patient_void_changed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.void_id is not null then
    delete from person_lookups where site_id = new.site_id and patient_id = new.id;
    delete from person_lookups_due where site_id = new.site_id and patient_id = new.id;
    delete from duplicate_pairs where site_id = new.site_id and new.id in (patient_id, other_id);
    delete from duplicate_checks where site_id = new.site_id and patient_id = new.id;
    update merges set state = 'given_up', updated_at = new.updated_at -- there is nothing to confirm
      where site_id = new.site_id and state = 'pending' and new.id in (patient_id, into_patient_id);
  else
    insert into person_lookups_due (site_id, patient_id) values (new.site_id, new.id) on conflict do nothing;
  end if;
  return null;
end $$;
call only_for('patient_void_changed()');
create or replace trigger patients_void_changed after update of void_id on patients
  for each row when (old.void_id is distinct from new.void_id) execute function patient_void_changed();

-- The SQL of a condition: the person has any of these keys.
create or replace function any_key(keys bigint[]) returns text language sql immutable as $$
  select format('n.keys && %L::bigint[]', keys) $$;

-- The conditions of both, where there are both.
create or replace function fits_both(a text, b text) returns text language sql immutable as $$
  select a || ' and ' || b $$;

-- The people of the caller's sites who may be meant, by ways of fitting, the strictest first: the words as typed with the
-- dates, and with the year of them alone; the words with a slip likewise; the words as typed, and with a slip; of three
-- words and more all but one, with the year where there is one; and a date of birth alone. Each way finds at most so many
-- people of each site; where that many fit as typed, they are told apart by nothing that was typed, and the looser ways are
-- left out. words holds a list for each word, folded: the word, then what it makes together with its neighbours. dates
-- holds a kind (search_key) and a value each, or values apart by | of which a person has one. A month or a year of birth
-- alone finds nobody.
-- It is a definer function because the operators of arrays are not leakproof: under row-level security they would
-- filter every row, and here they are conditions of the index. Other plans are off, since for the limit's sake
-- PostgreSQL would read the table instead.
create or replace function find_people(words jsonb, dates text[], most int)
  returns table (site_id uuid, patient_id uuid, names text[], way int)
  language plpgsql stable security definer set search_path = public, pg_temp
  set enable_seqscan = off set enable_indexscan = off as $$
declare
  s uuid;
  written text[];
  alike text[];
  as_written text;
  as_alike text;
  born text;
  about text;
  condition text;
  n bigint;
begin
  foreach s in array acting_sites() loop
    select
      array_agg(any_key(array(select search_key(s, 'w', x) from jsonb_array_elements_text(w) x)) order by i),
      array_agg(any_key(array(
        select search_key(s, 'p', w->>0)
        union
        select search_key(s, 'w', x) from jsonb_array_elements_text(w) x
        union
        select search_key(s, 'l', less)
        from jsonb_array_elements_text(w) x, lateral (select x union select one_letter_less(x)) y (less)
        where length(x) between 4 and 30)) order by i)
      into written, alike
      from jsonb_array_elements(words) with ordinality t (w, i);
    select
      string_agg(any_key(array(select search_key(s, left(o, 1), v) from unnest(string_to_array(substr(o, 2), '|')) v)), ' and '),
      string_agg(any_key(array(select search_key(s, 'y', left(v, 4)) from unnest(string_to_array(substr(o, 2), '|')) v)), ' and ')
      into born, about
      from unnest(dates) o;
    as_written := array_to_string(written, ' and ');
    as_alike := array_to_string(alike, ' and ');
    way := 0;
    foreach condition in array array[fits_both(as_written, born), fits_both(as_written, about),
        fits_both(as_alike, born), fits_both(as_alike, about), as_written, as_alike]
        || array(select coalesce(fits_both(most_words, about), most_words)
          from generate_series(1, cardinality(written)) i,
            lateral (select array_to_string(written[:i - 1] || written[i + 1:], ' and ') as most_words) m
          where cardinality(written) > 2)
        || array(select any_key(array(select search_key(s, 'd', v) from unnest(string_to_array(substr(o, 2), '|')) v))
          from unnest(dates) o where left(o, 1) = 'd') loop
      way := way + 1;
      continue when condition is null;
      return query execute format('select n.site_id, n.patient_id, n.names, %s from person_names n where %s limit %s',
        way, condition, most);
      get diagnostics n = row_count;
      exit when n = most and condition = as_written;
    end loop;
  end loop;
end $$;
call only_for('find_people(jsonb, text[], int)', 'waypost_staff', 'waypost_jobs');

-- What a folded name is like, a space before it, that has all the words of a question, or their beginnings, in any order,
-- and none of those after a minus. No word is wanted: null, which no name is like. Folding leaves no character that has a
-- meaning in a pattern.
create or replace function name_patterns(question text) returns table (wanted text[], refused text[])
  language sql immutable parallel safe as $$
  select array_agg('% ' || w || '%') filter (where not minus), coalesce(array_agg('% ' || w || '%') filter (where minus), '{}')
  from (
    select t ~ '^-.' as minus, w
    from regexp_split_to_table(question, '\s+') t, unnest(string_to_array(fold_name(t), ' ')) w
    where w <> ''
  ) words $$;
drop function if exists name_has(text, text);

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
do $$
declare
  rules text := (select md5(string_agg(prosrc, '' order by proname)) from pg_proc
    where pronamespace = 'public'::regnamespace and proname in ('fold_name', 'name_words', 'one_letter_less', 'search_key',
      'word_keys', 'person_words', 'person_keys', 'keep_person_names', 'keep_folded_name'));
begin
  if rules = (select search_rules from installation) then
    return;
  end if;
  insert into person_names (site_id, patient_id, names, keys, given, preferred, family)
    select p.site_id, p.id, w.words, person_keys(p, w.words), coalesce(fold_name(p.given_name), ''),
      coalesce(fold_name(p.preferred_name), ''), coalesce(fold_name(p.family_name), '')
    from patients p
    cross join lateral (select person_words(p.given_name, p.family_name, p.preferred_name) as words offset 0) w
    where p.void_id is null
    on conflict (site_id, patient_id) do update set names = excluded.names, keys = excluded.keys,
        given = excluded.given, preferred = excluded.preferred, family = excluded.family
      where (person_names.keys, person_names.names, person_names.given, person_names.preferred, person_names.family)
        <> (excluded.keys, excluded.names, excluded.given, excluded.preferred, excluded.family);
  update organisations set name_folded = fold_name(name) where name_folded is distinct from fold_name(name);
  update services set name_folded = fold_name(name) where name_folded is distinct from fold_name(name);
  update installation set search_rules = rules;
end $$;
