provider-menu = Min bedrift
provider-today = I dag
to-today = Til dagens timer
provider-services = Tjenester
provider-hours = Åpningstider
provider-members = Personer
provider-profile = Offentlig side
signup-title = Ta imot kunder på video
signup-lead = Legg inn tjenester og åpningstider, så kan kunder i nærheten bestille og betale. Du får betalt for tiden dere snakker sammen.
signup-1 = Opprett en konto for deg selv.
signup-2 = Fortell om bedriften, og legg inn minst én tjeneste og åpningstider.
signup-3 = Publiser. Kunder finner dere med en gang.
signup-button = Opprett bedriften
label-org-name = Bedriftens navn
label-org-number = Organisasjonsnummer
hint-org-number = Ni sifre. Det står på kvitteringene. Du kan også skrive det som NO 999 900 003 MVA.
label-vat = Er virksomheten mva-registrert?
hint-vat = Svaret avgjør hva som står på kvitteringene. Du kan endre det senere; kvitteringer som er utstedt, står som de er.
vat-no = Nei
vat-yes = Ja, den står i Merverdiavgiftsregisteret
label-vat-from = Fra og med
hint-vat-from = Må fylles ut hvis svaret er ja.
label-org-place = Sted
hint-org-place = Byen dere holder til i. Vi viser byen, ikke adressen.
label-org-about = Om bedriften
hint-org-about = Hva dere kan hjelpe med, og hva kunden kan forvente av en samtale.
setup-missing = Dette mangler før kunder kan bestille:
setup-service = Legg inn en tjeneste
setup-hours = Legg inn åpningstider
setup-publish = Publiser siden
next-appointment = Neste: { $when }
in-lobby = På venterommet nå
today-empty = Ingen timer er bestilt de neste dagene.
see-public-page = Se den offentlige siden
today-earned = { $n ->
    [one] I dag: 1 samtale, { $amount }.
   *[other] I dag: { $n } samtaler, { $amount }.
 }
services-lead = Det kunder kan bestille, med varighet og pris.
services-payments-off = Denne serveren tar ikke betaling ennå. Du kan tilby gratis tjenester; de med pris kan ikke bestilles.
service-active = Kan bestilles
service-paused = På pause
service-new = Ny tjeneste
service-edit = Endre tjenesten
service-price = Pris
service-times = Tid
service-bookable = Kunder kan bestille denne tjenesten
service-remove = Fjern tjenesten
kind-per-minute = Per minutt
kind-fixed = Fast pris
kind-free = Gratis
label-title = Navn på tjenesten
label-description = Beskrivelse
hint-description = Én eller to setninger som kunden ser før bestilling.
label-rate = Pris per minutt
label-cap = Makspris
label-free-min = Gratis de første
label-amount = Pris
hint-kroner = Kroner, med mva.
hint-cap = Kroner, med mva. La feltet stå tomt hvis hele tiden skal kunne betales.
hint-minutes = Minutter
hint-minutes-5 = Minutter, i hele femmere
hint-hours = Timer
hint-days = Dager
price-vat-note = Kunden ser prisen med mva. Det er makspris som reserveres ved bestilling.
label-duration = Varighet
label-buffer = Pause etterpå
label-notice = Bestillingsfrist
label-window = Hvor langt fram den kan bestilles
label-open-max = Kommende timer per kunde
hours-lead = Når { $member } tar imot samtaler. Tidene er i { $city }-tid.
hours-from = fra, tidsrom { $n }
hours-to = til, tidsrom { $n }
hours-hint = For eksempel 9, 9.30 eller 09:00. La feltene stå tomme når det er stengt; 24:00 er midnatt.
hours-save = Lagre åpningstidene
hours-second = Et tidsrom til
hours-suggested = Ingen åpningstider er lagret ennå. Dette er et forslag: endre det du vil, og lagre.
closed-booked = { $n ->
    [one] En time er alt bestilt denne dagen, og gjelder fortsatt:
   *[other] { $n } timer er alt bestilt denne dagen, og gjelder fortsatt:
}
closed-title = Stengte dager
closed-none = Ingen dager er stengt utenom uken over.
closed-add = Steng dagen
closed-remove = Åpne igjen
label-date = Dato
label-reason = Grunn
member-you = (deg)
member-owner = eier
member-remove = Fjern
member-add-title = Inviter en person
member-add-text = Personen får en e-post, og vises og kan bestilles først etter å ha takket ja.
member-invited-title = Inviterte
member-waiting = Spurt { $when }, ikke svart ennå
member-declined = Takket nei
member-withdraw = Trekk tilbake
member-add = Inviter
profile-published = Publisert
profile-paused = Ikke publisert
profile-pause = Sett på pause
profile-publish = Publiser
colleagues-title = Timer hos kolleger
closed-holidays = Helligdager, som 25. desember, følger uken over hvis du ikke stenger dem her.
member-make-owner = Gjør til eier
provider-appointments = Timer
agenda-period = Tidsrom
agenda-by-week = Uke
agenda-by-month = Måned
agenda-now = Vis i dag
agenda-earlier = Tidligere
agenda-later = Senere
agenda-week = Uke { $week }: { $days }
agenda-days = { $from } – { $to }
agenda-empty = Ingen timer i dette tidsrommet.
agenda-count = { $n ->
    [one] 1 time
   *[other] { $n } timer
 }
agenda-earned = Inntekt
agenda-paid-by = { $n ->
    [one] Betalt av kunden for 1 samtale
   *[other] Betalt av kundene for { $n } samtaler
 }
agenda-vat = Herav mva.
agenda-net = Uten mva.
agenda-earned-hint = Det som er trukket for timer som begynte i tidsrommet. Timer som ikke er gjort opp ennå, er ikke med.
agenda-receipt = Kvittering { $number }
