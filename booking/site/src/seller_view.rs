//! The seller of what somebody is about to order, as pages show it.

use booking_core::base::fields::spaced_phone;
use booking_core::providers::seller::Seller;
use web::Locale;
use web::pages::seller::SellerView;

/// Who sells, as consumers are shown it.
pub(crate) fn seller_view(seller: Seller, locale: Locale) -> SellerView {
    let mut lines: Vec<String> = seller.number_line(locale).into_iter().collect();
    lines.extend(seller.postal_lines());
    SellerView {
        name: seller.identity.legal_name,
        lines,
        phone: spaced_phone(&seller.identity.phone),
        email: seller.identity.email,
    }
}
