//! Sentences that one page leaves for the next.

macro_rules! notices {
    ($($name:ident, $code:literal, $key:literal;)*) => {
        /// A sentence that the next page shows on top, carried in the address as `?notice=code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Notice {
            $($name,)*
        }

        impl Notice {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|notice| notice.code() == code)
            }

            #[must_use]
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)*
                }
            }
        }
    };
}

notices! {
    Saved, "saved", "notice-saved";
    SignedOut, "signed-out", "notice-signed-out";
    EmailVerified, "email-verified", "notice-email-verified";
    EmailChanged, "email-changed", "notice-email-changed";
    RegistrationDiscarded, "registration-discarded", "notice-registration-discarded";
    VerifyMailSent, "verify-sent", "notice-verify-sent";
    PasswordChanged, "password-changed", "notice-password-changed";
    SessionEnded, "session-ended", "notice-session-ended";
    HoldExtended, "hold-extended", "notice-hold-extended";
    HoldReleased, "hold-released", "notice-hold-released";
    AppointmentCancelled, "cancelled", "notice-cancelled";
    DeletionAsked, "deletion-asked", "notice-deletion-asked";
    Leaving, "leaving", "notice-leaving";
    TooManyBooked, "too-many-booked", "notice-too-many-booked";
    TooManyWithProvider, "too-many-with-provider", "notice-too-many-with-provider";
    CookiesNeeded, "cookies-needed", "notice-cookies-needed";
    DeletionUndone, "deletion-undone", "notice-deletion-undone";
    Published, "published", "notice-published";
    MandateGiven, "mandate-given", "notice-mandate";
    MandateWithdrawn, "mandate-withdrawn", "notice-mandate-withdrawn";
    SellerStated, "seller-stated", "notice-seller-stated";
    Paused, "paused", "notice-paused";
    MemberInvited, "member-invited", "notice-member-invited";
    InvitationWithdrawn, "invitation-withdrawn", "notice-invitation-withdrawn";
    InvitationAccepted, "invitation-accepted", "notice-invitation-accepted";
    InvitationDeclined, "invitation-declined", "notice-invitation-declined";
    MembershipEnded, "membership-ended", "notice-membership-ended";
    MemberPromoted, "member-promoted", "notice-member-promoted";
    MemberRemoved, "member-removed", "notice-member-removed";
    ClosedWhileBooked, "closed-while-booked", "notice-closed-while-booked";
    CaptureStarted, "capture-started", "notice-capture-started";
    CaptureRunning, "capture-running", "notice-capture-running";
    CaptureFailed, "capture-failed", "notice-capture-failed";
    MailResent, "mail-resent", "notice-mail-resent";
    OperatorInvited, "operator-invited", "notice-operator-invited";
    TakenOver, "taken-over", "notice-taken-over";
    TakeOverBusy, "take-over-busy", "notice-take-over-busy";
    TaxNeeded, "tax-needed", "notice-tax-needed";
    InvoicePaid, "invoice-paid", "notice-invoice-paid";
    InvoicePaidBack, "invoice-paid-back", "notice-invoice-paid-back";
    RefundSent, "refund-sent", "notice-refund-sent";
    RefundWaits, "refund-waits", "notice-refund-waits";
    RefundDeclined, "refund-declined", "notice-refund-declined";
    DisputeOpened, "dispute-opened", "notice-dispute-opened";
    DisputeSaid, "dispute-said", "notice-dispute-said";
    DisputeFileKept, "dispute-file", "notice-dispute-file";
    DisputeWithdrawn, "dispute-withdrawn", "notice-dispute-withdrawn";
    DisputeDecided, "dispute-decided", "notice-dispute-decided";
    DisputeWaits, "dispute-waits", "notice-dispute-waits";
    ServiceRemoved, "service-removed", "notice-service-removed";
    PayoutMade, "payout-made", "notice-payout-made";
    PayoutNothing, "payout-nothing", "notice-payout-nothing";
    PayoutGone, "payout-gone", "notice-payout-gone";
}
