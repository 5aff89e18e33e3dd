-- People for the sample schemas, made by the shop's generator: nobody is meant.
create function gen.plain(name text) returns text language sql immutable as
$$ select coalesce(nullif(lower(regexp_replace(translate(name,
    'ÁÅÄÉÍÑÖÓŁŚŻĘÜàáâäãåçèéêëíîïñóôöõøúûüýÿłśżźąęćńßıőşðā',
    'AAAEINOOLSZEUaaaaaaceeeeiiinooooouuuyylszzaecnsiosda'),
    '[^A-Za-z]', '', 'g') collate "C"), ''), 'user') $$;
create table gen.person as
select i, i % 2 = 0 as male, l.code, l.prefix,
       date '1940-01-01' + gen.between('born', i, 0, 23000) as born,
       gen.pick(case when i % 2 = 0 then l.male else l.female end, 'first', i) as first,
       gen.pick(l.family, 'last', i) as last,
       gen.between('house', i, 1, 240) || ' ' || gen.pick(l.streets, 'street', i) as street,
       gen.pick(l.cities, 'city', i) as city,
       gen.digits('zip', i, 5) as zip,
       gen.pick(l.mail, 'mail', i) as host
from generate_series(1, 200) as i
join gen.land as l on l.code = (array['US','GB','US','DE','FR','US','ES','NL','SE','PL','BR'])[1 + i % 11];
create function gen.mail(p gen.person) returns text language sql immutable as
$$ select gen.plain(p.first) || '.' || gen.plain(p.last) || p.i || '@' || p.host $$;
create function gen.tel(p gen.person) returns text language sql immutable as
$$ select p.prefix || ' ' || gen.between('tel-a', p.i, 201, 899) || ' ' || gen.digits('tel', p.i, 3)
          || ' ' || gen.digits('tel-c', p.i, 4) $$;
create function gen.ssn(i bigint) returns text language sql immutable as
$$ select gen.national_id('US', i, date '1980-01-01', true) $$;
