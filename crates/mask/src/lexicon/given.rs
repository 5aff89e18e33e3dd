//! Given names that many bear, in the languages of the lexicon and some more. Data only. Names that
//! are common words or places too are left out.

use std::{collections::HashSet, sync::LazyLock};

/// Lower case.
pub(crate) const GIVEN: &str = "aarav aaron abbie abdullah abigail achieng adam adebayo aditya \
     adrian adrienne adrián adèle adélaïde agathe agneta agnieszka agus ahmed aiden \
     aimée aisha ajay alain alba albert alberta alberto aldo alejandro aleksander \
     aleksandra alena alessandra alessandro alessia alexander alexandra alexandre alexei \
     alexis alfie alfonso alfred ali alice alicia alicja aline alix alvaro alyssa alícia \
     amanda amelia amit amparo amy ana ana-maria anais ananya anastasia anaïs anders \
     andre andrea andreas andrei andres andrew andrzej andrás andré andrée andrés angel \
     angela angelika angelo aniela anikó anil anita anja anjali anke ann anna anne-lise \
     annegret anneke anneli anneliese annemarie annette annika anouk ante anthony \
     antoine anton antonella antoni antonia antonio antti aparna apolonia archana archie \
     aria arjun arkadiusz arthur artur aryan ashley ashok ashton astrid attila audrey \
     aurelie aurore aurélie ava avery axel ayla ayşe azeglio balázs barbara bart bartosz \
     barış bas beata beatrice beatriz bengt benjamin benoit benoît bente bernadette \
     bernard bernardo bernd beth betty bhavna bianca bianka birgit birgitta björn blake \
     blanka bob bobby bogdan bożena bram brandon brenda brent brian brigitte britt \
     brooke brooklyn bruna bruno budi burak burcu bärbel béla caio callum cameron camila \
     camilla camille capucine carlo carlos carlotta carmelo carmen carol carolina \
     caroline carolyn carsten catarina caterina catherine cauã cecilia cecília cedric \
     celine chad chantal charles charlotte cheryl chiara chinedu chloe chloé christa \
     christian christina christine christophe christopher claire clara claudia claudio \
     clive clémence colin concepción connor constantin consuelo cornelia cornelis \
     courtney craig cristian cristina csaba cynthia cédric céline daan dagmar dagmara \
     daniel daniela daniele danielle danilo danuta dario dariusz davi david davide dawid \
     deborah debra deepa deepak denis denise dennis derek despina detlef dewi dhruv \
     diane diego dieter dimitrios diogo dirk divya diya dmitri dolores domenico dominic \
     dominik dominique donald donatella donna doris dorota dorothy douglas dragan dylan \
     débora dũng ebru edit edith edoardo eduarda eduardo edward edyta egon ekaterina \
     elena eleni eleonora elfriede elias elif elijah elin elio elisa elisabeth elise \
     eliza elizabeth elke ella ellen ellie elodie els elzbieta elżbieta emanuel emanuele \
     emanuella emil emile emilie emilio emilly emily emine emma emre encarnación enrico \
     enrique enzo erdem eric erick erik erika erin ernest ernst eryk erzsébet esmee \
     esperanza esra esther eszter ethan eugene eugénie eusebio eva evan evelyn ewa ewan \
     ewelina fabian fabio fabrice fatima fatma federica federico felipe felix femke \
     ferenc fernanda fernando fiamma filip filippo finn fleur florian florin floris \
     frances francesca francesco francisca francisco franco francoise františek \
     franziska françoise freddie frederic fredrik freya frieda friedrich fritz frédéric \
     fábio gabin gabor gabriel gabriela gabriele gabrielle gaetano gaia gail gareth gary \
     gaurav gayatri geir gemma geneviève geoffrey george georges georgiana georgios \
     gerald geraldine gerard gerhard gerrit gertrud gheorghe giacomo gilbert gilles \
     ginevra gino giorgia giorgio giovanna giovanni gisela gitte giulia giuseppe gloria \
     gonzalo graham grayson graziella grazyna grażyna gregorio gregory greta grzegorz \
     guadalupe guilherme guillaume guillermo gunilla gunnar gustav gustavo guy gyula \
     györgy gábor gérard gökhan göran günter günther hakan halil halina hana hanna \
     hannah hanne hanneke hannelore hans harold harper harry harsh hasan hassan hatice \
     heather heidi heike heiko heinrich heitor helen helena helene helga helmut heloísa \
     hendrik henk henri henriette henrik henrique henry henryk hermann hidde hilary \
     hildegard hiroshi holger holly honoré horst hortense hoàng hubert huda hugh hugo \
     hugues hussein håkan hélène hùng hülya hüseyin hương ian ibrahim ignacio ignacy \
     igor ilaria ildikó ilona ilse imogen imre indira ines inga ingegerd inger ingo \
     ingrid ingunn ingvild inmaculada inès inés ioana ioannis irena irene irina iris \
     irma irmgard isaac isabel isabella isabelle isabelly isadora ishaan ismail istvan \
     istván ivaan ivan ivana ivo iván iwo iwona jacek jacob jacopo jacqueline jacques \
     jadwiga jagoda jaime jakub james jan jana jane janet janice janina janneke jannik \
     janos jaroslav jason jasper javier jaxon jean jeanne jeffrey jelena jennifer jenny \
     jens jeremi jeroen jerome jerry jerzy jesse jessica ji-woo jill jing jiří joakim \
     joan joana joanna joanne joao joaquim joaquin joaquín joel johan johanna johannes \
     john johnny jolanda jolanta jonas jonathan joost jorge jos jose josef josefa joseph \
     joshua josip josué josé joséphine joyce joão juan judit judith juha juhani jukka \
     jules julia julian juliana julie julien juliette julita juliusz jurgen justin \
     justyna jános jérôme józsef jörg jörgen jørgen júlia jürgen jędrzej kaan kabir \
     kacper kaique kaja kajal kajetan kalina kamau kamil kamila karan karen kari karin \
     karl karol karolina karsten katalin katarzyna katerina kateřina katherine kathleen \
     kathryn kathy katja katrin kavita kayla kees keith kelly kenji kenneth kerem \
     kerstin ketut kevin khadija khalid kim kimberly kirsten kirsty kjell klara klaus \
     koen kofi konrad konstantinos konstanty kornel kornelia krishna kristen kristian \
     kristina krisztina kriti krystian krystyna krzysztof ksawery kwame kyle károly \
     laetitia lajos lakshmi landon lara larissa larry lars laszlo lata laura laure \
     lauren laurent lavínia lawrence layla laís lea leah leandro leif leila lena lenka \
     leo leon leonard leonardo lesley leslie leticia letícia levi li liam liana lidia \
     lieke lily linda lindsey linnea lisa livio liwia logan lone loredana lorena lorenzo \
     lorraine lotte louis louise luan luana luc luca lucas lucca lucia lucie lucy lucía \
     ludovic ludvig luigi luis luisa luiza luka lukas lukasz luke lukáš luuk luísa \
     lászló léa léo lívia maaike maarit maarten maciej maddalena madeleine madhuri \
     madison mads magdalena magnus mahmoud maitê maja maks malcolm malgorzata malin \
     malwina manfred manish manisha manoj manon manuel manuela marc marcel marcelina \
     marcelle marcelo marcin marco marcos marcus marek margaret margareta margarete \
     margaux margot margriet marguerite maria marian mariana mariane marianna marianne \
     marie marieke marija marina mario marisa marit marius mariusz marjolein marko \
     markus marlene marloes marta martha marthe martijn martin martina martine martín \
     marvin mary maryam maría massimo mateo mateus mateusz mathieu mathilde matteo \
     matthew matthias matthieu matthijs matti mattia mattias matylda maud maureen \
     maurizio maurycy maxime maximilian małgorzata meena meera mees megan mehmet melania \
     melanie melissa mercedes mette mia michael michal michał michel michela michele \
     michelle michèle mieke miguel mihaela mihai mika mikael mikhail miklós mikolaj \
     mikołaj milan milena min-jun ming minh mirella mirko miroslav mitchell mohamed \
     mohammed molly monica monika monique montserrat morgan moritz morten muhammad \
     mukesh murat murilo mustafa mária márta märta nadia nadine nancy nandini natalia \
     natalie natalya nathalie nathan natália naveen neha neil nela ngozi nguyễn niamh \
     nicholas nicola nicolae nicolas nicole nicolás niels nigel nikhil niklas nikodem \
     nikola nikolai nikolaos nils nina nino nisha noa noah noelia noemi nomvula nora \
     norbert noémi noël nuria océane odette olaf ole oleg olga oliver olivia olivier \
     oliwia oluwaseun omar onur ornella oscar oskar osman otieno ottavia otto otávio \
     owen ozan pablo padma paige pallavi pamela pankaj paola paolo pascal patrice \
     patricia patrick patrizia patrycja patryk paul paula paulette paulina pauline paulo \
     pavel pawel paweł pedro pekka penelope peter petr petra philip philipp philippe \
     phạm pia piero pierre piet pietra pietro piotr piroska pooja poppy prakash preeti \
     priscila priya przemysław putri päivi péter pınar rachel radha radhika radosław \
     rafael rafaela rafal rafał raffaele rahul rainer rajeev rajesh ralf ralph raluca \
     ramesh ramiro ramon ramón raphael raphaël raquel rasmus raul ravi raymond raúl \
     rebeca rebecca reiner rekha remedios renan renata renate renato rene rens renu rené \
     rhys ricardo riccardo richard rick riley ritu ritva robert roberta roberto robin \
     rocio rocío rodrigo roger rohan roksana roland rolf roman ronald roos rosario \
     rosemarie roy rozalia ruben rubén rudolf rui russell ruth ruud ryan ryszard réka \
     rémy róża sabine sabrina sachin sakura salvatore samantha sameer samira samuel \
     samuele sandeep sander sandor sandra sandrine sangeeta sanjay sanne sapna sara \
     sarah sarita sascha saskia savannah savita scarlett scott sebastian sebastien seema \
     selin sem sergei sergio serkan sevgi shane shanti sharon sheila shilpa shirley \
     shreya shyam siem sigrid silke silvia silvio simon simona simone sinan siobhan \
     sipho siti siv skylar smita sofia sofía solveig sonal sonia sonja sophia sophie \
     spencer stacy stanislaw stanisław stanisława stefan stefania stefanie stefano \
     stephane stephanie stephany stephen steven stijn stuart stéphane stéphanie sunil \
     sunita suresh susan susana susanne suzanne sven svetlana swati sylvie sylwester \
     sylwia szymon sándor sébastien sérgio søren süleyman sławomir tadeusz takashi tammy \
     tamás tanja tanner tanvi tapani tariq tarun tatiana taylor teresa tereza terje \
     terry tess teun thabo thales theo theresa thiago thierry thijs thomas thorsten théo \
     thérèse thảo tiago tibor tiffany tijn tim timo timothee timothy timothée tina \
     tobias tobiasz toby tolga tomasz tomislav tommaso tommy tomáš torbjörn torsten \
     tracy trevor tristan trần turid tuula tyler tymon uday ugo ulf ulla ulrika ulrike \
     umberto ursula urszula usha uwe uğur valentina valeria valerie valérie vandana \
     vanessa varun vasile vasiliki veronica veronika veronique verónica vicente victoire \
     victor vidya vijay vikram viktor vincent vincenzo vinicius vinícius viola virginie \
     vishal vito vitor vittoria vitória vivaan vladimir volkan volker václav véronique \
     víctor vítor věra waltraud wanjiru wayan wayne wei wendy werner weronika wiktor \
     wiktoria willem willemijn william willie wilma wim witold wojciech wolfgang wouter \
     wyatt xavier ximena yago yan yasemin yash yasmin yasser yelena yolanda yuki yuri \
     yusuf yves yvette yvonne yılmaz zacharie zachary zainab zanele zbigniew zdeněk \
     zeynep zoe zofia zoltan zoltán zoran zoé zsolt zsuzsanna zuzanna ágatha ágnes \
     álvaro ángel åsa édith élise élodie émile émilie éva óscar ömer özlem øyvind đặng \
     łucja łukasz ștefan александр алексей анастасия андрей андрій анна владимир ганна \
     дмитрий екатерина елена иван ирина максим мария михаил наталья николай олександр \
     ольга светлана сергей татьяна тетяна";

static SET: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| GIVEN.split_ascii_whitespace().collect());

/// True for a common given name, in any case.
pub(crate) fn is_given_name(word: &str) -> bool {
    SET.contains(word) || SET.contains(word.to_lowercase().as_str())
}
