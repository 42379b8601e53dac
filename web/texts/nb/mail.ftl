mail-signature =
    Vennlig hilsen
    Booka

mail-verify-subject = Bekreft e-posten din
mail-verify-body =
    Hei { $name },

    åpne lenken og trykk på knappen, så er e-posten din bekreftet:
    { $link }

    Lenken virker i 24 timer. Har du ikke opprettet en konto hos oss, kan du se bort fra denne meldingen.

mail-reset-subject = Velg nytt passord
mail-reset-body =
    Hei { $name },

    her kan du velge nytt passord:
    { $link }

    Lenken virker i én time og bare én gang. Har du ikke bedt om den, trenger du ikke gjøre noe.

mail-exists-subject = Du har allerede en konto
mail-exists-body =
    Hei { $name },

    noen prøvde å opprette en konto med denne e-postadressen, men du har allerede en. Logg inn her:
    { $link }

    Har du glemt passordet, kan du velge et nytt på innloggingssiden. Var det ikke deg, trenger du ikke gjøre noe.

mail-operator-subject = Du er invitert til å drifte nettstedet
mail-operator-body =
    Hei,

    du er invitert til å være med på å drifte dette nettstedet. Opprett driftskontoen din her innen sju dager:
    { $link }

    Hvis du ikke ventet dette, trenger du ikke gjøre noe.

mail-new-address-subject = Bekreft den nye e-postadressen
mail-new-address-body =
    Hei,

    noen vil bruke denne adressen til kontoen sin på Booka. Er det deg, åpner du lenken, logger inn og bekrefter:
    { $link }

    Lenken virker i 24 timer. Er det ikke deg, kan du se bort fra denne meldingen.

mail-address-used-subject = Adressen din har allerede en konto
mail-address-used-body =
    Hei { $name },

    noen ville flytte en annen konto over til denne e-postadressen, men den har allerede en konto. Ingenting er endret. Logg inn her:
    { $link }

    Var det ikke deg, trenger du ikke gjøre noe.

mail-address-changed-subject = E-postadressen din er byttet
mail-address-changed-body =
    Hei { $name },

    kontoen din bruker nå { $email }. Hit sender vi ikke mer.

    Var det ikke deg, må du si fra til oss med en gang. Her står det hvem du skriver til:
    { $link }

mail-password-changed-subject = Passordet ditt er byttet
mail-password-changed-body =
    Hei { $name },

    passordet til kontoen din er byttet, og alle andre enheter er logget ut.

    Var det ikke deg, velger du et nytt passord her med en gang:
    { $link }

mail-deletion-subject = Kontoen din blir slettet
mail-deletion-body =
    Hei { $name },

    du har bedt oss slette kontoen din. Den slettes { $when }. Kvitteringer oppbevares så lenge loven krever det.

    Vil du beholde kontoen, logger du inn før den tid og angrer her:
    { $link }

mail-inactive-subject = Vil du beholde kontoen din?
mail-inactive-body =
    Hei { $name },

    det er lenge siden du var innom. Logger du ikke inn før { $when }, regner vi med at du ikke vil ha kontoen lenger. Da blir den slettet nitti dager senere.

    Vil du beholde den, er det nok å logge inn:
    { $link }

    Du trenger ikke gjøre noe hvis den kan slettes.

mail-ended-subject = Kontoen din blir slettet fordi den ikke er i bruk
mail-ended-body =
    Hei { $name },

    du har ikke vært innom på svært lenge, og vi regner med at du ikke vil ha kontoen lenger. Den slettes { $when }. Kvitteringer oppbevares så lenge loven krever det.

    Vil du beholde kontoen, logger du inn før den tid:
    { $link }

mail-booked-consumer-subject = Bestilt: { $title }, { $when }
mail-booked-consumer-body =
    Hei { $name },

    timen hos { $other } er bestilt.

    { $title }
    { $when }

    { $price_line }
    { $terms }

    Bli med herfra. Rommet åpner kl. { $opens }:
    { $link }

    Test kamera og lyd på forhånd, det tar ett minutt.

mail-booked-provider-subject = Ny time: { $other }, { $when }
mail-booked-provider-body =
    Hei { $name },

    { $other } har bestilt time hos dere.

    { $title }
    { $when }

    Her står hva det gjelder og hvordan du når kunden. Møt fra samme side; rommet åpner kl. { $opens }:
    { $link }

