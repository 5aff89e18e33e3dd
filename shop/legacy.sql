-- Columns whose names say nothing, some sensitive, some decoys.
insert into legacy_import
select c.id, c.first_name || ' ' || c.last_name, c.email, coalesce(c.national_id, ''),
       coalesce(gen.phone(p.prefix, 'legacy', c.id), ''),
       gen.card(50000 + c.id), gen.uuid('legacy', c.id), gen.order_no(c.id),
       gen.between('legacy-n', c.id, 0, 100000) / 7.0,
       jsonb_build_object('a', gen.iban(c.country, c.id), 'b', c.id)
from customers as c
join gen.person as p on p.i = c.id
where c.id <= 4000;
