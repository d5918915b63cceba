-- Makes value_cases.inc from a running PostgreSQL 15:
--   psql -qAtX -f tests/unit/types/value_cases.sql > tests/unit/types/value_cases.inc
-- Each line: type, typmod, explicit cast?, input, and text and binary form, or "ERR sqlstate message / detail".
\set QUIET on
set client_min_messages = warning;
set timezone = 'UTC';

create function pg_temp.run(type text, typmod int, by_cast bool, input text) returns text[] language plpgsql as $$
declare
    t pg_type;
    expression text;
    result text[];
    detail text;
begin
    select * into t from pg_type where oid = type::regtype;
    if typmod < 0 or not by_cast then
        expression := format('%s(%s)', t.typinput::regproc,
            case when (select pronargs from pg_proc where oid = t.typinput) = 3 then format('%L, %s, %s', input, t.oid, typmod)
                 else format('%L', input) end);
    else
        expression := format('%L::%s', input, format_type(t.oid, typmod));
    end if;
    execute format('select array[%2$s(%1$s)::text, encode(%3$s(%1$s), ''hex'')]', expression, t.typoutput::regproc, t.typsend::regproc) into result;
    return result;
exception when others then
    get stacked diagnostics detail = pg_exception_detail;
    return array['ERR ' || sqlstate || ' ' || sqlerrm || case when detail <> '' then ' / ' || detail else '' end, ''];
end $$;

