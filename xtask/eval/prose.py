"""Free text with holes: tickets, chats, mails, log lines, in several languages.

`{name}` and the like are filled with sensitive values, `{!order}` and the like with harmless ones.
Half of the templates of each language are held back: they were not looked at while the recognisers
were made better.
"""

# Each language: locales that speak it, templates that were looked at, templates held back.
LANGUAGES = {
    "en": (["en_US", "en_GB", "en_CA", "en_AU", "en_IN", "en_NZ"], [
        "Hi, this is {name}, I ordered {!product} and it never arrived. Call me at {phone}.",
        "Customer {name} asked for a refund of order {!order}. Reply to {email}.",
        "Dear {name},\n\nthank you for your order {!order}. It will ship to {address} this week.\n\nRegards,\n{name}",
        "Spoke with Mrs {last} on {!date}; she wants the parcel at {street}.",
        "Card {card} was declined twice, please use {card_printed} instead.",
        "Patient {name}, DOB: {dob}, complains about headaches since Monday.",
        "My SSN is {ssn} and my date of birth is {dob}.",
        "wire it to {iban}, account holder {name}",
        "{!stamp} INFO login user={email} ip={ip} status=ok",
        "{!stamp} ERROR connect failed: {connection}",
        "Please rotate the key {key} today, {first} pasted it into the channel.",
        "{first} said the invoice {!order} is wrong, can you check with {first} from accounting?",
        "name: {name}, phone: {phone}, note: prefers mornings",
        "The delivery was left with the neighbour, {name}, at number 12.",
        "Your temporary password is {password}, please change it at once.",
        "wifi password: {password}",
    ], [
        "Good morning, my name is {name} and my tax number is {ssn}. Please update the file.",
        "Please forward this to {name} <{email}>, she knows about {!order}.",
        "Left a voicemail for {name} at {phone}; no answer yet.",
        "Mr. {last} moved to {address} in spring, letters still go to the old place.",
        "Signed by {name} on {!date}. Witness: {name}.",
        "{!stamp} WARN token {jwt} expired for {email}",
        "refund {!price} to card {card_printed}, cardholder {name}",
        "I met {name} yesterday and we agreed on {!price}.",
        "export AWS_ACCESS_KEY_ID={key}",
        "Sent from my phone. {first}",
        "I reset it, the new password was {password} until noon.",
        "curl -H 'Authorization: Basic {basic}' https://api.example.com/v1/orders",
        "use the token {token} for the import, it is valid for a day",
    ]),
    "de": (["de_DE", "de_AT"], [
        "Guten Tag, mein Name ist {name}, ich habe {!product} bestellt. Bitte rufen Sie mich an: {phone}.",
        "Sehr geehrte Frau {last},\nIhre Bestellung {!order} geht an {address}.\nMit freundlichen Grüßen\n{name}",
        "Herr {last} bittet um Rückruf unter Tel. {phone}.",
        "Die Überweisung bitte auf {iban}, Kontoinhaber {name}.",
        "Patientin {name}, geboren am {dob}, Termin am {!date}.",
        "Der Kunde {name} wohnt in der {street}.",
        "Das Kennwort lautet {password}, bitte nicht weitergeben.",
    ], [
        "Ich bin {name} und meine Steuer-ID lautet {steuer_id}.",
        "Rückfragen an {email} oder an Frau {last}.",
        "Kollege {last} hat die Rechnung {!order} über {!price} geprüft.",
        "Zugestellt bei Nachbar {name}, {street}.",
        "Zugang: Benutzer lager, Passwort: {password}",
    ]),
    "fr": (["fr_FR", "fr_CA"], [
        "Bonjour, je m'appelle {name} et je n'ai pas reçu la commande {!order}. Mon téléphone : {phone}.",
        "Madame {last} souhaite être livrée au {address}.",
        "Cher {first}, merci pour votre message. Cordialement, {name}",
        "Né le {dob}, numéro de sécurité sociale {nir}.",
        "Le mot de passe est {password} pour le portail.",
    ], [
        "Merci de rappeler M. {last} au {phone} avant vendredi.",
        "Le client {name} a payé {!price} par carte {card_printed}.",
        "Virement à faire sur {iban} au nom de {name}.",
    ]),
    "es": (["es_ES", "es_MX"], [
        "Hola, soy {name}, mi pedido {!order} no ha llegado. Mi teléfono es {phone}.",
        "Estimada señora {last}: enviaremos el paquete a {address}.",
        "El cliente {name} con DNI {dni} pide factura.",
        "Transferir a {iban}, titular {name}.",
    ], [
        "Me llamo {name} y nací el {dob}. Nacimiento: {dob}.",
        "Llamar al Sr. {last}, móvil {phone}, antes del viernes.",
        "Escribir a {email} para confirmar {!order}.",
        "La contraseña es {password}, gracias.",
    ]),
    "it": (["it_IT"], [
        "Buongiorno, mi chiamo {name}, codice fiscale {codice}.",
        "Gentile signora {last}, il pacco {!order} arriva in {address}.",
    ], [
        "Il signor {last} chiede di essere chiamato al cellulare {phone}.",
        "Bonifico su {iban}, intestato a {name}.",
    ]),
    "nl": (["nl_NL"], [
        "Hallo, mijn naam is {name} en mijn BSN is {bsn}.",
        "Beste {first}, het pakket {!order} komt naar {address}.",
    ], [
        "Mevrouw {last} wil gebeld worden op telefoon {phone}.",
        "Overmaken naar {iban} t.n.v. {name}.",
        "Het wachtwoord is {password} voor de kassa.",
    ]),
    "pl": (["pl_PL"], [
        "Dzień dobry, nazywam się {name}, PESEL {pesel}, proszę o kontakt: {email}.",
        "Pani {last} prosi o telefon pod numer {phone}.",
    ], [
        "Paczka {!order} dla {name}, adres {address}.",
        "Pan {last} zapłacił {!price} kartą {card_printed}.",
        "Nowe hasło: {password} (ważne do piątku)",
    ]),
    "pt": (["pt_BR", "pt_PT"], [
        "Olá, meu nome é {name}, CPF {cpf}, e o pedido {!order} não chegou.",
        "Prezada senhora {last}, enviaremos para {address}.",
    ], [
        "Sou {name}, meu celular é {phone}.",
        "Depositar na conta {iban} em nome de {name}.",
    ]),
    "sv": (["sv_SE"], [], [
        "Hej, jag heter {name} och mitt personnummer är {personnummer}.",
        "Ring {name} på telefon {phone} om order {!order}.",
    ]),
    "ja": (["ja_JP"], [
        "お世話になっております。{name}と申します。連絡先は{email}です。",
        "{name}様、ご注文{!order}を発送しました。",
    ], [
        "電話番号は{phone}、メールは{email}です。担当は{name}さん。",
    ]),
    "zh": (["zh_CN"], [
        "您好，我叫{name}，电话{phone}，订单{!order}还没有到。",
        "身份证号{resident}，邮箱{email}。",
    ], [
        "请联系{name}先生，手机号：{phone}。",
    ]),
    "ko": (["ko_KR"], [
        "안녕하세요, 저는 {name}입니다. 이메일은 {email}입니다.",
        "{name}님, 주문 {!order}이 발송되었습니다.",
    ], [
        "주민등록번호 {rrn}, 연락처 {phone}.",
    ]),
}

