//! The words by which schemas name personal data, in English, German, French, Spanish, Italian,
//! Portuguese, Dutch and Polish. Data only: words are lower case, without accents, compounds
//! without separators. A word that also means harmless things does not belong here.

mod callings;
mod eastern;
mod elsewhere;
mod families;
mod gazetteer;
mod given;
mod streets;

pub(crate) use eastern::{
    EASTERN_FAMILIES, EASTERN_PLACES, GIVEN_SIGNS, JAPANESE_FAMILIES, RARER_FAMILIES,
};
pub(crate) use elsewhere::WAYS;
pub(crate) use gazetteer::{
    Fame, ends_like_family, is_named_otherwise, is_short_word, is_town, is_way, says_nothing,
};
pub(crate) use given::{GIVEN, is_given_name};
pub(crate) use streets::is_street_word;

use model::Label;

/// Words by label.
pub(crate) static LABELS: &[(Label, &str)] = &[
    (
        Label::EMAIL,
        "email mail emails mails emailaddress emailaddr mailaddress emailadresse mailadresse \
         eml emailid workemail useremail contactemail correo correos correoelectronico courriel \
         adressemail adresseemail adresemail adresmail posta postaelettronica indirizzoemail \
         indirizzomail correioeletronico enderecoemail emailadres mailadres adresemailowy \
         mailto cc bcc",
    ),
    (
        Label::PERSON_NAME,
        "firstname fname forename givenname middlename midname lastname lname surname familyname \
         maidenname fullname realname legalname personname displayname nickname fstname lstname \
         cardholder cardholdername accountholder holdername contactname ownername membername \
         beneficiaryname payeename recipientname sendername authorname signatory \
         vorname nachname familienname geburtsname vollname kontoinhaber karteninhaber \
         ansprechpartner zuname prenom prenoms nomfamille nomdefamille nomcomplet nomusage \
         nomjeunefille patronyme apellido apellidos primerapellido segundoapellido \
         nombrecompleto nombrepila nombres cognome cognomi nomecompleto nominativo intestatario \
         sobrenome apelido nomecivil nomemae nomedamae nomesocial primeironome ultimonome \
         voornaam achternaam tussenvoegsel roepnaam volledigenaam familienaam geslachtsnaam \
         rekeninghouder imie imiona nazwisko imieinazwisko imienazwisko nazwiskorodowe \
         nextofkin emergencycontact spousename mothername fathername mothersmaidenname",
    ),
    (
        Label::PHONE,
        "phone phones phonenumber phoneno phonenum telephone telephonenumber tel telno telnumber \
         telnr mobile mobilephone mobilenumber mobileno cellphone cellnumber msisdn fax \
         faxnumber faxno homephone workphone contactnumber contactphone whatsapp whatsappnumber \
         callerid callernumber phn phoneprimary telefon telefonnummer telefonnr mobil \
         mobilnummer handynummer rufnummer festnetz telephoneportable telportable \
         numtel numerotelephone numerodetelephone telefono telefonos movil celular \
         numerotelefono cellulare recapitotelefonico telefone telemovel numerotelefone telefoon \
         telefoonnummer mobielnummer mobiel telefonkomorkowy numertelefonu nrtelefonu komorka",
    ),
    (
        Label::POSTAL_ADDRESS,
        "address addresses addr addr1 addr2 addressline addressline1 addressline2 address1 \
         address2 streetaddress street streetname streetline street1 street2 homeaddress \
         mailingaddress postaladdress shippingaddress billingaddress deliveryaddress \
         residentialaddress shipaddress billaddress shiptoaddress houseno housenumber housenr \
         apartment aptno apartmentnumber postcode postalcode zip zipcode zip4 zipplus \
         adresse anschrift strasse strassenname hausnummer hausnr plz postleitzahl wohnort \
         lieferadresse rechnungsadresse codepostal adressepostale numerorue \
         direccion domicilio codigopostal direccionpostal indirizzo numerocivico \
         indirizzoresidenza residenza endereco logradouro bairro codigopostal2 morada \
         adres straat straatnaam huisnummer postadres woonplaats ulica kodpocztowy nrdomu \
         numerdomu nrmieszkania adreszamieszkania \
         birthplace placeofbirth geburtsort lieunaissance lieudenaissance lugarnacimiento \
         lugardenacimiento luogonascita luogodinascita geboorteplaats miejsceurodzenia",
    ),
    (
        Label::BIRTH_DATE,
        "birthdate dateofbirth dob birthday bday dateborn birthdt dtbirth dtofbirth birth born \
         bornon borndate yearofbirth birthyear geburtsdatum geburtstag gebdatum gebdat geboren \
         datenaissance datedenaissance naissance ddn fechanacimiento fechadenacimiento nacimiento \
         fecnac fechanac datanascita datadinascita nascita datanascimento datadenascimento \
         nascimento dtnasc dtnascimento geboortedatum geboortedag gebdatumnl dataurodzenia \
         urodzenia dataur",
    ),
    (
        Label::NATIONAL_ID,
        "ssn ssnnumber socialsecurity socialsecuritynumber socialsecurityno socsec itin ein tin \
         taxid taxidnumber taxidentifier taxpayerid taxnumber taxno nationalid nationalidnumber \
         nationalidentifier nationalinsurance nationalinsurancenumber nino nin nric idcard \
         idcardnumber identitycard identitynumber personalnumber personalid citizenid govid \
         governmentid idcardno idcardnum idcardnr aadhaar aadhar aadhaarnumber pannumber pancard \
         sin sinnumber tfn \
         medicare medicarenumber rsaid saidnumber curp cpf cnpj cpfcnpj rgnumero mynumber \
         rrn residentid residentnumber steuerid steueridnr steuernummer steueridentnummer \
         sozialversicherungsnummer svnummer svnr rentenversicherungsnummer rvnr \
         personalausweis personalausweisnummer ausweisnummer nir insee numerosecu \
         numerosecuritesociale securitesociale numsecu nss dni nif nie dninie \
         seguridadsocial numeroseguridadsocial codicefiscale codfiscale partitaiva \
         codfisc numerocontribuinte contribuinte niss bsn burgerservicenummer sofinummer \
         rijksregisternummer pesel numerpesel dowodosobisty nrdowodu personnummer \
         samordningsnummer hkid icnumber tckimlik",
    ),
    (
        Label::PASSPORT,
        "passport passportno passportnumber passportnum passportnr passportid reisepass \
         reisepassnummer passnummer passeport numeropasseport numpasseport pasaporte \
         numeropasaporte passaporto numeropassaporto passaporte numeropassaporte paspoort \
         paspoortnummer paszport numerpaszportu nrpaszportu",
    ),
    (
        Label::DRIVING_LICENCE,
        "driverlicense driverslicense driverslicence driverlicence drivinglicense \
         drivinglicence driverlicensenumber driverslicensenumber drivinglicencenumber dlnumber \
         dlno licencenumberdriver fuehrerschein fuhrerschein fuehrerscheinnummer \
         fuhrerscheinnummer permisconduire permisdeconduire carnetconducir licenciaconducir \
         patente patenteguida numeropatente carteiramotorista cnh rijbewijs rijbewijsnummer \
         prawojazdy",
    ),
    (
        Label::PAYMENT_CARD,
        "cardnumber cardno cardnum cardnr ccnumber ccnum ccno cc_num creditcard creditcardnumber \
         creditcardno debitcard debitcardnumber paymentcard cardpan primaryaccountnumber \
         ccn kreditkarte kreditkartennummer kartennummer numerocarte cartebancaire cartecredit \
         numerotarjeta tarjeta tarjetacredito numerocarta cartadicredito cartacredito \
         numerocartao cartaocredito creditcardnummer kaartnummer numerkarty kartakredytowa",
    ),
    (
        Label::CARD_SECURITY,
        "cvv cvv2 cvc cvc2 cvn csc cardcvv cardcvc cardsecuritycode securitycode cardexpiry \
         cardexpiration ccexp cardexp expmonth expyear cardexpdate ccexpiry cardexpirydate \
         cardverification pruefziffer kartenpruefnummer pin pincode cardpin",
    ),
    (
        Label::BANK_ACCOUNT,
        "iban ibannumber bankaccount bankaccountnumber accountnumber acctnumber acctno acctnum \
         accountno bankacct routingnumber sortcode bban clabe swiftaccount bankverbindung \
         kontonummer kontonr bankkonto numerocompte comptebancaire numerocuenta cuentabancaria \
         contocorrente contobancario numeroconto contabancaria numeroconta rekeningnummer \
         bankrekening rekening numerkonta nrkonta kontobankowe rachunek ",
    ),
    (
        Label::HEALTH,
        "diagnosis diagnoses diagnosiscode icd icd10 icd9 icdcode mrn medicalrecord \
         medicalrecordnumber medicalhistory medicalcondition medicalconditions healthcondition \
         patientid patientnumber patientno bloodtype bloodgroup allergy allergies medication \
         medications prescription symptom symptoms treatment treatments disability healthid nhs \
         nhsnumber insurancenumber healthinsurance healthinsurancenumber healthplan hivstatus \
         sickdays sickleave daysoff absencereason krankheitstage krankentage pregnancy pregnant \
         labresult testresult vaccination immunization diagnose krankheit krankheiten befund \
         blutgruppe allergien medikament medikamente versichertennummer krankenkasse \
         krankenversichertennummer diagnostic maladie groupesanguin traitement ordonnance \
         diagnostico enfermedad gruposanguineo alergias medicamento historiaclinica diagnosi \
         malattia grupposanguigno allergie farmaco doenca tiposanguineo alergia diagnosecode \
         ziekte bloedgroep medicatie diagnoza choroba grupakrwi leki uczulenia",
    ),
    (
        Label::NETWORK_ADDRESS,
        "ip ipaddress ipaddr ipv4 ipv6 ipaddresses clientip remoteip remoteaddr remoteaddress \
         sourceip srcip destip dstip lastip loginip signupip userip hostip mac macaddress macaddr \
         ipadresse adresseip direccionip indirizzoip enderecoip ipadres adresip deviceid imei \
         imsi advertisingid idfa gaid",
    ),
    (
        Label::LOCATION,
        "latitude longitude lat lng lon long latlng latlon latlong geo geolocation geopoint \
         geoposition gps gpslat gpslng gpscoordinates coordinates coords coord geolat geolng \
         geolon lastlocation currentlocation homelocation breitengrad laengengrad langengrad \
         koordinaten latitud longitud latitudine longitudine coordenadas coordinate coordonnees \
         breedtegraad lengtegraad szerokoscgeograficzna dlugoscgeograficzna",
    ),
    (
        Label::INCOME,
        "salary salaries basesalary annualsalary monthlysalary grosssalary netsalary wage wages \
         hourlywage payrate hourlyrate bonus bonusamount income annualincome monthlyincome \
         householdincome compensation grosspay netpay basepay takehome gehalt jahresgehalt \
         monatsgehalt bruttogehalt nettogehalt lohn einkommen salaire salairebrut salairenet \
         revenu revenus salario sueldo ingresos nomina stipendio retribuzione reddito \
         remuneracao renda ordenado salaris loon inkomen brutoloon pensja wynagrodzenie \
         zarobki dochod",
    ),
    (
        Label::CREDENTIAL,
        "password passwords passwd pwd pass passwordhash pwdhash passhash hashedpassword \
         encryptedpassword keyhash tokenhash secrethash apikeyhash passworddigest passphrase \
         passwordsalt salt secret secrets secretkey clientsecret appsecret apisecret apikey \
         apikeys apitoken accesstoken refreshtoken authtoken bearertoken sessiontoken \
         sessionkey sessionid idtoken token tokens jwt accesskey accesskeyid secretaccesskey \
         privatekey privkey sshkey signingkey encryptionkey webhooksecret connectionstring \
         connstring connstr dsn databaseurl dburl otp otpsecret totp totpsecret mfasecret \
         twofactorsecret recoverycode recoverycodes resettoken resetpasswordtoken \
         passwordresettoken confirmationtoken rememberttoken remembertoken verificationcode \
         securityanswer securityquestionanswer credential credentials pgpkey passwort kennwort \
         passworthash geheimnis motdepasse mdp contrasena clavesecreta senha palavrapasse \
         wachtwoord haslo",
    ),
    (
        Label::EMBEDDING,
        "embedding embeddings embeddingvector textembedding vectorembedding faceembedding \
         facevector faceencoding fingerprinttemplate biometric biometrics biometrictemplate \
         fingerprint iris voiceprint faceid featurevector portrait selfie facephoto passphoto \
         passportphoto signatureimage",
    ),
];

