/** What honest mail says: talk between people, service mail, newsletters. Written as {@link askingPhrases} are. */
export const honestPhrases = {
  'order-notice': `
    your order; order number; order confirmation; order summary; order status; thank you for your order; thanks for your order; items ordered; order details; subtotal; grand total; shipping address; billing address; shipping method; payment method; qty; sku; view your order; invoice for; credit memo; shipment; has shipped; been shipped; wish list; wishlist; back in stock; price alert; product alert; store; shopping cart; cart; receipt;
    bestellung; bestellnummer; ihre bestellung; bestellbestatigung; auftragsnummer; zwischensumme; gesamtsumme; lieferadresse; rechnungsadresse; versandart; zahlungsart; menge; artikel; gutschrift; lieferschein; wunschzettel; wunschliste; wieder verfugbar; auf lager; preisanderung; versandt; kundenkonto; warenkorb;
    votre commande; numero de commande; commande n; recapitulatif; sous total; total ttc; adresse de livraison; adresse de facturation; mode de livraison; mode de paiement; quantite; article*; avoir; expedition; liste de souhaits; liste d envies; liste de cadeaux; de nouveau en stock; en stock; boutique; panier; espace client;
    su pedido; tu pedido; numero de pedido; pedido n; resumen del pedido; subtotal; direccion de envio; direccion de facturacion; metodo de envio; forma de pago; cantidad; articulo*; abono; lista de deseos; de nuevo en stock; en stock; tienda; carrito; mi cuenta;
    seu pedido; numero do pedido; pedido n; resumo do pedido; subtotal; endereco de entrega; endereco de cobranca; metodo de envio; quantidade; produto*; lista de desejos; novamente disponivel; em estoque; loja; carrinho; minha conta;
    il tuo ordine; numero ordine; ordine n; riepilogo; subtotale; totale; indirizzo di spedizione; indirizzo di fatturazione; metodo di spedizione; quantita; articol*; nota di credito; lista dei desideri; di nuovo disponibile; negozio; carrello; il mio account;
    uw bestelling; je bestelling; bestelnummer; ordernummer; subtotaal; totaal; verzendadres; factuuradres; verzendmethode; aantal; artikel*; creditnota; verlanglijst; weer op voorraad; winkel; winkelwagen; mijn account;
    zamowieni*; dziekujemy za zakup*; faktura; siparis*; fatura; orderbekraftelse; bestallning`,
  'you-asked': `
    you requested; you asked; your request; you recently; if you did not request; if you didn t request; did not request this; please ignore; ignore this email; ignore this message; safely ignore; no further action; no action is; you are receiving this; you received this; you re receiving; because you; you signed up; you subscribed; you registered; thanks for signing up; thank you for registering; welcome to; has invited you; invited you; confirm your subscription; activate your account; reset your password; password reset; forgot your password; email preferences; notification settings; manage your; subscription preferences; trial; upgrade your plan; getting started;
    sie haben angefordert; du hast angefordert; wenn sie dies nicht; falls sie diese; falls du; ignorieren sie; ignoriere; diese e mail erhalten; sie erhalten diese; du erhaltst; weil du; weil sie; ihre anmeldung; deine registrierung; vielen dank fur; willkommen bei; willkommen im; willkommen; eingeladen; passwort zurucksetzen; passwort vergessen; einstellungen; benachrichtigung*; kundenkonto; aktivier*;
    vous avez demande; si vous n avez pas; si vous n etes; ignorer ce; ignorez; vous recevez cet; vous recevez ce; votre inscription; merci de votre inscription; merci de; bienvenue; invite*; reinitialis*; mot de passe oublie; preferences; votre compte client; activer votre;
    ha solicitado; has solicitado; si no ha; si no has; si usted no solicito; ignore este; ignora este; recibe este; recibes este; su registro; gracias por registrarse; gracias por; bienvenid*; invitad*; restablecer; olvidado su; preferencias; activar su;
    voce solicitou; se voce nao solicitou; se nao foi; ignore este; desconsidere; voce recebeu este; recebe este; seu cadastro; obrigado por; bem vindo; bem vinda; convidou; convite; redefinir; esqueceu; preferencias; ativar;
    hai richiesto; ha richiesto; se non hai richiesto; ignora questa; ignorare; ricevi questa; hai ricevuto questa; la tua registrazione; grazie per; benvenut*; invitat*; reimpost*; dimenticat*; preferenze; attivare;
    u heeft aangevraagd; je hebt; als u dit niet; als je dit niet; negeer; u ontvangt; je ontvangt; uw inschrijving; bedankt voor; welkom; uitgenodigd; wachtwoord resetten; wachtwoord opnieuw; vergeten; voorkeuren; activeer;
    jesli to nie ty; zignoruj; siz degilseniz; var det inte du; bortse fran`,
  'forum-notice': `
    new reply; new comment; new post; new topic; replied to; commented on; mentioned you; posted in; posted a; private message; watching this; topic; thread; forum; board; moderator*; administrator; merged; pull request; issue; assigned; ticket; case number; support request; reply above this line; build; commit*; member; membership; group; comment*; review; weekly digest; digest; notification; follow* you; friend request; joined;
    neue antwort; neuer kommentar; neues thema; neuer beitrag; thema; beitrag; beitrage; forum; foren; private nachricht; moderator*; administrator; mitglied*; beobacht*; gruppe; kommentar*; freigeschaltet; ticket; benutzerkonto; boardregeln; antwort auf;
    nouvelle reponse; nouveau message; nouveau commentaire; sujet; forum; message prive; moderateur; membre*; groupe; commentaire*; suivi; ticket; discussion;
    nueva respuesta; nuevo mensaje; nuevo comentario; tema; foro; mensaje privado; moderador; miembro*; grupo; comentario*; consulta; incidencia;
    nova resposta; nova mensagem; novo comentario; topico; forum; mensagem privada; moderador; membro*; grupo; comentario*; chamado;
    nuova risposta; nuovo messaggio; nuovo commento; argomento; forum; messaggio privato; moderatore; membr*; gruppo; comment*; segnalazione;
    nieuwe reactie; nieuw bericht; onderwerp; forum; priveberich*; moderator; lid; leden; groep; reactie*; melding`,
  newsletter: `
    newsletter; this week; this issue; in this issue; edition; weekly; monthly; read more; read online; view in browser; view this email; archives; subscribe; editor*; published; upcoming events; conference; meetup; call for papers; call for participation; announcement*; release notes; changelog; new release; news from; article*; podcast; interview; blog; column*;
    rundbrief; diese woche; ausgabe; im browser; weiterlesen; veranstaltung*; termine; einladung; redaktion; neuigkeiten; bericht*; vorstand; verein; mitgliederversammlung;
    lettre d information; infolettre; cette semaine; numero; lire la suite; navigateur; evenement*; agenda; actualite*; redaction; association; conference;
    boletin; esta semana; edicion; leer mas; navegador; evento*; agenda; noticias; redaccion; asociacion; conferencia;
    boletim; esta semana; edicao; leia mais; navegador; evento*; agenda; noticias; redacao; associacao; conferencia;
    notiziario; questa settimana; edizione; leggi; browser; event*; agenda; notizie; redazione; associazione; conferenza;
    nieuwsbrief; deze week; editie; lees verder; browser; evenement*; agenda; nieuws; redactie; vereniging; conferentie;
    czytaj dalej; wypisz sie; devamini oku; bulten*; las mer; nyhetsbrev`,
  conversation: `
    wrote; i think; i guess; i m not sure; i am not sure; i don t; i ve; i ll; does anyone; anyone know; any ideas; any idea; any help; thanks in advance; hope this helps; hth; cheers; regards; best wishes; see you; talk to you; let me know; sounds good; by the way; btw; imho; fwiw; attached is; as discussed; meeting; lunch; tomorrow; yesterday; last week; next week; monday; tuesday; wednesday; thursday; friday; weekend; sorry for; thanks for; good point; i agree; i tried; it works; doesn t work; what do you; could you; can you; do you; maybe; actually; probably;
    schrieb; ich denke; ich glaube; weiss jemand; viele grusse; liebe grusse; mit freundlichen; freundliche grusse; gruss; bis dann; morgen; gestern; nachste woche; vielleicht; konntest du; konnen wir; wie besprochen; im anhang; treffen wir; montag; dienstag; mittwoch; donnerstag; freitag;
    a ecrit; je pense; je crois; quelqu un; cordialement; bien a vous; amicalement; bonne journee; a bientot; demain; hier; la semaine prochaine; peut etre; pourrais tu; pouvez vous; ci joint; lundi; mardi; mercredi; jeudi; vendredi;
    escribio; creo que; pienso que; alguien; saludos; un abrazo; hasta luego; manana; ayer; la proxima semana; quizas; podrias; adjunto; lunes; martes; miercoles; jueves; viernes;
    escreveu; acho que; alguem; abraco*; atenciosamente; ate logo; amanha; ontem; semana que vem; talvez; poderia; segue em anexo; segunda feira; terca feira; quarta feira; quinta feira; sexta feira;
    ha scritto; penso che; credo che; qualcuno; saluti; cordiali saluti; a presto; domani; ieri; la prossima settimana; forse; potresti; in allegato; lunedi; martedi; mercoledi; giovedi; venerdi;
    schreef; ik denk; weet iemand; groeten; met vriendelijke; tot ziens; morgen; gisteren; volgende week; misschien; kun je; bijgevoegd; maandag; dinsdag; woensdag; donderdag; vrijdag;
    pozdrawiam; dzien dobry; w zalaczeniu; moim zdaniem; merhaba; saygilarimla; ektedir; halsningar; bifogat; let me know; call me; fyi; follow up; as discussed; please find attached; conference call; staff meeting; draft; agreement; spreadsheet; next week; last week; i attach; sounds good; talk to you`,
  technical: `
    function; error message; compile*; library; package manager; version; kernel; driver; source code; patch; bug; debug*; install*; config*; script; linux; windows; unix; data; file; files; directory; output; input; command; module; python; java; code; test; tests; api; server; client; variable*; loop; array; string; documentation; example; default; parameter*; matrix; vector; plot; signal; frequency; sample rate; hardware; firmware; usb; download the; repository; branch; merge;
    fehlermeldung; funktion; datei; verzeichnis; treiber; quellcode; ausgabe; fichier; repertoire; erreur; fonction; archivo; funcion; directorio; arquivo; funcao; errore; funzione; bestand; functie`,
  unsubscribe: `
    unsubscribe*; opt out; abmelden; abbestell*; austragen; newsletter abbestellen; desabonn*; desinscri*; se desinscrire; darse de baja; dar de baja; cancelar suscripcion; desuscri*; descadastr*; cancelar inscricao; remover; sair da lista; disiscri*; annulla iscrizione; cancella iscrizione; uitschrijven; afmelden; no longer wish; remove me; be removed; preferences`,
  'generic-greeting': `
    dear customer; dear user; dear client; dear member; dear sir; dear madam; dear friend; dear valued; valued customer; dear account; dear email; dear owner; dear beneficiary; dear winner; hello dear; dear sir madam; attention; dear webmail; dear email user; dear beloved; dear applicant;
    sehr geehrter kunde; sehr geehrte kundin; sehr geehrte kunden; sehr geehrte damen; lieber kunde; liebe kunden; sehr geehrter nutzer; guten tag kunde; sehr geehrter karteninhaber; lieber nutzer;
    cher client; chere cliente; chers clients; cher utilisateur; cher abonne; cher membre; madame monsieur; bonjour cher; cher e client;
    estimado cliente; estimada cliente; estimado usuario; querido cliente; apreciado cliente; estimado senor; estimado a; 
    prezado cliente; caro cliente; prezado usuario; prezado a; ola cliente; prezados; caro usuario; prezado senhor; querido cliente; 
    gentile cliente; caro cliente; gentile utente; egregio; gentile titolare; spettabile;
    geachte klant; beste klant; geachte heer; geachte gebruiker; beste gebruiker; geachte mevrouw`,
} as const;
