operator-calls = Calls
operator-appointments = Appointments
operator-outbox = Outgoing e-mail
calls-now = { $n ->
    [0] No live calls
    [one] 1 live call
   *[other] { $n } live calls
 }
calls-troubled = { $n ->
    [one] 1 needs a look
   *[other] { $n } need a look
 }
calls-none = Calls appear here when somebody enters a room.
health-waiting = Waiting
health-good = Good
health-weak = Weak network
health-reconnecting = Reconnecting
col-state = State
col-started = Started
col-provider = Business
col-consumer = Customer
col-elapsed = Duration
col-billable = Billed
col-up = In
col-down = Out
col-loss = Loss
col-who = Who
col-packets-in = Packets in
col-packets-out = Packets out
col-round-trip = Round trip
col-reference = Booking
col-when = When
col-service = Service
col-number = No.
col-last-seen = Last seen
col-reason = Ended by
col-operation = Operation
col-amount = Amount
col-detail = Details
col-transaction = Transaction
col-account = Account
col-to = To
col-subject = Subject
participants = Participants
role-provider = professional
role-consumer = customer
seat-connected = Connected
seat-away = Not connected
filter-text = Booking or business
filter-mail = Address or subject
filter-all = All
appointments-count = { $n ->
    [one] 1 appointment
   *[other] { $n } appointments
 }
appointments-none = No appointments fit the filters.
segments-title = Measured presence
segments-none = Nobody has been connected.
payments-title = Payment
payments-none = No payment has been tried.
ledger-title = Ledger
ledger-none = No entries.
mails-count = { $n ->
    [one] 1 e-mail
   *[other] { $n } e-mails
 }
mails-none = No e-mail here yet.
mail-to = To { $to }, { $when }
mail-state-kept = Shown here only
mail-state-waiting = Waiting
mail-state-sent = Sent
mail-state-failed = Not sent
legs-title = Streams
quality-title = Quality of the connection
quality-hint = The line runs from the call's first measurement to its last, the top is as good as it gets. The score goes from 1 to 4.5; it is kept for 30 days.
quality-good = Good
quality-fair = Fair
quality-poor = Poor
leg-sent = Sends { $source }
leg-received = Gets { $source } from { $who }
leg-microphone = sound
leg-camera = camera
leg-screen = screen
leg-screen-audio = sound of the screen
layer-hint = S is the size of the picture, T its rate, both from zero up; after the stroke stands what the recipient's screen asks for.
col-stream = Stream
col-quality = Quality
col-bitrate = Bitrate
col-jitter = Jitter
col-layer = Picture
col-course = Course
col-mean = On average
col-lowest = Lowest
col-loss-most = Most loss
capture-title = Capture packet headers
capture-hint = For looking for faults in the network: the headers of this call's packets go into a file below captures in the data folder, which Wireshark reads. It holds addresses, but neither sound nor picture, and is deleted after 7 days.
capture-minutes = Minutes, 1 to 10
capture-start = Start capture
operator-people = People
people-title = Find a person
people-text = Search when somebody has asked for help. Who searched, when and why is kept on record for two years.
label-people-q = Name, e-mail or phone
label-people-reason = Why
hint-people-reason = For example "Called about booking 4F2K". Do not write what they told you.
people-find = Search
people-none = Nobody fits.
col-name = Name
col-email = E-mail
col-phone = Phone
col-business = Business
col-since = Since
person-operator = Operator
operators-title = Operators
operators-text = Everybody here sees calls, appointments and outgoing e-mail. Who is locked out gets a link from the server: booka operator-link.
operators-invite = Invite
label-operator-email = E-mail of a new operator
looks-title = Who looked at what
looks-text = The newest entries of the record.
looks-none = Nobody has looked at anything yet.
col-action = What
look-call-seen = Opened a call
look-capture-started = Started a capture of packet headers
look-appointment-seen = Opened an appointment
look-outbox-seen = Opened the list of e-mail
look-mail-seen = Read an e-mail
look-people-searched = Searched for people
look-operator-invited = Invited an operator
look-operator-made = Became an operator
look-link-made = Made a sign-in link on the server
look-other = Something else
look-server = At the server
