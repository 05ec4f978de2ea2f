/** Names that phishing borrows, as their own domains spell them. */
export const brands: ReadonlySet<string> = new Set(
  `
paypal amazon apple icloud microsoft office365 outlook onedrive sharepoint netflix spotify facebook instagram whatsapp google gmail
linkedin dropbox docusign adobe ebay aliexpress walmart costco target bestbuy homedepot lowes starbucks mcdonalds cocacola
dhl fedex ups usps dpd gls hermes chronopost colissimo laposte correos correios postnl bpost royalmail evri poste deutschepost swisspost
sparkasse volksbank commerzbank postbank deutschebank ing dkb comdirect targobank n26 santander bbva caixabank bankia sabadell unicaja
itau bradesco caixa nubank banrisul serasa mercadolivre mercadopago magalu livelo intesa unicredit bnl postepay nexi
bnpparibas creditagricole societegenerale labanquepostale boursorama caissedepargne lcl ameli impots antai
hsbc barclays lloyds natwest chase wellsfargo bankofamerica citibank citi usbank capitalone amex americanexpress mastercard visa
rabobank abnamro bunq digid mijnoverheid belastingdienst kpn ziggo telekom vodafone orange movistar telstra tmobile verizon att
coinbase binance metamask trustwallet ledger trezor kraken blockchain opensea norton mcafee geeksquad
irs hmrc finanzamt elster agenziaentrate hacienda receita ionos strato ovh godaddy hostinger wetransfer zoom shein temu lidl aldi rewe
edeka kaufland mediamarkt samsung iphone playstation disney walgreens cvs kohls tmobile harborfreight yeti dyson makita bosch dewalt
`
    .trim()
    .split(/\s+/),
);

/** Mail providers where everybody gets an address. */
export const freeMail: ReadonlySet<string> = new Set(
  `gmail.com googlemail.com yahoo.com ymail.com rocketmail.com hotmail.com outlook.com live.com msn.com aol.com icloud.com me.com mail.com
gmx.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de mail.ru yandex.ru yandex.com bk.ru inbox.ru list.ru rambler.ru
protonmail.com proton.me tutanota.com zoho.com orange.fr wanadoo.fr free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it alice.it
uol.com.br bol.com.br terra.com.br ig.com.br yahoo.com.br hotmail.com.br yahoo.fr yahoo.de yahoo.es yahoo.it yahoo.co.uk hotmail.fr hotmail.de
hotmail.es hotmail.it hotmail.co.uk outlook.fr outlook.es outlook.de ziggo.nl kpnmail.nl xs4all.nl planet.nl qq.com 163.com 126.com sina.com naver.com
daum.net aim.com cox.net comcast.net verizon.net att.net sbcglobal.net btinternet.com excite.com lycos.com`.split(
    /\s+/,
  ),
);

/** Domains that make links short or pass them on. */
export const shorteners: ReadonlySet<string> = new Set(
  `bit.ly tinyurl.com t.co goo.gl ow.ly is.gd buff.ly cutt.ly rb.gy rebrand.ly t.ly shorturl.at s.id tiny.cc bl.ink lnkd.in v.gd adf.ly soo.gd
shorte.st clck.ru qr.io qrco.de linktr.ee t.me wa.me encurtador.com.br urlz.fr x.gd tny.im gg.gg u.to lnk.bio n9.cl acortar.link me2.do 1drv.ms`.split(
    /\s+/,
  ),
);

/** Places where anybody can put a page or a file up within minutes. */
export const openHosting =
  /(?:^|\.)(?:web\.app|firebaseapp\.com|appspot\.com|blogspot\.com|weebly\.com|weeblysite\.com|wixsite\.com|github\.io|gitlab\.io|netlify\.app|vercel\.app|pages\.dev|workers\.dev|r2\.dev|herokuapp\.com|glitch\.me|repl\.co|000webhostapp\.com|godaddysites\.com|square\.site|webflow\.io|wordpress\.com|azurewebsites\.net|windows\.net|amazonaws\.com|cloudfront\.net|storage\.googleapis\.com|ipfs\.io|dweb\.link|forms\.gle|jotform\.com|typeform\.com|site123\.me|yolasite\.com|duckdns\.org|ngrok\.io|ngrok-free\.app|translate\.goog|digitaloceanspaces\.com|backblazeb2\.com|linodeobjects\.com|fleek\.co|surge\.sh|geocities\.com|tripod\.com|angelfire\.com)$/;

/** Top-level domains that are given away or sold in bulk. */
export const cheapTopLevels: ReadonlySet<string> = new Set(
  `tk ml ga cf gq top xyz icu club online site website space store shop live click link work fun buzz rest monster cyou sbs cfd bond quest lol
info biz us cc ws pw su bid win loan men date review trade stream download racing party science faith cricket accountant autos beauty hair skin makeup
boats homes yachts motorcycles zip mov today world life best pro vip ru cn`.split(/\s+/),
);

/** Places where anybody can put pictures up. */
export const openPictures =
  /(?:^|\.)(?:imgur\.com|ibb\.co|postimg\.cc|imgbb\.com|tinypic\.com|photobucket\.com|bp\.blogspot\.com|googleusercontent\.com|imageshack\.us|prnt\.sc|gyazo\.com|cloudinary\.com|wixstatic\.com|amazonaws\.com|storage\.googleapis\.com|discordapp\.(?:com|net)|ytimg\.com|flickr\.com|staticflickr\.com)$/;
