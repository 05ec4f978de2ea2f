import type { Vocabulary } from './vocabulary.ts';

const list = (text: string): readonly string[] =>
  text
    .split('|')
    .map((item) => item.trim())
    .filter((item) => item !== '');

export const polish: Vocabulary = {
  topics: list(
    'wycieczka szkolna|próba chóru|biblioteka|remont dachu|budżet|zdjęcia z niedzieli|sala na kurs',
  ),
  chat: list(
    'Obejrzałem to wczoraj, druga część jest w porządku.|Suma w wierszu dwunastym się nie zgadza.|Spotkanie przenieśliśmy na czwartek.|W załączeniu protokół.|Czy ktoś widział już taki błąd?|Biblioteka otwiera się w poniedziałek.|Szukamy wolontariuszy na jesienny targ.|Przepraszam za późną odpowiedź.',
  ),
  months: list(
    'stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia',
  ),
  products: list('lampka|buty do biegania|telefon|młynek do kawy|wiertarka|słuchawki|kurtka|zegarek|czajnik'),
};

export const turkish: Vocabulary = {
  topics: list('okul gezisi|koro provası|kütüphane|çatı onarımı|bütçe|pazar fotoğrafları|kurs odası'),
  chat: list(
    'Dün baktım, ikinci bölüm iyi görünüyor.|On ikinci satırdaki toplam tutmuyor, bakar mısın?|Toplantıyı perşembeye aldık.|Tutanak ektedir.|Bu hatayı daha önce gören var mı?|Kütüphane pazartesi açılıyor.|Sonbahar pazarı için gönüllü arıyoruz.|Geç yanıt için kusura bakma.',
  ),
  months: list('Ocak|Şubat|Mart|Nisan|Mayıs|Haziran|Temmuz|Ağustos|Eylül|Ekim|Kasım|Aralık'),
  products: list(
    'masa lambası|koşu ayakkabısı|telefon|kahve değirmeni|matkap|kulaklık|yağmurluk|saat|çaydanlık',
  ),
};

export const swedish: Vocabulary = {
  topics: list('skolresan|körövningen|biblioteket|taket|budgeten|bilderna från söndagen|lokalen till kursen'),
  chat: list(
    'Jag tittade på det i går och andra delen är bra.|Summan på rad tolv stämmer inte.|Mötet är flyttat till torsdag.|Protokollet är bifogat.|Har någon sett det här felet förut?|Biblioteket öppnar igen på måndag.|Vi söker frivilliga till höstmarknaden.|Förlåt att jag svarar sent.',
  ),
  months: list('januari|februari|mars|april|maj|juni|juli|augusti|september|oktober|november|december'),
  products: list('skrivbordslampa|löparskor|telefon|kaffekvarn|borrmaskin|hörlurar|regnjacka|klocka|tekanna'),
};

/** Sentences of stories, as spam strews them in to look like somebody's letter; ours. */
export const fiction = list(
  `The old lighthouse keeper had not spoken to anyone since the storm.|She counted the steps twice and still came to a different number.|Behind the mill the river turned black and slow.|He said nothing, but the dog knew.|Nobody in the village remembered who had planted the third apple tree.|On the morning of the fair the clock in the tower ran backwards.|They carried the piano across the frozen lake before noon.|A letter without stamp lay on the table when we came back.|My uncle sold umbrellas in a town where it never rained.|The train stopped between two fields, and a boy with a goose got on.|Her grandmother kept the maps under the bread.|It was the kind of evening that smells of tar and oranges.|Three keys hung by the door, and none of them fitted.|The schoolmaster wrote the same word forty times.|When the ferry came at last, the harbour was full of paper boats.|You could hear the bees as far as the station.|In winter the two sisters shared one pair of boots.|He bought the horse because of its name.|The bell rang from below the water, or so they told the children.|Snow fell into the open drawer.`,
);

/** What takes the place of text in drafts and previews. */
export const lorem = list(
  `Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua.|Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat.|Duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur.|Excepteur sint occaecat cupidatat non proident, sunt in culpa qui officia deserunt mollit anim id est laborum.`,
);

