register-title = Create account
register-have = Already have an account?
login-new = New here?
forgot-password = Forgot your password?
check-mail-title = Check your e-mail
check-mail-verify = We have sent a link to { $email }. Open it to confirm the address.
check-mail-reset = If there is an account for { $email }, a link is on its way. It works for one hour.
send-again = Send it again
other-address = Use another address
verify-title = Confirm your e-mail address
verify-text = Press the button so that we know the address is yours.
verify-button = Confirm the address
verify-expired = This link has been used or is too old. If you have already confirmed the address, you can sign in. If not, you get a new link after signing in.
link-expired-title = The link no longer works
reset-title = Forgot your password?
reset-text = Enter your e-mail address, and we will send you a link to choose a new password.
reset-send = Send the link
reset-expired = The link has been used or is older than one hour. Ask for a new one.
reset-new-title = Choose a new password
reset-new-text = Saving signs you out on all devices.
reset-save = Save the password
login-link-title = Sign in with this link
login-link-text = The link signs you in as { $name }. It works once.
login-link-expired = The link has been used or is too old. Sign in with e-mail and password.
setup-title = Create an operator account
setup-text = An operator sees live calls, appointments and outgoing e-mail.
setup-button = Create the account
setup-expired = The link has been used or is too old. Whoever runs the server can make a new one with “booka operator-link”.

account-menu = My account
account-details = My account
account-data = My data
account-sessions = Devices
account-delete = Delete the account
email-unverified = The address { $email } is not confirmed. Open the link in the e-mail we sent.
deletion-pending = The account will be deleted on { $when }.
deletion-undo = Keep the account
data-lead = Everything we have about you, why we have it, and who can see it.
data-export = Download everything (JSON)
data-correct = Correct details
data-readers = Who can see it
sessions-lead = You are signed in here. Sign out any device you do not recognise.
session-line = Signed in { $since }, last used { $seen }
session-current = This device
session-end = Sign out
session-end-others = Sign out all other devices
delete-appointments = { $n ->
    [one] 1 appointment will be cancelled, and { $amount } released.
   *[other] { $n } appointments will be cancelled, and { $amount } released.
 }
delete-what = Name, e-mail, phone, place and what you wrote about your appointments will be deleted.
delete-receipts = Receipts are kept for as long as the law requires. They show only what a receipt needs.
delete-undo = { $n ->
    [one] You can undo this for 1 day: sign in and press “Keep the account”, which is shown on every page. Cancelled appointments stay cancelled.
   *[other] You can undo this for { $n } days: sign in and press “Keep the account”, which is shown on every page. Cancelled appointments stay cancelled.
 }
delete-button = Delete my account
delete-keep = Keep the account
account-invitations = Invitations
invitations-none = You have no invitations to answer.
invitations-lead = Once you accept, your name is shown on the page of the business and customers can book you. Before that nothing is shown.
invitations-works-for = You take calls for { $org }.
invitations-leave = Stop working for { $org }
invitation-line = { $town }. Open until { $when }
invitation-accept = Accept
invitation-decline-short = Decline
invitation-title = Invitation
invitation-expired = This invitation has been answered, withdrawn or has expired. Ask the business for a new one.
invitation-from = { $org } invites you
invitation-text = { $org } in { $town } asks you to take video appointments for them. Your name is shown to customers only after you accept.
invitation-how = To accept, sign in or create an account with { $email }.
invitation-decline = Decline the invitation
verify-elsewhere = You created the account in another browser. Enter the password you chose for { $email }, so that we know it is you.
verify-not-me = Didn’t you create an account? Then somebody else has entered your address.
verify-discard = It wasn’t me. Discard it
deletion-meanwhile = Until then nothing can be booked.
delete-customers = { $n ->
    [one] An appointment that a customer has with you is cancelled now, and the customer is told.
   *[other] { $n } appointments that customers have with you are cancelled, the soonest at once, and the customers are told.
}
delete-provider = Nobody can book you from now on, and any page you own is taken down. If you change your mind, the page is back at once.
delete-heir = When the account is deleted, { $name } becomes the owner of { $org }.
account-email = Change e-mail address
account-email-text = We send a link to the new address. The change takes effect once you open the link.
account-email-waiting = { $email } is waiting for you to open the link we sent there.
account-email-send = Send the link
account-email-confirm-title = Confirm the new address
account-email-confirm-text = Your account uses { $email } from now on. We will let the old address know.
account-email-confirm = Use this address
account-email-expired = The link has been used, is older than 24 hours, or belongs to another account. Ask for a new one.
check-mail-new-address = We have sent a link to { $email }. The change takes effect once you open it. Until then you sign in as before.
account-password = Change password
account-password-text = All other devices are signed out.
account-password-forgot = If you do not remember the password, we can send you a link:
data-cut = These are the { $shown } newest of { $n }. The file you download has all of them.
data-looks = When operators looked at something about you
data-looks-none = No operator has opened anything about you.
account-documents = Receipts
documents-lead = Receipts and credit notes for your appointments.
documents-none = You have no receipts yet.
documents-booking = Booking