# Text in which nothing may be masked: capitals, numbers, names of places, things and days.
HARMLESS = [
    "Order {!order} shipped on {!date} with tracking number {!tracking}.",
    "Build {!version} failed at commit {!git}: expected 200, got 500.",
    "Please reset the password for the Staging environment before Monday.",
    "The password is required and must have 12 characters, 2 of them digits.",
    "Cache key {!md5} expired, primary key {!uuid} kept, idempotency token {!order}.",
    "Basic understanding of SQL2016 is a plus; the secret is {!version}.",
    "The Berlin office is closed on Friday; London and New York stay open.",
    "Invoice {!order} over {!price} is due in 30 days.",
    "Item {!sku} ({!product}) is out of stock, next delivery in April.",
    "{!stamp} INFO worker-7 processed 123456 rows in 8123 ms (job {!uuid})",
    "ISBN 978-3-16-148410-0, 3rd edition, 412 pages, {!price}",
    "ETag: {!md5}, Last-Modified: Tue, 12 Mar 2024 04:05:06 GMT",
    "Upgrade PostgreSQL to 16.4 and OpenSSL to 3.0.13 on all Production hosts.",
    "Die Lieferung {!order} kommt am Dienstag; der Aufzug im Lager Nord ist defekt.",
    "Bitte prüfen Sie die Rechnung {!order} vom {!date} über {!price}.",
    "La commande {!order} sera livrée mardi à Paris, merci de votre patience.",
    "El pedido {!order} sale el lunes desde Madrid y cuesta {!price}.",
    "Il pacco {!order} parte da Milano il 12 marzo.",
    "Great product! The Sound is clear, Battery lasts 2 days. Would buy again.",
    "Thanks for the quick reply. The new Keyboard works with Windows 11 and macOS Sonoma.",
    "Meeting moved to Room 4.12, agenda: Budget, Hiring Plan, Q3 Roadmap.",
    "Dear Customer, your subscription Premium Plus renews on {!date}.",
    "Hi team, the Release Candidate is ready for Testing. Best regards, the Platform Team",
    "Google Cloud, Amazon Web Services and Microsoft Azure are supported.",
    "The red Rose bouquet and the Will template are sold out until May.",
    "Contact Support via the Help Center or open a Ticket in Jira.",
    "SELECT count(*) FROM orders WHERE created_at > '2024-01-01' AND status = 'Paid'",
    "{\"event\":\"page.view\",\"ms\":442,\"path\":\"/p/{!rowid}\"}",
    "Call the endpoint POST /v1/charges with version {!version}, timeout 30000 ms.",
    "Mark as read. Grant access to the Finance group. Chase the vendor for {!order}.",
    "Mr. Coffee machine 12 cups, Dr. Pepper 24 x 330 ml, Uncle Ben's rice 1 kg",
    "注文{!order}は{!date}に発送されました。",
    "订单{!order}已于{!date}发货，运费{!price}。",
    "주문 {!order}이 {!date}에 발송되었습니다.",
    "UPS 1Z999AA10123456784 out for delivery, ETA {!date}",
    "Temperature 21.5 C, Humidity 40 %, Pressure 1013 hPa, Sensor {!sku}",
    "Chapter 12. The Art of War. Sun and Moon. Summer Sale: up to 50 % off!",
    "Flight LH 454 from Frankfurt to San Francisco, Gate B42, Seat 23A",
    "Paris Saint-Germain won 3:1 against Manchester City on Saturday.",
]

