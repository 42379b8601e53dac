//! A file of payments for the operator's bank: a customer credit transfer initiation of ISO 20022, `pain.001.001.03`, which
//! Norwegian banks take.

use super::saft::Xml;
use super::sheet;
use crate::base::money::Currency;

const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03";
/// Characters of names there, and of texts for the receiver.
const NAME: usize = 70;
const TEXT: usize = 140;
/// Of references.
const REFERENCE: usize = 35;

/// Who pays, and from which account.
#[derive(Debug, Clone)]
pub struct Payer<'a> {
    pub name: &'a str,
    /// Nine digits, or empty.
    pub orgno: &'a str,
    pub account: &'a str,
}

/// One payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Names it for ever: a bank that sees it twice pays once.
    pub id: String,
    pub name: String,
    /// Norwegian account number or IBAN, without spaces.
    pub account: String,
    pub amount_minor: i64,
}

/// Writes the file. `made` is a UTC moment as `2026-12-02T09:00:00`, `day` the ISO date on which the bank pays.
#[must_use]
pub fn write_transfers(
    id: &str,
    (made, day): (&str, &str),
    payer: &Payer<'_>,
    currency: Currency,
    transfers: &[Transfer],
    text: &str,
) -> Vec<u8> {
    let amount = |minor: i64| sheet::decimal(minor, currency.exponent(), '.');
    let sum = amount(transfers.iter().map(|one| one.amount_minor).sum());
    let count = transfers.len().to_string();
    let short = compact(id);
    let mut xml = Xml::default();
    xml.begin("Document", NAMESPACE);
    xml.open("CstmrCdtTrfInitn");
    xml.open("GrpHdr");
    xml.text("MsgId", &short, REFERENCE);
    xml.word("CreDtTm", made);
    xml.word("NbOfTxs", &count);
    xml.word("CtrlSum", &sum);
    xml.open("InitgPty");
    write_payer(&mut xml, payer);
    xml.close("InitgPty");
    xml.close("GrpHdr");
    xml.open("PmtInf");
    xml.text("PmtInfId", &short, REFERENCE);
    xml.word("PmtMtd", "TRF");
    xml.word("NbOfTxs", &count);
    xml.word("CtrlSum", &sum);
    xml.word("ReqdExctnDt", day);
    xml.open("Dbtr");
    write_payer(&mut xml, payer);
    xml.close("Dbtr");
    xml.open("DbtrAcct");
    write_account(&mut xml, payer.account);
    xml.word("Ccy", currency.as_str());
    xml.close("DbtrAcct");
    // Which bank it is follows from the account.
    xml.open("DbtrAgt");
    xml.open("FinInstnId");
    xml.open("Othr");
    xml.word("Id", "NOTPROVIDED");
    xml.close("Othr");
    xml.close("FinInstnId");
    xml.close("DbtrAgt");
    for one in transfers {
        let minor = amount(one.amount_minor);
        write_transfer(&mut xml, one, (&minor, currency.as_str()), text);
    }
    xml.close("PmtInf");
    xml.close("CstmrCdtTrfInitn");
    xml.close("Document");
    xml.into_bytes()
}

fn write_transfer(xml: &mut Xml, one: &Transfer, (amount, currency): (&str, &str), text: &str) {
    let reference = compact(&one.id);
    xml.open("CdtTrfTxInf");
    xml.open("PmtId");
    xml.text("InstrId", &reference, REFERENCE);
    xml.text("EndToEndId", &reference, REFERENCE);
    xml.close("PmtId");
    xml.open("Amt");
    xml.word_with("InstdAmt", ("Ccy", currency), amount);
    xml.close("Amt");
    xml.open("Cdtr");
    xml.text("Nm", &one.name, NAME);
    xml.close("Cdtr");
    xml.open("CdtrAcct");
    write_account(xml, &one.account);
    xml.close("CdtrAcct");
    xml.open("RmtInf");
    xml.text("Ustrd", text, TEXT);
    xml.close("RmtInf");
    xml.close("CdtTrfTxInf");
}

fn write_payer(xml: &mut Xml, payer: &Payer<'_>) {
    xml.text("Nm", payer.name, NAME);
    if payer.orgno.is_empty() {
        return;
    }
    xml.open("Id");
    xml.open("OrgId");
    xml.open("Othr");
    xml.text("Id", payer.orgno, REFERENCE);
    xml.open("SchmeNm");
    xml.word("Cd", "BANK");
    xml.close("SchmeNm");
    xml.close("Othr");
    xml.close("OrgId");
    xml.close("Id");
}

fn write_account(xml: &mut Xml, account: &str) {
    xml.open("Id");
    if account.bytes().all(|letter| letter.is_ascii_digit()) {
        xml.open("Othr");
        xml.text("Id", account, REFERENCE);
        xml.open("SchmeNm");
        xml.word("Cd", "BBAN");
        xml.close("SchmeNm");
        xml.close("Othr");
    } else {
        xml.text("IBAN", account, REFERENCE);
    }
    xml.close("Id");
}

/// An id within the length of references.
fn compact(id: &str) -> String {
    id.chars().filter(|letter| *letter != '-').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_who_pays_what_to_whom() {
        let payer = Payer {
            name: "Booka AS",
            orgno: "923609016",
            account: "86011117947",
        };
        let transfers = [
            Transfer {
                id: "0193a5c0-7a00-7000-8000-000000000001".to_owned(),
                name: "Klinikk & <Co>".to_owned(),
                account: "NO9386011117947".to_owned(),
                amount_minor: 34_600,
            },
            Transfer {
                id: "0193a5c0-7a00-7000-8000-000000000002".to_owned(),
                name: "Ola".to_owned(),
                account: "86011117947".to_owned(),
                amount_minor: 5,
            },
        ];
        let moment = ("2026-12-02T09:00:00", "2026-12-02");
        let bytes = write_transfers("0193-f", moment, &payer, Currency::NOK, &transfers, "Oppgjør");
        let text = String::from_utf8(bytes).expect("UTF-8").replace('\n', "");
        for part in [
            "<MsgId>0193f</MsgId>",
            "<NbOfTxs>2</NbOfTxs><CtrlSum>346.05</CtrlSum>",
            "<InstdAmt Ccy=\"NOK\">346.00</InstdAmt>",
            "<InstdAmt Ccy=\"NOK\">0.05</InstdAmt>",
            "<Nm>Klinikk &amp; &lt;Co&gt;</Nm>",
            "<IBAN>NO9386011117947</IBAN>",
            "<Othr><Id>86011117947</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr>",
            "<EndToEndId>0193a5c07a0070008000000000000002</EndToEndId>",
        ] {
            assert!(text.contains(part), "no {part} in {text}");
        }
    }
}
