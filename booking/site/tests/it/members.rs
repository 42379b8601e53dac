//! How a person becomes a member of a provider: asked by mail, shown and booked only after saying yes.

use booking_core::base::{DAY_US, MINUTE_US};
use booking_core::params;

use crate::on_both;
use crate::walk::{self, PASSWORD, accept, consumer, hold, link_in, mails, provider, tomorrow};

on_both! {
    /// trial C3, F7: the person was a verified member, named in public, without having done anything.
    async fn nobody_is_a_member_before_accepting(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut per = consumer(app, "per").await;
        let before = app.number("SELECT COUNT(*) FROM account", params![]).await;
        let mut pages = Vec::new();
        for email in ["per@example.no", "ukjent@example.no"] {
            let next = clinic.client.post("/provider/members", &[("action", "add"), ("email", email)]).await;
            let next = next.expect(303).location();
            assert_eq!(next, "/provider/members?notice=member-invited");
            let page = clinic.client.get(&next).await.expect(200).text();
            pages.push(page);
            assert_eq!(mails(app, email).await.iter().filter(|(kind, _)| kind == "invitation").count(), 1);
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM account", params![]).await, before, "no account is made for anybody");
        assert_eq!(app.number("SELECT COUNT(*) FROM member", params![]).await, 1);
        let public = app.client().get(&format!("/providers/{}", clinic.slug)).await.expect(200).text();
        for text in pages.iter().chain([&public]) {
            assert!(!text.contains(">per<") && !text.contains(">per "), "the name of an account is shown: {text}");
        }
        assert!(!public.contains("per@example.no"));
        // One slot, one member: a second hold of it finds nobody.
        hold(&mut app.client(), &clinic.service, tomorrow(app, 0)).await;
        let start = tomorrow(app, 0).to_string();
        let form = [("service", clinic.service.as_str()), ("start", start.as_str())];
        app.client().post("/holds", &form).await.expect(409);
        per.get("/account/invitations").await.expect(200).expect_text("Klinikken kari");
        accept(app, &mut per, "per@example.no").await;
        per.post("/provider/hours", &[("action", "save"), ("d2_1_from", "09:00"), ("d2_1_to", "12:00")]).await.expect(303);
        app.client().get(&format!("/providers/{}", clinic.slug)).await.expect(200).expect_text("per");
        app.client().post("/holds", &form).await.expect(303);
        // The other address is free to register and then finds the invitation, too.
        let mut other = walk::consumer(app, "ukjent").await;
        other.get("/account/invitations").await.expect(200).expect_text("Klinikken kari");
    }
}

on_both! {
    /// trial C3: the link in the mail opens nothing but the way to say no; yes takes the account of the address.
    async fn an_invitation_is_declined_by_its_link_and_accepted_by_its_address_only(app: App) {
        let mut clinic = provider(app, "kari").await;
        let add = [("action", "add"), ("email", "per@example.no")];
        clinic.client.post("/provider/members", &add).await.expect(303);
        let link = link_in(app, "per@example.no", "invitation", "/invitation/").await;
        let mut anybody = app.client();
        anybody.get(&link).await.expect(200).expect_text("per@example.no");
        let mut nosy = consumer(app, "nosy").await;
        nosy.get(&link).await.expect(200);
        let id: String = app.rows("SELECT id FROM invitation", params![]).await.pop().expect("one");
        nosy.post("/account/invitations", &[("action", "accept"), ("id", &id)]).await.expect(404);
        anybody.post(&link, &[]).await.expect(303);
        anybody.post(&link, &[]).await.expect(422);
        let mut per = consumer(app, "per").await;
        per.post("/account/invitations", &[("action", "accept"), ("id", &id)]).await.expect(404);
        clinic.client.get("/provider/members").await.expect(200).expect_text("Takket nei");
        // Who said no is left alone, and the provider's answer is the same.
        clinic.client.post("/provider/members", &add).await.expect(303);
        assert_eq!(mails(app, "per@example.no").await.iter().filter(|(kind, _)| kind == "invitation").count(), 1);
        app.advance(15 * DAY_US);
        booking_core::privacy::erase_due(&app.state).await.expect("it sweeps");
        assert_eq!(app.number("SELECT COUNT(*) FROM invitation", params![]).await, 0);
    }
}

on_both! {
    /// trial F7: 20 mails an hour from each address, which also pushed out the person's own reset links.
    async fn many_invitations_neither_flood_an_address_nor_touch_its_own_links(app: App) {
        consumer(app, "ola").await;
        app.client().post("/reset", &[("email", "ola@example.no")]).await.expect(200);
        let reset = link_in(app, "ola@example.no", "reset", "/reset/").await;
        for number in 0..8 {
            let mut clinic = provider(app, &format!("eier{number}")).await;
            clinic.client.post("/provider/members", &[("action", "add"), ("email", "ola@example.no")]).await.expect(303);
            app.advance(MINUTE_US);
        }
        let invited = mails(app, "ola@example.no").await.iter().filter(|(kind, _)| kind == "invitation").count();
        assert_eq!(invited, 3, "mails in a day, from however many providers");
        app.client().get(&reset).await.expect(200).expect_text("password");
        app.client().post(&reset, &[("password", "et helt nytt passord")]).await.expect(303);
        let mut clinic = provider(app, "ivrig").await;
        let mut last = 0;
        for number in 0..25 {
            let email = format!("person{number}@example.no");
            let form = [("action", "add"), ("email", email.as_str())];
            last = clinic.client.post("/provider/members", &form).await.status.as_u16();
        }
        assert_eq!(last, 429, "one provider does not invite the whole town");
    }
}

on_both! {
    /// trial E16: staff who asked for deletion stayed bookable for seven days.
    async fn staff_who_leave_are_not_booked_and_undoing_brings_them_back(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut per = walk::staff(app, &mut clinic, "per").await;
        per.post("/provider/hours", &[("action", "save"), ("d2_1_from", "06:00"), ("d2_1_to", "07:00")]).await.expect(303);
        let early = tomorrow(app, -4 * 60).to_string();
        let form = [("service", clinic.service.as_str()), ("start", early.as_str())];
        let mut visitor = app.client();
        let held = visitor.post("/holds", &form).await.expect(303).location();
        per.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        visitor.get(&held).await.expect(410);
        app.client().post("/holds", &form).await.expect(409);
        let page = format!("/providers/{}", clinic.slug);
        assert!(!app.client().get(&page).await.expect(200).text().contains("per,"));
        per.post("/account/delete", &[("action", "undo")]).await.expect(303);
        app.client().post("/holds", &form).await.expect(303);
        // Staff may go by themselves, too; then the business can do nothing about it.
        per.post("/account/invitations", &[("action", "leave")]).await.expect(303);
        per.get("/provider/hours").await.expect(404);
    }
}
