-- Arguments that only make sense for one function: values tried instead of the pool's.
insert into special
select p.oid, 0, v from pg_proc p, unnest(array['second','milliseconds','microseconds','minute','Hour','day','week','month','quarter','year',
  'decade','century','millennium','dow','isodow','doy','isoyear','julian','epoch','timezone','timezone_hour','nosuch','DAY',null]) v
 where proname in ('date_trunc','extract','date_part');
insert into special select p.oid, 2, v from pg_proc p, unnest(array['UTC','America/New_York','Asia/Kolkata','nowhere','Europe/Madrid']) v
 where proname = 'date_trunc' and pronargs = 3;
insert into special select p.oid, 0, v from pg_proc p, unnest(array['UTC','America/New_York','Asia/Kolkata','nowhere','+02','EST5EDT']) v
 where proname = 'timezone' and proargtypes[0] = 25;
insert into special select p.oid, i, v from pg_proc p, (values (0, array['2024','-44','0','294277','2023']), (1, array['1','2','13','0']),
  (2, array['1','29','30','31','0']), (3, array['0','23','24','25']), (4, array['0','59','60','-1']),
  (5, array['0','59.999999','60','0.1','NaN'])) as x(i, vs), unnest(vs) v
 where proname in ('make_date', 'make_timestamp');
insert into special select p.oid, i, v from pg_proc p, (values (0, array['0','23','24','25']), (1, array['0','59','60','-1']),
  (2, array['0','59.999999','60','0.1','NaN'])) as x(i, vs), unnest(vs) v where proname = 'make_time';
insert into special select p.oid, 0, v from pg_proc p, unnest(array['15 minutes','1 day','1 mon','-1 day','7 days','0','00:00:00.5']) v
 where proname = 'date_bin';
-- PostgreSQL 15 takes infinities for numbers in age(), and wraps around in timestamp - timestamp: not to be copied.
insert into special select p.oid, i, v from pg_proc p, generate_series(0, 1) i,
  unnest(array['2000-01-01 00:00:00+00','2024-02-29 12:34:56.789+00','1969-07-20 20:17:40+00','2024-07-31 02:30:00+00','0044-03-15 00:00:00+00 BC',null]) v
 where proname in ('age', 'timestamp_mi', 'timestamptz_mi');
insert into special select p.oid, 1, v from pg_proc p, unnest(array['','%','_','abc','a%','%c','%b%','a_c','%a%c%','\%','a\','%\','H%o_W%','%example%q%','ñ%','%€uro','_andú%','ABC','%O W%','__',null]) v
 where proname in ('textlike','textnlike','like','notlike','texticlike','texticnlike','namelike','namenlike','nameiclike','nameicnlike',
                   'bpcharlike','bpcharnlike','bpchariclike','bpcharicnlike') and proargtypes[1] = 25;
insert into special select p.oid, 1, v from pg_proc p, unnest(array['','\','$','é','ab']) v where proname = 'like_escape';
insert into special select p.oid, 0, v from pg_proc p, unnest(array['abc','a$%b_','\%a','é%éé\','x$$%']) v where proname = 'like_escape';
insert into special select p.oid, 0, v from pg_proc p, unnest(array['0','-1','65','241','8364','55296','1114112','128512','2147483647']) v where proname = 'chr';
insert into special select p.oid, 1, v from pg_proc p, unnest(array['0','1','-1','3','7','20','2147483647',null]) v where proname in ('lpad','rpad','repeat');
insert into special select p.oid, 0, v from pg_proc p, unnest(array['','abc','ñandú €uro',null]) v where proname in ('lpad','rpad','repeat');
insert into special select p.oid, i, v from pg_proc p, (values (0, array['a,b,,c','','abc','ñ€ñ€','a,b']), (1, array[',','','ñ','bc',', ']),
  (2, array['1','2','-1','-2','0','9','-9','3'])) as x(i, vs), unnest(vs) v where proname = 'split_part';
insert into special select p.oid, 1, v from pg_proc p, unnest(array['l','b','abc','€','','ab','ñanx ','Hello','c']) v
 where proname in ('strpos','position','replace','translate','btrim','ltrim','rtrim','starts_with') and pronargs > 1 and proargtypes[1] = 25;
insert into special select p.oid, 1, v from pg_proc p, unnest(array['a','b','c','x','two','',null]) v where proname in ('jsonb_exists','jsonb_object_field','jsonb_object_field_text');
insert into special select p.oid, 1, v from pg_proc p, unnest(array['^abc$','b','a.c','^h','(abc)+','[a-c]{3}','\d+','[^a-z]','xyz|pad','^\s','o\M','World$','ñ.*€','(?:ab|cd)','[[:alpha:]]+','ABC','.','(a|ab)(c|bcd)','\mabc','a{2}','x*',
   '^https?://(?:www\.)?([^/]+)/.*$','\.com',null]) v
 where proname like '%regexeq' or proname like '%regexne';
insert into special select p.oid, i, v from pg_proc p, (values
  (0, array['http://www.example.com/path?q=1','https://example.org/','https://www./x','http://www.a/b/c','abc abc','Hello World','12-34-56','aaa','','ñandú €uro','x  y   z','foobarbaz']),
  (1, array['^https?://(?:www\.)?([^/]+)/.*$','b','[0-9]+','(\d+)-(\d+)','\s+','o','^','$','a*','[aeiou]','ñ','(o)(.)','foo|bar','ba[rz]','[^ ]+','B','l+','z?','^(.)','([a-z]+)$']),
  (2, array['\1','X','<\&>','[\2\1]','','\\']), (3, array['g','','gi','i'])) as x(i, vs), unnest(vs) v
 where proname = 'regexp_replace' and pronargs <= 4;
insert into special select p.oid, i, v from pg_proc p, (values
  (0, array['http://www.example.com/path?q=1','https://example.org/','abc abc','Hello World','12-34-56','','ñandú €uro']),
  (1, array['^https?://(?:www\.)?([^/]+)/.*$','b','[0-9]+','(\d+)-(\d+)','\s+','o','[aeiou]','ñ','(o)(.)','(x)?b','z','[^ ]+'])) as x(i, vs), unnest(vs) v
 where proname = 'substring' and proargtypes = '25 25';
