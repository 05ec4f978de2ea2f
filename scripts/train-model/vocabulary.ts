import { polish, swedish, turkish } from './vocabulary-more.ts';

/** Words that templates are filled with, by language. Names, shops and hosts are invented. */
export interface Vocabulary {
  readonly topics: readonly string[];
  /** Sentences of honest talk. */
  readonly chat: readonly string[];
  readonly months: readonly string[];
  readonly products: readonly string[];
}

const list = (text: string): readonly string[] =>
  text
    .split('|')
    .map((item) => item.trim())
    .filter((item) => item !== '');

const english: Vocabulary = {
  topics: list(
    'garden shed|budget for spring|school trip|backup server|sample rate of the receiver|database migration|choir rehearsal|parking in town|release 4.2|bicycle repair|town library|printing the flyers|roof repair|new data on rivers|linear model with weights|the build is broken|photos from Sunday|room for the workshop|train times|recipe for plum cake|translation of the manual',
  ),
  chat: list(
    `I had a look at it yesterday and the second part seems fine to me.|The numbers do not add up in row twelve, could you check the spreadsheet?|We moved the meeting to Thursday because the room was taken.|I tried your patch but the compiler still gives the same error message.|The function returns a list, so you have to unlist it first.|As discussed, I attach the minutes.|Has anybody seen this before on version 3?|The kids are fine, thanks for asking; we were at the lake last weekend.|I think the driver is the problem, not the cable.|The library opens again on Monday with new shelves.|Researchers published a data set of river levels going back to 1950.|The new release fixes two bugs in the parser and speeds up the tests.|We are looking for volunteers for the autumn market.|The interview is about how small towns plan their bus lines.|Maybe we could ask Peter, he knows the people there.|It works for me when I set the buffer to 1024 samples.|Sorry for the late answer, I was travelling.|Could you send me the address of the hotel?|The council voted on the cycle path, the article explains what comes next.|You may want to look at the documentation of the plot command.|I agree with most of what you wrote, except the last point.|A reader asked how the figures were collected; the answer is in the notes.`,
  ),
  months: list('January|February|March|April|May|June|July|August|September|October|November|December'),
  products: list(
    'desk lamp|running shoes|phone|coffee grinder|cordless drill|headphones|rain jacket|air fryer|tool set|watch|tea pot|office chair|vacuum cleaner|power bank',
  ),
};

const german: Vocabulary = {
  topics: list(
    'Gartenhaus|Haushalt im Frühjahr|Klassenfahrt|Datensicherung|Chorprobe|Parkplätze|Fahrradwerkstatt|Stadtbücherei|Dachreparatur|Fotos vom Sonntag|Raum für den Kurs|Druck der Flyer|Rezept für Pflaumenkuchen|Umzug des Servers',
  ),
  chat: list(
    `Ich habe mir das gestern angesehen, der zweite Teil passt so.|In Zeile zwölf stimmt die Summe nicht, schaust du noch mal?|Wir haben die Besprechung auf Donnerstag verschoben, weil der Raum belegt war.|Anbei das Protokoll wie besprochen.|Hat jemand diesen Fehler schon gesehen?|Den Kindern geht es gut, wir waren am Wochenende am See.|Die Bücherei öffnet am Montag wieder mit neuen Regalen.|Für den Herbstmarkt suchen wir noch Helfer.|Vielleicht fragen wir Peter, der kennt die Leute dort.|Entschuldige die späte Antwort, ich war unterwegs.|Kannst du mir die Adresse des Hotels schicken?|Im Interview geht es um Buslinien auf dem Land.|Die neue Version behebt zwei Fehler.`,
  ),
  months: list('Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember'),
  products: list(
    'Schreibtischlampe|Laufschuhe|Smartphone|Kaffeemühle|Akkuschrauber|Kopfhörer|Regenjacke|Heißluftfritteuse|Werkzeugkoffer|Armbanduhr|Teekanne|Bürostuhl',
  ),
};

const french: Vocabulary = {
  topics: list(
    'abri de jardin|budget du printemps|sortie scolaire|sauvegarde|répétition de la chorale|stationnement|bibliothèque|toiture|photos de dimanche|salle pour le cours|atelier vélo',
  ),
  chat: list(
    `J'ai regardé hier, la deuxième partie me convient.|Le total de la ligne douze n'est pas juste, peux-tu vérifier ?|La réunion est déplacée à jeudi car la salle était prise.|Vous trouverez ci-joint le compte rendu.|Quelqu'un a-t-il déjà vu cette erreur ?|Les enfants vont bien, nous étions au lac ce week-end.|La bibliothèque rouvre lundi avec de nouveaux rayons.|Nous cherchons des bénévoles pour le marché d'automne.|Désolé pour la réponse tardive, j'étais en voyage.|Peux-tu m'envoyer l'adresse de l'hôtel ?`,
  ),
  months: list('janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre'),
  products: list(
    'lampe de bureau|chaussures de course|téléphone|moulin à café|perceuse|casque audio|veste de pluie|friteuse|montre|théière',
  ),
};

const spanish: Vocabulary = {
  topics: list(
    'caseta del jardín|presupuesto|excursión del colegio|copia de seguridad|ensayo del coro|biblioteca|tejado|fotos del domingo|taller de bicicletas',
  ),
  chat: list(
    `Lo miré ayer y la segunda parte me parece bien.|La suma de la fila doce no cuadra, ¿puedes revisarla?|La reunión pasa al jueves porque la sala estaba ocupada.|Adjunto el acta como quedamos.|¿Alguien ha visto antes este error?|Los niños están bien, el fin de semana fuimos al lago.|La biblioteca abre de nuevo el lunes.|Buscamos voluntarios para el mercado de otoño.|Perdona la tardanza, estaba de viaje.|¿Me puedes mandar la dirección del hotel?`,
  ),
  months: list('enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre'),
  products: list(
    'lámpara de mesa|zapatillas|teléfono|molinillo de café|taladro|auriculares|chaqueta|freidora|reloj|tetera',
  ),
};

