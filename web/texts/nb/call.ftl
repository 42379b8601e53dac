# Samtalesiden og enhetstesten.
call-microphone = Mikrofon
call-camera = Kamera
call-speaker = Høyttaler
call-off = Av
call-microphone-turn-on = Slå på mikrofonen
call-microphone-turn-off = Slå av mikrofonen
call-camera-turn-on = Slå på kameraet
call-camera-turn-off = Slå av kameraet
call-camera-is-off = Kameraet er av
call-camera-starts = Starter kameraet
call-share = Del skjerm
call-sharing = Deler
call-share-start = Del skjermen din
call-share-stop = Slutt å dele skjermen
call-layout-grid = Rutenett
call-layout-speaker = Stort bilde
call-layout-to-grid = Vis alle like store
call-layout-to-speaker = Vis én stor
call-devices = Enheter
call-devices-open = Velg enheter
call-controls = Samtalekontroller
call-close = Lukk
call-shortcuts = Hurtigtaster
call-leave-word = Forlat
call-leave = Forlat samtalen
call-test-sound = Spill testlyd
call-try-again = Prøv igjen
call-back = Tilbake

call-join = Gå til venterommet
call-join-provider = Åpne rommet
call-joining = Kobler til
call-join-note = Du betaler bare for tiden du og { $name } er i samtalen sammen.
call-price-cap = { $rate }/min, maks { $cap }
call-check-title = Test kamera og lyd
call-check-good = Kamera og mikrofon virker.

call-lobby-title = Du er på venterommet
call-lobby = { $name } har fått beskjed. Du betaler bare mens dere begge er i samtalen.
call-lobby-reconnecting = Kobler til igjen. Plassen din er holdt av.
call-lobby-starts-in = Starter om
call-lobby-started = Startet for
call-lobby-cost = Koster nå
call-lobby-leave = Forlat venterommet
call-admit-waited = { $minutes ->
    [0] Kom akkurat til venterommet
   *[other] Har ventet i { $minutes } min
}
call-admit = Slipp inn
call-dismiss = Avvis

call-stage = Bilder
call-stage-empty = Venter på { $name }. Klokken går ikke før dere begge er her.
call-tile-you = Deg
call-tile-screen = Skjermen til { $name }
call-tile-muted = mikrofonen av
call-tile-lost = Kobler til igjen

call-time-left = { $time } igjen
call-meter-label = Pris så langt
call-meter-free = Gratis
call-meter-fixed = Fast pris { $amount }
call-meter-running = { $cost } av maks { $cap }
call-meter-paused = Klokken er stoppet
call-meter-cap = Makspris nådd
call-network-weak = Svakt nett

call-banner-reconnecting = Kobler til igjen. Du betaler ikke mens du er ute.
call-banner-reconnecting-provider = Kobler til igjen. Klokken står mens du er ute.
call-banner-far-lost = { $name } mistet forbindelsen. Klokken er stoppet. Bli her, så fortsetter samtalen når { $name } er tilbake.
call-banner-sound = Nettleseren vil ha et klikk før den spiller lyd.
call-banner-sound-on = Slå på lyden
call-banner-silent = Mikrofonen er på, men vi hører ingenting. Er riktig mikrofon valgt?
call-banner-network = Du har svakt nett. Lyden går foran bildet.
call-banner-time = Samtalen slutter kl. { $time }.
call-banner-cost = Prisen nærmer seg makspris, og stopper der.

call-said-waiting = { $name } er på venterommet
call-said-joined = { $name } er med i samtalen
call-said-back = { $name } er tilbake
call-said-lost = { $name } mistet forbindelsen
call-said-left = { $name } forlot samtalen

call-ended-title = Samtalen er avsluttet
call-ended-window = Den avtalte tiden er ute
call-ended-dismissed = Du ble ikke sluppet inn
call-ended-cancelled = Timen er avbestilt
call-ended-nothing = Samtalen kostet ingenting.
call-ended-free = Dere snakket i { $time }. Samtalen var gratis.
call-ended-cost = { $time } kostet { $cost }.
call-ended-cost-rest = { $time } kostet { $cost }. Vi frigir resten, { $rest }.
call-after = Se timen
call-rejoin = Gå tilbake til samtalen
call-taken-title = Samtalen er åpnet et annet sted
call-taken = Du er med i samtalen fra en annen fane eller enhet.
call-taken-here = Bruk denne siden
call-refused-signed-out = Du er logget ut
call-refused-signed-out-way = Gå tilbake, logg inn og åpne samtalen på nytt.
call-refused-not-yours = Samtalen er ikke åpen for deg
call-refused-not-yours-way = Se om du er logget inn med kontoen timen er bestilt med.
call-refused-not-open = Rommet åpner kl. { $time }
call-refused-not-open-way = Siden kan stå åpen så lenge.
call-refused-over = Tiden for samtalen er ute.
call-refused-unsupported = Nettleseren kan ikke ringe med video
call-refused-unsupported-way = Oppdater nettleseren, eller åpne lenken i en annen.

call-camera-blocked = Booka har ikke tilgang til kameraet
call-microphone-blocked = Booka har ikke tilgang til mikrofonen
call-both-blocked = Booka har ikke tilgang til kameraet og mikrofonen
call-camera-in-use = Et annet program bruker kameraet
call-microphone-in-use = Et annet program bruker mikrofonen
call-camera-none = Vi finner ikke noe kamera
call-microphone-none = Vi finner ingen mikrofon
call-help-chrome = Klikk på ikonet til venstre for nettadressen, slå på Kamera og Mikrofon, og prøv igjen.
call-help-chrome-android = Trykk på ikonet til venstre for nettadressen og så på Tillatelser. Tillat Kamera og Mikrofon.
call-help-firefox = Klikk på kameraet med strek over ved nettadressen, fjern blokkeringen, og prøv igjen.
call-help-safari-mac = Velg Innstillinger for { $domain } i Safari-menyen. Sett Kamera og Mikrofon til Tillat.
call-help-safari-iphone = Trykk på ikonet ved nettadressen og så på nettstedsinnstillingene. Sett Kamera og Mikrofon til Tillat.
call-help-system = Nettleseren har tilgang, men maskinen stopper den. Åpne Personvern og sikkerhet i innstillingene, og gi nettleseren tilgang.
call-help-camera-in-use = Lukk det og prøv igjen, eller delta bare med lyd.
call-help-microphone-in-use = Lukk det og prøv igjen.
call-help-camera-none = Koble til et kamera og prøv igjen, eller delta bare med lyd.
call-help-microphone-none = Koble til en mikrofon og prøv igjen. Uten den kan de andre ikke høre deg.
call-help-unknown = Nettleseren gir ingen grunn. Last inn siden på nytt, eller prøv en annen nettleser.