/// Words for a name of something or somebody.
pub(crate) static NAMES: &str = "name names nm naam nom nombre nome username login userid \
     loginname benutzername";

/// Words for persons and for relations that hold them.
pub(crate) static PERSONS: &str = "customer client user person people member employee staff \
     patient contact guest subscriber applicant candidate student teacher doctor physician \
     nurse tenant owner holder author sender recipient buyer seller payer payee beneficiary \
     insured provider driver passenger visitor participant attendee donor voter citizen resident \
     personnel colleague manager parent guardian spouse child dependent lead prospect borrower \
     cardmember author kunde kundin mitarbeiter benutzer person mitglied patienten angestellte \
     ansprechpartner schueler client utilisateur employe personne salarie adherent membre \
     cliente usuario empleado persona paciente miembro alumno utente dipendente paziente socio \
     pessoa funcionario usuario aluno klant medewerker gebruiker persoon lid leerling klient \
     pracownik uzytkownik osoba pacjent";

/// Last words that make a name speak about a value instead of holding it.
pub(crate) static ABOUT: &str = "verified confirmed valid validated sent count counts total \
     status type types kind flag enabled disabled optin optout optedin consent preference \
     preferences format template templates subject frequency at on by updated created changed \
     expires expiry length size limit quota attempts retries provider template lang language \
     locale version id ids fk ref index idx pos position order sequence seq rank score level \
     bounced bounces opened clicked domain required policy rules hint label category group code \
     currency unit units per frequency range band grade bracket";

