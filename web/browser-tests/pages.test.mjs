// Every page, in a phone's width and a desktop's: accessible, without sideways scroll, and on its own origin only.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as h from "./harness.mjs";
import { tour } from "./tour.mjs";

const WIDTHS = [360, 1280];

/** Elements that reach over the right edge of a page that should not scroll sideways. */
function overhang(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > width + 1)
      .map((element) => `${element.tagName.toLowerCase()}.${element.className}`)
      .slice(0, 5);
  });
}

test("every page holds at 360 and 1280 px, and axe finds nothing serious", async () => {
  const world = await h.startWorld();
  try {
    await world.cast();
    await world.story(async () => {
      const findings = [];
      let pages = 0;
      await tour(world, async (name, page) => {
        pages += 1;
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 800 });
          findings.push(...(await overhang(page)).map((element) => `${name} at ${width}: ${element} hangs over`));
          findings.push(...(await h.seriousFindings(page)).map((finding) => `${name} at ${width}: ${finding}`));
        }
      });
      assert.deepEqual(findings, []);
      assert.ok(pages >= 45, `only ${pages} pages were seen`);
      for (const person of world.people) h.assertClean(person);
    });
  } finally {
    await world.end();
  }
});