mail-price-paid = Vi har reservert { $amount } på { $card }. Etter samtalen trekker vi bare det du skylder, og frigir resten.
mail-price-kept = Vi har lagret { $card } for denne timen, og reserverer { $amount } et døgn før. Etter samtalen trekker vi bare det du skylder.
mail-price-free = Timen er gratis.

mail-cancelled-consumer-subject = Avbestilt: { $title }, { $when }
mail-cancelled-consumer-body =
    Hei { $name },

    timen hos { $other } { $when } er avbestilt. { $money_line }

    Finn en ny tid her:
    { $link }

mail-cancelled-provider-subject = Avbestilt: { $other }, { $when }
mail-cancelled-provider-body =
    Hei { $name },

    timen med { $other } { $when } er avbestilt, og tiden er ledig igjen. { $fee_line }
    { $link }

mail-money-released = Du betaler ingenting, og { $amount } blir frigitt.
mail-money-none = Du betaler ingenting.
mail-money-charged = Etter vilkårene for timen betaler du { $charged }.
mail-money-charged-and-released = Etter vilkårene for timen betaler du { $charged }, og { $amount } blir frigitt.
mail-fee = Kunden betaler { $amount } etter vilkårene for timen.
mail-fee-none = Kunden betaler ingenting.
mail-withdrawal-right = Du har angrerett, og kan gå fra avtalen uten å betale til { $until }. Knapp og angreskjema finner du her: { $link }
mail-withdrawal-asked = Du ba { $when } om at timen gjennomføres i angrefristen, med disse ordene (versjon { $version }): «{ $words }». Når timen er gjennomført, har du ikke angrerett lenger.
mail-fee-cancelled-body =
    Hei { $name },

    du avbestilte timen hos { $other } { $when } så sent at det koster noe etter vilkårene.

    Reservert: { $reserved }
    Trukket: { $charged }
    Frigitt: { $released }

    Kvittering { $number } ligger her:
    { $link }

mail-fee-missed-body =
    Hei { $name },

    du møtte ikke til timen hos { $other } { $when }, og det koster noe etter vilkårene.

    Reservert: { $reserved }
    Trukket: { $charged }
    Frigitt: { $released }

    Kvittering { $number } ligger her:
    { $link }


mail-receipt-subject = Kvittering { $number } fra { $other }
mail-receipt-body =
    Hei { $name },

    samtalen med { $other } er avsluttet.

    Tid sammen: { $duration }
    Reservert: { $reserved }
    Trukket: { $charged }
    Frigitt: { $released }

    Kvittering { $number } ligger her:
    { $link }

mail-no-show-provider-consumer-subject = { $other } møtte ikke opp
mail-no-show-provider-consumer-body =
    Hei { $name },

    { $other } møtte ikke til timen { $when }. { $money_line } Beklager.

    Finn en ny tid her:
    { $link }

mail-no-show-provider-provider-subject = Dere møtte ikke: { $other }, { $when }
mail-no-show-provider-provider-body =
    Hei { $name },

    ingen fra dere møtte til timen med { $other } { $when }. Kunden betaler ingenting.
    { $link }

mail-no-show-consumer-consumer-subject = Du møtte ikke til timen hos { $other }
mail-no-show-consumer-consumer-body =
    Hei { $name },

    vi så deg ikke i timen hos { $other } { $when }. { $money_line }

    Bestill en ny tid her:
    { $link }

mail-no-show-consumer-provider-subject = { $other } møtte ikke, { $when }
mail-no-show-consumer-provider-body =
    Hei { $name },

    { $other } møtte ikke til timen { $when }. { $fee_line }
    { $link }

mail-not-held-subject = Timen er avsluttet: { $title }, { $when }
mail-not-held-body =
    Hei { $name },

    du og { $other } snakket ikke sammen i timen { $when }. { $money_line }

    Finn en ny tid her:
    { $link }

mail-payment-failed-subject = Betalingen gikk ikke gjennom
mail-payment-failed-body =
    Hei { $name },

    vi fikk ikke trukket { $amount } fra { $card } for timen hos { $other } { $when }. Vi har prøvd flere ganger.

    Betal på nytt her, gjerne med et annet kort:
    { $link }

mail-pay-anew-subject = Betal på nytt innen { $until }
mail-pay-anew-body =
    Hei { $name },

    vi fikk ikke reservert { $amount } på { $card } for timen hos { $other } { $when }.

    Betal på nytt innen { $until }, gjerne med et annet kort. Ellers gir vi tiden fra oss. { $unpaid_line }
    { $link }