/// Words that are short or mean other things too: they count where values agree.
pub(crate) static WEAK: &[(Label, &str)] = &[
    (Label::NATIONAL_ID, "pan rg rfc fin cf nus nik ic cif nip idnr ktp regon"),
    (Label::POSTAL_ADDRESS, "cap via cep rua rue calle voie"),
    (Label::PHONE, "ph cell handy portable"),
    (Label::BANK_ACCOUNT, "rib nrb"),
    (Label::INCOME, "placa"),
    (Label::CREDENTIAL, "clave"),
    (Label::PERSON_NAME, "titular titulaire"),
];

/// Words for columns in which people write to each other or about each other.
pub(crate) static PROSE: &str = "note notes comment comments message messages body bio biography \
     feedback remark remarks transcript conversation chat letter complaint freetext narrative \
     testimonial review memo bemerkung bemerkungen notiz notizen kommentar nachricht \
     remarque remarques commentaire observaciones comentario comentarios mensaje nota messaggio \
     commento osservazioni mensagem observacoes opmerking opmerkingen bericht uwagi wiadomosc \
     komentarz notatka";

/// Words for relations of what people earn, and for their amounts.
pub(crate) static PAYROLL: &str = "payroll payrolls salary salaries wages payslip payslips \
     gehaelter gehalt loehne paie salaires nomina nominas stipendi salarios salarissen lonen \
     place";

