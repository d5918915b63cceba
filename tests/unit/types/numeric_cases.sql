-- Makes numeric_cases.inc from a running PostgreSQL 15:
--   psql -qAtX -f tests/unit/types/numeric_cases.sql > tests/unit/types/numeric_cases.inc
-- Each line: operation, operands, and the result or "ERR sqlstate message / detail".
\set QUIET on
set client_min_messages = warning;
select setseed(0.15);

create function pg_temp.apply(op text, a text, b text) returns text language plpgsql as $$
declare
    expression text := case
        when op in ('+', '-', '*', '/', '%', '^') then format('(%L::numeric %s %L::numeric)::text', a, op, b)
        when op = 'log' then format('log(%L::numeric, %L::numeric)::text', a, b)
        when op = 'cmp' then
            format('(case when %1$L::numeric < %2$L::numeric then -1 when %1$L::numeric = %2$L::numeric then 0 else 1 end)::text', a, b)
        when op in ('round', 'trunc') then format('%s(%L::numeric, %s)::text', op, a, b)
        when op = 'typmod' then format('pg_catalog."numeric"(%L::numeric, %s)::text', a, b)
        when op in ('abs', 'ceil', 'floor', 'sqrt', 'exp', 'ln') then format('%s(%L::numeric)::text', op, a)
        when op = 'neg' then format('(-%L::numeric)::text', a)
        when op in ('int2', 'int4', 'int8', 'float4', 'float8') then format('%L::numeric::%s::text', a, op)
        when op in ('from_float4', 'from_float8') then format('%L::%s::numeric::text', a, substr(op, 6))
        when op = 'send' then format('encode(numeric_send(%L::numeric), ''hex'')', a)
        when op = 'parse' then format('%L::numeric::text', a)
    end;
    result text;
    detail text;
begin
    execute 'select ' || expression into result;
    return result;
exception when others then
    get stacked diagnostics detail = pg_exception_detail;
    return 'ERR ' || sqlstate || ' ' || sqlerrm || case when detail <> '' then ' / ' || detail else '' end;
end $$;

-- A number of at most n digits, or now and then one at an edge.
create function pg_temp.some(n int) returns text language plpgsql volatile as $$
declare
    edges text[] := array['0', '0.00', '1', '-1', '10', '0.1', '0.0001', '10000', '99999999', '1.0000', '9223372036854775807',
        '-9223372036854775808', '9223372036854775808', '0.000000000000000001', 'NaN', 'Infinity', '-Infinity', '0.5', '-0.5',
        '1e20', '1e-20', '9999', '0.9999', '99999999.99999999', '922337203685477580.7', '-9223372036854775809'];
    count int := 1 + floor(random() * n);
    digits text := '';
    scale int;
begin
    if random() < 0.08 then
        return edges[1 + floor(random() * array_length(edges, 1))];
    end if;
    for i in 1..count loop
        digits := digits || case when random() < 0.15 then '0' when random() < 0.15 then '9' else floor(random() * 10)::text end;
    end loop;
    if random() < 0.7 then
        scale := floor(random() * count);
        digits := substr(digits, 1, count - scale) || '.' || substr(digits, count - scale + 1);
    end if;
    if random() < 0.05 then
        digits := digits || 'e' || (floor(random() * 60) - 30)::text;
    end if;
    return case when random() < 0.4 then '-' else '' end || digits;
end $$;

create temp table inputs(id serial, op text, a text, b text);
insert into inputs(op, a, b)
select op, pg_temp.some(case g % 4 when 0 then 40 when 1 then 20 else 9 end), pg_temp.some(case g % 5 when 0 then 40 when 1 then 20 else 9 end)
from unnest(array['+', '-', '*', '/', '%', 'cmp']) op, generate_series(1, 160) g;
insert into inputs(op, a, b)
select op, pg_temp.some(case g % 4 when 0 then 40 when 1 then 20 else 7 end), ''
from unnest(array['neg', 'abs', 'ceil', 'floor', 'int2', 'int4', 'int8', 'float8', 'float4', 'from_float8', 'from_float4', 'send', 'parse']) op,
     generate_series(1, 40) g;
insert into inputs(op, a, b)
select op, pg_temp.some(case g % 4 when 0 then 40 when 1 then 20 else 9 end), (floor(random() * 30) - 10)::text
from unnest(array['round', 'trunc']) op, generate_series(1, 100) g;
insert into inputs(op, a, b)
select 'typmod', pg_temp.some(case g % 4 when 0 then 30 when 1 then 20 else 8 end),
       ((((1 + floor(random() * 25))::int << 16) | ((floor(random() * 16) - 4)::int & 2047)) + 4)::text
from generate_series(1, 150) g;
insert into inputs(op, a, b)
select op, case when random() < 0.1 then x else ltrim(x, '-') end, ''
from unnest(array['sqrt', 'ln']) op, generate_series(1, 80) g, lateral (select pg_temp.some(case g % 3 when 0 then 20 else 7 end) x) s;
insert into inputs(op, a, b) select 'exp', (random() * 100 - 50)::numeric(20, 8)::text, '' from generate_series(1, 40) g;
insert into inputs(op, a, b)
select 'log', ltrim(pg_temp.some(6), '-'), ltrim(pg_temp.some(9), '-') from generate_series(1, 60) g;
insert into inputs(op, a, b)
select '^', pg_temp.some(6), case when g % 2 = 0 then (floor(random() * 40) - 20)::text else pg_temp.some(4) end from generate_series(1, 120) g;
insert into inputs(op, a, b)
select '^', a, b from unnest(array['0', '1', '-1', '-2', '0.5', 'NaN', 'Infinity', '-Infinity']) a,
    unnest(array['0', '1', '-1', '3', '0.5', '2147483648', 'NaN', 'Infinity', '-Infinity']) b;
insert into inputs(op, a, b)
select 'parse', a, '' from unnest(array['', ' ', '.', '-', '+', '1e', '1e+', '1e 5', '1.e5', '.5', '5.', ' 12 ', '1 2', '12x', '+nan', ' nAn ', '+inf',
    '-INFINITY', 'infinit', '1..2', '1.2.3', '0e131073', '1e131072', '1e-16384', '0e-16384', '1e1073741823', '1e99999999999', '--1', '+-1', '0x10',
    '000000000000000000000000000001', '-0', '-0.00', '1_000', '999999999999999999', '9999999999999999999', '-999999999999999999.9',
    '0.000000000000000000', '0.0000000000000000000', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809']) a;

\pset format unaligned
\pset tuples_only on
select '/* Made by numeric_cases.sql; do not edit. */';
select format('{"%s", "%s", "%s", "%s"},', op, a, b, replace(result, '"', '\"'))
from (select id, op, a, b, pg_temp.apply(op, a, b) result from inputs) r
where length(result) <= 200
order by id;
