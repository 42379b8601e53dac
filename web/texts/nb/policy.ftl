# What cancelling costs, the right of withdrawal, and buying for an organisation.
cancel-free-before = { $hours ->
    [0] Gratis avbestilling til timen begynner.
    [one] Gratis avbestilling til 1 time før timen begynner.
   *[other] Gratis avbestilling til { $hours } timer før timen begynner.
 }
cancel-costs-now = Avbestiller du nå, koster det { $amount }.
cancel-costs-after = Avbestiller du etter { $when }, koster det { $amount }.
cancel-costs-before = { $hours ->
    [one] Avbestiller du senere enn 1 time før, koster det { $amount }.
   *[other] Avbestiller du senere enn { $hours } timer før, koster det { $amount }.
 }
cancel-last = Etter { $when } kan timen ikke avbestilles.
cancel-last-before = { $hours ->
    [one] Den siste timen før start kan timen ikke avbestilles.
   *[other] De siste { $hours } timene før start kan timen ikke avbestilles.
 }
no-show-costs = Møter du ikke, koster det { $amount }.

cancelled-fee-all-text = Timen er avbestilt. Etter vilkårene koster det { $amount }.
no-show-consumer-fee-all-text = Kunden møtte ikke opp i løpet av timen. Etter vilkårene koster det { $amount }.

price-fee-cancelled = Sen avbestilling
price-fee-missed = Kunden møtte ikke
price-not-paid = Ikke betalt

withdraw-link = Bruk angreretten
withdraw-title = Angre bestillingen
withdraw-free = Du har angrerett til { $until }, så lenge timen ikke er gjennomført. Går du fra avtalen nå, koster det ingenting. Timen blir da avbestilt.
withdraw-part = Du har angrerett til samtalen er gjennomført. Går du fra avtalen nå, avsluttes samtalen, og du betaler bare for den delen som er gjennomført.
withdraw-missed = Timen ble ikke gjennomført, så du har angrerett til { $until }. Bruker du den, faller gebyret bort, og det som er trukket, betales tilbake.
withdraw-instead = Du har angrerett til { $until }, så lenge timen ikke er gjennomført. Bruker du den, koster det ingenting.
withdraw-button = Gå fra avtalen gratis
withdraw-refund-reason = Kunden brukte angreretten.
withdraw-button-missed = Gå fra avtalen
withdraw-button-part = Gå fra avtalen nå
withdraw-form-title = Angreskjema
withdraw-form-text = Knappen er nok. Vil du heller melde fra på annen måte, for eksempel i en e-post til selgeren, kan du bruke denne teksten:
withdraw-form-to = Til { $name }
withdraw-form-email = E-post: { $email }
withdraw-form-notice = Jeg underretter herved om at jeg ønsker å gå fra min avtale om kjøp av følgende tjeneste: { $title }, { $when } (bestilling { $reference }).
withdraw-form-ordered = Avtalen ble inngått { $when }.
withdraw-form-buyer = Forbrukerens navn: { $name }
withdraw-form-address = Forbrukerens adresse: { $address }
withdraw-form-date = Dato: { $day }
notice-withdrawn = Du har gått fra avtalen.

buyer-title = Bestiller du for en virksomhet?
buyer-text = Da står virksomheten som kjøper på kvitteringen. La feltene stå tomme hvis du bestiller for deg selv.
label-buyer-name = Virksomhetens navn
label-buyer-number = Organisasjonsnummer
hint-buyer-number = Ni sifre
buyer-booked-for = Bestilt for { $name }, org.nr. { $number }
error-buyer-name-missing = Skriv navnet på virksomheten, eller fjern organisasjonsnummeret.
error-buyer-number-missing = Skriv organisasjonsnummeret, eller fjern navnet på virksomheten.

service-cancel = Avbestilling
policy-free = Gratis til timen begynner
policy-day = Gratis til 24 timer før. Deretter halv pris, og full pris for den som ikke møter
policy-strict = Gratis til 48 timer før. Deretter halv pris, og full pris fra 24 timer før og for den som ikke møter
policy-own = Egne regler
policy-note = Kunden ser beløpene før bestillingen, og det som gjelder da, gjelder for timen. Avbestiller dere selv eller møter dere ikke, betaler kunden ingenting. Angreretten går foran.
policy-note-metered = Prosentene regnes av det timen høyst kan koste.
label-policy-free-h = Gratis til så mange timer før
label-policy-percent = Deretter, prosent av prisen
label-policy-full-h = Full pris fra så mange timer før
label-policy-no-show = Den som ikke møter, prosent av prisen
label-policy-notice-h = Kan ikke avbestilles de siste timene før start
error-policy-missing = Velg en av reglene.
error-policy-percent = Skriv et helt tall fra 0 til 100.
error-policy-full-h = Full pris må begynne senere enn det som er gratis: skriv færre timer.
error-policy-no-show = Den som ikke møter, må betale minst like mye som den som avbestiller.

let-downs = { $cancelled ->
    [0] { $missed ->
        [one] Møtte ikke 1 gang det siste året
       *[other] Møtte ikke { $missed } ganger det siste året
    }
    [one] { $missed ->
        [0] Avbestilte 1 time det siste året
        [one] Avbestilte 1 time og møtte ikke 1 gang det siste året
       *[other] Avbestilte 1 time og møtte ikke { $missed } ganger det siste året
    }
   *[other] { $missed ->
        [0] Avbestilte { $cancelled } timer det siste året
        [one] Avbestilte { $cancelled } timer og møtte ikke 1 gang det siste året
       *[other] Avbestilte { $cancelled } timer og møtte ikke { $missed } ganger det siste året
    }
 }
deletion-fees = Etter vilkårene koster det { $amount } å avbestille de kommende timene dine nå. Det trekkes fra kortet de er bestilt med.
deletion-fees-changed = Det koster mer å avbestille timene dine enn da du åpnet siden. Ingenting er slettet.