# Documents: keys with the kind that stands below them, `!` for harmless ones.
DOCUMENTS = [
    {"user": {"name": "name", "email": "email", "plan": "!status"}, "ms": "!quantity"},
    {"customer": {"firstName": "first", "lastName": "last", "phone": "phone"}, "order": "!order"},
    {"id": "!uuid", "items": [{"sku": "!sku", "name": "!product", "price": "!amount"}], "total": "!amount"},
    {"shipping": {"street": "street", "zip": "postcode", "country": "!currency"}, "carrier": "!tracking"},
    {"event": "!status", "ip": "ip", "user_agent": "!agent", "ts": "!unix"},
    {"payment": {"card_number": "card", "holder": "!status", "iban": "iban"}, "amount": "!amount"},
    {"note": "text", "author": "email", "created_at": "!stamp"},
    {"k1": "email", "k2": "card", "k3": "!uuid", "k4": "!md5", "k5": "iban"},
    {"patient": {"name": "name", "birthDate": "dob", "nhs_number": "nhs"}, "ward": "!sku"},
    {"service": "!version", "database_url": "connection", "api_key": "key", "retries": "!quantity"},
    {"product": {"name": "!product", "ean": "!ean"}, "hash": "!sha256", "url": "!url"},
    {"data": ["email", "!order", "phone_int", "!uuid"], "meta": {"commit": "!git", "version": "!version"}},
    {"employee": {"full_name": "name", "salary": "salary", "ssn": "ssn"}, "department": "!currency"},
]
