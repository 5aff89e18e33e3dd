//! Given names beyond those that running text is searched for: in a column, names that are words or
//! places too tell as much. Data only.

/// Lower case, without accents.
pub(super) const CALLINGS: &str = "aadhya aadi aakash aaltje aamir aanya aaradhya aarohi \
     aarush aaryan abdul abelardo abena abhishek abril achim adah adalberto adela aditi adolf \
     adriana adriano adrien advaith advik afonso agata agnese agostino agustin ahana ahmet \
     aidan aime ainhoa aino aishwarya aitor akash akiko akira aksel akshara alan alberte albie \
     albin albrecht alec aleksi alessio alexandru alexey alfons alfredo alisha allana allegra \
     allen allison alma alois alonso alvin ama amalia amani amara amber ambre amedeo amelie \
     amina amira anabel anaya andrey aneta angelica angelique angus anh anika aniruddh anker \
     ankit ankita ankur annalisa annamaria anne anne-marie annemieke annie annikki antero \
     antje antonietta antonina anvi aoi aoife apolline april araceli aravind arianna arie arif \
     arjan armando armin arnaldo arnaud arnaude arnav arne arno arnold aron arturo arun asger \
     asha asia asif asta asuncion atharv attilio august augusta auguste augustin augusto \
     aurelien aurora austin autumn ayaan ayesha ayush babita baptiste barbro barry bastien \
     beate begona bella ben benedetta benedetto benedikt benedita benicio bent berend berit \
     bernhard bert berta bertram bertrand bethany bettina beverly bharat bhavana bhavin biagio \
     billy bin birger birgitte birte birthe bjarne blanca bo boaz bodil bodo bogumila boguslaw \
     bongani bonnie borge boris borys brad bradley brandi brendan brett britta brittany \
     bronislaw bruce bryan burkhard busra caitlin caleb calogero calvin camiel camillo candela \
     candice caridad carina carl carla carmela carola carolin carrie cas casey casper \
     cassandra cassie catalina catharina cecile cecilie celia cesar cesare cezary charlie \
     chase chelsea chidi chirag chitra chris christel christer christiaan christiane \
     christoffer christoph ciara cindy cinzia cirillo clarence clarice claude claudine claus \
     clayton clelia clemens clement clemente clifford clinton cody cole colette colleen colton \
     concetta connie conny conor constanca constance cordula corentin corey corinne corrado \
     corrie cory costantino costanza cristobal crystal curt curtis cyril cyrille czeslaw \
     czeslawa daiki daisy dakota daksh dale dalton damian damon dana danny daphne daria darius \
     darlene darrell darren darryl darsh dave dawn dean declan deepika delia derrick desiree \
     dev devansh devin devon diana didier dietmar dietrich dillon dimitris dina dinesh dinis \
     dino ditte dmitry dobromir domenica domingo dominika don donato dorien dorothea dorte \
     dorthe drew duane duarte dulce duncan durga dustin dwayne earl ebba ebbe eberhard ebony \
     eckart eckhard edgar edouard eduard edwin eero eeva eija eila ejnar elaine eleanor \
     eleonore eliana elina eline eliseo elli ellinor elliot ellis elly eloa eloisa elsa else \
     elsie elvira elwira ema emanuelly emeka emelie emilia emmanuel engelbert ennio enrica \
     eoin erhard erica erich ermanno ernesto ersilia erwin eskild esme esmeralda esteban \
     etienne etta ettore euan eufemia eugen eugenia eugenio eugeniusz eveliina eveline evelio \
     evi evie ewald ezequiel fabiana fabiano fabienne fabiola fabrizia fabrizio falk fang \
     farhan fausto faustyna faye felicia feliks feline fenna ferdinand ferdinando ferre fidel \
     filipe filomena finlay fiorella flavia flavio flemming floor flora florence fortunato \
     franca francis franciszek franck francois frank frankie franklin franz franz-josef fraser \
     fred frederick frederico frederik freja frida friederike friedhelm fulvia fulvio \
     gabriella gabrielly gael gaja ganesh garrett garry gaspare gastone gavin geeta gelsomina \
     gema genaro gene gennaro genowefa georg georgia gerardo gerd gerda germaine german gernot \
     geronimo giacinto giada giampiero giancarlo gianfranco gianluca gianluigi gianmarco \
     gianna gianni gianpaolo gijs gilberto gilda gillian gina gioacchino gioele gioia giorgos \
     girish girolamo gisella gita giuliana giuliano giulio giuseppina giusy glen glenn goncalo \
     gopal gordon gorm gottfried grace graciela grant grazia greet greg gregoire gregor grethe \
     gudrun guendalina guido gun gunhild gunnel gustaw guus hagen hailey hamish hannele hannes \
     hannie hanno hannu hans-dieter hans-georg hans-jurgen hans-peter hao harald hari harish \
     harri harriet hartmut hartwig haruki haruto hayato hazel hector hedwig hee heide \
     heidemarie heidrun heikki heiner heinz helge helle hellmut helmi hendrika henning henny \
     henryka herbert herta herve hilde hilkka hina hinrich hitesh hjalmar hoa homero horacio \
     hui humberto hunter hyun iara ida iga ignazio iida iiris ilda ilkka ilmari imelda imran \
     ina inaya indrajit ineke inge ingeborg ingemar ingolf inkeri ion iraa ireneusz irfan irja \
     isa isabell isaiah isak ishita isla ismael ismo israel italo ivonne ivy izabela jaana \
     jace jacinta jack jackson jacoba jacobo jade jagdish jagna jake jakob jamie jan-willem \
     janne jannie jannis jantje janusz jared jari jarmo jaroslaw jasmijn jasmin jasmine jay \
     jaya jayant jayden jayesh jean-claude jean-francois jean-luc jean-marc jean-paul \
     jean-pierre jeanette jeff jeffery jelle jenna jenni jenson jeremiah jeremy jeronimo \
     jesper jesus jette jillian jim jimena jimmy jin jip jitesh joachim job jocelyne jochen \
     joe joelle johanne johnathan joke jon joon jordan jordi jorge-luis joris jorma jose-luis \
     josefin josefine josette josiane jost jouko jouni jozef juana jude judy juergen julieta \
     julio juma jun june jurre jussi jutta jyoti jytte kaarina kaarlo kai kaija kaisa kaitlyn \
     kaj kalevi kalle kalpana kamala kamilly kamlesh kara karim karina karl-heinz karla \
     karlheinz karlijn karthik kartik kashvi kasper katariina katarina katharina kati katie \
     katrine katy kauko kavish kavya kazimiera kazimierz keijo keiko keld kelsey kendra kent \
     kenta kerry keshav kian kieran kiki kilian kimmo kinga kiran kirk kirsi kirsti kirstine \
     kishore klaas klaasje klaudia klaus-peter klemens knud knut komal konstantin krista \
     kristiina kristin kristine kristoffer kristy krystal kurt kwabena kyara kyra lachlan \
     laerke laila lakshman lalita lamberto lan lance lasse latoya laurence laurens lauri \
     lazzaro lech lee leena lei leire lene lennard lenny leokadia leone leonie leonor leopoldo \
     leroy leszek letizia lia lianne liberto licia lies lieselotte liisa liisi lilia liliana \
     lilla lilly lina lindiwe lindsay line ling linh linus lis lisbeth liselotte liv liva \
     lizzy lodovico loes lokesh lola lonnie lore lorenz loretta lori lothar lotta lottie louie \
     lourdes lourenco lovisa luce luciana luciano lucien lucienne lucilia lucio lucjan \
     lucrezia lucyna ludger ludovica ludovico ludwig luigina luis-miguel luiz luna lupita lutz \
     lynda lynn lynne maarika maas macaria mackenzie madalena madelief madhav mael mafalda \
     magda maggie mahesh maija maik maisie maksymilian malik mallory malte malu mamta mandy \
     manoel mansi manya mara marcela marcella marcello marcia marcio mare maren margaretha \
     margarida margarita margherita margit margrethe margrit mari mariano marie-christine \
     marie-claude marie-france marie-laure mariella marije marijke marijn marika marilyn \
     marine marion marisela marissa marja marjan marjatta marjo marjon marjut mark marketta \
     markku marleen marlies marten martim martinho martta martti martyna maryse marzena mason \
     matheus mathias mathilda mathis matilda matilde mats mauno mauri maurice mauricio mauro \
     max maximiliano maxwell maya mckenzie meghan mei meinhard meinolf melina melvin menno \
     merel merete merja merle merve mervi meryem micael micaela michaela michalina \
     michelangelo mieczyslaw mieczyslawa miguel-angel mike mikkel mikko mila milagros milla \
     mille millie milou min mina mindy minerva minna mira miranda mirco mireille miriam mirja \
     mirjam mirjami mirna miroslaw miroslawa mirthe misty miyu moa modesto mogens mohan mona \
     moos morena murali muriel myra nadeem nadja naja nakul namita nanna naoko naomi naresh \
     natan natasha nath nathaniel navya nayeli neel nele nella nelly nelson nerea nestor neuza \
     nick nico nicolai nicolo niek niene nienke nieves niina nikita niko nikolaj nikolay nikos \
     nilesh nirmala nitin nitya njeri noe noemie nomsa noor noora norma norman noud nour nuno \
     octavio oda ofelia olavi olgierd olive oliwier olli om oona oreste orla orlando ortwin \
     oskari osmo osvaldo oswald otmar ottavio otylia outi paavo paloma pari parker parth \
     parvati pascale pascual pasi pasquale patricio patrik patrizio pauli payal peggy pentti \
     pepijn per perla pernilla perry pertti petri petronella petrus petteri phoebe phuong pien \
     pierina pierluigi pierpaolo pieter pilar pim pina pirjo pirkko piya pola porfirio poul \
     pranav prasad preben preston priscilla prisha puck purificacion qiang quentin quin \
     quinten raffaella raghav raija raili raimo raimondo raimund raimundo raine rakesh ram \
     ramazan ramona randi randy rania rashid rashmi ray rayan raymonde rebecka reena reetta \
     reggie regina reginald regine regis reijo reimund reina reinhard reinhold remigio renee \
     reuben reyansh reynaldo rhonda ria rianne rickard ricky riet rigmor riitta rik rikke rin \
     rinaldo risto rita ritvik riya rizwan roan rob robyn rocco rodney rodolfo roel rogerio \
     rolando roma romain romana romane romano romeo romina ron ronja ronnie roosa rory rosa \
     rosalba rosalia rosalie rosangela rosanna rosaria rose rosemary rosendo rosie rosina ross \
     rossana roswitha rowan rudi rudiger rufino ruggero rupert ryota saanvi saar saara \
     sabatino sadhana sahana sahil sai saif sakari salla sally salma salman salome salvador \
     sam samarth sami samir sana sandhya sandro sanjeev sanna santa santeri santiago santino \
     saoirse saraswati sari satish satoshi satu sauli saurabh saverio sean sebastiano \
     sebastiao seija selena senja senna seppo serena serge sergey seth seung severin severino \
     shanaya shannon shaun shaurya shawn shelby shelia shelley shelly sheri sherri sherry \
     shobha shota shweta sibylle siddharth siegbert siegfried siegmund sienna sierra sigmund \
     signe sigurd siiri silja silje silvana silvano simao simo simonetta sinead sini sinikka \
     sirkka sirpa sisko sita siya sjoerd sneha socorro sofie sofus sohan solange soledad soo \
     sota sourav srinivas stacey stacie stan stanley steen steffen steffi stella stephan steve \
     stig stina stine storm subhash sudha sultan summer sunanda susanna sushma suvi svend \
     svenja sveva sybille sydney sylvia tage taina taisto takumi tamara tania tanya tao tapio \
     tara tarek tarja tarmo tasha tatjana tauno tea ted teddy teemu tejas telmo teodor teodoro \
     teppo terhi tero terrence terri terttu thea theophile thi thibaut thijmen thijn thilo \
     ties tiia tiina tijmen till tilo tineke tino tiziana tiziano todd toivo tola tom tome \
     tommi toni tonino tonny tony topi torben torquato tove tracey traci trang travis tricia \
     trine trinidad trisha troels troy truus tuan tuija tullio tuomas tuomo tushar tuukka \
     tuulia tuulikki twan tygo tymoteusz tyrone udo uffe uli ulises ulrich ulrik uma umesh \
     unto urho uriel urpo urvashi ute vagn vaibhav vaino valdemar valentim valentin valentine \
     valentino valerio van vanesa vanni vappu vasco veena veer veera veerle vega veikko veit \
     veli venkat venla verena vernon vesa vibeke vicki victoria viggo vigo vihaan vikas \
     viktoria viljo villads ville villiam vilma vimala vince vincenza vinita violeta viraj \
     virgilio virginia vitale vitor-hugo vittorio vivek viviana voitto volkmar waldemar walid \
     walter wanda warren wasim welf wendelin wesley wessel whitney wiebke wieland wieslaw \
     wieslawa wil wilfrido wilfried wilhelm wilhelmina wilhelmus willemien willi willow willy \
     wilson winfried wladyslaw wolfram xander xaver xavi xin yannick yannis yara yesenia \
     yogesh yoko young youssef yrjo yui yumi yuna yuridia yuto yuvraj zacarias zaid zain zaira \
     zara zdzislaw zdzislawa zeeshan zeferino zoja zoya zygmunt";
