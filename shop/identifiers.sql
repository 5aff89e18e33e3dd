-- Numbers with check digits, valid but nobody's. Each function says where its rule stands.

-- The Luhn check digit of a digit string (ISO/IEC 7812-1 annex B).
create function gen.luhn(body text) returns text
    language plpgsql immutable as
$$
declare
    total integer := 0;
    doubled boolean := true;
    d integer;
begin
    for p in reverse length(body)..1 loop
        d := substr(body, p, 1)::integer;
        total := total + case when doubled then d * 2 / 10 + d * 2 % 10 else d end;
        doubled := not doubled;
    end loop;
    return ((10 - total % 10) % 10)::text;
end
$$;

-- Payment card: Visa, Mastercard, American Express; test ranges' length and prefix.
create function gen.card(i bigint) returns text
    language plpgsql immutable as
$$
declare
    brand integer := gen.h('card-brand', i) % 10;
    body text := case brand when 0 then '37' || gen.digits('card', i, 12)
                     when 1 then '51' || gen.digits('card', i, 13)
                     when 2 then '53' || gen.digits('card', i, 13)
                     when 3 then '55' || gen.digits('card', i, 13)
                     else '4' || gen.digits('card', i, 14) end;
begin
    return body || gen.luhn(body);
end
$$;

-- IBAN: ISO 13616, check digits by ISO 7064 mod 97-10. Letters count as 10 ..= 35.
create function gen.iban_of(country text, bban text) returns text
    language plpgsql immutable as
$$
declare
    moved text := bban || country || '00';
    rest integer := 0;
    value integer;
begin
    for p in 1..length(moved) loop
        value := ascii(substr(moved, p, 1));
        value := case when value >= 65 then value - 55 else value - 48 end;
        rest := (rest * case when value > 9 then 100 else 10 end + value) % 97;
    end loop;
    return country || lpad((98 - rest)::text, 2, '0') || bban;
end
$$;

create function gen.iban(country text, i bigint) returns text
    language sql immutable as
$$
    select case country
        when 'DE' then gen.iban_of('DE', gen.digits('iban', i, 18))
        when 'FR' then gen.iban_of('FR', gen.digits('iban', i, 18) || gen.digits('iban2', i, 5))
        when 'ES' then gen.iban_of('ES', gen.digits('iban', i, 18) || gen.digits('iban2', i, 2))
        when 'NL' then gen.iban_of('NL', gen.pick('{ABNA,INGB,RABO}', 'bank', i)
                                         || gen.digits('iban', i, 10))
        when 'PL' then gen.iban_of('PL', gen.digits('iban', i, 18) || gen.digits('iban2', i, 6))
        when 'SE' then gen.iban_of('SE', gen.digits('iban', i, 18) || gen.digits('iban2', i, 2))
        when 'FI' then gen.iban_of('FI', gen.digits('iban', i, 14))
        else gen.iban_of('GB', gen.pick('{BARC,LOYD,MIDL,NWBK}', 'bank', i)
                               || gen.digits('iban', i, 14))
    end
$$;

-- The sum of digit times weight, the heart of most national numbers.
create function gen.weigh(body text, weights integer[]) returns integer
    language plpgsql immutable as
$$
declare
    total integer := 0;
begin
    for p in 1..length(body) loop
        total := total + substr(body, p, 1)::integer * weights[p];
    end loop;
    return total;
end
$$;

-- Germany, Steuer-Identifikationsnummer: ISO 7064 mod 11,10.
create function gen.steuer_id(body text) returns text
    language plpgsql immutable as
$$
declare
    product integer := 10;
    total integer;
begin
    for p in 1..10 loop
        total := (substr(body, p, 1)::integer + product) % 10;
        product := (case when total = 0 then 10 else total end * 2) % 11;
    end loop;
    return body || ((11 - product) % 10)::text;
end
$$;

-- Netherlands, burgerservicenummer: the eleven test. Walks on until a body has a check digit.
create function gen.bsn(i bigint) returns text
    language plpgsql immutable as
$$
declare
    body text := '1' || gen.digits('bsn', i, 7);
    rest integer;
begin
    loop
        rest := gen.weigh(body, '{9,8,7,6,5,4,3,2}') % 11;
        exit when rest < 10;
        body := (body::integer + 1)::text;
    end loop;
    return body || rest;
end
$$;

-- Brazil, CPF: two check digits mod 11.
create function gen.cpf(i bigint) returns text
    language plpgsql immutable as
$$
declare
    body text := gen.digits('cpf', i, 9);
    rest integer;
