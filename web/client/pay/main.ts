// Payment pages of a provider whose own script takes the card: loaded on these pages alone.

import { askForBank } from "./bank";
import { takeCard } from "./card";

const card = document.querySelector<HTMLElement>("[data-pay-card]");
if (card !== null) void takeCard(card);
const bank = document.querySelector<HTMLElement>("[data-pay-bank]");
if (bank !== null) void askForBank(bank);
