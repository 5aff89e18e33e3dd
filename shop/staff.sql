-- Who works here and for how much.
insert into hr.departments values
(1, 'Board', 900000), (2, 'Sales', 2400000.50), (3, 'Warehouse', 1800000), (4, 'Support', 950000),
(5, 'Technik', 3100000);

insert into hr.employees
select i, gen.pick(case when s.male then l.male else l.female end, 'staff-first', i) || ' '
          || gen.pick(l.family, 'staff-last', i),
       's' || lpad(i::text, 4, '0') || '@shop.example', gen.phone(l.prefix, 'staff', i),
       case when i = 1 then 1 else gen.between('dept', i, 2, 5) end,
       case when i = 1 then null else greatest(1, i / 8) end,
       case when i = 1 then 'Chief executive'
            else gen.pick('{Clerk,Engineer,Packer,Agent,Lead}', 'job', i) end,
       case when i = 1 then 310000 else gen.between('salary', i, 28000, 98000) end,
       case when i % 3 = 0 then gen.between('bonus', i, 500, 9000) end,
       gen.iban(l.code, 100000 + i),
       gen.national_id(l.code, 100000 + i, s.born, s.male), s.born,
       date '2010-01-01' + gen.between('hired', i, 0, 5400), gen.between('sick', i, 0, 40)
from (select i, gen.h('staff-sex', i) % 2 = 0 as male,
             date '1960-01-01' + gen.between('staff-born', i, 0, 15000) as born,
             gen.pick('{DE,FR,ES,NL,GB,PL}', 'staff-land', i) as code
      from generate_series(1, 350) as i) as s
join gen.land as l on l.code = s.code
order by i;

insert into hr.reviews
select e.id, y, gen.between('grade' || y, e.id, 10, 50) / 10.0,
       gen.pick('{Reliable.,Often late.,Outstanding year.,Back after long illness (burnout).}',
                'remark' || y, e.id) || ' Spoke with ' || split_part(e.full_name, ' ', 1) || '.'
from hr.employees as e, generate_series(2022, 2024) as y;