/// See [`PAYROLL`].
pub(crate) static AMOUNTS: &str = "pay amount gross net base total value sum betrag brutto netto \
     montant brut importe bruto neto importo lordo valor liquido bedrag kwota";

/// Words for types that hold a position on earth.
pub(crate) static PLACES: &str = "position location geo geography geometry coordinate coordinates \
     latlon latlng gps earth geopoint";

/// Words for relations that hold things.
pub(crate) static THINGS: &str = "product item category type types article sku catalog \
     inventory part material warehouse store department country region currency role roles \
     permission setting config feature plan tag status template migration schema version \
     release build group groups team project produkt artikel produit producto prodotto produto \
     categorie kategorie";

/// Words for persons that may be organisations as well.
pub(crate) static ORGANISATIONS: &str = "payer payee tenant client sender recipient buyer seller \
     holder donor insured lead prospect provider owner beneficiary borrower subscriber participant \
     cliente klant klient";

/// Words for the name by which somebody signs in.
pub(crate) static LOGINS: &str = "username login userid loginname benutzername";

/// Words that mean a label only alone and only where persons are held.
pub(crate) static OF_PERSONS: &[(Label, &str)] = &[
    (Label::PERSON_NAME, "first last middle maiden given family alias handle initials"),
    (Label::DRIVING_LICENCE, "drivers licence license dl"),
    (Label::HEALTH, "deathdate deceased dod"),
];

