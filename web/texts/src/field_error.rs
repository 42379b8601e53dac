//! What can be wrong with something that somebody typed, each with its sentence.

macro_rules! field_errors {
    ($($(#[$doc:meta])* $name:ident = $key:literal;)*) => {
        /// Everything that can be wrong with a field, each with its sentence.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FieldError {
            $($(#[$doc])* $name,)*
        }

        impl FieldError {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Key of the sentence that says what to do.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)*
                }
            }
        }
    };
}

field_errors! {
    NameMissing = "error-name-missing";
    EmailMissing = "error-email-missing";
    EmailMalformed = "error-email-malformed";
    /// Told only to those with a link for an operator.
    EmailTaken = "error-email-taken";
    PhoneMissing = "error-phone-missing";
    PhoneMalformed = "error-phone-malformed";
    PlaceMissing = "error-place-missing";
    /// A place name that is not in our list of towns.
    PlaceUnknown = "error-place-unknown";
    PasswordMissing = "error-password-missing";
    /// Shorter than ten characters.
    PasswordShort = "error-password-short";
    PasswordCommon = "error-password-common";
    /// The password of a signed-in person, asked for again, is not right.
    PasswordWrong = "error-password-wrong";
    /// Notice and terms were not accepted.
    AcceptMissing = "error-accept-missing";
    /// E-mail and password do not fit together; says nothing about which.
    SignInFailed = "error-sign-in-failed";
    AboutMissing = "error-about-missing";
    TooLong = "error-too-long";
    /// Nothing to pay with was chosen.
    MethodMissing = "error-method-missing";
    WithdrawalMissing = "error-withdrawal-missing";
    /// A look at somebody's data needs one.
    /// Neither an account nor an appointment.
    KeepSubjectUnknown = "error-keep-subject-unknown";
    /// What is to be kept is being deleted at this moment.
    KeepTooLate = "error-keep-too-late";
    LookReasonMissing = "error-look-reason-missing";
    /// Fewer than three letters find everybody.
    TermTooShort = "error-term-too-short";
    TitleMissing = "error-title-missing";
    /// Not a whole amount of kroner, or negative.
    AmountMalformed = "error-amount-malformed";
    AmountMissing = "error-amount-missing";
    /// The cap is below the price of one step of time.
    CapTooLow = "error-cap-too-low";
    /// Not a multiple of five minutes, or out of range.
    DurationMalformed = "error-duration-malformed";
    NumberMalformed = "error-number-malformed";
    TimeMalformed = "error-time-malformed";
    /// Closes before it opens.
    HoursBackwards = "error-hours-backwards";
    DateMalformed = "error-date-malformed";
    /// In the past, or so far ahead that it must be a slip.
    DateOutOfReach = "error-date-out-of-reach";
    OrgNumberMalformed = "error-org-number-malformed";
    /// Registered for VAT or not: no answer.
    VatMissing = "error-vat-missing";
    /// Registered for VAT without a company number.
    VatNeedsNumber = "error-vat-needs-number";
    /// A published service for money, and no mandate to issue its receipts.
    MandateMissing = "error-mandate-missing";
    /// A published service for money, and nobody knows who sells it.
    SellerMissing = "error-seller-missing";
    /// No legal form was chosen.
    LegalFormMissing = "error-legal-form-missing";
    /// A person without a number, and the business has one.
    LegalFormHasNumber = "error-legal-form-has-number";
    /// A company without a number.
    LegalFormNeedsNumber = "error-legal-form-needs-number";
    /// How a service is taxed: none of the choices.
    VatCodeMissing = "error-vat-code";
    VatFromMissing = "error-vat-from-missing";
    /// No day, or one too far away.
    VatFromMalformed = "error-vat-from-malformed";
    /// A priced service where the server takes no payments.
    PaymentsOff = "error-payments-off";
    /// A highest price that the time cannot reach.
    CapTooHigh = "error-cap-too-high";
    /// Less than a card can be charged.
    PriceTooLow = "error-price-too-low";
    /// All of the time is free.
    FreeTooLong = "error-free-too-long";
    CategoryMissing = "error-category-missing";
    ServiceMissing = "error-service-missing";
    SlugTaken = "error-slug-taken";
    /// That person is a member already.
    MemberExists = "error-member-exists";
    ReasonMissing = "error-reason-missing";
    /// No rule for cancelling was chosen.
    PolicyMissing = "error-policy-missing";
    /// Not a share between nothing and everything.
    PolicyPercent = "error-policy-percent";
    /// All is to be paid before anything is.
    PolicyFull = "error-policy-full-h";
    /// Not coming would be cheaper than cancelling.
    PolicyNoShow = "error-policy-no-show";
    /// The number of an organisation without its name.
    BuyerNameMissing = "error-buyer-name-missing";
    /// The name of an organisation without its number.
    BuyerNumberMissing = "error-buyer-number-missing";
    /// None of those that there are.
    BusinessMissing = "error-business-missing";
    /// An audit file must name the business by a number.
    BusinessWithoutNumber = "error-business-without-number";
    /// A sole person or a company: no answer.
    SellerKindMissing = "error-seller-kind-missing";
    TinMissing = "error-tin-missing";
    /// The check digits do not fit, or it is no number of this kind of seller.
    TinMalformed = "error-tin-malformed";
    /// No day, or one on which nobody alive was born.
    BirthDateMissing = "error-birth-date-missing";
    AddressMissing = "error-address-missing";
    PostcodeMissing = "error-postcode-missing";
    /// A Norwegian one that has not four digits.
    PostcodeMalformed = "error-postcode-malformed";
    /// Not two letters.
    CountryMalformed = "error-country-malformed";
    BankAccountMissing = "error-bank-account-missing";
    /// The check digits do not fit.
    BankAccountMalformed = "error-bank-account-malformed";
    /// Fewer than three characters.
    ReasonShort = "error-reason-short";
    /// No amount, or one with more places than the currency has.
    AmountUnreadable = "error-amount-unreadable";
    PromoMissing = "error-promo-missing";
    /// Which codes there are is not told.
    PromoNotHere = "error-promo-not-here";
    /// Too short, too long, or with signs.
    PromoMalformed = "error-promo-malformed";
    /// Its maker has one of that name already, or too many.
    PromoTaken = "error-promo-taken";
    /// A file of the bank with nothing in it.
    BankFileEmpty = "error-bank-file-empty";
    /// One that does not name its columns.
    BankFileHeadings = "error-bank-file-headings";
    /// No day that money can have come in on.
    DayUnreadable = "error-day-unreadable";
    /// Not a share between 0 and 100, with at most two decimals.
    PercentMalformed = "error-percent-malformed";
    /// More than what was paid, less what was paid back.
    RefundTooMuch = "error-refund-too-much";
    DisputeBodyMissing = "error-dispute-body-missing";
    /// Fewer than ten characters.
    DisputeBodyShort = "error-dispute-body-short";
    /// Nobody is named whose words or file it is.
    SourceMissing = "error-source-missing";
    FileMissing = "error-file-missing";
    FileTooLarge = "error-file-too-large";
    /// Neither a picture nor a PDF.
    FileUnknownKind = "error-file-unknown-kind";
    /// A picture that is broken, or has too many pixels.
    FileUnreadable = "error-file-unreadable";
    FilesTooMany = "error-files-too-many";
}
