//! Given names that many bear, in the languages of the lexicon and some more. Data only. Names that
//! are common words or places too are left out.

use std::{collections::HashSet, sync::LazyLock};

/// Lower case.
pub(crate) const GIVEN: &str = "aarav aaron abbie abdul abdullah abhishek abigail achieng \
     adam adebayo adele aditya adrian adrienne adrián adèle adélaïde agathe agneta \
     agnieszka agus ahmed aidan aiden aileen aimée aisha ajay akash akshay alain alan \
     alana alba albert alberta alberto aldo alec alejandro aleksander aleksandra alena \
     alessandra alessandro alessia alexander alexandra alexandre alexei alexis alfie \
     alfonso alfred ali alice alicia alicja aline alisha alison alistair alix alok alvaro \
     alvin alyssa alícia aman amanda amar amelia amit amita amparo amrita amy ana ana- \
     maria anais ananya anastasia anaïs anders andre andrea andreas andrei andres andrew \
     andrzej andrás andré andrée andrés angel angela angelika angelina angelo aniela anika \
     aniket anikó anil anita anja anjali anjana anke ankit ankita ankur ann anna annabel \
     annabelle anne-lise annegret anneke anneli anneliese annemarie annette annie annika \
     anouk ante anthony antoine anton antonella antoni antonia antonio antti anuradha \
     anushka aparna apolonia arabella archana archie aria ariana arianna arjun arkadiusz \
     arlene arlo arnav arthur artur arun arvind aryan ashish ashley ashok ashton ashwin \
     astrid attila atul audrey aurelie aurore aurélie ava avery axel ayesha ayla ayush \
     ayşe azeglio balázs barbara bart bartosz barış bas beata beatrice beatriz becky bengt \
     benjamin benny benoit benoît bente bernadette bernard bernardo bernd bernice bernie \
     bessie beth bethany betty beverly bharat bhavesh bhavna bhavya bianca bianka birgit \
     birgitta björn blake blanka bob bobby bogdan bonnie bożena brad bram brandi brandon \
     brenda brenna brent brett brian brianna bridget brigitte briony britt brooke brooklyn \
     bruna bruno bryce bryn bryony budi burak burcu bärbel béla caio caitlin callum calvin \
     cameron camila camilla camille candace candice capucine carl carla carlo carlos \
     carlotta carly carmelo carmen carol carolina caroline carolyn carrie carsten \
     cassandra cassie catarina caterina catherine cathy cauã cecil cecilia cecília cedric \
     celia celine chad chandan chantal charles charlotte charu cheryl chetan chiara \
     chinedu chitra chloe chloé christa christian christina christine christophe \
     christopher christy cindy claire clara clarence claude claudette claudia claudio \
     clive clémence colin colleen concepción connie connor constance constantin consuelo \
     cora corey corinne cornelia cornelis cory courtney craig cristian cristina csaba \
     cynthia cédric céline daan dagmar dagmara damian damien dana daniel daniela daniele \
     danielle danilo danny danuta daphne dario dariusz darla darlene darrell darren darrin \
     darryl darshan daryl davi david davide dawid deanna debbie deborah debra deepa deepak \
     deepika deepti delia delilah delores denis denise dennis denny derek desmond despina \
     detlef devendra devin dewi dhruv diane dianne diego dieter dilip dimitrios dinesh \
     diogo dirk divya diya dmitri dolores domenico dominic dominick dominik dominique \
     donald donatella donna donnie dora doreen dorian doris dorota dorothy douglas dragan \
     duane dustin dwayne dylan débora dũng ebru eddie edgar edit edith edmund edna edoardo \
     eduarda eduardo edward edwin edwina edyta egon eileen ekaterina elaine eleanor elena \
     eleni eleonora elfriede eli elias elif elijah elin elinor elio elisa elisabeth elise \
     eliza elizabeth elke ella ellen ellie elmer elodie els elsa elsie elton elvira elvis \
     elzbieta elżbieta emanuel emanuele emanuella emil emile emilie emilio emilly emily \
     emine emma emre encarnación enid enrico enrique enzo erdem eric erica erick erik \
     erika erin ernest ernestine ernie ernst ervin eryk erzsébet esmee esmeralda esperanza \
     esra estelle esther eszter ethan ethel eugene eugénie eunice eusebio eva evan \
     evangeline evelyn ewa ewan ewelina ezra fabian fabio fabrice farhan fatima fatma faye \
     federica federico felicia felicity felipe felix femke ferenc fernanda fernando fiamma \
     filip filippo finn fiona fleur florian florin floris frances francesca francesco \
     francine francisca francisco franco francoise frankie františek franziska françoise \
     fred freda freddie freddy frederic fredrik freya frieda friedrich fritz frédéric \
     fábio gabin gabor gabriel gabriela gabriele gabriella gabrielle gaetano gagan gaia \
     gail ganesh gareth gary gaurav gauri gavin gayatri geeta geir gemma geneviève geoff \
     geoffrey george georges georgiana georgie georgina georgios gerald geraldine gerard \
     gerhard gerrit gerry gertrud gertrude gheorghe giacomo gideon gilbert gilles gina \
     ginevra ginny gino giorgia giorgio giovanna giovanni gisela gitte giulia giuseppe \
     gladys glenda gloria glynis gonzalo graham grayson graziella grazyna grażyna greg \
     gregorio gregory greta gretchen grzegorz guadalupe guilherme guillaume guillermo \
     gunilla gunnar gurpreet gustav gustavo guy gwen gwendolyn gyula györgy gábor gérard \
     gökhan göran günter günther hakan halil halina hamish hana hank hanna hannah hanne \
     hanneke hannelore hans hardik harish harold harper harpreet harriet harry harsh hasan \
     hassan hatice hayley heather heidi heike heiko heinrich heitor helen helena helene \
     helga helmut heloísa hemant hendrik henk henri henrietta henriette henrik henrique \
     henry henryk herbert hermann herschel hidde hilary hilda hildegard himanshu hiroshi \
     holger holly honoré horace horst hortense hoàng hubert huda huey hugh hugo hugues \
     hussein håkan hélène hùng hülya hüseyin hương ian ibrahim ida ignacio ignacy igor \
     ilaria ildikó ilona ilse imani imogen imran imre indira ines inga ingegerd inger ingo \
     ingrid ingunn ingvild inmaculada inès inés ioana ioannis irena irene irina iris irma \
     irmgard isaac isabel isabella isabelle isabelly isadora isaiah ishaan ishita isla \
     ismael ismail isobel istvan istván ivaan ivan ivana ivo iván iwo iwona jacek jackie \
     jaclyn jacob jacopo jacqueline jacques jaden jadwiga jagdish jagoda jaime jake jakub \
     james jamie jan jana jane janelle janet janette janice janie janina janneke jannik \
     janos jared jaroslav jason jasper jatin javier jaxon jayant jayden jayesh jaylen \
     jayne jean jeanette jeanine jeanne jeannette jeannie jeff jeffery jeffrey jelena \
     jenna jennie jennifer jenny jens jeremi jeremiah jeremy jermaine jeroen jerome jerry \
     jerzy jesse jessica jessie ji-woo jill jillian jim jimmie jimmy jing jitendra jiří \
     joakim joan joana joanie joann joanna joanne joao joaquim joaquin joaquín jodi jody \
     joe joel joey johan johanna johannes john johnnie johnny jolanda jolanta jolene jonah \
     jonas jonathan jonathon joni joost jordyn jorge jos jose josef josefa joseph \
     josephine josh joshua josie josip josué josé joséphine joyce joão juan juanita judi \
     judit judith judson judy juha juhani jukka jules julia julian juliana julianne julie \
     julien juliet juliette julita julius juliusz jurgen justin justine justyna jyoti \
     jános jérôme józsef jörg jörgen jørgen júlia jürgen jędrzej kaan kabir kacper kailash \
     kaique kaitlin kaitlyn kaja kajal kajetan kalina kalpana kamala kamau kamil kamila \
     karan karen kari karin karina karl karla karol karolina karsten karthik kartik kasey \
     katalin katarzyna kate katelyn katerina kateřina katherine kathie kathleen kathrine \
     kathryn kathy katie katja katrin katy kavita kayla kaylee kayleigh keenan kees keira \
     keith kellie kelly kelsey kendra kenji kenneth kenny kerem kerri kerry kerstin ketut \
     kevin khadija khalid kieran kim kimberly kiran kirsten kirsty kjell klara klaus koen \
     kofi komal konrad konstantinos konstanty kornel kornelia krishna krista kristen \
     kristi kristian kristie kristin kristina kristine kristopher kristy krisztina kriti \
     krystian krystyna krzysztof ksawery kunal kwame kyla kyle kylie kyra károly laetitia \
     lajos lakshmi lalit lana landon lara larissa larry lars laszlo lata latisha latoya \
     laura laure lauren laurent laurie laverne lavínia lawrence laxmi layla laís lea leah \
     leandro leann leanne leif leigh leila lena lenka lenny leo leon leona leonard \
     leonardo leonie lesley leslie leticia letícia levi lexi li liam liana lidia lieke \
     lila lilian liliana lillian lillie lily linda lindsey lindy linnea lionel lisa livio \
     liwia lizzie logan lois lone lonnie loredana lorena lorenzo loretta lori lorna \
     lorraine lotte lottie louis louisa louise luan luana luc luca lucas lucca lucia \
     lucian lucie lucille lucinda lucy lucía ludovic ludvig luigi luis luisa luiza luka \
     lukas lukasz luke lukáš luther luuk luísa lydia lynda lyndsey lynette lászló léa léo \
     lívia maaike maarit maarten mabel maciej maddalena maddie madeleine madeline madge \
     madhav madhuri madison mads magdalena maggie magnus mahesh mahima mahmoud maitê maja \
     makayla maks malcolm malgorzata malin malini mallory malwina mandeep mandy manfred \
     manish manisha manju manoj manon mansi manuel manuela marc marcel marcelina marcella \
     marcelle marcelo marcia marcin marco marcos marcus marcy marek margaret margareta \
     margarete margaux margie margot margriet marguerite maria mariah marian mariana \
     mariane marianna marianne maribel marie marieke marietta marija marilyn marina mario \
     marisa marisol marit marius mariusz marjolein marjorie marko markus marlee marlene \
     marloes marlon marnie marsha marta martha marthe martijn martin martina martine \
     martín marvin mary maryam maryann maría massimo mateo mateus mateusz mathieu mathilde \
     matilda matt matteo matthew matthias matthieu matthijs matti mattia mattias mattie \
     matylda maud maude maureen maurizio maurycy mavis maxime maximilian maxine mayank \
     małgorzata meena meenakshi meera mees megan megha meghan mehmet melania melanie melba \
     melinda melissa melvin mercedes meredith mette mia michael michaela michal michał \
     michel michela michele michelle michèle mieke miguel mihaela mihai mika mikael \
     mikayla mike mikhail miklós mikolaj mikołaj milan mildred milena milton min-jun mindy \
     ming minh minnie mirella miriam mirko miroslav mitchell mohamed mohammed mohit moira \
     molly monica monika monique montserrat mordecai morgan moritz morten mridula muhammad \
     mukesh mukul murat muriel murilo mustafa myra myron mária márta märta nadia nadine \
     nancy nandini nandita nanette nannette nannie naomi narendra naresh natalia natalie \
     natalya natasha nathalie nathan nathanial nathaniel natália naveen navin ned neeraj \
     neeta neetu neha neil nela nellie nettie ngozi nguyễn niamh nicholas nichole nick \
     nicola nicolae nicolas nicole nicolás nidhi niels nigel nikhil nikki niklas nikodem \
     nikola nikolai nikolaos nilesh nils nina nino niraj nirmala nisha nitin noa noah \
     noelia noemi nomvula nora norbert noreen norma noémi noël nuria octavia océane odette \
     olaf ole oleg olga oliver olivia olivier oliwia oluwaseun omar onur ophelia ornella \
     orville oscar oskar osman otieno ottavia otto otávio owen ozan pablo padma paige \
     pallav pallavi pamela pankaj paola paolo parth pascal patrice patricia patrick \
     patrizia patrycja patryk patsy patti patty paul paula paulette paulina pauline paulo \
     pavel pawel paweł payal pedro peggy pekka penelope peter petr petra phil philip \
     philipp philippe phillip phoebe phyllis phạm pia piero pierre piet pietra pietro \
     piotr piroska piyush polly pooja poppy pradeep pragya prakash pranav prateek pratik \
     praveen preeti priscila priti priya priyanka przemysław puja puneet purnima putri \
     päivi péter pınar quentin rachael rachel rachna radha radhika radosław rafael rafaela \
     rafal rafał raffaele raghav rahul rainer rajat rajeev rajendra rajesh rajiv rakesh \
     ralf ralph raluca ramesh ramiro ramon ramona ramya ramón randy raphael raphaël raquel \
     rashmi rasmus raul raveena ravi raymond raúl rebeca rebecca rebekah reena reggie \
     regina reginald reiner rekha remedios renan renata renate renato rene renee rens renu \
     rené rhett rhoda rhonda rhys ricardo riccardo richard rick ricky riley rita ritesh \
     ritika ritu ritva riya robbie robert roberta roberto robin robyn rochelle rocio rocío \
     roderick rodger rodney rodrigo roger rohan rohini rohit roksana roland rolando rolf \
     roman ron ronald ronnie roos rory rosalie rosalind rosalyn rosanna rosanne rosario \
     roscoe rosemarie rosemary roshan roshni rosie roxanna roxanne roy rozalia ruben rubén \
     ruchi rudolf rudy rui rupali rupert russell ruth ruud ryan ryszard réka rémy róża \
     sabine sabrina sachin sadie sahil sakshi sakura salim sally salman salvatore samantha \
     sameer sameera samira sammy samuel samuele sandeep sander sandor sandra sandrine \
     sangeeta sangita sanjana sanjay sanjeev sanne santosh sapna sara sarah sarika sarita \
     sascha sasha saskia satish saurabh savanna savannah savita savitri scarlett scott \
     sean sebastian sebastien seema selena selin selma sem serena sergei sergio serkan \
     seth sevgi shabnam shalini shana shane shania shankar shanti sharad shari sharlene \
     sharon sharron shaun shauna shawn shayla sheena sheetal sheila shelia shelley shelly \
     sherri sherry sheryl shikha shilpa shirley shivam shivani shobha shreya shreyas \
     shruti shubham shyam siddharth siem sigrid silas silke silvia silvio simon simona \
     simone simran sinan siobhan sipho siti siv skylar smita smriti sneha sofia sofía \
     solveig sonal sonali sonam sonia sonja sonya sophia sophie spencer stacey stacia \
     stacie stacy stanislaw stanisław stanisława stefan stefania stefanie stefano stephane \
     stephanie stephany stephen steve steven stevie stijn stuart stéphane stéphanie \
     subhash sudha sudhir sujata suman sumit sunil sunita surbhi suresh susan susana \
     susannah susanne sushil sushma susie suzanne suzette sven svetlana swapnil swati \
     sylvia sylvie sylwester sylwia szymon sándor sébastien sérgio søren süleyman sławomir \
     tabatha tabitha tadeusz takashi talia tamara tami tamika tammy tamás tania tanja \
     tanner tanu tanvi tanya tapani tara tariq tarun tasha tatiana taylor ted teddy tejas \
     terence teresa tereza teri terje terrance terrence terry tess teun thabo thaddeus \
     thales thelma theo theodora theodore theresa thiago thierry thijs thomas thorsten \
     théo thérèse thảo tia tiago tianna tibor tiffany tijn tim timmy timo timothee timothy \
     timothée tina tobias tobiasz toby tolga tom tomasz tomislav tommaso tommie tommy \
     tomáš toni tony tonya torbjörn torsten tracey tracy trenton trevor tricia trina \
     trisha tristan trudy trần turid tushar tuula tyler tymon tyrone uday ugo ulf ulla \
     ulrika ulrike umberto umesh urmila ursula urszula usha uwe uğur vaishali valarie \
     valentina valeria valerie valérie vandana vanessa varsha varun vasile vasiliki \
     vasudha velma veronica veronika veronique verónica vibha vicente vicki vickie vicky \
     victoire victor vidya vijay vijaya vikas vikram viktor vinay vince vincent vincenzo \
     vinicius vinod vinícius viola vipul virginie vishal vito vitor vittoria vitória \
     vivaan vivek vivian vladimir volkan volker václav véronique víctor vítor věra \
     waltraud wanda wanjiru wayan wayne wei wendy werner weronika wesley wiktor wiktoria \
     wilfred willem willemijn william willie wilma wim winifred witold wojciech wolfgang \
     wouter wyatt xander xavier ximena yago yamini yan yasemin yash yasmin yasser yelena \
     yogesh yolanda yuki yuri yusuf yves yvette yvonne yılmaz zacharie zachary zainab zane \
     zanele zara zbigniew zdeněk zelda zeynep zoe zoey zofia zoltan zoltán zoran zoya zoé \
     zsolt zsuzsanna zuzanna ágatha ágnes álvaro ángel åsa édith élise élodie émile émilie \
     éva óscar ömer özlem øyvind đặng łucja łukasz ștefan александр алексей анастасия \
     андрей андрій анна владимир ганна дмитрий екатерина елена иван ирина максим мария \
     михаил наталья николай олександр ольга светлана сергей татьяна тетяна";

static SET: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| GIVEN.split_ascii_whitespace().collect());

/// True for a common given name, in any case.
pub(crate) fn is_given_name(word: &str) -> bool {
    SET.contains(word) || SET.contains(word.to_lowercase().as_str())
}
