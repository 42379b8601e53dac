refund-link = Betal tilbake
refund-title = Betal tilbake
refund-sums = Hva som er betalt
refund-paid = Kunden har betalt
refund-back = Betalt tilbake
refund-on-its-way = På vei tilbake
refund-waiting = Venter på en til
refund-left = Kan betales tilbake
label-refund-amount = Beløp
hint-refund-amount = I kroner, for eksempel 450 eller 450,50.
label-refund-reason = Begrunnelse
hint-refund-reason = Kunden får lese den.
refund-alone = Opptil { $amount } for timen til sammen betaler én person tilbake alene. Over det må en til si ja først.
refund-button = Betal tilbake
refund-nothing-paid = Det er ikke trukket noe for denne timen, så det er ikke noe å betale tilbake.
refund-nothing-left = Alt som er betalt for denne timen, er betalt tilbake eller på vei.
refund-approve = Godkjenn
refund-decline = Avslå
refund-own = Du ba om den selv, så en annen må godkjenne.
refund-take-back = Trekk tilbake
refund-asked-by = Bestilt av { $name }
refund-elsewhere = Gjort hos betalingstjenesten
refund-changed-title = Noe har skjedd i mellomtiden
refund-changed = Tilbakebetalingene for denne timen er endret etter at siden ble åpnet. Ingenting er sendt nå. Se over tallene, og send på nytt om det fortsatt er riktig.
refunds-title = Tilbakebetalinger
refunds-when = Det kan ta noen dager før pengene står på kontoen.

event-refund-asked = { $amount } er sendt til tilbakebetaling
registry-refund-asked = Tilbakebetaling sendt

error-reason-short = Skriv litt mer, minst tre tegn.
error-amount-unreadable = Skriv et beløp større enn null, for eksempel 450 eller 450,50.
error-refund-too-much = Beløpet er større enn det som kan betales tilbake.

notice-refund-sent = Tilbakebetalingen er sendt. Her ser du hvor den står.
notice-refund-waits = Beløpet er over grensen, så en til må godkjenne før noe sendes. De som kan, har fått e-post.
notice-refund-declined = Tilbakebetalingen er avslått eller trukket tilbake. Ingenting er sendt.

operator-refunds = Penger som venter
operator-refunds-count = Penger som venter ({ $n })
money-waits-nothing = Ingenting venter. Alle tilbakebetalinger er avgjort, og betalingstjenesten sier det samme som bøkene.
refunds-waiting = Tilbakebetalinger som venter på en til
refunds-waiting-text = De er over grensen for hva én kan avgjøre alene. Den som ba om pengene, kan ikke godkjenne selv.
refunds-failed = Tilbakebetalinger som ikke kom fram
refunds-failed-text = Betalingstjenesten sa nei, eller banken sendte pengene i retur. Åpne bestillingen og be om dem på nytt, eller avtal med kunden hvordan pengene skal fram.
differences-title = Betalingstjenesten sier noe annet enn bøkene
differences-text = De blir sammenlignet på nytt hver time og forsvinner herfra når begge sier det samme.
difference-seen = sist sett { $when }
difference-not-there = Betalingstjenesten kjenner ikke betalingen.
difference-not-there-do = Se etter at nøklene hører til riktig konto hos tjenesten, og spør dem med referansen.
difference-status = Betalingen står et annet sted hos tjenesten enn her.
difference-status-do = Slå den opp hos tjenesten. Er den trukket eller sluppet der for hånd, gjør det samme her, eller gjør det om der.
difference-amount = Et annet beløp er trukket eller betalt tilbake.
difference-amount-do = Sammenlign beløpene hos tjenesten. Er for mye trukket, betal forskjellen tilbake der: den kommer inn i bøkene av seg selv.
difference-no-provider = Tjenesten er ikke satt opp lenger, så ingen kan spørres.
difference-no-provider-do = Sett den opp igjen til de siste betalingene er ferdige.
stuck-title = Kall som ikke får svar
stuck-text = De prøves igjen av seg selv. Står de lenge, se på feilen og på statussiden til betalingstjenesten.
col-decision = Avgjørelse
col-difference = Hva er galt, og hva gjør du
col-ours = Bøkene
col-theirs = Tjenesten
col-tries = Forsøk
col-next-try = Neste forsøk

look-refunds-seen = Åpnet listen over penger som venter
look-refund-made = Betalte tilbake
look-refund-asked = Ba om tilbakebetaling
look-refund-approved = Godkjente en tilbakebetaling
look-refund-declined = Avslo en tilbakebetaling

mail-kind-refund-waits = Tilbakebetaling venter
mail-kind-refund-returned = Tilbakebetaling i retur

mail-refund-waits-subject = En tilbakebetaling venter på deg
mail-refund-waits-body =
    Hei { $name },

    noen har bedt om å betale tilbake { $amount } til en kunde av { $org }. Beløpet er over grensen for hva én kan avgjøre alene, så en til må si ja eller nei.

    Se på den her:
    { $link }

mail-refund-returned-subject = Pengene fra { $other } kom ikke fram
mail-refund-returned-body =
    Hei { $name },

    { $amount } som ble betalt tilbake til deg for timen hos { $other } { $when }, kom i retur fra banken. Pengene er ikke borte, og driften ser hva som har skjedd.

    Her ser du hvor saken står:
    { $link }

mail-credit-reason = Begrunnelse: «{ $reason }».

price-kept = Betalt etter tilbakebetaling
