-- Customers and where they live.
insert into countries select code, name, prefix from gen.land order by code;

-- ASCII for the left side of an address; what has no Latin letters gets a made-up word. Whatever
-- the locale of the database: only ASCII letters change their case here.
create function gen.ascii(name text) returns text
    language sql immutable as
$$
    select coalesce(nullif(lower(regexp_replace(translate(name,
        'ÁÅÄÉÍÑÖÓŁŚŻĘÜàáâäãåçèéêëíîïñóôöõøúûüýÿłśżźąęćńßıőşðā',
        'AAAEINOOLSZEUaaaaaaceeeeiiinooooouuuyylszzaecnsiosda'),
        '[^A-Za-z]', '', 'g') collate "C"), ''), 'user')
$$;

create table gen.person as
select p.i, p.male, p.born, l.code, l.locale, l.prefix,
       gen.pick(case when p.male then l.male else l.female end, 'first', p.i) as first_name,
       gen.pick(l.family, 'last', p.i) as last_name,
       gen.pick(l.mail, 'mail', p.i) as mail_host
from (select i, gen.h('sex', i) % 2 = 0 as male,
             date '1938-01-01' + gen.between('born', i, 0, 25200) as born,
             (gen.h('land', i) % 100)::bigint as slot
      from generate_series(1, 12000) as i) as p
join gen.hundred as n on n.slot = p.slot
join gen.land as l on l.code = n.code;
create unique index on gen.person (i);

create function gen.email(i bigint, first_name text, last_name text, host text) returns text
    language sql immutable as
$$
    select case gen.h('mail-form', i) % 4
        when 0 then gen.ascii(first_name) || '.' || gen.ascii(last_name) || i % 1000
        when 1 then substr(gen.ascii(first_name), 1, 1) || gen.ascii(last_name) || i
        when 2 then gen.ascii(last_name) || '_' || i
        else gen.ascii(first_name) || '+shop' || i end || '@' || host
$$;

-- Each country writes its numbers in a way of its own.
create function gen.phone(prefix text, tag text, i bigint) returns text
    language sql immutable as
$$
    select case prefix
        when '+1' then '+1 (' || gen.between(tag || 'a', i, 201, 989) || ') '
            || gen.between(tag || 'b', i, 200, 999) || '-' || gen.digits(tag, i, 4)
        when '+44' then '+44 7' || gen.digits(tag, i, 3) || ' ' || gen.digits(tag || 'c', i, 6)
        when '+49' then '0049 15' || gen.digits(tag, i, 1) || ' ' || gen.digits(tag || 'c', i, 8)
        when '+33' then '+33 6 ' || regexp_replace(gen.digits(tag, i, 8), '(..)(..)(..)(..)',
                                                   '\1 \2 \3 \4')
        when '+81' then '+81-90-' || gen.digits(tag, i, 4) || '-' || gen.digits(tag || 'c', i, 4)
        else prefix || ' ' || gen.between(tag || 'a', i, 600, 799) || ' ' || gen.digits(tag, i, 6)
    end
$$;

insert into customers (id, customer_no, first_name, last_name, email, phone, national_id, country,
                       birth_date, locale, newsletter, tags, other_emails, last_ip, preferences,
                       portrait, credit_limit, signed_up_at)
select i, 'C-' || lpad(i::text, 6, '0'), first_name, last_name,
       gen.email(i, first_name, last_name, mail_host),
       case when gen.h('has-phone', i) % 10 > 0 then gen.phone(prefix, 'phone', i) end,
       case when gen.h('has-id', i) % 5 > 0 then gen.national_id(code, i, born, male) end,
       code, born, locale, gen.h('news', i) % 3 = 0,
       case gen.h('tags', i) % 4 when 0 then '{}'::text[] when 1 then '{vip}'
            when 2 then '{wholesale,net30}' else '{returning}' end,
       case when gen.h('more-mail', i) % 6 = 0
            then array[gen.ascii(last_name) || i || '@work.example.com',
                       'family.' || gen.ascii(last_name) || i % 100 || '@example.org']
            else '{}' end,
       ('10.' || gen.between('ip-a', i, 0, 255) || '.' || gen.between('ip-b', i, 0, 255) || '.'
        || gen.between('ip-c', i, 1, 254))::inet,
       jsonb_build_object('theme', gen.pick('{dark,light}', 'theme', i), 'contact',
                          jsonb_build_object('email', gen.ascii(first_name) || i || '@'
                                             || mail_host, 'sms', i % 3 = 0)),
       case when i % 20 = 0 then decode(md5('portrait' || i) || md5('more' || i), 'hex') end,
       gen.between('credit', i, 0, 500) * 10,
       gen.moment('signup', i, date '2018-01-01', 2400)
from gen.person order by i;
alter table customers alter column id restart with 12001;

insert into addresses (customer_id, kind, street, house_no, postal_code, city, country, spot)
select p.i, k.kind, gen.pick(l.streets, 'street' || k.kind, p.i),
       gen.between('house' || k.kind, p.i, 1, 240)
           || case when gen.h('stair', p.i) % 9 = 0 then 'b' else '' end,
       case p.code when 'GB' then 'M' || gen.between('zip', p.i, 1, 90) || ' '
                                  || gen.between('zip2', p.i, 1, 9) || 'AB'
                   when 'NL' then gen.between('zip', p.i, 1000, 9999) || ' XY'
                   when 'JP' then gen.digits('zip', p.i, 3) || '-' || gen.digits('zip2', p.i, 4)
                   else gen.digits('zip', p.i, 5) end,
       gen.pick(l.cities, 'city' || k.kind, p.i), p.code,
       case when p.i % 3 = 0
            then row(gen.between('lat', p.i, -6000, 7000) / 100.0,
                     gen.between('lon', p.i, -18000, 18000) / 100.0)::position_on_earth end
from gen.person as p
join gen.land as l on l.code = p.code
cross join (values ('billing', 1), ('shipping', 4)) as k (kind, every)
where p.i % k.every = 0
order by p.i, k.kind;
