register-title = Opprett konto
register-have = Har du konto fra før?
login-new = Ny her?
forgot-password = Glemt passordet?
check-mail-title = Se i e-posten din
check-mail-verify = Vi har sendt en lenke til { $email }. Åpne den for å bekrefte adressen.
check-mail-reset = Hvis det finnes en konto med { $email }, er en lenke på vei. Den virker i én time.
send-again = Send på nytt
other-address = Bruk en annen adresse
verify-title = Bekreft e-postadressen
verify-text = Trykk på knappen, så vet vi at adressen er din.
verify-button = Bekreft adressen
verify-expired = Lenken er brukt eller for gammel. Er adressen alt bekreftet, kan du logge inn. Hvis ikke får du en ny lenke etter innlogging.
link-expired-title = Lenken virker ikke lenger
reset-title = Glemt passord
reset-text = Skriv e-postadressen din, så sender vi en lenke der du kan velge et nytt passord.
reset-send = Send lenke
reset-expired = Lenken er brukt eller eldre enn én time. Be om en ny.
reset-new-title = Velg nytt passord
reset-new-text = Når du lagrer, blir du logget ut på alle enheter.
reset-save = Lagre passordet
login-link-title = Logg inn med lenke
login-link-text = Lenken logger deg inn som { $name }. Den virker én gang.
login-link-expired = Lenken er brukt eller for gammel. Logg inn med e-post og passord.
setup-title = Opprett en driftskonto
setup-text = En driftskonto ser pågående samtaler, bestillinger og utgående e-post.
setup-button = Opprett kontoen
setup-expired = Lenken er alt brukt, eller den er for gammel. Den som har serveren, lager en ny med «booka operator-link».

account-menu = Min konto
account-details = Min konto
account-data = Mine data
account-sessions = Enheter
account-delete = Slett kontoen
email-unverified = Adressen { $email } er ikke bekreftet. Åpne lenken i e-posten vi sendte.
deletion-pending = Kontoen slettes { $when }.
deletion-undo = Behold kontoen
data-lead = Alt vi har om deg, hvorfor vi har det, og hvem som kan se det.
data-export = Last ned alt (JSON)
data-correct = Rett opplysninger
data-readers = Hvem som kan se opplysningene
sessions-lead = Her er du logget inn. Logg ut enheter du ikke kjenner igjen.
session-line = Innlogget { $since }, sist brukt { $seen }
session-current = Denne enheten
session-end = Logg ut
session-end-others = Logg ut alle andre enheter
delete-appointments = { $n ->
    [one] 1 time blir avbestilt, og { $amount } blir frigitt.
   *[other] { $n } timer blir avbestilt, og { $amount } blir frigitt.
 }
delete-what = Navn, e-post, telefon, sted og det du har skrevet om timene dine slettes.
delete-receipts = Kvitteringer oppbevares så lenge loven krever det. De viser bare det kvitteringen trenger.
delete-undo = { $n ->
    [one] Du kan angre i 1 dag: logg inn og trykk «Behold kontoen», som står på alle sider. Timer som er avbestilt, forblir avbestilt.
   *[other] Du kan angre i { $n } dager: logg inn og trykk «Behold kontoen», som står på alle sider. Timer som er avbestilt, forblir avbestilt.
 }
delete-button = Slett kontoen min
delete-keep = Behold kontoen
account-invitations = Invitasjoner
invitations-none = Du har ingen invitasjoner å svare på.
invitations-lead = Når du takker ja, vises navnet ditt på bedriftens side, og kunder kan bestille time hos deg. Før det vises ingenting.
invitations-works-for = Du tar samtaler for { $org }.
invitations-leave = Slutt hos { $org }
invitation-line = { $town }. Åpen til { $when }
invitation-accept = Takk ja
invitation-decline-short = Takk nei
invitation-title = Invitasjon
invitation-expired = Invitasjonen er besvart, trukket tilbake eller for gammel. Be bedriften om en ny.
invitation-from = { $org } inviterer deg
invitation-text = { $org } i { $town } spør om du vil ta videotimer for dem. Navnet ditt vises for kunder først når du har takket ja.
invitation-how = For å takke ja logger du inn eller oppretter konto med { $email }.
invitation-decline = Takk nei til invitasjonen
verify-elsewhere = Kontoen ble opprettet i en annen nettleser. Skriv passordet som ble valgt for { $email }, så vi vet at det er deg.
verify-not-me = Har du ikke opprettet noen konto? Da har noen andre skrevet adressen din.
verify-discard = Det var ikke meg. Kast den
deletion-meanwhile = Inntil da kan ingenting bestilles.
delete-customers = { $n ->
    [one] En time som en kunde har hos deg, blir avbestilt nå, og kunden får beskjed.
   *[other] { $n } timer som kunder har hos deg, blir avbestilt, de nærmeste med en gang, og kundene får beskjed.
}
delete-provider = Ingen kan bestille time hos deg fra nå av, og en side du eier, blir tatt ned. Ombestemmer du deg, er siden tilbake med en gang.
delete-heir = Når kontoen slettes, blir { $name } eier av { $org }.
account-email = Bytt e-postadresse
account-email-text = Vi sender en lenke til den nye adressen. Byttet skjer når du åpner lenken.
account-email-waiting = { $email } venter på at du åpner lenken vi sendte dit.
account-email-send = Send lenke
account-email-confirm-title = Bekreft den nye adressen
account-email-confirm-text = Kontoen din bruker { $email } fra nå av. Den gamle adressen får beskjed.
account-email-confirm = Bruk denne adressen
account-email-expired = Lenken er brukt, eldre enn 24 timer, eller hører til en annen konto. Be om en ny.
check-mail-new-address = Vi har sendt en lenke til { $email }. Byttet skjer når du åpner den. Til da logger du inn som før.
account-password = Bytt passord
account-password-text = Alle andre enheter blir logget ut.
account-password-forgot = Husker du ikke passordet, kan du få tilsendt en lenke:
data-cut = Her er de { $shown } nyeste av { $n }. Alle står i filen du laster ned.
data-looks = Når driften har sett på noe om deg
data-looks-none = Ingen i driften har åpnet noe om deg.
account-documents = Kvitteringer
documents-lead = Kvitteringer og kreditnotaer for timene dine.
documents-none = Du har ingen kvitteringer ennå.
documents-booking = Bestilling
