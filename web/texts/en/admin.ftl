provider-menu = My business
provider-today = Today
to-today = To today's appointments
provider-services = Services
provider-hours = Opening hours
provider-members = People
provider-profile = Public page
signup-title = Meet customers on video
signup-lead = Add services and opening hours, and customers nearby can book and pay. You are paid for the time you talk.
signup-1 = Create an account for yourself.
signup-2 = Tell us about the business, and add at least one service and your opening hours.
signup-3 = Publish. Customers find you right away.
signup-button = Create the business
label-org-name = Name of the business
label-org-number = Company number
hint-org-number = Nine digits. It is printed on receipts. A VAT number such as NO 999 900 003 MVA will do.
label-vat = Is the business registered for VAT?
hint-vat = It decides what receipts say. You can change the answer later, and receipts already issued stay as they are.
vat-no = No
vat-yes = Yes, it is in the Norwegian VAT Register
label-vat-from = Registered since
hint-vat-from = Needed if the answer is yes.
label-org-place = Place
hint-org-place = The town you work from. We show the town, not the address.
label-org-about = About the business
hint-org-about = What you can help with, and what customers can expect of a call.
setup-missing = Before customers can book, you need to:
setup-service = Add a service
setup-hours = Add opening hours
setup-publish = Publish the page
next-appointment = Next: { $when }
in-lobby = In the waiting room now
today-empty = Nothing is booked for the next few days.
see-public-page = See the public page
today-earned = { $n ->
    [one] Today: 1 call, { $amount }.
   *[other] Today: { $n } calls, { $amount }.
 }
services-lead = What customers can book, with duration and price.
services-payments-off = This server takes no payments yet. You can offer free services; priced ones cannot be booked.
service-active = Can be booked
service-paused = Paused
service-new = New service
service-edit = Edit the service
service-price = Price
service-times = Time
service-bookable = Customers can book this service
service-remove = Remove the service
kind-per-minute = Per minute
kind-fixed = Fixed price
kind-free = Free
label-title = Name of the service
label-description = Description
hint-description = One or two sentences that the customer sees before booking.
label-rate = Price per minute
label-cap = Maximum price
label-free-min = Free for the first
label-amount = Price
hint-kroner = Kroner, VAT included
hint-cap = Kroner, VAT included. Leave empty to use the price of the full time.
hint-minutes = Minutes
hint-minutes-5 = Minutes, in steps of five
hint-hours = Hours
hint-days = Days
price-vat-note = The customer sees the price with VAT. The maximum price is what we reserve at booking.
label-duration = Duration
label-buffer = Break afterwards
label-notice = Minimum notice
label-window = How far ahead it can be booked
label-open-max = Upcoming appointments per customer
hours-lead = When { $member } takes calls. Times are { $city } time.
hours-from = from, period { $n }
hours-to = to, period { $n }
hours-hint = For example 9, 9.30 or 09:00. Leave the fields empty when closed; 24:00 is midnight.
hours-save = Save the opening hours
hours-second = One more span
hours-suggested = No opening hours are saved yet. This is a suggestion: change what you like, and save.
closed-booked = { $n ->
    [one] One appointment is already booked on this day, and still stands:
   *[other] { $n } appointments are already booked on this day, and still stand:
}
closed-title = Closed days
closed-none = No closed days besides the week above.
closed-add = Close the day
closed-remove = Open again
label-date = Date
label-reason = Reason
member-you = (you)
member-owner = owner
member-remove = Remove
member-add-title = Invite a person
member-add-text = They get an e-mail, and are shown and can be booked only after accepting.
member-invited-title = Invited
member-waiting = Asked { $when }, no answer yet
member-declined = Declined
member-withdraw = Withdraw
member-add = Invite
profile-published = Published
profile-paused = Not published
profile-pause = Pause
profile-publish = Publish
colleagues-title = What colleagues take
closed-holidays = Public holidays, such as 25 December, follow the week above unless you close them here.
member-make-owner = Make owner
provider-appointments = Appointments
agenda-period = Period
agenda-by-week = Week
agenda-by-month = Month
agenda-now = Show today
agenda-earlier = Earlier
agenda-later = Later
agenda-week = Week { $week }: { $days }
agenda-days = { $from } – { $to }
agenda-empty = No appointments in this period.
agenda-count = { $n ->
    [one] 1 appointment
   *[other] { $n } appointments
 }
agenda-earned = Income
agenda-paid-by = { $n ->
    [one] Paid by the customer for 1 call
   *[other] Paid by customers for { $n } calls
 }
agenda-vat = VAT included
agenda-net = Without VAT
agenda-earned-hint = What was charged for appointments that began in this period. Appointments that are not settled yet are left out.
agenda-receipt = Receipt { $number }