create function pg_temp.quoted(s text) returns text language sql as $$
    select '"' || replace(replace(replace(replace(s, '\', '\\'), '"', '\"'), E'\n', '\n'), E'\t', '\t') || '"'
$$;

create temp table inputs(id serial, type text, typmod int default -1, by_cast bool default false, input text);
insert into inputs(type, input)
select type, input from unnest(array['int2', 'int4', 'int8']) type,
    unnest(array['0', '-0', '+7', ' 42 ', E'\t\n-42\n', '32767', '32768', '-32768', '-32769', '2147483647', '2147483648', '-2147483648', '-2147483649',
        '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '18446744073709551616',
        '99999999999999999999999999', '99999999999999999999999999x', '32768x', '-32769x', '9223372036854775808 x', '', ' ', '-', '+', '1.0', '1e3',
        '1 2', '- 1', '0000000000000000000000000000000012', 'abc', '0x10']) input;
insert into inputs(type, input)
select type, input from unnest(array['float4', 'float8']) type,
    unnest(array['0', '-0', '1', '-1.5', '.5', '5.', '1e5', '1e6', '1e14', '1e15', '123456.7', '1e-4', '1e-5', '0.1', '0.3', '1e22', '1e23', '123456789012345678',
        '3.4028235e38', '3.4028236e38', '1e39', '1.17549435e-38', '1e-45', '1e-46', '1.7976931348623157e308', '1.7976931348623159e308', '1e400', '-1e400',
        '5e-324', '2e-324', '1e-400', '2.2250738585072014e-308', '9007199254740993', 'NaN', 'nan', 'inf', '-Infinity', '+infinity', 'infinit', ' 1 ', '', ' ', '.',
        '1x', '1e', '0x10', '1e400x', '--1', '1,5', '33554433', '16777217', '1.00000017881393432617187499', '1.00000017881393432617187500',
        '1.00000017881393432617187501', '4.35', '0.000001', '123456789', '8.41e21', '9.5367431640625e-7', '2.98023223876953125e-8']) input;
insert into inputs(type, input)
select 'bool', input from unnest(array['t', 'true', 'TRUE', ' tr ', 'f', 'fals', 'y', 'yes', 'n', 'no', 'on', 'off', 'of', 'o', '1', '0', '', ' ', 'yess', '2', 'tru e']) input;
insert into inputs(type, input)
select 'uuid', input from unnest(array['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{a0eebc999c0b4ef8bb6d6bb9bd380a11}',
    'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11', '{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1', '{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 ', '', 'a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11', 'g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a0eebc999c0b4ef8bb6d6bb9bd380a11-']) input;
insert into inputs(type, input)
select 'bytea', input from unnest(array['', 'abc', '\x', '\x00ff', '\x 00 FF', E'\\x00\nff', '\x0', '\x0g', '\x0é', '\000\377', 'a\\b', '\9', '\400', '\', '\\', 'é', '\xDEADBEEFDEADBEEFDEADBEEFDEADBEEF',
    'a string beyond twelve bytes']) input;
insert into inputs(type, input)
select type, input from unnest(array['text', 'varchar', 'bpchar', 'name']) type,
    unnest(array['', 'abc', ' a ', 'éàü', 'a string that is longer than twelve bytes', repeat('x', 70), repeat('é', 40)]) input;
insert into inputs(type, typmod, by_cast, input)
select type, typmod, by_cast, input from unnest(array['varchar', 'bpchar']) type, unnest(array[5, 7, 20]) typmod, unnest(array[false, true]) by_cast,
    unnest(array['', 'a', 'abc', 'abcd', 'abc   ', 'ab é', 'ééé', 'éééé', 'ééé ', 'a string that is longer than twelve bytes', '0123456789abcdef      ', '日本語日本語日本語日本語日本語日本語']) input;
insert into inputs(type, input) select '"char"', input from unnest(array['', 'a', 'abc', '\101', '\351', '\1011', '\000']) input;
insert into inputs(type, input) select 'oid', input from unnest(array['0', '4294967295', '4294967296', '-1', '-2147483648', '-2147483649', ' 7 ', '7x', '', ' ', 'x']) input;
insert into inputs(type, input) select 'xid', input from unnest(array['0', '4294967295', '12', '12a', '']) input;
insert into inputs(type, input) select 'regtype', input from unnest(array['int4', 'integer', 'char', '"char"', '23', '-', 'timestamp with time zone', 'nosuch', 'text[]', '99999']) input;
insert into inputs(type, input)
select type, input from unnest(array['json', 'jsonb']) type,
    unnest(array['{}', '{"b":1, "a" : [true,null,"x"]}', '1.50', '"a\u00e9"', '{', '', 'nul']) input;
insert into inputs(type, input) select 'date', input from unnest(array['2024-02-29', '2023-02-29', 'infinity', '-infinity', '0044-03-15 BC', 'epoch', 'x', '5874897-12-31', '5874898-01-01']) input;
insert into inputs(type, input)
select type, input from unnest(array['timestamp', 'timestamptz']) type,
    unnest(array['2024-02-29 12:34:56.789', '2024-02-29T12:34:56Z', '1999-12-31 23:59:59.9999999', 'infinity', '294276-12-31 23:59:59', '294277-01-01', '2024-13-01', '']) input;
insert into inputs(type, typmod, input)
select type, typmod, input from unnest(array['timestamp', 'timestamptz', 'time']) type, unnest(array[0, 2, 6]) typmod,
    unnest(array['2024-02-29 12:34:56.789', '1999-12-31 23:59:59.999999', '2000-01-01 00:00:00.5']) input;
insert into inputs(type, input) select 'time', input from unnest(array['12:34:56.789', '24:00:00', '24:00:01', '23:59:59.9999999', 'x']) input;
insert into inputs(type, input) select 'interval', input from unnest(array['1 year 2 mons 3 days 04:05:06.789', '-1 day', 'P1Y2M3DT4H5M6S', '1.5 hours', 'x', '']) input;
insert into inputs(type, typmod, input) values ('interval', 2147418112, '1.5 s'), ('interval', 470286339, '1 day 1.23456 s');
insert into inputs(type, typmod, input)
select 'numeric', ((p << 16) | (s & 2047)) + 4, input from (values (5, 2), (3, -2), (3, 5), (30, 10), (18, 18)) m(p, s),
    unnest(array['0', '1.005', '-999.994', '999.995', '12345', '0.00123', '0.0123', 'NaN', 'Infinity', '-0.5', 'x']) input;

\pset format unaligned
\pset tuples_only on
select '/* Made by value_cases.sql; do not edit. */';
select format('{%s, %s, %s, %s, %s, "%s"},', type::regtype::oid, typmod, by_cast, pg_temp.quoted(input), pg_temp.quoted(r[1]), r[2])
from (select id, type, typmod, by_cast, input, pg_temp.run(type, typmod, by_cast, input) r from inputs) t
order by id;
