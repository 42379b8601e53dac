//! Sentences about money that several mails of an appointment have.

use texts::{Locale, format, t};

use super::mails::MailMoney;

/// What is reserved or kept, and on which card.
pub(super) fn price_line(locale: Locale, reserved: &str, money: &MailMoney) -> String {
    if money.kept_minor > 0 {
        let most = format::money_exact(locale, money.kept_minor, &money.currency);
        let args = [("amount", most.as_str().into()), ("card", money.card.as_str().into())];
        return t(locale, "mail-price-kept", &args);
    }
    if money.invoiced_minor > 0 {
        let most = format::money_exact(locale, money.invoiced_minor, &money.currency);
        return t(locale, "mail-price-invoice", &[("amount", most.as_str().into())]);
    }
    if money.reserved_minor == 0 {
        return t(locale, "mail-price-free", &[]);
    }
    t(
        locale,
        "mail-price-paid",
        &[("amount", reserved.into()), ("card", money.card.as_str().into())],
    )
}

/// What is charged and what is let go of.
pub(super) fn money_line(locale: Locale, exact: impl Fn(i64) -> String, money: &MailMoney) -> String {
    let released_minor = money.reserved_minor - money.charged_minor;
    let amounts = [
        ("amount", exact(released_minor).into()),
        ("charged", exact(money.charged_minor).into()),
    ];
    let key = match (money.charged_minor, released_minor) {
        (0, ..=0) => "mail-money-none",
        (0, 1..) => "mail-money-released",
        (_, ..=0) => "mail-money-charged",
        (_, 1..) => "mail-money-charged-and-released",
    };
    t(locale, key, &amounts)
}

/// What the consumer pays for an appointment that was cancelled or missed, for the provider.
pub(super) fn fee_line(locale: Locale, exact: impl Fn(i64) -> String, money: &MailMoney) -> String {
    match money.charged_minor {
        0 => t(locale, "mail-fee-none", &[]),
        minor => t(locale, "mail-fee", &[("amount", exact(minor).into())]),
    }
}
