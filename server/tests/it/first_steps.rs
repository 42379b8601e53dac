//! What a new server lacks: the command and the operator's first page say the same, and stop saying it when it is done.

use reqwest::Client;

use crate::plain::Plain;

const PASSWORD: &str = "blå dør bak fjøset";

/// Sets up the first operator by the command's link, and gives what the first page says in English, without its tags.
async fn first_page(site: &Plain) -> String {
    let client = Client::builder()
        .cookie_store(true)
        .build()
        .expect("a client can be built");
    let printed = site
        .command("operator-link")
        .output()
        .await
        .expect("it can be run")
        .stdout;
    let printed = String::from_utf8(printed).expect("links are plain text");
    let link = printed
        .split_whitespace()
        .find(|word| word.starts_with("http"))
        .expect("a link");
    let form = [
        ("name", "Olga"),
        ("email", "olga@booka.example"),
        ("password", PASSWORD),
    ];
    let made = client
        .post(link)
        .header("origin", &site.url)
        .header("accept-language", "en")
        .form(&form);
    let answer = made.send().await.expect("it answers");
    assert!(answer.url().path().ends_with("/operator"), "{}", answer.url());
    let page = client
        .get(format!("{}/operator", site.url))
        .header("accept-language", "en");
    words(&page.send().await.expect("it answers").text().await.expect("text"))
}

/// The words of a page, one space between them.
fn words(html: &str) -> String {
    let text: Vec<&str> = html
        .split('<')
        .map(|part| part.split_once('>').map_or("", |(_, text)| text))
        .collect();
    let text = text
        .concat()
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#39;", "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the doctor calls unwise or broken.
async fn doctor(site: &Plain) -> Vec<String> {
    let output = site.command("doctor").output().await.expect("it can be run");
    let said = String::from_utf8(output.stdout).expect("words");
    said.lines()
        .filter_map(|line| line.strip_prefix("unwise  ").or_else(|| line.strip_prefix("BROKEN  ")))
        .map(|line| line.replace('`', ""))
        .collect()
}

/// Trial A5: the first operator read "No live calls" and nothing of what was missing.
#[tokio::test]
async fn a5_the_first_page_and_the_doctor_say_the_same() {
    let site = Plain::start(&[]).await;
    assert!(
        doctor(&site)
            .await
            .iter()
            .any(|line| line.starts_with("There is no operator yet."))
    );
    let page = first_page(&site).await;
    let said = doctor(&site).await;
    for line in &said {
        assert!(page.contains(line.as_str()), "{line}\n{page}");
    }
    for wanted in [
        "No mail is sent",
        "The privacy notice names Booka",
        "Nothing can be sold",
        "No business has a page",
    ] {
        assert!(said.iter().any(|line| line.starts_with(wanted)), "{wanted}: {said:?}");
    }
}

/// Trial A5: what is done is not named any more, here nor there.
#[tokio::test]
async fn a5_what_is_done_is_not_named_any_more() {
    let site = Plain::start(&[
        ("BOOKA_MAIL__TRANSPORT", "smtp".to_owned()),
        ("BOOKA_MAIL__FROM", "post@booka.example".to_owned()),
        ("BOOKA_MAIL__SMTP_PORT", "9".to_owned()),
        ("BOOKA_CONTROLLER__NAME", "Hundehjelpen AS".to_owned()),
        ("BOOKA_CONTROLLER__ORG_NUMBER", "\"974760673\"".to_owned()),
        ("BOOKA_CONTROLLER__EMAIL", "personvern@booka.example".to_owned()),
        ("BOOKA_PAYMENTS__FREE_ONLY", "true".to_owned()),
    ])
    .await;
    let page = first_page(&site).await;
    let said = doctor(&site).await.join("\n");
    for gone in [
        "No mail is sent",
        "The privacy notice names",
        "Nothing can be sold",
        "Mails come from",
    ] {
        assert!(!page.contains(gone) && !said.contains(gone), "{gone}\n{said}\n{page}");
    }
    assert!(page.contains("No business has a page yet"), "{page}");
}