/** Items of honest newsletters and product letters. */
export const tips: Readonly<Record<string, readonly string[]>> = {
  en: list(
    `Press the slash key to search from anywhere.|Templates can now be shared with the whole team.|Water the plants in the evening, not at noon.|The museum is open until nine on Thursdays.|Our bakery in the old town has new hours.|Export your lists as a spreadsheet with two clicks.|The new running shoes weigh forty grams less.|How to store apples until spring: cool, dark and one by one.|We talked to the woman who repairs all the clocks of the region.|Comments can be answered by mail now.|Save the date: the summer party is on the last Friday of June.|The app works without a network, too.|Read how a school cut its waste by half.|Rooms with a view of the lake are available again in May.`,
  ),
  de: list(
    `Listen lassen sich jetzt mit dem Team teilen.|Das Museum ist donnerstags bis neun geöffnet.|Gießen Sie die Pflanzen abends.|Die Suche findet nun auch Anhänge.|Unsere Werkstatt zieht um.|So lagern Sie Äpfel bis zum Frühjahr.|Das Sommerfest ist am letzten Freitag im Juni.|Zimmer mit Blick auf den See sind im Mai wieder frei.`,
  ),
  pt: list(
    `As listas agora podem ser compartilhadas com a equipe.|O museu abre até as nove às quintas.|Regue as plantas à noite.|A busca agora encontra anexos.|A festa de verão é na última sexta de junho.|Veja como guardar maçãs até a primavera.`,
  ),
  fr: list(
    `Les listes se partagent désormais avec l'équipe.|Le musée ouvre jusqu'à neuf heures le jeudi.|Arrosez les plantes le soir.|La fête d'été a lieu le dernier vendredi de juin.|Comment garder les pommes jusqu'au printemps.`,
  ),
  es: list(
    `Las listas ya se pueden compartir con el equipo.|El museo abre hasta las nueve los jueves.|Riegue las plantas por la noche.|La fiesta de verano es el último viernes de junio.|Cómo guardar manzanas hasta la primavera.`,
  ),
};

export const coins = list(
  'ETH|BTC|XRP|USDT|SOL|ADA|DOT|BNB|LTC|XLM|DOGE|SHIB|AVAX|MATIC|TRX|ARB|Bitcoin|Ethereum|Solana|Cardano|Polygon|Dogecoin',
);
export const exchanges = list(
  'Binance|Coinbase|Kraken|Celsius|BlockFi|FTX|KuCoin|Bitstamp|Gemini|OKX|Crypto.com',
);
export const wallets = list('MetaMask|Ledger|Trezor|Trust Wallet|Phantom|Exodus|Coinbase Wallet|Electrum');
export const banks: Readonly<Record<string, readonly string[]>> = {
  en: list('Chase|HSBC|Barclays|Wells Fargo|Lloyds|Citibank|NatWest|Capital One|Santander|Bank of America'),
  de: list(
    'Sparkasse|Volksbank|Postbank|Commerzbank|DKB|ING|Deutsche Bank|Consorsbank|Targobank|Comdirect|Advanzia',
  ),
  fr: list('La Banque Postale|Crédit Agricole|BNP Paribas|Société Générale|LCL|Boursorama|Caisse d’Epargne'),
  es: list('BBVA|Santander|CaixaBank|Sabadell|Unicaja|Kutxabank|Ibercaja|Abanca'),
  pt: list('Itaú|Bradesco|Banco do Brasil|Caixa|Santander|Nubank|Banco Inter|Sicoob|Banrisul|C6 Bank'),
  it: list('Intesa Sanpaolo|UniCredit|Poste Italiane|BPER|Nexi|Banco BPM|ING'),
  nl: list('ING|Rabobank|ABN AMRO|SNS|Bunq|ICS'),
  pl: list('mBank|PKO|Pekao|Santander|ING|Alior'),
  tr: list('Ziraat Bankası|Garanti|İş Bankası|Akbank|Yapı Kredi'),
  sv: list('Swedbank|Nordea|Handelsbanken|SEB'),
};
export const streams = list('Netflix|Disney+|Spotify|Prime Video|YouTube Premium|HBO|Apple TV|Paramount+');
export const companies = list(
  'Halden Supplies Ltd|Morrow & Finch LLC|Verdant Trading Co|Quill Systems|Northgate Media|Pallas Consulting|Brightwell Direct|Osprey Leads|Tandem Works|Castell Group|Orin Partners|Lumen Deals',
);
