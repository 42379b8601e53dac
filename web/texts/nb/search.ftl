home-title = Snakk med en fagperson i dag
home-lead = Se ledige tider uten konto. Møt en veterinær, elektriker eller advokat på video, og betal bare for tiden dere snakker sammen.
home-search = Finn ledig time
home-categories = Fagområder
home-soon = Første ledige tider
home-soon-in = Ledig snart i { $town }
home-soon-all = { $n ->
    [one] Vis den ene
   *[other] Vis alle { $n }
 }
how-title = Slik fungerer det
how-1 = Velg en tid
how-1-text = Du ser hva timen koster på det meste før du bestiller. Vi reserverer beløpet, men trekker ingenting ennå.
how-2 = Test kamera og lyd
how-2-text = Det tar ett minutt i nettleseren. Du trenger ingen app.
how-3 = Snakk, og betal for tiden
how-3-text = Klokken går bare mens dere begge er i samtalen. Møter ikke fagpersonen, betaler du ingenting.

search-what-question = Hva trenger du hjelp med?
search-what = Hva?
search-where = Hvor?
search-button = Søk
search-none = Ingen treff
search-found = { $n ->
    [one] 1 fagperson
   *[other] { $n } fagpersoner
 }
search-found-today = { $n } med ledig tid i dag
search-found-tomorrow = { $n } med ledig tid i morgen
search-found-week = { $n } med ledig tid de neste sju dagene
search-place-unknown = Vi kjenner ikke stedet «{ $place }», så treffene er fra hele landet. Prøv navnet på nærmeste by.
search-place-nearest = Mente du:
search-place-guessed = Vi viser treff for { $place } i stedet for «{ $typed }».
search-place-others = Eller mente du:
search-elsewhere = Ingen i { $place }, men disse kan hjelpe deg over video:
search-empty = Ingen ledige tider passer søket. Prøv et annet ord, et annet tidspunkt eller et større område.
search-nobody = Ingen fagpersoner tar imot bestillinger her ennå.
search-wider = { $count ->
    [1] Søk innen { $radius } km (1 treff)
   *[other] Søk innen { $radius } km ({ $count } treff)
 }
search-reset = Nullstill filtre
search-everything = Vis alle fagpersoner
filters = Filtre
filters-apply = Vis treff
filter-when = Når
filter-radius = Avstand
radius-any = Hele landet
all-categories = Alle fagområder
when-any = Når som helst
when-today = I dag
when-tomorrow = I morgen
when-week = De neste sju dagene
no-times-soon = Ingen ledige tider akkurat nå.
see-provider = Se siden
next-free = Neste ledige: { $when }

category-vet = Veterinær
category-electrician = Elektriker
category-lawyer = Advokat
category-psychologist = Psykolog
category-plumber = Rørlegger
category-accountant = Regnskapsfører
category-doctor = Lege
category-dentist = Tannlege
category-carpenter = Snekker
category-computer = Datahjelp

all-in-category = Se alle: { $category }
service-heading = Tjeneste
service-minutes = { $value } min
choose-time = Velg tid
step-now = Steg { $n } av 4
month-before = Forrige måned
month-after = Neste måned
show-month = Vis hele måneden
free-times = { $n ->
    [0] ingen ledige tider
    [one] 1 ledig tid
   *[other] { $n } ledige tider
 }
more-times = { $n ->
    [one] Vis 1 tid til
   *[other] Vis { $n } tider til
 }
day-empty = Ingen ledige tider { $day }.
part-night = Natt
part-morning = Formiddag
part-afternoon = Ettermiddag
part-evening = Kveld
book-time = Bestill { $when }
hold-hint = Vi holder av tiden i 10 minutter mens du bestiller.
other-day = Velg en annen dag
about-provider = Om fagpersonen
you-meet = Du møter { $names }.
provider-no-services = Her er det ingen tjenester å bestille ennå.
find-another = Finn en annen
provider-payments-off = Tjenester med pris kan ikke bestilles her ennå, fordi denne serveren ikke tar betaling.
provider-seller-unknown = Tjenester med pris kan ikke bestilles her nå, fordi bedriften ikke har på plass det som loven krever av den som selger.
