#!/bin/sh
# Writes tests/unit/func/cases.txt: calls of every function of the catalogue with values of all kinds, and what
# PostgreSQL 15 answers. Usage: sh tests/tools/func_cases.sh "host=/tmp port=5432 user=postgres"
# Lines (COPY text format): oid, SQLSTATE or 00000, result or message, number of arguments, arguments.
set -eu
cd "$(dirname "$0")/../.."
{
    cat <<'SQL'
\set ON_ERROR_STOP on
set client_min_messages = warning;
set timezone = 'Europe/Madrid';
set datestyle = 'ISO, MDY';
set intervalstyle = 'postgres';
create temp table catalogue (line text);
\copy catalogue from 'tests/unit/func/pg_proc.txt' with (format csv, delimiter E'\x01', quote E'\x02')
create temp table pool (type oid, v text);
-- values of each type; NULL is added to all
insert into pool
select t::regtype, v from (values
 ('bool', array['t','f']),
 ('int2', array['0','1','-1','32767','-32768','7','-3']),
 ('int4', array['0','1','-1','2','5','2147483647','-2147483648','-7']),
 ('int8', array['0','1','-1','10','9223372036854775807','-9223372036854775808','-4294967296','65']),
 ('oid', array['0','25','4294967295']),
 ('float4', array['0','1.5','-2.5','NaN','Infinity','-Infinity','3e38','1e-38','-1','40000.5']),
 ('float8', array['0','-0','1','0.5','-2.5','3.5','NaN','Infinity','-Infinity','1e308','-1e300','1e-308','1e18','2147483647.5','1700000000.123456','-1']),
 ('numeric', array['0','1','-1.50','2','0.5','99.995','123456789012345678901234567890.123456','NaN','Infinity','-Infinity','0.000001','-32768.5','9223372036854775807.5','1e20','1.000']),
 ('text', array['','abc','aBc','Hello World','ñandú €uro','http://www.example.com/path?q=1','a%b_c','  pad  ','it''s "q" \','12','xyzzyxyzzy','\001','long enough not to be inline: ÁÉÍ óú', 'abcabcabc']),
 ('varchar', array['','abc','a very long varying string indeed']),
 ('bpchar', array['','abc','abc  ','abd','a very long blank padded string     ']),
 ('name', array['abc','pg_class','Ñ']),
 ('"char"', array['','a','r','~']),
 ('bytea', array['','\x00ff','\x616263','\xdeadbeef00112233445566778899aabbccddeeff']),
 ('date', array['2000-01-01','1999-12-31','2024-02-29','infinity','-infinity','4713-01-01 BC','5874897-12-31','1970-01-01']),
 ('time', array['00:00:00','23:59:59.999999','12:34:56.789','24:00:00']),
 ('timestamp', array['2000-01-01','2024-02-29 12:34:56.789','1969-07-20 20:17:40','infinity','-infinity','2024-03-31 02:30:00','0044-03-15 BC','294276-12-31 23:59:59']),
 ('timestamptz', array['2000-01-01 00:00:00+00','2024-02-29 12:34:56.789+01','1969-07-20 20:17:40+00','infinity','-infinity','2024-10-27 02:30:00+02','2024-07-01 00:00:00+00']),
 ('interval', array['0','1 day','1 mon -2 days 03:04:05.678','-1 year','100 days 25:00:00','00:05:00','1 hour','-35 days','-00:00:01']),
 ('uuid', array['00000000-0000-0000-0000-000000000000','a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','ffffffff-ffff-ffff-ffff-ffffffffffff']),
 ('jsonb', array['null','true','1.50','"str"','[]','{}','[1, "two", null, {"a": [3]}]','{"a": 1, "b": {"c": "x"}, "d": null}','-3','{"a": 1}','[1]','1e400','70000']),
 ('json', array['null','{"a": 1, "b": {"c": "x"}, "d": null}','[1, "two",  null, {"a": [3]}]','"s"'])
) as p(t, vs), unnest(vs) as v;
insert into pool select distinct type, null from pool;
create temp table special (oid oid, arg int, v text);
SQL
    cat tests/tools/func_cases_special.sql
    cat <<'SQL'
create temp table f as
  select p.oid, proname, pronargs, proargtypes from catalogue c join pg_proc p on p.oid = split_part(c.line, ' ', 1)::oid
  where p.provariadic = 0 and p.provolatile <> 'v' and p.pronargs > 0
    and p.proname not in ('now', 'statement_timestamp', 'transaction_timestamp') and (proname <> 'age' or pronargs = 2);
create temp table a as
  select f.oid, g.i, row_number() over (partition by f.oid, g.i) as k, count(*) over (partition by f.oid, g.i) as n, p.v
  from f, generate_series(0, 7) as g(i), lateral (
     select v from special s where s.oid = f.oid and s.arg = g.i
     union all
     select v from pool where type = f.proargtypes[g.i] and not exists (select from special s where s.oid = f.oid and s.arg = g.i)) p
  where g.i < f.pronargs;
create index on a (oid, i, k);
analyze a;
-- a fixed sample of the product of the values
create temp table call as
select f.oid, proname, pronargs, proargtypes, array(
         select v from generate_series(0, pronargs - 1) j, a
          where a.oid = f.oid and a.i = j and a.k = 1 + abs(hashint8extended(f.oid::int8 * 1000 + c * 10 + j, 42) % a.n) order by j) as args
  from f, lateral generate_series(1, case when pronargs = 1 then 0 when f.oid in (select oid from special) then 120 else 50 end) c
union
select f.oid, proname, pronargs, proargtypes, array[v] from f join a on a.oid = f.oid where pronargs = 1;
create temp table answer (oid oid, state text, result text, n int, arg text[]);
do $$
declare
  c record; q text; r text; s text; m text;
begin
  for c in select * from call loop
    q := 'select (pg_catalog.' || quote_ident(c.proname) || '(' ||
         (select string_agg(coalesce(quote_literal(c.args[i + 1]), 'NULL') || '::' || format_type(c.proargtypes[i], -1), ', ' order by i)
            from generate_series(0, c.pronargs - 1) i) || '))::text';
    begin
      execute q into r;
      insert into answer values (c.oid, '00000', r, c.pronargs, c.args[1:c.pronargs]);
    exception when others then
      get stacked diagnostics s = returned_sqlstate, m = message_text;
      -- literals PostgreSQL itself refuses are no calls
      if m not like 'invalid input syntax%' then
        insert into answer values (c.oid, s, m, c.pronargs, c.args[1:c.pronargs]);
      end if;
    end;
  end loop;
end $$;
\copy (select oid, state, result, n, arg[1], arg[2], arg[3], arg[4], arg[5], arg[6], arg[7], arg[8] from answer a order by a.oid, a.arg) to 'tests/unit/func/cases.txt'
SQL
} | psql -X -q "$1" -f -
