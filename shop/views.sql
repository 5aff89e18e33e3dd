-- Other names for the same values.
create view customer_contacts as
select id, first_name || ' ' || last_name as who, email as reach, phone from customers;

-- A view on a view.
create view directory as
select c.id, c.who, c.reach as contact, a.city, a.country
from customer_contacts as c
join addresses as a on a.customer_id = c.id and a.kind = 'billing';

create materialized view best_customers as
select c.id, c.email as login, count(*) as orders, sum(o.total) as spent
from customers as c
join orders as o on o.customer_id = c.id
group by c.id
having count(*) >= 3;
create unique index on best_customers (id);

create view hr.payroll as
select d.name as department, e.full_name, e.salary + coalesce(e.bonus, 0) as pay
from hr.employees as e
join hr.departments as d on d.id = e.department;

create view stock_value as
select sum(price * stock) as value, count(*) as articles from products;
