-- Functions through which values travel: SQL, PL/pgSQL, dynamic, writing.
create function customer_email(customer bigint) returns text
    language sql stable as
$$ select email::text from customers where id = customer $$;

create function find_customers(part text) returns setof customers
    language sql stable as
$$ select * from customers where last_name ilike '%' || part || '%' order by id $$;

create function full_name(c customers) returns text
    language sql immutable as
$$ select c.first_name || ' ' || c.last_name $$;

create function card_of(wanted bigint) returns text
    language plpgsql stable as
$$
declare
    found_card text;
begin
    select card_number into found_card from payments
    where order_id = wanted and card_number is not null limit 1;
    return coalesce(found_card, 'none');
end
$$;

-- What it reads is known only when it runs.
create function value_of(relation text, col text, wanted bigint) returns text
    language plpgsql stable as
$$
declare
    answer text;
begin
    execute format('select %I::text from %I where id = $1', col, relation) into answer using wanted;
    return answer;
end
$$;

create function forget_customer(customer bigint) returns boolean
    language plpgsql as
$$
begin
    update customers set phone = null, national_id = null where id = customer;
    return found;
end
$$;

create function salary_total() returns numeric
    language sql stable security definer set search_path = hr, pg_temp as
$$ select sum(salary) from employees $$;

create procedure close_old_tickets(before timestamptz)
    language plpgsql as
$$
begin
    update support_tickets set closed_at = before where closed_at is null and opened_at < before;
end
$$;

create function note_status() returns trigger
    language plpgsql as
$$
begin
    if new.status is distinct from old.status then
        insert into events (id, at, kind, customer_id, payload)
        values (1000000 + new.id, '2025-06-01', 'order.status', new.customer_id,
                jsonb_build_object('from', old.status, 'to', new.status))
        on conflict do nothing;
    end if;
    return new;
end
$$;
create trigger note_status after update on orders for each row execute function note_status();
