/** What spam offers or tells. Written as {@link askingPhrases} are. */
export const offeringPhrases = {
  prize: `
    you _ won; you have won; winner; winners; winning; congratulations; lottery; lotto; jackpot; sweepstake*; your prize; claim _ prize; claim _ reward; reward*; gift card*; free gift;
    exclusive gift; have been selected; has been selected; been chosen; lucky; giveaway; voucher; bonus; survey; answer _ questions; loyalty program; free sample; for free; surprise; raffle;
    gewonnen; gewinner*; gewinn*; gluckwunsch*; herzlichen gluckwunsch; ausgewahlt; gutschein*; geschenk*; verlosung; umfrage; belohnung; gratis; kostenlos*; gratisprobe; jahresvorrat; pramie; teilnahme;
    vous avez gagne; gagnez; gagnant*; felicitations; cadeau; bon d achat; carte cadeau; loterie; tirage; sondage; recompense; offert*; gratuit*; selectionne; heureux gagnant; echantillon*;
    ha ganado; has ganado; ganador*; felicidades; felicitaciones; premio; sorteo; loteria; tarjeta regalo; regalo; encuesta; recompensa; gratis; seleccionad*; cheque regalo;
    voce ganhou; ganhou; ganhador*; parabens; premio*; sorteio; sorteado; loteria; vale presente; presente; brinde*; pesquisa; recompensa; gratis; gratuito; selecionad*; pontos; milhas; livelo; esfera; acumulad*; cashback; cupom;
    hai vinto; ha vinto; vincitor*; congratulazioni; complimenti; premio; lotteria; buono regalo; regalo; sondaggio; ricompensa; gratuit*; selezionat*; omaggio; estrazione; vinci;
    gewonnen; winnaar*; gefeliciteerd; prijs; loterij; cadeaubon; cadeau; enquete; beloning; geselecteerd; gratis;
    wygral*; nagrod*; gratulacje; tebrikler; kazandin*; hediye*; du har vunnit; grattis; vinnare`,
  'advance-fee': `
    inheritance; next of kin; beneficiary; late client; deceased; late husband; my late; funds transfer; transfer _ funds; fund release; release _ funds; compensation fund; unclaimed; dormant account; consignment;
    barrister; attorney at law; diplomat*; united nations; world bank; central bank; atm card; western union; moneygram; million dollars; million usd; million us; million euro*; millions; us dollars; million united;
    business proposal; business proposition; mutual benefit; strictly confidential; utmost; trustworthy; god bless; dear friend; dear beloved; beloved; charity; donat*; orphan*; widow; cancer; foreign partner;
    my name is; i am mr; i am mrs; i am miss; contact me; reply to me; get back to me; your full name; your telephone; your occupation; compensation; payment of; sum of; the sum; percent of; investor*; investment partner; oil company; gold; contract sum;
    erbschaft; erbe; nachlass; verstorben*; begunstigt*; begunstigter; millionen; spende; spenden; vertraulich; anwalt; geschaftsvorschlag; wohltatigkeit; lieber freund; hinterlassen; kontaktieren sie mich; antworten sie mir;
    heritage; heritier; defunt; beneficiaire; millions; don de; donation; confidentiel*; avocat; notaire; proposition d affaires; partenariat; cher ami; mon epoux; legs; leguer; orphelin*; oeuvre*; contactez moi;
    herencia; heredero; fallecid*; beneficiari*; millones; donacion; abogado; propuesta de negocio; querido amigo; viuda; contacteme; fondos;
    heranca; herdeiro; falecid*; beneficiari*; milhoes; doacao; advogado; proposta de negocio; caro amigo; viuva; entre em contato; fundos; precatorio*; indenizac*; valores a receber; saldo;
    eredita; erede; defunt*; deceduto; beneficiari*; milioni; donazione; confidenzial*; avvocato; proposta d affari; caro amico; vedova; mi contatti; fondi;
    erfenis; erfgenaam; overleden; begunstigde; miljoen; donatie; vertrouwelijk; advocaat; zakelijk voorstel; beste vriend; weduwe;
    strictly confidential; spadek; milionow; adwokat; miras; avukat; arv`,
  'crypto-invest': `
    bitcoin*; btc; ethereum; crypto*; blockchain; airdrop; wallet; seed phrase; recovery phrase; metamask; nft; token sale; trading platform; trader*; trading; forex; binary options; passive income; financial freedom;
    invest; investment; investment opportunity; guaranteed returns; roi; profit*; earn _ day; earn _ week; earn money; make money; extra income; work from home; penny stock; stock alert; hot stock; otc; stock symbol; get rich; millionaire;
    investition*; investier*; anlage; rendite*; geld verdienen; passives einkommen; nebenverdienst; krypto*; reich werden; gewinne; millionar; handelsplattform; auszahlung; bitcoin code; heimarbeit; verdienen;
    investir; investissement*; rendement*; gagner de l argent; revenu passif; revenus; trading; cryptomonnaie*; travail a domicile;
    invertir; inversion*; rentabilidad; ganar dinero; ingresos; criptomoneda*; trabajar desde casa;
    investir; investimento*; rendimento*; ganhar dinheiro; renda extra; lucro*; lucrar; criptomoeda*; trabalhar em casa; faturar; dinheiro; ganhe; liberdade financeira; enriquec*;
    investire; investiment*; rendiment*; guadagn*; reddito passivo; criptovalut*; lavorare da casa;
    investeren; beleggen; rendement; geld verdienen; passief inkomen; thuiswerk*; winst`,
  loan: `
    loan; loans; personal loan; business loan; mortgage; refinanc*; low interest; interest rate; interest rates; bad credit; credit score; debt*; consolidat*; pre approved; pre qualified; lender*; lending; home equity; credit repair; insurance quote; life insurance; cheap insurance; auto insurance; funeral;
    kredit; kredite; darlehen; schufa; sofortkredit; zinssatz; zinsen; schulden; finanzierung; umschuld*; sterbegeld; versicherung; krankenversicherung; krankenkasse;
    pret personnel; pret; prets; credit; taux; rachat de credit; emprunt*; endettement; mutuelle; assurance; pret entre particulier*;
    prestamo*; credito; tasa de interes; hipoteca; deudas; seguro de;
    emprestimo*; credito; consignado; taxa de juros; financiamento; limite; seguro; limpar nome; limpe seu nome; consorcio; fgts; aposentad*; inss;
    prestito; prestiti; tasso; mutuo; finanziament*; debiti; assicurazion*;
    lening; leningen; krediet; rente; schulden; verzekering; hypotheek`,
  pharma: `
    viagra; cialis; levitra; pharmacy; pharmacies; prescription*; pills; pill; medication*; meds; drugs; erectile; erection; enlarge*; enlargement; penis; potency; libido; testosterone; hgh; growth hormone; xanax; valium; phentermine; vicodin; tramadol; cbd; gummies; keto; weight loss; lose weight; fat burn*; belly fat; diet; slim*; blood sugar; diabetes; diabetic; blood pressure; anti aging; wrinkle*; hair loss; tinnitus; neuropathy; prostate; joint pain; detox; miracle; natural remedy; doctor* hate; vision loss; memory loss; toenail fungus;
    apotheke; potenz*; abnehmen; abnehm*; diat; gewichtsverlust; fettverbrenn*; fett; blutzucker; blutdruck; gelenkschmerz*; arznei*; nahrungserganzung*; haarausfall; schmerz*; pfunde; prostata; hausmittel;
    pharmacie; maigrir; perte de poids; perdre du poids; minceur; brule graisse; complement alimentaire; regime; arthrose; diabete; glycemie; articulaire*;
    farmacia; perder peso; adelgaz*; dieta; quemar grasa; ereccion; disfuncion; suplemento*; diabetes; prostata;
    farmacia; emagrec*; perder peso; dieta; queimar gordura; ereca*; disfunca*; suplemento*; diabetes; calvicie; prostata; impotencia; remedio; varizes; celulite; cha; barriga; capsula*; tesao;
    farmacia; dimagr*; perdere peso; dieta; brucia grassi; erezione; integrator*; diabete; prostata;
    apotheek; afvallen; dieet; vetverbrand*; erectie; diabetes; gewichtsverlies`,
  adult: `
    sex; sexy; sexual; porn*; xxx; nude*; naked; hot girls; girls; horny; hookup; dating; single women; singles; lonely; cheating; webcam; cam girl*; escort*; adult; russian women; russian girl*; ukrainian women; asian women; fuck*; milf*; affair; slut*; teen*; flirt*; meet women; private photos; pictures of me;
    nackt*; frauen; dating; partnersuche; kontaktanzeige*; treffen; sextreffen; seitensprung; geil*; heisse; singleborse;
    rencontre*; celibataire*; femmes; chaud*; coquin*; plan cul; nue; voyance; voyant*;
    citas; solteras; mujeres; desnud*; calient*; sexo;
    encontros; solteiras; mulheres; nua*; gostosa*; sexo; safad*; peladas; putaria;
    incontri; donne; nud*; sesso; ragazze;
    vrouwen; daten; naakt*; geile; sekscontact; seks`,
  casino: `
    casino; casinos; gambling; betting; bet now; free spins; spins; slots; poker; roulette; blackjack; wager*; sportsbook; no deposit; welcome bonus; deposit bonus;
    freispiele; spielautomat*; wetten; willkommensbonus; einzahlungsbonus; spielbank; einzahlung;
    tours gratuits; machines a sous; pari; paris sportifs; bonus de bienvenue;
    tragaperras; tiradas gratis; apuesta*; giros gratis; bono de bienvenida;
    cassino; rodadas gratis; giros gratis; aposta*; apostar; bonus de boas vindas; tigrinho; slots;
    giri gratis; slot machine; scommess*; bonus di benvenuto;
    gokken; gokkast*; gratis spins; welkomstbonus; inzet`,
  sextortion: `
    hacked; hacker; i hacked; trojan; spyware; recorded you; recorded a video; your webcam; your camera; your contacts; masturbat*; pleasur*; compromising; intimate; embarrass*; humiliat*; ransom; bitcoin address; btc wallet; my bitcoin wallet; i know your password; full access; i infected; leaked; porn sites; adult sites; 50 hours; screen recording; remote control; keylogger; your device; your browsing;
    gehackt; trojaner; schadsoftware; webcam; aufgezeichnet; aufgenommen; masturb*; kontakte; bitcoin wallet; zugriff auf; losegeld; befriedig*; peinlich*; intim*; kompromittier*;
    pirate; pirater; logiciel malveillant; cheval de troie; enregistre; masturb*; vos contacts; rancon; intim*; webcam;
    hackead*; troyano; masturb*; sus contactos; rescate; programa malicioso; camara;
    hackead*; invadi; trojan; gravei; grav*; masturb*; seus contatos; resgate; camera;
    hackerat*; hackerare; registrat*; masturb*; contatti; riscatto; telecamera;
    gehackt; trojan; opgenomen; masturb*; contacten; losgeld; webcam`,
  'sales-pitch': `
    special offer; limited offer; exclusive offer; best price; best prices; lowest price; low price; low prices; save up; save big; discount*; clearance; off retail; percent off; free shipping; money back; satisfaction guaranteed; no obligation; risk free; no cost; no risk; order today; call now; toll free; amazing; incredible; guaranteed; guarantee; bargain; unlimited; rolex; watches; handbags; luxury; designer; cheap; affordable; wholesale; best deal; deals; brand new; once in a lifetime; as seen on; 100 free; all natural; act fast; sold out; sale; cheapest; oem; diploma; university degree;
    sonderangebot; angebot*; rabatt*; schnappchen; tiefstpreis; gunstig*; sparen; sie sparen; aktionspreis; bestpreis; geld zuruck; nur fur kurze; exklusiv*; ausverkauf; unverbindlich; solange; vergleich*; treppenlift; solaranlage; photovoltaik; warmepumpe; badewanne; hausnotruf;
    offre speciale; offre exclusive; offre limitee; promotion*; promo; remise*; soldes; prix bas; satisfait ou rembourse; sans engagement; profitez; reduction; meilleur prix; panneaux; devis gratuit; isolation; pompe a chaleur;
    oferta*; descuento*; promocion*; rebaja*; ahorr*; mejor precio; sin compromiso; aprovech*; liquidacion;
    oferta*; desconto*; promoca*; imperdivel; frete gratis; economiz*; melhor preco; sem compromisso; garantia; condicoes especiais; queima de estoque; lancamento; apenas hoje; preco; barato; curso; ebook; treinamento; metodo;
    offerta*; offerte; sconto; sconti; promozion*; risparmi*; prezzo; miglior prezzo; senza impegno; approfitta; esclusiv*;
    aanbieding*; korting*; actieprijs; bespaar; voordelig; goedkoop; exclusief; uitverkoop; vrijblijvend`,
  'business-pitch': `
    seo; first page; page rank; backlink*; guest post; web design; website design; website traffic; more traffic; lead generation; email list; mailing list of; email bulk email; million emails; email addresses; marketing services; digital marketing; app development; offshore; outsourc*; quotation; interested in buying; mass mailing; opt in;
    suchmaschine*; webdesign; mehr kunden; hersteller; fabrik; mehr besucher; followers;
    referencement; prospects; fabricant; fichier;
    posicionamiento; clientes potenciales; fabricante; cotizacion; mas clientes;
    seu site; seu negocio; mais clientes; mais vendas; fabricante; cotacao; lista de emails; mala direta; seguidores; empreend*; representante*;
    posizionamento; nuovi clienti; produttore;
    zoekmachine; meer klanten; fabrikant;`,
  'tax-refund': `
    tax refund; refund; refunds; irs; hmrc; tax return; tax payment; eligible; entitled; government grant; grant; stimulus; rebate; reimbursement; social security; benefits; claim your; pending refund; overpaid; traffic fine; penalty; court; lawsuit; legal action; subpoena; warrant; complaint against;
    steuererstattung; ruckerstattung; erstattung; finanzamt; bundeszentralamt; steuer*; anspruch; zollamt; elster; rundfunkbeitrag; bussgeld; gericht; klage; polizei; vorladung;
    remboursement; impots; impot; ameli; assurance maladie; caf; indu; amende; antai; contravention; vignette; crit air; convocation; gendarmerie; tribunal; ayant droit; tropercu;
    devolucion; reembolso; agencia tributaria; hacienda; impuesto*; multa*; dgt; citacion; denuncia; juzgado;
    restituicao; reembolso; receita federal; imposto*; multa*; detran; intimacao; processo; judicial; oficial; cpf; cnpj; irregular*; ipva; cnh; justica; denuncia; infracao; notificacao;
    rimborso; agenzia delle entrate; imposta; multa; tasse; tribunale; denuncia; inps;
    teruggave; terugbetaling; belastingdienst; belasting; boete; toeslag; digid; gerecht*; deurwaarder; cjib`,
  support: `
    call us; call our; toll free; customer support number; helpline; if you did not; did not authorize; did not make this; not authori*; cancel _ order; cancel _ subscription; to cancel; dispute; geek squad; norton; mcafee; order has been; thank you for your purchase; your subscription has been renewed; renewal; windows defender; tech support; technician; contact _ number; service number;
    rufen sie; kundendienst; stornier*; kundigen; wenn sie _ nicht; hotline; verlangerung; microsoft support;
    appelez; service client; annuler; resilier; renouvellement; si vous n;
    llame; llamenos; atencion al cliente; cancelar; renovacion; si usted no;
    ligue; central de atendimento; cancelar; renovacao; caso nao; nao reconhec*; 0800; sac; whatsapp; chame; atendimento;
    chiami; chiama; servizio clienti; annullare; disdire; rinnovo; se non;
    bel ons; klantenservice; annuleren; opzeggen; verlenging; als u niet`,
  coins: `
    airdrop*; staking; stake your; connect _ wallet; your wallet; wallet address; seed phrase; recovery phrase; private key*; metamask; trezor; trust wallet; hardware wallet; usdt; xrp; eth; bnb; solana;
    token holder*; claim _ tokens; your tokens; token distribution; withdrawal request; withdraw _ funds; digital asset*; self custody; smart contract; snapshot; presale; defi; crypto wallet; wallet verification;
    wallet _ verif*; wallet _ bestatig*; portefeuille _ crypto; votre portefeuille; su billetera; sua carteira; tuo portafoglio; uw wallet; portfel; cuzdan*; planbok`,
  romance: `
    serious relationship; your profile; soulmate; kind man; good man; lonely; kisses; my dear; sweet man; handsome; beautiful lad*; beautiful girl*; my photos; send you _ photos; get to know you; write me; i am _ years old; looking for _ man; pen pal;
    feel alone; near you; private chat; wants to meet; meet _ tonight; hot kiss; hello honey; charming;
    einsam; kennenlernen; ernste beziehung; mein profil; celibataires; faire connaissance; conocerte; relacion seria; conhecer voce; relacionamento serio; conoscerti; relazione seria; leren kennen; poznac; tanismak`,
  job: `
    part time; work from home; remote assistant; mystery shopper; job offer; your resume; your cv; vacancy; hiring; no experience; weekly pay; paid weekly; per week; earn up to; personal assistant; application was accepted; recruitment;
    nebenjob; stellenangebot; emploi; offre d emploi; oferta de trabajo; empleo; vaga de emprego; trabalhe; lavoro da casa; thuiswerk; praca zdalna`,
  errand: `
    are you available; at your desk; quick task; small task; gift cards; in a meeting; wire transfer; bank details; new account details; direct deposit; payroll; discreet*; need a favor; need a favour; process a payment; urgent payment; purchase order; best quotation; kindly;
    uberweisung; neue bankverbindung; gutscheinkarten; virement; nouveau rib; transferencia urgente; datos bancarios; bonifico; nuovo iban; overboeking`,
  document: `
    view document; open document; shared a document; shared a file; shared with you; review and sign; secure document; secure message; voice message; voicemail; voice mail; new fax; fax message; scanned document; docusign; remittance; payment advice; proof of payment; open the attach*; attached file; view the file; download attachment; see attachment;
    dokument ansehen; dokument offnen; sprachnachricht; voir le document; ouvrir le document; ver documento; documento adjunto; documento em anexo; visualizar documento; baixar; apri il documento; bekijk document`,
} as const;
