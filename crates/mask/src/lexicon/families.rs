//! Family names that many bear, in the languages of the lexicon and some more. Data only.
//! Some are words and places too: they count where a whole column is like them.

/// Lower case, without accents.
pub(super) const FAMILIES: &str = "aalto aaltonen aas abad abbott abdullah aberg abraham \
     abrahamsson abreu acevedo ackermann acosta adam adamczyk adams adeyemi adkins aerts \
     agarwal aggarwal agostini aguado aguilar aguirre ahmad ahmed ahn ahonen ahrens ahuja \
     aiello aigner akesson akhtar alarcon albanese albers albrecht alexander alexandre alfaro \
     ali allard allen allison almeida alonso altmann alvarado alvarez alves amaral amato amin \
     amorim anand anders andersen anderson andersson andrade andre andreasen andreasson andres \
     andrews angelini anjos ansari anthony antoine anton antonelli anttila antunes aparicio \
     appel apte aragao aranda araujo archer arellano arena arias armstrong arnaud arndt arnold \
     arora arroyo arsenault arslan arvidsson asante ashley aslan asselin assis assuncao atkins \
     atkinson aubert aubry audet auer auger aune austin avalos avery avila axelsson ayala \
     aydin ayers azevedo bach bachmann bader bahl baier bailey bailly bains bajwa bak baker \
     bakke bakken bakker balasubramanian baldi baldwin ball ballard ballesteros balogh banas \
     banerjee banks bansal baptista barajas baran baranowski barber barbier barbieri barbosa \
     barker barman barnes barnett baron barone barr barre barrera barreto barrett barrios \
     barron barros barry bartels barth barthelemy bartlett bartoli barton baruah basile bass \
     bassi basso bastos basu bates batista batra battaglia bauer baumann baumgartner bautista \
     baxter bay beard beasley beauchamp beaudoin beaulieu beauregard bech beck becker beckmann \
     bedard bedi bednarek begum behrendt behrens beil belanger belisle bell bellini bellucci \
     beltran benard bender benedetti benes bengtsson benitez benito benjamin bennett benoit \
     benson bentley benton benz berg berge berger bergeron bergersen berggren berglund bergman \
     bergmann bergqvist bergstrom bermudez bernal bernard bernardi berndt bernier berntsen \
     berry bertelsen berthelsen bertin bertoli bertram bertrand berube besson bettini beyer \
     bezerra bhalla bhandari bhardwaj bhat bhatia bhatt bhattacharya bhattacharyya bianchi \
     bianco bibi bielak bielecki bigot bilodeau binder biondi birch bird bisgaard bishop bisht \
     biswas biton bjerregaard bjork bjorklund black blackburn blackwell blair blais blaise \
     blake blanc blanchard blanchette blanco blankenship blaszczyk blevins blom blomqvist \
     blouin blum boateng bock bode bodin boer bogaerts bohm bohme boisvert boivin bolduc bond \
     bondarenko bonde boni bonilla bonnet boogaard booker boone booth bora borah borges borghi \
     borkowski born borowski bos bosch bosco bose botha bouchard boucher bouchet boudreau \
     boulanger bourgeois bousquet boutin bouvier bouwman bowen bowers bowman boyd boyer boyko \
     boyle bradford bradley bradshaw brady braga braganca brambilla branco brand brandt brar \
     brassard braun bravo brennan breton brewer briand bridges briggs brink brito brock broek \
     brookes brooks brouwer brown browning bruce bruijn bruin brun bruneau brunet bruni \
     brunner bruno bruns bruun bryan bryant brzezinski buchanan buchholz buck buckley bueno \
     bui buijs buisson bull bullock bundgaard burch burger burgess burke burkhardt burnett \
     burns burrows burton busch bush butler byrd caballero cabrera cai cain caldas caldeira \
     caldera calderon caldwell calhoun callahan calvo camacho camargo cameron campbell campos \
     camus cannon cano cantrell cantu cao caouette caputo carbone carboni cardenas cardone \
     cardoso cardozo carey carli carlier carlsen carlson carlucci carmona carneiro caron \
     carpenter carpentier carr carranza carrasco carre carrier carrillo carroll carson carta \
     carter caruso carvalho casado casas casati casey castaneda castellani castellanos \
     castelli castillo castro catalano cattaneo cavalcanti cavalli cazares ceccarelli celik \
     cermak cerny cervantes cetin chabot chadha chadwick chakraborty chambers champagne chan \
     chandler chang chapman charbonneau charette charles charpentier charron chase chatterjee \
     chaudhari chaudhary chauhan chauvin chaves chavez cheema chen cheng chevalier chevallier \
     chmielewski cho choi chojnacki chopra choudhury chouinard chowdhury chretien christ \
     christensen christian christiansen chung ciani cichon cieslak ciobanu cirillo cisneros \
     claassen claes claesson clark clarke clausen clay clayton clement clements clerc cline \
     cloutier coates cobb cobo cocco cochran coelho coetzee coffey cohen cole coleman coles \
     colin collet collier collin collins colombo colon colonna combs compton conceicao conde \
     conley conner connolly connor conrad constantin conte conti contreras conway cook cooke \
     cools cooper copeland coppola cordero cordier cordova cormier corona correa correia \
     cortes cortez corti cosentino costa costantini coste cote coulombe courtois cousin \
     couture couturier cox craig crane crawford crespo cristiani crosby cross cruz cuesta \
     cuevas cummings cunha cunningham curry curtis cyr czarnecki czerwinski dabrowski dahl \
     dahlberg dahle dahm daigle dalal dalgaard dallaire dalton dam damgaard damiani damico \
     dang dangelo daniel daniels danielsen danielsson dantas das datta daugherty dave \
     davenport davey david davidson davila davis davison dawson dean deangelis decker declercq \
     degroote dejesus dejong deka dekker delacruz delarosa delattre delaunay deleon delgado \
     delmas deluca demers demir deng denis dennis derosa desai desantis desbiens descamps \
     deschamps deschenes deshmukh deshpande desjardins desmedt desmet desrochers desrosiers \
     devaux devos devries dewit dey dhaliwal dhar dhawan dhillon diallo diana dias diaz \
     dickerson dickson didier diehl dietrich dietz diez dijk dijkstra dillon dimitriou ding \
     dinis dion dionne dirosa dixon dlamini do dobson dodson dogan doherty dolezal domanski \
     domingo domingos domingues dominguez donaldson donati dong donnelly donovan dorn dorsey \
     doshi doucet dougherty douglas doyle drake dreyer driessen drouin dsouza du duarte dube \
     dubey dubois dubreuil duchesne duda dudek dudley duffy dufour duke dumas dumitru dumont \
     duncan dunlap dunn duong dupont dupre dupuis dupuy duque duran durand durham dutta duval \
     dvorak dyer eaton ebert eckert eckhardt eder edwards egger ehlers eichhorn eide eisele ek \
     eklund ekstrom eliasson elizondo elliot elliott ellis ellison emond engel english \
     engstrom enriquez erhardt erickson eriksen eriksson ernst escobar escobedo escudero \
     esparza espinosa espinoza esposito esquivel esser esteban estes esteves estrada etienne \
     evans everett evers evrard exposito eze fabbri faber fabre fadda falk fantini faria \
     farias farina farkas farley farmer farrell faulkner faure federici fekete feldmann felix \
     feng ferguson ferland fernandes fernandez ferrand ferrara ferrari ferraris ferraro \
     ferreira ferrer ferrero ferretti ferri ferro fiala fiedler fields figueira figueiredo \
     figueroa fillion finch fink finley fiore fiorentino fischer fisher fitzgerald fitzpatrick \
     fleischer fleming fletcher fleury flores floris flowers floyd flynn fogaca foley fonseca \
     fontaine fontana fontes ford forget forsberg forster fortier fortin foster fourie \
     fournier fowler fox francis franco francois frandsen frank franke franklin fransson franz \
     fraser frazier frederick frederiksen fredriksen fredriksson freeman freitag freitas \
     french frey friedman friedrich friis fritsch frost fry frye fuchs fuentes fuller \
     fumagalli funk furtado fusco gabriel gabrielli gagliardi gagne gagnon gaikwad gaillard \
     gaines gajewski galan galindo gallacher gallagher gallardo gallego gallegos galletti \
     galli gallina gallo galvan galvao gandhi ganguly gao garcia gardner garg gargiulo garner \
     garnier garrett garrido garrison gartner garza gates gatti gaudin gaudreault gaudry \
     gauthier gautier gay gebhardt geiger geisler gelinas gendron gentile gentry george \
     georges georgiou gerard gerber gerlach germain gerrits gerritsen gervais gheorghe ghosh \
     gibbons gibbs gibson giese giguere gil gilbert giles gill gillespie gillet gilmore \
     gimenez gingras giordano giorgi girard giraud giroux giuliani glaser glenn glover \
     glowacki gobel godbout goddard goel gogoi gokhale goldberg gomes gomez goncalves gonzales \
     gonzalez goodman goodwin goossens gopal gordon gorecki gori gorski gosselin gotz gough \
     gould goulet gowda goyal graaf grabner grabowski graf graham granados grant grassi grasso \
     gravel graves gray greco green greene greer gregersen gregoire gregory grenier grewal \
     griffin griffith griffiths grimaldi grimes grimm groen grondin groot gros gross grosse \
     gruber gruenwald guarino guay guerin guerra guerreiro guerrero guevara guha guibert \
     guichard guidi guillaume guillen guillot guillou guimaraes gundersen gunnarsson gunther \
     guo gupta gustafsson gutierrez guyot guzman haan haas haase haddad hagen hahn haider hail \
     hajek hakala hakansson hakkinen hald hale haley hall halonen halvorsen hamalainen hamann \
     hamel hamilton hammer hammond hamon hampton han hancock handa hanhinen hanke hanna \
     hanninen hansen hanson hansson hardin harding hardy hargreaves hariharan harmon harms \
     harper harrell harrington harris harrison hart hartman hartmann hartwig harvey hassan \
     haug hauge haugen haugland haupt hauser hawkins hayashi hayden hayes haynes hazarika he \
     heath hebert hecht heck hedegaard hedlund hegde heijden heikkila heikkinen heil heim hein \
     heinonen heinrich heller hellstrom henderson hendricks hendriks hendriksen hendrix henke \
     hennig henriksen henriksson henriques henry hensel hensley henson heredia hering herman \
     hermann hermans hermansen hermansson hernandez herrera herrero herring herrmann herve \
     herzog hess hester heuer heuvel hewitt hickman hicks hidalgo higgins hildebrand hill \
     hilton hiltunen hines hinton hinz hirsch hirvonen ho hoang hoarau hoareau hobbs hodge \
     hodges hoek hoekman hoekstra hofer hoffman hoffmann hofman hofmann hogan hohmann holden \
     holland holloway holm holmberg holmes holmgren holst holt holtz holz holzer hong hood \
     hoogland hooper hoover hopkins horak horn horne horst horton horvath hougaard houle \
     houston howard howarth howe howell hu huang hubbard huber hubert hubner hudson huerta \
     huet huff huffman hughes huisman huizinga hull humbert humphrey humphries hunt hunter \
     hurley hurst hurtado hussain hussein hutchinson huth huynh hwang ibanez ibarra ibrahim \
     iglesias imbert ingram inoue ionescu iqbal isaksson ito ivanov iversen iyengar iyer \
     izquierdo izzo jablonski jackson jacob jacobs jacobsen jacobson jacques jacquet jadhav \
     jager jahn jain jakob jakobsen jakobsson jakubowski james jang jankowski jansen jansma \
     janssen janssens jansson jaramillo jarosz jarvinen jarvis jasinski jaworski jean \
     jefferson jelinek jenkins jennings jensen jeppesen jepsen jespersen jessen jesus jha \
     jiang jimenez jindal jochumsen johannessen johansen johansson john johns johnson johnston \
     jokinen joly jones jonker jonsson jordan jorgensen joseph joshi jost joubert jourdan \
     juarez juhasz julien jung jungmann junker jurado kaczmarczyk kaczmarek kaiser kalinowski \
     kalita kallio kamau kamble kaminski kamp kane kang kania kapoor kapur kar kara \
     karjalainen karlsen karlsson kashyap kato katz kaufmann kaul kaur kaya kazmierczak keil \
     keith keller kelley kelly kemp kempen kemper kemppainen kennedy kent kern kerr kessler \
     kettunen khalil khan khanna khoury kiefer kilic kim kimura king kinnunen kirby kirchner \
     kirk kirkegaard kirsch kiss kjaer kjeldsen klaassen klaus klausen klein kline klose knapp \
     knight knoll knox knudsen kobayashi koc koch kock kofoed kogler kohler kohli koivisto kok \
     kokkonen kolar kolb koller kolodziej konieczny konig koning konrad koopman kopec kopp \
     korhonen korkmaz koskinen koster kot kovacs kovalenko kowal kowalczyk kowalski kozak \
     kozlov kozlowski kraft krajewski kral kramer kratochvil kraus krause kravchenko krawczyk \
     krebs kremer kretschmer krishnamurthy krishnan kristensen kristiansen krogh krol kroll \
     kroon krueger kruger krupa kruse kubiak kucera kucharski kuhlmann kuhn kuhne kuijpers \
     kuiper kuipers kulesza kulkarni kumar kunz kunze kurek kurt kurz kuster kuznetsov \
     kwiatkowski kwon laakso laaksonen labbe labelle labonte labrecque lacasse lacerda \
     lachance lackner lacroix laflamme lagarde lahtinen laine laitinen lakatos lal lall \
     lalonde lam lamb lambert lammers lamontagne lampinen lamy landry lane lang lange langlois \
     lapierre laplante lapointe laporte lara laroche larocque larouche larsen larson larsson \
     laskowski lassen lauer launay laurent lauridsen lauritsen lauritzen laursen lauterbach \
     lauzon lavallee lavigne lavoie lawrence lawson lazaro lazzari le leach leal leao lebedev \
     lebel leblanc lebon lebrun lechner leclerc leclercq lecomte leconte ledoux leduc lee lees \
     leeuwen lefebvre lefevre legault legendre leger legrand legros lehmann lehner lehtinen \
     lehto lehtonen leinonen leite leitner lejeune lelievre lemaire lemaitre lemay lemieux \
     lemmens lemoine lenoir lenz leon leonard leone lepage leppanen leroux leroy lessard \
     lester leszczynski letourneau leveque levesque levi levy lewandowski lewis li liang lie \
     lim lima lin lind lindberg linden lindgren lindholm lindner lindqvist lindsey lindstrom \
     lipinski lis little liu livingston lloyd locatelli lofgren logan lohmann lombardi \
     lombardo long longo lopes lopez lorenz lorenzo lorusso louis loureiro lourenco lowe \
     lowery lozano lu lucas lucassen lucero ludwig lugo luna lund lundberg lunde lundgren \
     lundin lundqvist lundstrom luo lupo luque lussier lutz luz ly lynch lynn lyons ma maas \
     macdonald mace macedo machado macias maciejewski mack mackay mackenzie macleod madden \
     maddox madej madsen maes magalhaes magana magnani magnusson mahajan mahler mahmood \
     mahmoud mahoney maia maier maillard maillet maillot mair maj majewski majumdar makela \
     makinen makowski maldonado malhotra malinowski mallet malone maltais manca mancini mandal \
     mann manninen manning mansour mansson mantovani manzano manzoni marchal marchand marchese \
     marchetti marchi marciniak marcos marcoux marechal mariani marie marin marini marino \
     marion markowski marks marquardt marques marquez marquis marra marsden marsh marshall \
     martel martens martensson martin martineau martinelli martinez martini martino martins \
     martinsen martinsson marty marx mason masse massey masson mata matei mateo mateos mathes \
     mathew mathews mathieu mathis mathur matias matos matsumoto mattes matthews mattila \
     mattsson maurer maury maxwell may mayer maynard mayo mayr mays mazur mazurek mazza \
     mcbride mccall mccann mccarthy mccarty mcclain mcclure mcconnell mccormick mccoy \
     mccullough mcdaniel mcdonald mcdowell mcfarland mcgee mcgregor mcguire mcintosh mcintyre \
     mckay mckee mckenzie mckinney mclaughlin mclean mcmahon mcmillan mcpherson meadows \
     medeiros medina medrano mehra mehta meier meijer meissner mejia mele melendez melis mello \
     mellor melnyk melo melton menard mendes mendez mendonca mendoza menendez menon mensah \
     menzel mercado mercier merino merkel merle merlo merritt mertens merz messina meszaros \
     metcalfe metzger meulen meunier meyer meyers meza miah michael michalak michalski michaud \
     michel michiels middleton mielke miettinen mikkelsen mikolajczyk milani miles miller \
     millet mills miranda mishra mistry mitchell mitra mittal mizrahi modi moen mogensen \
     mohamed mohammed mohr moilanen mokoena mol moldovan molenaar molina molinari moller \
     molnar monaco mondal monnier monroe monroy montanari monteiro montero montes montgomery \
     monti montoya moody moore mora moraes morais morales moran morandi moreau moreira morel \
     morelli moreno moretti morgado morgan morin morissette morley morozov morris morrison \
     morrow morse mortensen morton moser moses mosley moss mota motta moulin moura moya moyer \
     mroz mueller mukherjee mulder mullen muller mullins muniz munoz munro murgia murillo \
     murphy murray murthy musial mustonen mwangi myers nadar nadeau nagel nagy naidu naik nair \
     nakamura napolitano narang narayan nardi nascimento nash nasser natarajan naumann nava \
     navarro navratil nayak ndlovu neal negi negri nel nelson nemec nemeth neri neubauer \
     neuhaus neumann neves neveu newman newton ngo nguyen nicholls nichols nicholson nickel \
     nicolas nicoletti nicolosi nielsen niemann niemi nieminen nieto nijhuis nikolaidis nilsen \
     nilsson niskanen nissen nixon njoroge nkosi noack noble nobre noel nogueira nolan nolte \
     norberg nordin nordstrom norgaard norman normand norris norton novaes novais novak \
     novikov novotny nowak nowakowski nowicki nunes nunez nurmi nyberg nygaard nygard nystrom \
     oberg obi obrien ochoa oconnell oconnor odell odom ogden oh ojala okafor okonkwo oksanen \
     olah olesen olivares oliveira oliver olivier olivieri olofsson olsen olson olsson \
     olszewski omar oneal oneill oosten oreilly orlandi orlando orozco orr ortega ortiz ortner \
     osborne osei ostergaard ostrowski osullivan oswald otero otieno ott otto ouellet \
     overgaard owen owens owusu oza ozdemir ozkan ozturk pace pacheco padilla pagani pagano \
     page pages paiva pal palacios palma palmer palmieri palsson palumbo pan panchal pandey \
     pandya pant papa papadakis papadopoulos pape papp paquette paquin paradis pardo paredes \
     parekh parent parikh paris parisi park parker parkin parkinson parks parmar parra parrish \
     parsons partanen pascal pascual pasquier pastor pastore patel pathak patil patricio \
     patrick patterson patton paul paulo pauwels pavan pavlov pawar pawlak pawlowski payet \
     payne paz pearson peck pedersen pedrosa pedroso peeters peixoto pellegrini pellegrino \
     pelletier peltier peltonen pena peng pennington pepe pepin peralta pereira peretz perez \
     perkins peron perreault perret perrier perrin perron perrone perrot perry person persson \
     peters petersen peterson petit petrov pettersson pfeifer pfeiffer pham phan phelps \
     philipp philippe phillips piatek piazza picard pichler pichon pickering pieper pierce \
     pierre pieters pietrzak pillai pilon pimentel pineau pineda pinheiro pinho pinna pinto \
     piotrowski piras pircher pires pisano pitkanen pittman pitts plante plaza plourde pohl \
     pohlmann poirier pokorny polat poli pollard polman ponce pons poole pop popa pope popescu \
     popov popp porter portillo porto posch pospisil post postma potier potter potts potvin \
     poulain poulin pouliot poulsen powell powers pozzi pradhan prado prasad pratt preston \
     pretorius preuss prevost price prieto prince prins prinsen pritchard probst prochazka \
     proctor proietti proulx pruitt przybylski ptak puddu pugh pugliese puglisi pulkkinen puri \
     quaranta quaresma queiroz quinn quintana quintero qureshi racine racz radu rainer raj \
     rajan rajput raju ram ramachandran ramalho raman ramaswamy ramirez ramon ramos ramsey \
     randall randazzo randolph rangel rantanen rao raposo rapp rasanen rasmussen rathore rau \
     rausch rautio ravn rawat ray raymond rebelo reddy redondo reed rees reese reeves regnier \
     reich reichert reid reijnders reilly reimann reimer reinhardt reinhold reis reiss reiter \
     remy ren renard renaud renault renteria resch reuter rey reyes reyna reynaud reynolds \
     rezende rhodes ribeiro ricci ricciardi rice richard richards richardson richmond richter \
     rico riedel rieger riegler riley rinaldi rincon rinne rios rioux ritter riva rivard rivas \
     rivera rivero rivers riviere rizzi rizzo roach robbins roberge roberson robert roberts \
     robertson robin robinson robitaille robles roca rocca rocha roche rocher rodgers rodrigue \
     rodrigues rodriguez roelofs roger rogers rogowski rohde rojas rolland rollins roman \
     romano romeo romero rosa rosales rosario rosas rose rosenberg rosenthal ross rossetti \
     rossi rossini rota roth rothe rousseau roussel rousset roux rowe rowland rowley roy royer \
     rubino rubio rudolph rueda ruf ruggeri ruggiero ruiz runge russell russo rusu rutkowski \
     rutten ruud ruzicka ryan sa saarinen saavedra sabatini sacchi sacco sachdeva sachs \
     sadowski saez saha sahin sahni saito sala salas salazar salcedo saleh salerno sales \
     salgado salinas salminen salmon salo salonen salvi sampaio sampson samson samuelsson \
     sanchez sandberg sander sanders sandhu sandoval sandstrom sandvik sane sanford sanna \
     santamaria santana santiago santoro santos sanz saraiva sardo sarin sarkar sarti sartori \
     sasaki sato saucedo sauer saunders sauvage savage savard savolainen sawant sawicki sawyer \
     saxena sbrana schaap schade schaefer schafer schaller scheffler schenk scherer schiller \
     schilling schindler schipper schlegel schlosser schlueter schmid schmidt schmitt schmitz \
     schneider scholten scholz schott schouten schramm schreiber schreiner schroder schroeder \
     schroter schubert schuler schulte schultz schulz schulze schumacher schumann schuster \
     schutte schutz schwab schwabe schwartz schwarz scott scotti sedlacek seguin segura seidel \
     seifert seitz seixas sellers sen sengupta seo seppala seppanen sepulveda serafini serban \
     serra serrano sethi sexton shaffer shah shaikh shannon shapiro sharma sharp sharpe shaw \
     sheikh shelton shen shenoy shepard shepherd sheppard sherman sheth shetty shevchenko \
     shields shimizu shin shinde shukla siddiqui sidhu siebert siegel sierra sievers sikora \
     sikorski silva silveira silvestri simard simmonds simmons simoes simon simonetti simonsen \
     simpson sims simsek sinclair singh singhal singleton sinha siqueira siwek sjoberg sjogren \
     skinner skov slater sloan sluis smirnov smit smith smits snijders snyder soares sobczak \
     soderberg sokolov sokolowski solanki solano solberg soler solis solomon solorzano \
     solovyov sommer sondergaard song soni sonntag sood sorensen soriano sorli sorrentino sosa \
     soto sousa souza spaans sparks spears specht spence spencer spinelli springer sridhar \
     srivastava st-jean st-laurent st-onge st-pierre stadler stafford stahl stan stankiewicz \
     stanley stanton stark steele steen steffensen stein steiner steininger stella stephan \
     stephens stephenson stepien stevens stevenson stewart steyn stoica stokes stoll stolz \
     stone stout strand strasser strauss strickland strobel strom stromberg struck stuart \
     sturm su suarez subramaniam subramanian sullivan summers sun sundar sundaram sundberg \
     sundstrom suri suss sutherland sutton suzuki svendsen svensson svoboda swaminathan swamy \
     swanson swart sweeney sykes szabo szczepaniak szczepanski szewczyk szulc szymanski takacs \
     takahashi talbot tamayo tanaka tandon tang tangen tanguay tanner tapia tardif tate \
     tavares taylor techer tedesco teixeira tejeda tendulkar terrell terry tessier testa \
     texier thakur thaler theriault therrien thibault thibodeau thiel thiele thomas thompson \
     thomsen thornton thorpe thorsen thygesen tian tietz tikkanen timm timmerman timmermans \
     tiwari tkachenko todd toft toivonen toledo tomaszewski tomczyk tomlinson torrado torres \
     toscano tosi toso toth toussaint tovar townsend tran trautmann travis traxler trejo \
     tremblay trevino trevisan trillo tripathi trivedi trudel trujillo truong tucker tuinman \
     tuomi tuominen turcotte turgeon turner turpin turri turunen tyler ulloa ulrich underwood \
     unger unterberger upadhyay urban urbanski uribe vachon vaidya vaillancourt vaillant \
     vaisanen valadares valadez valdes valdez valdivia valencia valente valenti valentin \
     valentine valentini valenzuela valero valette valle vallee vallet valverde vance vandam \
     vandamme vandenberg vandenbroeck vandermerwe vanderveen vandijk vanegas vang vanhanen \
     vanni varela varga vargas varghese vasconcelos vasiliev vasquez vasseur vaughan vaughn \
     vaz vazquez veenstra vega veilleux vela velasco velasquez velazquez velden veldhuis \
     veldman velez veloso venegas venkataraman venkatesh venter ventura venturi vera verbeek \
     verbruggen verdier verhagen verhoeven verma vermeer vermeulen verschuren vesely \
     vestergaard vetter vezina viana vicente vidal vieira vila villa villadsen villalobos \
     villani villanueva villar villarreal villegas villeneuve vincent vink viola virtanen \
     visser viswanathan vitale vitali vitiello vliet vo vogel vogt vohra voigt voisin volk \
     volkov volpe voort vos voss vries vu vyas wacker wade wadhwa wagenaar wagner wal walczak \
     walia walker wall wallace waller wallin wallis wallner walls walsh walter walters walther \
     walton walz wang wanjiku ward ware warner warren washington wasilewski watanabe waters \
     watkins watson watts weaver webb weber webster weeks wegner wei weidner weigel weigl weis \
     weiss welch wells wendt wenzel werner wessel west wetzel wheeler whitaker white whitehead \
     whitehouse whitney whittaker wieczorek wiersma wierzbicki wiese wieser wiggins wijnen \
     wikstrom wilcox wild wiley wilhelm wilk wilke wilkerson wilkes wilkins wilkinson will \
     willems williams williamson willis wilson wimmer winkler winter winters winther wirth \
     wisniewski wit witkowski witt witte wittmann wlodarczyk wojciechowski wojcik wolf wolfe \
     wolff wolter wolters wong wood woodard woods woodward wouters wozniak wright wrobel \
     wroblewski wu wunderlich wyatt wysocki xavier xiao xie xiong xu yadav yamada yamaguchi \
     yamamoto yanez yang yao yates ye yildirim yildiz yilmaz yoder yoon york yoshida young yu \
     yuan yusuf zaitsev zajac zakrzewski zalewski zambon zamora zander zanella zanetti zapata \
     zaragoza zauner zavala zawadzki zeller zeman zeng zepeda zhang zhao zheng zhou zhu \
     ziegler zielinski zijlstra zimmer zimmerman zimmermann ziolkowski zorzi zulu zuniga zwart \
     zych";