begin
    rest := gen.weigh(body, '{10,9,8,7,6,5,4,3,2}') % 11;
    body := body || case when rest < 2 then 0 else 11 - rest end;
    rest := gen.weigh(body, '{11,10,9,8,7,6,5,4,3,2}') % 11;
    body := body || case when rest < 2 then 0 else 11 - rest end;
    return substr(body, 1, 3) || '.' || substr(body, 4, 3) || '.' || substr(body, 7, 3)
        || '-' || substr(body, 10, 2);
end
$$;

-- Japan, My Number: mod 11 over eleven digits.
create function gen.my_number(i bigint) returns text
    language plpgsql immutable as
$$
declare
    body text := gen.digits('my', i, 11);
    rest integer := gen.weigh(body, '{6,5,4,3,2,7,6,5,4,3,2}') % 11;
begin
    return body || case when rest <= 1 then 0 else 11 - rest end;
end
$$;

-- A person's number in the country's own form. Countries without a check digit: US, GB.
create function gen.national_id(country text, i bigint, born date, male boolean) returns text
    language plpgsql immutable as
$$
declare
    odd integer := male::integer;
    day text := to_char(born, 'YYMMDD');
    body text;
begin
    case country
        when 'US' then
            return lpad(gen.between('ssn-a', i, 1, 665)::text, 3, '0') || '-'
                || lpad(gen.between('ssn-b', i, 1, 99)::text, 2, '0') || '-'
                || lpad(gen.between('ssn-c', i, 1, 9999)::text, 4, '0');
        when 'GB' then
            return gen.pick('{AB,CE,HJ,JK,LM,NP,PR,SW,TY}', 'nino', i)
                || gen.digits('nino', i, 6) || gen.pick('{A,B,C,D}', 'nino-s', i);
        when 'DE' then
            return gen.steuer_id(gen.between('steuer', i, 1, 9) || gen.digits('steuer', i, 9));
        when 'FR' then
            body := 2 - odd || to_char(born, 'YYMM')
                || lpad(gen.between('nir-d', i, 1, 95)::text, 2, '0')
                || lpad(gen.between('nir-c', i, 1, 990)::text, 3, '0')
                || lpad(gen.between('nir-o', i, 1, 999)::text, 3, '0');
            return body || lpad((97 - body::bigint % 97)::text, 2, '0');
        when 'ES' then
            body := gen.digits('dni', i, 8);
            return body || substr('TRWAGMYFPDXBNJZSQVHLCKE', 1 + body::integer % 23, 1);
        when 'NL' then
            return gen.bsn(i);
        when 'SE' then
            body := day || gen.digits('pnr', i, 2) || gen.between('pnr-s', i, 0, 4) * 2 + odd;
            return substr(body, 1, 6) || '-' || substr(body, 7) || gen.luhn(body);
        when 'PL' then
            -- Births from 2000 on add 20 to the month.
            body := overlay(day placing lpad((substr(day, 3, 2)::integer
                    + case when born < '2000-01-01' then 0 else 20 end)::text, 2, '0') from 3)
                || gen.digits('pesel', i, 3) || gen.between('pesel-s', i, 0, 4) * 2 + odd;
            return body || (10 - gen.weigh(body, '{1,3,7,9,1,3,7,9,1,3}') % 10) % 10;
        when 'FI' then
            body := lpad((gen.between('hetu', i, 1, 449) * 2 + odd)::text, 3, '0');
            return to_char(born, 'DDMMYY') || case when born < '2000-01-01' then '-' else 'A' end
                || body || substr('0123456789ABCDEFHJKLMNPRSTUVWXY',
                                  1 + ((to_char(born, 'DDMMYY') || body)::bigint % 31)::integer, 1);
        when 'BR' then
            return gen.cpf(i);
        when 'JP' then
            return gen.my_number(i);
    end case;
end
$$;

-- Goods: EAN-13, a decoy that looks like an identifier of a person and is none.
create function gen.ean13(i bigint) returns text
    language plpgsql immutable as
$$
declare
    body text := '400' || gen.digits('ean', i, 9);
begin
    return body || (10 - gen.weigh(body, '{1,3,1,3,1,3,1,3,1,3,1,3}') % 10) % 10;
end
$$;

-- An order number of sixteen digits that no card could be: its Luhn digit is off by one.
create function gen.order_no(i bigint) returns text
    language plpgsql immutable as
$$
declare
    body text := '20' || lpad(i::text, 6, '0') || gen.digits('order', i, 7);
begin
    return body || (gen.luhn(body)::integer + 1) % 10;
end
$$;
