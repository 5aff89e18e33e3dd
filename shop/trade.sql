-- Goods, orders, payments.
insert into products
select 'SKU-' || gen.pick('{AA,BK,CX,DT}', 'sku', i) || '-' || lpad((10000 + i)::text, 6, '0'),
       gen.pick('{Lamp,Chair,Mug,Kettle,Notebook,Backpack,Scarf,Désirée Vase,Hängematte}', 'what', i)
           || ' ' || gen.pick('{Classic,Nordic,XL,Mini,Édition,Pro}', 'kind', i) || ' ' || i,
       gen.ean13(i), gen.between('price', i, 199, 49999) / 100.0, gen.between('weight', i, 20, 9000),
       gen.between('stock', i, 0, 400),
       case when i % 2 = 0 then '{black,white}' else array[gen.pick('{red,green,blue}', 'hue', i)] end,
       jsonb_build_object('brand', gen.pick('{Acme,Hjem,Kōbō}', 'brand', i),
                          'sizes', jsonb_build_array(gen.between('size', i, 1, 9), 10)),
       (select array_agg((gen.between('vector' || d, i, -1000, 1000) / 1000.0)::real order by d)
        from generate_series(1, 8) as d)
from generate_series(1, 600) as i;

create table gen.shelf as
select row_number() over (order by sku) - 1 as slot, sku, price from products;
create unique index on gen.shelf (slot);

insert into orders
select o.i, gen.order_no(o.i), o.buyer,
       (enum_range(null::order_status))[1 + gen.h('status', o.i) % 7], 0, gen.uuid('track', o.i),
       case when o.i % 15 = 0 then 'For ' || p.first_name || ', with love. Call me: '
                                   || gen.phone(p.prefix, 'gift', o.i) end,
       gen.moment('placed', o.i, date '2023-06-01', 760)
from (select n as i, gen.between('buyer', n, 1, 12000) as buyer
      from generate_series(1, 18000) as n) as o
join gen.person as p on p.i = o.buyer;
alter table orders alter column id restart with 18001;

insert into order_items
select o.id, l, s.sku, gen.between('many' || l, o.id, 1, 4), s.price
from orders as o
cross join generate_series(1, 3) as l
join gen.shelf as s on s.slot = (gen.h('item' || l, o.id) % 600)::bigint
where l <= 1 + gen.h('lines', o.id) % 3;

update orders as o set total = t.total
from (select order_id, sum(quantity * unit_price) as total from order_items group by order_id) as t
where t.order_id = o.id;

insert into payments (order_id, method, card_number, card_holder, card_expiry, iban, amount,
                      currency, reference, paid_at)
select o.id, m.method,
       case when m.method = 'card' then
            case when o.id % 3 = 0
                 then regexp_replace(gen.card(c.id), '(\d{4})(\d{4})(\d{4})(\d+)', '\1 \2 \3 \4')
                 else gen.card(c.id) end end,
       case when m.method = 'card' then upper(gen.ascii(c.first_name) || ' ' || gen.ascii(c.last_name)) end,
       case when m.method = 'card' then lpad(gen.between('month', c.id, 1, 12)::text, 2, '0') || '/'
                                        || gen.between('year', c.id, 26, 31) end,
       case when m.method = 'transfer' then gen.iban(c.country, c.id) end,
       o.total, case c.country when 'US' then 'USD' when 'GB' then 'GBP' when 'SE' then 'SEK'
                               when 'PL' then 'PLN' when 'BR' then 'BRL' when 'JP' then 'JPY'
                               else 'EUR' end,
       gen.uuid('pay', o.id), o.placed_at at time zone 'UTC' + interval '3 minutes'
from orders as o
join customers as c on c.id = o.customer_id
cross join lateral (select (case gen.h('method', o.id) % 10 when 0 then 'voucher' when 1 then
    'transfer' when 2 then 'transfer' when 3 then 'transfer' else 'card' end)::pay_method
    as method) as m
where o.status <> 'new'
order by o.id;
