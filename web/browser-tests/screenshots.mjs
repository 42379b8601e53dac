// Photographs every page at two widths in two themes, and lays the pictures out on one contact sheet.
//
//   SCREENSHOTS=folder node browser-tests/screenshots.mjs [part of a page's name]…
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CONSUMER, Server, startWorld } from "./harness.mjs";
import { become, buildScene, holdCall, openPage, PAGES } from "./scene.mjs";

const FOLDER = process.env.SCREENSHOTS ?? "screenshots";
const SIZES = [{ width: 360, height: 740 }, { width: 1280, height: 800 }];
const THEMES = ["light", "dark"];
/** A page that scrolls for ever is cut here, in CSS pixels, so that the sheet stays readable. */
const TALLEST = 4000;

const wanted = (name) => process.argv.length <= 2 || process.argv.slice(2).some((part) => name.includes(part));

async function photograph(page, name) {
  if (!wanted(name)) return;
  const before = page.viewportSize();
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      const clip = { x: 0, y: 0, width: size.width, height: Math.max(size.height, Math.min(height, TALLEST)) };
      await page.screenshot({ path: join(FOLDER, `${name}.${size.width}.${colorScheme}.png`), fullPage: true, clip });
    }
  }
  await page.setViewportSize(before);
  process.stdout.write(`${name}\n`);
}

/** A server that nobody has set up or filled yet. */
async function photographBare(world, browser) {
  const server = await Server.prepare(join(world.folder, "bare"));
  const page = await browser.newPage({ locale: "nb-NO", viewport: SIZES[0] });
  try {
    await server.start();
    await page.goto(server.origin);
    await photograph(page, "bare-home");
    await page.goto(`${server.origin}/search`);
    await photograph(page, "bare-search");
    const [setup] = /\/operator\/setup\/[\w-]+/.exec(server.log) ?? [];
    if (setup === undefined) throw new Error(`no link for the first operator:\n${server.log}`);
    await page.goto(server.origin + setup);
    await photograph(page, "operator-setup");
  } finally {
    await page.close();
    await server.kill();
  }
}

function sheetHtml(names) {
  const rows = names.map((name) => {
    const pictures = SIZES.flatMap(({ width }) => THEMES.map((theme) => {
      const file = pathToFileURL(join(FOLDER, `${name}.${width}.${theme}.png`)).href;
      return `<img src="${file}" alt="" class="w${width}">`;
    }));
    return `<section><h2>${name}</h2><div>${pictures.join("")}</div></section>`;
  });
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 24px; background: #8a8a8a; font: 550 15px sans-serif; color: #000; columns: 3; column-gap: 24px; }
    section { break-inside: avoid; margin: 0 0 20px; } h2 { font-size: 15px; margin: 0 0 6px; }
    div { display: flex; gap: 8px; align-items: start; } img { display: block; max-height: 520px; object-fit: cover; object-position: top; }
    .w360 { width: 104px; } .w1280 { width: 270px; }
  </style>${rows.join("\n")}`;
}

async function layOut(page) {
  const names = [...new Set(readdirSync(FOLDER).map((file) => /^(.+)\.\d+\.\w+\.png$/.exec(file)?.[1]).filter(Boolean))];
  const order = PAGES.map(({ name }) => name);
  const rank = (name) => (order.includes(name) ? order.indexOf(name) : order.length);
  names.sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));
  const html = join(FOLDER, "contact-sheet.html");
  writeFileSync(html, sheetHtml(names));
  await page.setViewportSize({ width: 2440, height: 1200 });
  await page.goto(pathToFileURL(html).href);
  await page.screenshot({ path: join(FOLDER, "contact-sheet.png"), fullPage: true });
  process.stdout.write(`contact-sheet.png: ${names.length} pages\n`);
}

if (process.argv.length <= 2) rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const world = await startWorld();
try {
  const { origin } = world.server;
  const scene = await buildScene(world);
  const reader = await world.person("reader", CONSUMER, { viewport: SIZES[0] });
  const { page, context } = reader;
  await become(context, scene, "provider", "nb", origin);
  await page.goto(`${origin}/provider`);
  await photograph(page, "provider-today-next");
  await holdCall(world, scene, (name, seen) => photograph(seen, name));
  for (const shown of PAGES.filter(({ name }) => wanted(name))) {
    await become(context, scene, shown.who, "nb", origin);
    await openPage(page, scene, shown, origin);
    await photograph(page, shown.name);
  }
  await become(context, scene, "consumer", "en", origin);
  for (const name of ["home", "search", "provider", "payment", "bookings", "booking-after-call", "notice"].filter(wanted)) {
    await openPage(page, scene, PAGES.find((shown) => shown.name === name), origin);
    await photograph(page, `${name}-english`);
  }
  await photographBare(world, context.browser());
  await layOut(page);
} finally {
  await world.end();
}
