operator-calls = Samtaler
operator-appointments = Bestillinger
operator-outbox = Utgående e-post
calls-now = { $n ->
    [0] Ingen pågående samtaler
    [one] 1 pågående samtale
   *[other] { $n } pågående samtaler
 }
calls-troubled = { $n ->
    [one] 1 trenger tilsyn
   *[other] { $n } trenger tilsyn
 }
calls-none = Samtaler dukker opp her når noen går inn i et rom.
health-waiting = Venter
health-good = Bra
health-weak = Svakt nett
health-reconnecting = Kobler til igjen
col-state = Tilstand
col-started = Startet
col-provider = Bedrift
col-consumer = Kunde
col-elapsed = Varighet
col-billable = Betales
col-up = Inn
col-down = Ut
col-loss = Tap
col-who = Hvem
col-packets-in = Pakker inn
col-packets-out = Pakker ut
col-round-trip = Rundtur
col-reference = Bestilling
col-when = Når
col-service = Tjeneste
col-number = Nr.
col-last-seen = Sist sett
col-reason = Avsluttet av
col-operation = Operasjon
col-amount = Beløp
col-detail = Detaljer
col-transaction = Transaksjon
col-account = Konto
col-to = Til
col-subject = Emne
participants = Deltakere
role-provider = fagperson
role-consumer = kunde
seat-connected = Tilkoblet
seat-away = Ikke tilkoblet
filter-text = Bestilling eller bedrift
filter-mail = Adresse eller emne
filter-all = Alle
appointments-count = { $n ->
    [one] 1 bestilling
   *[other] { $n } bestillinger
 }
appointments-none = Ingen bestillinger passer filtrene.
segments-title = Målt tilstedeværelse
segments-none = Ingen har vært koblet til.
payments-title = Betaling
payments-none = Ingen betaling er forsøkt.
ledger-title = Regnskap
ledger-none = Ingen posteringer.
mails-count = { $n ->
    [one] 1 e-post
   *[other] { $n } e-poster
 }
mails-none = Ingen e-post her ennå.
mail-to = Til { $to }, { $when }
mail-state-kept = Bare vist her
mail-state-waiting = I kø
mail-state-sent = Sendt
mail-state-failed = Ikke sendt
legs-title = Strømmer
quality-title = Kvalitet på forbindelsen
quality-hint = Linjen går fra samtalens første måling til den siste, og øverst er så godt som det blir. Karakteren går fra 1 til 4,5 og lagres i 30 dager.
quality-good = God
quality-fair = Brukbar
quality-poor = Dårlig
leg-sent = Sender { $source }
leg-received = Får { $source } fra { $who }
leg-microphone = lyd
leg-camera = kamera
leg-screen = skjerm
leg-screen-audio = lyd fra skjermen
layer-hint = S er bildets størrelse og T bildetakten, begge fra 0 og opp. Etter streken står det mottakerens skjerm ber om.
col-stream = Strøm
col-quality = Kvalitet
col-bitrate = Bitrate
col-jitter = Jitter
col-layer = Bilde
col-course = Forløp
col-mean = I snitt
col-lowest = Lavest
col-loss-most = Mest tap
capture-title = Pakkelogg
capture-hint = For å lete etter feil i nettet: hodene på pakkene i denne samtalen skrives til en fil under captures i datamappen, som Wireshark leser. Den har adresser, men verken lyd eller bilde, og slettes etter 7 dager.
capture-minutes = Minutter, 1 til 10
capture-start = Start pakkelogg
operator-people = Personer
people-title = Finn en person
people-text = Søk når noen har bedt om hjelp. Hvem som søkte, når og hvorfor blir loggført og lagres i to år.
label-people-q = Navn, e-post eller telefon
label-people-reason = Hvorfor
hint-people-reason = For eksempel «Ringte om bestilling 4F2K». Ikke skriv hva de fortalte deg.
people-find = Søk
people-none = Ingen passer.
col-name = Navn
col-email = E-post
col-phone = Telefon
col-business = Bedrift
col-since = Siden
person-operator = Drift
operators-title = Driftskontoer
operators-text = Alle her ser samtaler, bestillinger og utgående e-post. Den som er stengt ute, får en lenke fra serveren: booka operator-link.
operators-invite = Inviter
label-operator-email = E-posten til en ny i driften
looks-title = Hvem har sett på hva
looks-text = De nyeste linjene i loggen.
looks-none = Ingen har sett på noe ennå.
col-action = Hva
look-call-seen = Åpnet en samtale
look-capture-started = Startet opptak av pakkehoder
look-appointment-seen = Åpnet en bestilling
look-outbox-seen = Åpnet listen over e-post
look-mail-seen = Leste en e-post
look-people-searched = Søkte etter personer
look-operator-invited = Inviterte til driften
look-operator-made = Fikk driftskonto
look-link-made = Laget en innloggingslenke på serveren
look-other = Noe annet
look-server = På serveren