mail-unpaid-consumer-subject = Timen er avlyst: { $title }, { $when }
mail-unpaid-consumer-body =
    Hei { $name },

    timen hos { $other } { $when } ble ikke betalt, og tiden er gitt fra oss. { $unpaid_line }

    Finn en ny tid her:
    { $link }

mail-unpaid-provider-subject = Avlyst: { $title }, { $when }
mail-unpaid-provider-body =
    Hei { $name },

    timen med { $other } { $when } er avlyst, fordi kundens kort ble avvist. Tiden er ledig igjen. { $fee_line }

    { $link }

mail-booking-lost-subject = Bestillingen ble ikke fullført
mail-booking-lost-body =
    Hei { $name },

    betalingen for { $title } hos { $other } { $when } ble ikke ferdig mens vi holdt av tiden. Du betaler ingenting, og det som er reservert, blir frigitt.

    Finn en ny tid her:
    { $link }

mail-booking-open-subject = Betalingen er ikke ferdig
mail-booking-open-body =
    Hei { $name },

    betalingen for { $title } hos { $other } { $when } er ikke ferdig, og ingenting er trukket. Vi holder av tiden til { $until }.

    Gå videre her:
    { $link }

    Gjør du ikke det, blir timen ikke bestilt, og du betaler ingenting.

mail-invitation-subject = { $org } inviterer deg
mail-invitation-body =
    Hei,

    { $org } spør om du vil ta videotimer for dem på Booka. Se på invitasjonen, og takk ja eller nei, her:
    { $link }

    Ingenting vises om deg før du har takket ja. Invitasjonen er åpen i 14 dager. Kjenner du ikke { $org }, trenger du ikke gjøre noe.

mail-test-payment = TEST: Denne serveren bruker testbetaling. Ingen penger flyttes.

mail-no-account-subject = Ingen konto med denne adressen
mail-no-account-body =
    Hei,

    noen har bedt om nytt passord for denne e-postadressen, men den har ingen konto. Var det deg, har du kanskje brukt en annen adresse, eller du kan opprette konto her:
    { $link }

    Var det ikke deg, trenger du ikke gjøre noe.

mail-waits-subject = { $other } venter på deg
mail-waits-body =
    Hei { $name },

    { $other } har nettopp kommet til venterommet for timen { $when }, og ingen fra dere er der.

    Gå til samtalen:
    { $link }

mail-taken-over-consumer-subject = En kollega tar timen din, { $when }
mail-taken-over-consumer-body =
    Hei { $name },

    en kollega hos { $other } tar timen din { $when } i stedet for den du bestilte hos. Tid og pris er de samme. Hvem det er, ser du her:
    { $link }

mail-taken-over-provider-subject = En kollega overtar: { $other }, { $when }
mail-taken-over-provider-body =
    Hei { $name },

    en kollega har overtatt timen din med { $other } { $when }. Du trenger ikke gjøre noe.
    { $link }

mail-takes-over-subject = Du har overtatt: { $other }, { $when }
mail-takes-over-body =
    Hei { $name },

    du har overtatt denne timen fra en kollega, og den står i kalenderfilen som er lagt ved.

    { $title }, { $other }
    { $when }

    Det kunden har skrevet, og hvordan du når kunden, står her:
    { $link }

mail-owner-now-subject = Du eier { $org } nå
mail-owner-now-body =
    Hei { $name },

    eieren av { $org } har slettet kontoen sin. Du har arbeidet der lengst, så nå er det du som styrer virksomheten. Siden er satt på pause. Se gjennom den og publiser den, eller inviter noen andre til å overta, her:
    { $link }

mail-credit-subject = Kreditnota { $number } fra { $other }
mail-credit-body =
    Hei { $name },

    { $amount } er betalt tilbake til { $card }.{ $reason } Det kan ta noen dager før beløpet står på kontoen.

    Kreditnota { $number } ligger her:
    { $link }

mail-pay-anew-free = Da betaler du ingenting.
mail-pay-anew-fee = Da koster det { $amount }, som etter vilkårene for timen når noen avbestiller sent. Vil du ikke ha timen, kan du avbestille selv.
mail-unpaid-free = Du betaler ingenting.
mail-unpaid-fee = Etter vilkårene for timen koster det { $amount }, som når noen avbestiller sent.
