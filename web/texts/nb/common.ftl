day-today = i dag
day-tomorrow = i morgen
day-yesterday = i går
relative-now = nå
relative-in-minutes = om { $n } min
relative-in-hours = om { $n ->
    [one] 1 time
   *[other] { $n } timer
 }
relative-in-days = om { $n ->
    [one] 1 dag
   *[other] { $n } dager
 }
relative-minutes-ago = for { $n } min siden
relative-hours-ago = for { $n ->
    [one] 1 time
   *[other] { $n } timer
 } siden
relative-days-ago = for { $n ->
    [one] 1 dag
   *[other] { $n } dager
 } siden

og-locale = nb_NO
og-image-alt = Booka: to videovinduer, en hund i det ene og et sikringsskap i det andre
clock-summer = { $clock } sommertid
clock-winter = { $clock } vintertid
time-in-zone = { $when } ({ $city }-tid)
skip = Hopp til innholdet
nav-label = Hovedmeny
nav-menu = Meny
nav-find = Finn hjelp
nav-for-providers = For bedrifter
nav-bookings = Mine timer
nav-provider = Min bedrift
nav-operator = Drift
nav-login = Logg inn
nav-logout = Logg ut
nav-register = Opprett konto
nav-about = Om Booka
nav-terms = Vilkår
nav-notice = Personvern
foot-line = Samtalene går over vår egen server. Ingen andre ser eller hører dem.
assets-missing = Stilark og skript er ikke bygget. Kjør «cargo xtask web» og bygg serveren på nytt.

save = Lagre
back = Tilbake
continue = Gå videre
choose = Velg
optional = (valgfritt)
minutes = { $n } min
minutes-left = { $n } min igjen.
table-label = Tabell
reload = Last inn på nytt
as-of = Målt kl. { $time }.
pages-label = Sider
page-before = Forrige
page-next = Neste
page-of = Side { $page } av { $pages }
zone-note = Tidene er i { $city }-tid.
see-times = Se tider
all-times = Alle tider
see-booking = Se timen
org-number-is = Org.nr. { $number }.
seller-heading = Du kjøper av
seller-who = Hvem du kjøper av
seller-number = Org.nr. { $number }
seller-number-register = Foretaksregisteret, org.nr. { $number }

errors-title = Rett opp dette for å gå videre
title-error = Feil:

notice-saved = Lagret.
notice-signed-out = Du er logget ut.
notice-email-verified = E-postadressen er bekreftet.
notice-email-changed = E-postadressen er byttet.
notice-registration-discarded = Registreringen er kastet. Her kan du opprette en konto selv.
notice-verify-sent = En ny e-post er på vei.
notice-password-changed = Passordet er byttet. Du er logget ut på andre enheter.
notice-session-ended = Enheten er logget ut.
notice-hold-extended = Vi holder av timen i 5 minutter til.
notice-hold-released = Vi holder ikke lenger av timen.
notice-cancelled = Timen er avbestilt.
notice-deletion-asked = Kontoen blir slettet. Du kan angre på denne siden.
notice-leaving = Kontoen din skal slettes, så ingenting kan bestilles. Behold kontoen for å gå videre.
notice-too-many-booked = Du har nådd grensen for kommende timer. Avbestill en, eller vent til en er over.
notice-too-many-with-provider = Du har nådd bedriftens grense for kommende timer. Avbestill en, eller vent til en er over.
notice-cookies-needed = Nettleseren tar ikke imot informasjonskapsler (cookies), så innloggingen varte ikke. Slå dem på for denne siden, og logg inn på nytt.
notice-deletion-undone = Kontoen blir ikke slettet.
notice-published = Siden er publisert. Kunder kan finne og bestille dere.
notice-paused = Siden er satt på pause. Avtalte timer gjelder fortsatt.
notice-member-invited = Invitasjonen er laget. Den står under til den er besvart.
notice-invitation-withdrawn = Invitasjonen er trukket tilbake.
notice-invitation-accepted = Velkommen. Sett opp tidene da kunder kan bestille time hos deg.
notice-invitation-declined = Du har takket nei til invitasjonen.
notice-membership-ended = Du jobber ikke lenger der.
notice-member-removed = Personen er fjernet.
notice-service-removed = Tjenesten er fjernet. Avtalte timer gjelder fortsatt.

label-name = Navn
label-email = E-post
label-phone = Telefon
label-place = Sted
label-password = Passord
label-new-password = Nytt passord
label-new-email = Ny e-post
label-current-password = Passordet du har nå
label-language = Språk
label-category = Fagområde
hint-email = Hit sender vi lenken til samtalen og kvitteringen.
hint-phone = Fagpersonen kan ringe hvis noe skjer med forbindelsen.
hint-place = Byen du bor i, for eksempel Bergen.
hint-password = Minst 10 tegn.
hint-password-again = Vi spør igjen fordi sletting er alvorlig.
hint-language = E-poster og kvitteringer kommer på dette språket.
accept-terms = Jeg godtar vilkårene og har lest personvernerklæringen

price-title = Pris
price-free = gratis
price-fixed = fast pris { $amount }
price-per-minute = { $rate } per minutt, maks { $cap }
price-service-free = Denne timen er gratis
price-fixed-row = Fast pris
price-rate-row = Per minutt, inntil { $minutes } min
price-free-first = Gratis de første
price-step = Avregnes per
price-vat = Herav mva. { $percent } %
price-most = Makspris
price-total = Sum
price-least = Blir det mindre enn { $amount }, betaler du ingenting.
price-most-short = maks { $amount }
price-reserved = Reservert
price-was-reserved = Reservert før samtalen
price-released = Frigitt
price-charged = Trukket
price-counted = Tid som betales
price-measured = Tid dere snakket sammen
price-to-pay = Å betale
price-refunded = Betalt tilbake
price-if-absent = Hvis { $name } ikke møter
price-cancel-until = Gratis avbestilling til { $when }.
notice-closed-while-booked = Dagen er stengt for nye bestillinger. Timene som alt er bestilt, gjelder fortsatt, og står under.
notice-capture-started = Pakkehodene lagres nå.
notice-capture-running = En pakkelogg er i gang. Vent til den er ferdig.
notice-capture-failed = Pakkeloggen kan ikke skrives til fil.
notice-mail-resent = E-posten sendes på nytt.
notice-operator-invited = Invitasjonen er på vei. Lenken gjelder i sju dager og kan brukes én gang.
notice-taken-over = Du tar denne timen nå.
notice-take-over-busy = Du har noe annet på den tiden, så timen blir hos kollegaen din.
notice-member-promoted = Personen er også eier fra nå av.
