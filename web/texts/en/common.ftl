day-today = today
day-tomorrow = tomorrow
day-yesterday = yesterday
relative-now = now
relative-in-minutes = in { $n } min
relative-in-hours = in { $n ->
    [one] 1 hour
   *[other] { $n } hours
 }
relative-in-days = in { $n ->
    [one] 1 day
   *[other] { $n } days
 }
relative-minutes-ago = { $n } min ago
relative-hours-ago = { $n ->
    [one] 1 hour
   *[other] { $n } hours
 } ago
relative-days-ago = { $n ->
    [one] 1 day
   *[other] { $n } days
 } ago

og-locale = en_GB
og-image-alt = Booka: two video windows, a dog in one and a fuse box in the other
clock-summer = { $clock } summer time
clock-winter = { $clock } winter time
time-in-zone = { $when } ({ $city } time)
skip = Skip to the content
nav-label = Main menu
nav-menu = Menu
nav-find = Find help
nav-for-providers = For businesses
nav-bookings = My appointments
nav-provider = My business
nav-operator = Operations
nav-login = Sign in
nav-logout = Sign out
nav-register = Create account
nav-about = About Booka
nav-terms = Terms
nav-notice = Privacy
foot-line = Calls run over our own server. Nobody else sees or hears them.
assets-missing = Styles and scripts are not built. Run “cargo xtask web” and build the server again.

save = Save
back = Back
continue = Continue
choose = Choose
optional = (optional)
minutes = { $n } min
minutes-left = { $n } min left.
table-label = Table
reload = Reload
as-of = Measured at { $time }.
pages-label = Pages
page-before = Previous
page-next = Next
page-of = Page { $page } of { $pages }
zone-note = Times are { $city } time.
see-times = See times
all-times = All times
see-booking = See the appointment
org-number-is = Company number { $number }.
seller-heading = You buy from
seller-who = Who you buy from
seller-number = Company number { $number }
seller-number-register = Foretaksregisteret, company number { $number }

errors-title = There is a problem
title-error = Error:

notice-saved = Saved.
notice-signed-out = You are signed out.
notice-email-verified = Your e-mail address is confirmed.
notice-email-changed = Your e-mail address is changed.
notice-registration-discarded = The registration has been deleted. You can create an account of your own here.
notice-verify-sent = A new e-mail is on its way.
notice-password-changed = Your password is changed. Other devices are signed out.
notice-session-ended = The device is signed out.
notice-hold-extended = We are holding the time for 5 more minutes.
notice-hold-released = We are no longer holding the time.
notice-cancelled = The appointment is cancelled.
notice-deletion-asked = Your account will be deleted. You can undo that on this page.
notice-leaving = Your account is about to be deleted, so you cannot book anything. Keep the account to continue.
notice-too-many-booked = You have reached the limit for upcoming appointments. Cancel one, or wait until one is over.
notice-too-many-with-provider = You have reached this provider’s limit for upcoming appointments. Cancel one, or wait until one is over.
notice-cookies-needed = Your browser does not accept cookies, so you were not kept signed in. Turn them on for this site, and sign in again.
notice-deletion-undone = Your account will not be deleted.
notice-published = The page is published. Customers can find and book you.
notice-paused = The page is paused. Agreed appointments still stand.
notice-member-invited = The invitation has been made. It is listed below until it is answered.
notice-invitation-withdrawn = The invitation is withdrawn.
notice-invitation-accepted = Welcome. Set the hours in which customers can book you.
notice-invitation-declined = You have declined the invitation.
notice-membership-ended = You no longer work there.
notice-member-removed = The person is removed.
notice-service-removed = The service is removed. Agreed appointments still stand.

label-name = Name
label-email = E-mail
label-phone = Phone
label-place = Place
label-password = Password
label-new-password = New password
label-new-email = New e-mail
label-current-password = Current password
label-language = Language
label-category = Profession
hint-email = We send the link to the call and the receipt here.
hint-phone = The professional can call you if the connection fails.
hint-place = The town you live in, for example Bergen.
hint-password = At least 10 characters.
hint-password-again = We ask again because deleting is serious.
hint-language = E-mails and receipts are written in this language.
accept-terms = I accept the terms and have read the privacy notice

price-title = Price
price-free = free
price-fixed = fixed price { $amount }
price-per-minute = { $rate } per minute, at most { $cap }
price-service-free = This appointment is free
price-fixed-row = Fixed price
price-rate-row = Per minute, up to { $minutes } min
price-free-first = Free for the first
price-step = Billed per
price-vat = Including VAT { $percent } %
price-most = Maximum price
price-total = Total
price-least = If it comes to less than { $amount }, you pay nothing.
price-most-short = at most { $amount }
price-reserved = Reserved
price-was-reserved = Reserved before the call
price-released = Released
price-charged = Charged
price-counted = Time you pay for
price-measured = Time you talked
price-to-pay = To pay
price-refunded = Refunded
price-if-absent = If { $name } doesn’t show up
price-cancel-until = Free cancellation until { $when }.
notice-closed-while-booked = The day is closed for new bookings. Appointments that are already booked still stand, and are listed below.
notice-capture-started = Packet headers are being captured.
notice-capture-running = A capture is already running. Wait until it ends.
notice-capture-failed = Nothing can be captured: the file cannot be written.
notice-mail-resent = The e-mail is being sent again.
notice-operator-invited = The invitation is on its way. The link works once, within seven days.
notice-taken-over = You take this appointment now.
notice-take-over-busy = You have something else at that time, so the appointment stays with your colleague.
notice-member-promoted = The person is an owner, too, from now on.