const portuguese: Vocabulary = {
  topics: list(
    'orçamento da primavera|passeio da escola|cópia de segurança|ensaio do coral|biblioteca|telhado|fotos de domingo|oficina de bicicletas|sala do curso',
  ),
  chat: list(
    `Olhei ontem e a segunda parte está boa.|A soma da linha doze não confere, pode verificar?|A reunião passou para quinta porque a sala estava ocupada.|Segue em anexo a ata, como combinado.|Alguém já viu este erro?|As crianças estão bem, no fim de semana fomos ao lago.|A biblioteca reabre na segunda-feira.|Procuramos voluntários para a feira de outono.|Desculpe a demora, eu estava viajando.|Pode me mandar o endereço do hotel?`,
  ),
  months: list('janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro'),
  products: list(
    'luminária|tênis de corrida|celular|moedor de café|furadeira|fone de ouvido|jaqueta|fritadeira|relógio|chaleira',
  ),
};

const italian: Vocabulary = {
  topics: list(
    'bilancio di primavera|gita scolastica|prova del coro|biblioteca|tetto|foto di domenica|officina bici|sala per il corso',
  ),
  chat: list(
    `Ho guardato ieri e la seconda parte va bene.|La somma della riga dodici non torna, puoi controllare?|La riunione è spostata a giovedì perché la sala era occupata.|In allegato il verbale come d'accordo.|Qualcuno ha già visto questo errore?|I bambini stanno bene, domenica eravamo al lago.|La biblioteca riapre lunedì.|Cerchiamo volontari per il mercato d'autunno.|Scusa il ritardo, ero in viaggio.`,
  ),
  months: list(
    'gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre',
  ),
  products: list(
    'lampada|scarpe da corsa|telefono|macinacaffè|trapano|cuffie|giacca|friggitrice|orologio|teiera',
  ),
};

const dutch: Vocabulary = {
  topics: list(
    'begroting|schoolreis|back-up|koorrepetitie|bibliotheek|dakreparatie|foto’s van zondag|fietsenwerkplaats|zaal voor de cursus',
  ),
  chat: list(
    `Ik heb er gisteren naar gekeken, het tweede deel is prima.|De som in rij twaalf klopt niet, kun je het nakijken?|De vergadering is verplaatst naar donderdag omdat de zaal bezet was.|Bijgevoegd de notulen zoals besproken.|Heeft iemand deze fout eerder gezien?|Met de kinderen gaat het goed, we waren in het weekend aan het meer.|De bibliotheek gaat maandag weer open.|We zoeken vrijwilligers voor de herfstmarkt.|Sorry voor het late antwoord, ik was op reis.`,
  ),
  months: list('januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december'),
  products: list(
    'bureaulamp|hardloopschoenen|telefoon|koffiemolen|boormachine|koptelefoon|regenjas|airfryer|horloge|theepot',
  ),
};

/** By the name of the template file. */
export const vocabularies: Readonly<Record<string, Vocabulary>> = {
  en: english,
  de: german,
  fr: french,
  es: spanish,
  pt: portuguese,
  it: italian,
  nl: dutch,
  pl: polish,
  tr: turkish,
  sv: swedish,
};

export const firstNames = list(
  'Anna|Peter|Marie|Jan|Laura|Tom|Sofia|Paul|Ines|Marco|Helen|David|Clara|Lukas|Julia|Rui|Elena|Hugo|Nina|Oskar|Mila|Bruno|Greta|Sven|Paula|Tiago',
);
export const lastNames = list(
  'Berger|Novak|Costa|Hill|Lindner|Moreau|Rossi|Jansen|Keller|Silva|Ward|Ortega|Bauer|Dupont|Vries|Marsh|Weber|Santos|Conti|Holm|Fields|Garnier',
);
export const shops = list(
  'Nordlicht|Blue Harbour|Atelier Lune|Casa Verde|Wollwerk|Papermill|Kaffeekontor|Open Meadow|Bike & Bolt|Librairie du Port|Tienda del Sol|Loja da Praça|Bottega Nova|De Kade|Rasterwerk|Quarry Tools|Green Acre|Turnverein West|Maker Forum|Cloudnest|Paddle|Fieldnotes|Stadtbühne|Openboard|Trailhead',
);
export const cities = list(
  'Lisboa|Hamburg|Lyon|Valencia|Leeds|Torino|Utrecht|Graz|Porto|Bristol|Nantes|Bern|Gent|Sevilla|Kassel|Austin|Toronto',
);
export const streets = list(
  'Hafenstraße 12|12 Mill Road|rue du Port 4|Calle Mayor 31|Rua das Flores 8|via Roma 22|Kerkstraat 5|Lindenweg 3|48 Oak Avenue',
);
export const carriers = list('DHL|DPD|GLS|UPS|FedEx|Hermes|Royal Mail|Correios|Colissimo|PostNL|USPS');
export const brandNames = list(
  'PayPal|Amazon|Microsoft 365|Netflix|Apple|Sparkasse|Volksbank|Santander|Itaú|Bradesco|ING|HSBC|Chase|Facebook|Instagram|DocuSign|Dropbox|WhatsApp|Costco|Walmart|Lidl|Aldi|Coinbase|MetaMask|Norton|McAfee|Livelo|Caixa|Telekom|Orange|La Banque Postale|Poste Italiane|Rabobank|Commerzbank|Samsung|Lowe’s|Rewe|Magalu|Nubank|iCloud|LinkedIn',
);
