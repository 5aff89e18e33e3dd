-- What people write and what machines note down: personal data in places without a name for it.
insert into support_tickets (id, customer_id, subject, body, channel, priority, opened_at, closed_at)
select t.i, c.id,
       gen.pick('{Where is my parcel?,Refund please,Cannot log in,Falsche Rechnung,Change of address}',
                'subject', i),
       case gen.h('story', i) % 8
           when 0 then 'Hello, I am ' || c.first_name || ' ' || c.last_name
               || '. Please answer to ' || c.email || ' or call ' || coalesce(c.phone, 'nobody') || '.'
           when 1 then 'You charged my card ' || gen.card(c.id) || ' twice for order '
               || gen.order_no(i) || '. Regards, ' || c.first_name
           when 2 then 'Bitte erstatten Sie auf mein Konto '
               || regexp_replace(gen.iban(c.country, c.id), '(.{4})', '\1 ', 'g')
               || E'.\nViele Grüße\n' || c.first_name || ' ' || c.last_name
           when 3 then 'My number is ' || coalesce(c.national_id, 'not with me')
               || ', born ' || to_char(c.birth_date, 'DD.MM.YYYY') || '. Why do you need it?'
           when 4 then 'The parcel with tracking ' || gen.uuid('track', i)
               || ' never came. It is worth 149.90 and was due on 2024-11-05.'
           when 5 then 'I moved: ' || a.house_no || ' ' || a.street || ', ' || a.postal_code || ' '
               || a.city || '. Old one is void.'
           when 6 then 'Password reset does not work; I tried hunter' || i
               || ' three times. My token was sk_live_' || md5('leak' || i) || '.'
           else 'Nice shop! Ordered SKU-AA-010042 at 14:35, 3 pieces, all fine. 12345678 thanks.'
       end,
       gen.pick('{mail,phone,chat,letter}', 'channel', i), gen.between('prio', i, 1, 5),
       gen.moment('ticket', i, date '2023-06-01', 760),
       case when i % 4 > 0 then gen.moment('ticket', i, date '2023-06-01', 760) + interval '2 days' end
from (select n as i, gen.between('writer', n, 1, 12000) as writer
      from generate_series(1, 5000) as n) as t
join customers as c on c.id = t.writer
join addresses as a on a.customer_id = c.id and a.kind = 'billing'
order by t.i;
alter table support_tickets alter column id restart with 5001;

insert into events
select t.i, gen.moment('event', i, date '2023-11-01', 700),
       gen.pick('{page.view,cart.add,login,login.failed,address.changed,newsletter}', 'event-kind', i),
       c.id,
       case gen.h('event-kind', i) % 6
           when 2 then jsonb_build_object('ip', host(c.last_ip), 'agent', 'Mozilla/5.0',
                                          'user', jsonb_build_object('mail', c.email))
           when 3 then jsonb_build_object('ip', host(c.last_ip), 'tried', c.email, 'times', i % 5)
           when 4 then jsonb_build_object('from', null, 'to', jsonb_build_object(
                'street', a.street || ' ' || a.house_no, 'city', a.city),
                'contacts', jsonb_build_array(c.phone, c.email))
           else jsonb_build_object('path', '/p/' || gen.between('page', i, 1, 600),
                                   'ms', gen.between('ms', i, 3, 900)) end
from (select n as i, gen.between('actor', n, 1, 12000) as actor
      from generate_series(1, 16000) as n) as t
join customers as c on c.id = t.actor
join addresses as a on a.customer_id = c.id and a.kind = 'billing'
order by t.i;

insert into api_keys (customer_id, label, secret, secret_hash, scopes, quota, created_at, expires_at)
select gen.between('key-owner', i, 1, 12000), gen.pick('{ci,erp,mobile,reporting}', 'key-label', i),
       gen.pick('{sk_live_,sk_test_}', 'key-kind', i) || md5('key' || i),
       decode(md5('hash' || i) || md5('hash2' || i), 'hex'),
       case when i % 3 = 0 then '{orders:read,orders:write}'::text[]
            else '{orders:read}' end,
       case when i % 2 = 0 then 1000000::bigint * i end,
       gen.moment('key', i, date '2022-01-01', 900), case when i % 4 = 0 then 'infinity'::timestamptz end
from generate_series(1, 400) as i;