/// Words for pictures of somebody, where persons are held.
pub(crate) static PICTURES: &str = "picture photo image avatar foto bild headshot mugshot";

/// What pictures of somebody are.
pub(crate) static PICTURE: (Label, &str) = (Label::EMBEDDING, PICTURES);

/// Words for relations of parts of a body by which somebody is known, and for what is kept of them.
pub(crate) static BODY: &str = "face faces finger fingers fingerprint fingerprints iris voice palm \
     biometric biometrics retina gait";

/// See [`BODY`].
pub(crate) static TEMPLATES: &str = "template vector encoding features descriptor data print scan \
     sample model";

/// Words for relations of payment cards, and for the end of their time.
pub(crate) static CARDS: &str = "card cards creditcard creditcards debitcard paymentcard \
     paymentcards karte karten tarjeta tarjetas carte cartes cartao kaart karta";

/// See [`CARDS`].
pub(crate) static EXPIRY: &str = "expires expiry expiration exp expire valid validuntil validthru \
     ablauf caducidad";

/// Words for patients.
pub(crate) static PATIENTS: &str = "patient patients paziente pazienti paciente pacientes \
     patienten patientid pacjent pacjenci";

/// Words for what is said of a patient, and beginnings of such words.
pub(crate) static CLINICAL: &str = "code description value result finding outcome procedure dose \
     dosage severity reaction observation drug vaccine test measurement reading assessment";

/// See [`CLINICAL`].
pub(crate) static CLINICAL_STEMS: &str = "reason bodysite modality diagnos symptom treatment";

/// Words for a code that is no finding, though it stands beside a patient.
pub(crate) static FORMAL: &str = "confirmation booking activation verification invitation invite \
     promo promotion discount coupon voucher currency country language locale status tracking \
     access security referral area dial zip post postal pin qr error";

/// Words for numbers of articles and of drugs that are sold.
pub(crate) static ARTICLES: &str = "ndc gtin ean upc asin isbn issn sku mpn barcode plu jan pzn";

/// Words for what is called like its maker or like somebody in a story.
pub(crate) static NAMESAKES: &str = "brand make maker manufacturer marke hersteller marque \
     fabricant marca fabricante produttore merk producent marka team mannschaft equipe equipo \
     squadra club character";

/// Words for relations of machines and of their keys.
pub(crate) static HOSTS: &str = "ssh tls ssl gpg pgp host server certificate cert";

/// Words for relations of a ledger's accounts, and for columns beside these.
pub(crate) static LEDGERS: &str = "ledger gl coa journal payable receivable accounting bookkeeping \
     hauptbuch kontenplan costcenter normalbalance debit";

/// Words for places where goods are kept.
pub(crate) static DEPOTS: &str = "warehouse depot lager entrepot almacen magazzino armazem \
     magazijn magazyn fulfillment fulfilment";

/// Words for regions of which no person is told.
pub(crate) static REGIONS: &str = "country region continent timezone land pays pais paese city";
