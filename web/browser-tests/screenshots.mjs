// Photographs every page at 360 and 1280 px, light and dark, into the folder SCREENSHOTS, and makes one contact sheet.
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { CHROMIUM } from "./browser.mjs";
import * as h from "./harness.mjs";
import { tour } from "./tour.mjs";

const FOLDER = process.env.SCREENSHOTS ?? "screenshots";
const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };
const THEMES = ["light", "dark"];

async function photograph(name, page) {
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await page.evaluate(() => document.fonts.ready);
      const fullPage = (await page.locator(".room").count()) === 0;
      await page.screenshot({ path: join(FOLDER, `${name}.${size}.${theme}.png`), fullPage });
    }
  }
  names.push(name);
}

/** One picture of all pictures: a row for each page, with its name. */
async function contactSheet(names) {
  const files = new Set(readdirSync(FOLDER));
  const picture = (name, size, theme) => {
    const file = `${name}.${size}.${theme}.png`;
    if (!files.has(file)) return "";
    return `<img class="${size}" src="data:image/png;base64,${readFileSync(join(FOLDER, file)).toString("base64")}">`;
  };
  const rows = names.map((name) => {
    const pictures = THEMES.flatMap((theme) => Object.keys(SIZES).map((size) => picture(name, size, theme)));
    return `<section><h2>${name}</h2><div>${pictures.join("")}</div></section>`;
  });
  const style = `body{margin:24px;font:16px sans-serif;background:#888;color:#fff}section{break-inside:avoid;margin-bottom:24px}
    h2{font-size:18px;margin:0 0 8px}div{display:flex;gap:12px;align-items:start}img{max-height:640px;object-fit:cover;object-position:top}
    .phone{width:180px}.desktop{width:520px}`;
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1500, height: 1000 } });
  await page.setContent(`<style>${style}</style>${rows.join("")}`);
  await page.screenshot({ path: join(FOLDER, "contact-sheet.png"), fullPage: true });
  await browser.close();
}

const names = [];
rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const world = await h.startWorld();
try {
  await world.cast();
  await world.story(() => tour(world, photograph));
  await contactSheet(names);
} finally {
  await world.end();
}
