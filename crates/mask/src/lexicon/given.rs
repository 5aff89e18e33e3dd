//! Given names that many bear, in the languages of the lexicon and some more. Data only. Names that
//! are common words or places too are left out.

use std::{collections::HashSet, sync::LazyLock};

/// Lower case.
static GIVEN: &str = "aarav aaron abbie abdullah abigail achieng adam adebayo aditya adrian adrienne adrián \
    adèle adélaïde agathe agneta agnieszka ahmed aiden aimée aisha ajay alain alba albert \
    alberta alberto aldo alejandro aleksander aleksandra alessandra alessandro alessia \
    alexander alexandre alexei alexis alfie alfonso alfred ali alice alicia alicja aline \
    alix alvaro alyssa alícia amanda amelia amit amparo amy ana anais ananya anastasia \
    anaïs anders andre andrea andreas andrei andres andrew andrzej andré andrée andrés \
    angel angela angelika angelo aniela anil anita anja anke ann anna annegret anneke \
    anneli anneliese annemarie annette annika anouk anthony antoine anton antonella antoni \
    antonia antonio antti apolonia archie aria arjun arkadiusz arthur artur ashley ashok \
    ashton astrid audrey aurelie aurore aurélie ava avery axel ayla ayşe azeglio barbara \
    bart bartosz bas beata beatrice beatriz bengt benjamin benoit benoît bente bernadette \
    bernard bernardo bernd beth betty bianca bianka birgit birgitta björn blake blanka bob \
    bobby bogdan bożena bram brandon brenda brent brian brigitte britt brooke brooklyn \
    bruna bruno burak bärbel caio callum cameron camila camilla camille capucine carlo \
    carlos carlotta carmelo carmen carol carolina caroline carolyn carsten catarina \
    caterina catherine cauã cecilia cecília cedric celine chad chantal charles charlotte \
    cheryl chiara chinedu chloe chloé christa christian christina christine christophe \
    christopher claire clara claudia claudio clive clémence colin concepción connor \
    consuelo cornelia cornelis courtney craig cristian cristina cynthia cédric céline daan \
    dagmar dagmara daniel daniela daniele danielle danilo danuta dario dariusz davi david \
    davide dawid deborah debra deepa deepak denis denise dennis derek detlef diane diego \
    dieter diogo dirk diya dmitri dolores domenico dominic dominik dominique donald \
    donatella donna doris dorota dorothy douglas dylan débora edith edoardo eduarda eduardo \
    edward edyta egon ekaterina elena eleonora elfriede elias elif elijah elin elio elisa \
    elisabeth elise eliza elizabeth elke ella ellen ellie elodie els elzbieta elżbieta \
    emanuel emanuele emanuella emil emile emilie emilio emilly emily emine emma emre \
    encarnación enrico enrique enzo eric erick erik erika erin ernest ernst eryk esmee \
    esperanza esther ethan eugene eugénie eusebio eva evan evelyn ewa ewan ewelina fabian \
    fabio fabrice fatima fatma federica federico felipe felix femke fernanda fernando \
    fiamma filip filippo finn fleur florian floris frances francesca francesco francisca \
    francisco franco francoise franziska françoise freddie frederic fredrik freya frieda \
    friedrich fritz frédéric fábio gabin gabriel gabriela gabriele gabrielle gaetano gaia \
    gail gareth gary gemma geneviève geoffrey george georges gerald geraldine gerard \
    gerhard gerrit gertrud giacomo gilbert gilles ginevra gino giorgia giorgio giovanna \
    giovanni gisela gitte giulia giuseppe gloria gonzalo graham grayson graziella grazyna \
    grażyna gregorio gregory greta grzegorz guadalupe guilherme guillaume guillermo gunilla \
    gunnar gustav gustavo guy gérard göran günter günther hakan halina hanna hannah hanne \
    hanneke hannelore hans harold harper harry hassan hatice heather heidi heike heiko \
    heinrich heitor helen helena helene helga helmut heloísa hendrik henk henri henriette \
    henrik henrique henry henryk hermann hidde hilary hildegard hiroshi holger holly honoré \
    horst hortense hubert huda hugh hugo hugues hussein håkan hélène ian ibrahim ignacio \
    ignacy igor ilaria ilse imogen ines inga ingegerd inger ingo ingrid inmaculada inès \
    inés irena irene irina iris irma irmgard isaac isabel isabella isabelle isabelly \
    isadora ishaan ivan ivo iván iwo iwona jacek jacob jacopo jacqueline jacques jadwiga \
    jagoda jaime jakub james jan jane janet janice janina janneke jannik jason jasper \
    javier jaxon jean jeanne jeffrey jennifer jenny jens jeremi jeroen jerome jerry jerzy \
    jesse jessica ji-woo jill jing joakim joan joana joanna joanne joao joaquim joaquin \
    joaquín joel johan johanna johannes john johnny jolanda jolanta jonas jonathan joost \
    jorge jos jose josefa joseph joshua josué josé joséphine joyce joão juan judith juha \
    juhani jukka jules julia julian juliana julie julien juliette julita juliusz jurgen \
    justin justyna jérôme jörg jörgen jørgen júlia jürgen jędrzej kacper kaique kaja \
    kajetan kalina kamau kamil kamila karen kari karin karl karol karolina karsten \
    katarzyna katherine kathleen kathryn kathy katja katrin kavita kayla kees keith kelly \
    kenji kenneth kerstin kevin khadija khalid kim kimberly kirsten kirsty kjell klara \
    klaus koen kofi konrad konstanty kornel kornelia krishna kristen kristian kristina \
    krystian krystyna krzysztof ksawery kwame kyle laetitia lakshmi landon lara larissa \
    larry lars laura laure lauren laurent lavínia lawrence layla laís lea leah leandro leif \
    leila lena leo leon leonard leonardo lesley leslie leticia letícia levi li liam liana \
    lidia lieke lily linda lindsey linnea lisa livio liwia logan lone loredana lorena \
    lorenzo lorraine lotte louis louise luan luana luc luca lucas lucca lucia lucie lucy \
    lucía ludovic ludvig luigi luis luisa luiza lukas lukasz luke luuk luísa léa léo lívia \
    maaike maarit maarten maciej maddalena madeleine madison mads magdalena magnus mahmoud \
    maitê maja maks malcolm malgorzata malin malwina manfred manoj manon manuel manuela \
    marc marcel marcelina marcelle marcelo marcin marco marcos marcus marek margaret \
    margareta margarete margaux margot margriet marguerite maria marian mariana mariane \
    marianna marianne marie marieke marina mario marisa mariusz marjolein markus marlene \
    marloes marta martha marthe martijn martin martina martine martín marvin mary maryam \
    maría massimo mateo mateus mateusz mathieu mathilde matteo matthew matthias matthieu \
    matthijs matti mattia mattias matylda maud maureen maurizio maurycy maxime maximilian \
    małgorzata meera mees megan mehmet melania melanie melissa mercedes mette mia michael \
    michal michał michel michela michele michelle michèle mieke miguel mika mikael mikhail \
    mikolaj mikołaj milan milena min-jun ming mirella mirko mitchell mohamed mohammed molly \
    monica monika monique montserrat morgan moritz muhammad murat murilo mustafa märta \
    nadia nadine nancy natalia natalie natalya nathalie nathan natália neha neil nela ngozi \
    niamh nicholas nicola nicolas nicole nicolás niels nigel niklas nikodem nikolai nils \
    nina nino noa noah noelia noemi nomvula nora norbert noémi noël nuria océane odette \
    olaf ole oleg olga oliver olivia olivier oliwia oluwaseun omar ornella oscar oskar \
    otieno ottavia otto otávio owen pablo paige pamela paola paolo pascal patrice patricia \
    patrick patrizia patrycja patryk paul paula paulette paulina pauline paulo pawel paweł \
    pedro pekka penelope peter petra philip philipp philippe pia piero pierre piet pietra \
    pietro piotr pooja poppy priscila priya przemysław päivi rachel radha radosław rafael \
    rafaela rafal rafał raffaele rahul rainer raj rajesh ralf ralph ramesh ramiro ramon \
    ramón raphael raphaël raquel rasmus raul ravi raymond raúl rebeca rebecca reiner \
    remedios renan renata renate renato rene rens rené rhys ricardo riccardo richard rick \
    riley ritu ritva robert roberta roberto robin rocio rocío rodrigo roger rohan roksana \
    roland rolf roman ronald roos rosario rosemarie roy rozalia ruben rubén rudolf rui \
    russell ruth ruud ryan ryszard rémy róża sabine sabrina sakura salvatore samantha \
    samira samuel samuele sandeep sander sandra sandrine sanjay sanne sara sarah sascha \
    saskia savannah scarlett scott sebastian sebastien sem sergei sergio shane sharon \
    sheila shirley shreya siem silke silvia silvio simon simona simone siobhan sipho siv \
    skylar sofia sofía sonia sonja sophia sophie spencer stacy stanislaw stanisław \
    stanisława stefan stefania stefanie stefano stephane stephanie stephany stephen steven \
    stijn stuart stéphane stéphanie sunil sunita suresh susan susana susanne suzanne sven \
    svetlana sylvie sylwester sylwia szymon sébastien sérgio søren sławomir tadeusz takashi \
    tammy tanja tanner tapani tariq tatiana taylor teresa terry tess teun thabo thales theo \
    theresa thiago thierry thijs thomas thorsten théo thérèse tiago tiffany tijn tim timo \
    timothee timothy timothée tina tobias tobiasz toby tomasz tommaso tommy torbjörn \
    torsten tracy trevor tristan tuula tyler tymon ugo ulf ulla ulrika ulrike umberto \
    ursula urszula uwe valentina valeria valerie valérie vanessa veronica veronique \
    verónica vicente victoire victor vijay vikram viktor vincent vincenzo vinicius vinícius \
    viola virginie vito vitor vittoria vitória vivaan vladimir volker véronique víctor \
    vítor waltraud wanjiru wayne wei wendy werner weronika wiktor wiktoria willem willemijn \
    william willie wilma wim witold wojciech wolfgang wouter wyatt xavier ximena yago yan \
    yasmin yasser yelena yolanda yuki yuri yusuf yves yvette yvonne zacharie zachary zainab \
    zanele zbigniew zeynep zoe zofia zoé zuzanna ágatha álvaro ángel åsa édith élise élodie \
    émile émilie óscar ömer łucja łukasz";

static SET: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| GIVEN.split_ascii_whitespace().collect());

/// True for a common given name, in any case.
pub(crate) fn is_given_name(word: &str) -> bool {
    SET.contains(word) || SET.contains(word.to_lowercase().as_str())
}
