// A shared screen: seen sharp and large by the other, ended from the page and from the browser, gone with who shared it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bookCall } from "./booking.mjs";
import * as h from "./harness.mjs";
import { until } from "./rooms.mjs";
import { beginNow, meet } from "./walk.mjs";

/** The title of the tab that is shared. */
const TITLE = "X-ray pictures";

const SCREEN = "figure.is-screen:not(.is-self)";

/** What the stage shows of others: of each tile what it is, and whether it is the large one. */
const tiles = ({ page }) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".stage > figure:not(.is-self)")].map((one) => [
      one.classList.contains("is-screen") ? "screen" : "camera",
      one.classList.contains("is-main") ? "main" : "",
    ]),
  );

const shows = (person, expected) =>
  until(`the stage of ${person.name}`, () => tiles(person), (seen) => JSON.stringify(seen) === JSON.stringify(expected));

const ALONE = [["camera", "main"]];
const OWN = [
  ["camera", "main"],
  ["screen", ""],
];
const SHARING = [
  ["screen", "main"],
  ["camera", ""],
];

/** Size and colours, left and right, of the screen that arrives, and whether its frames come. */
const screen = ({ page }) =>
  page.evaluate(async (selector) => {
    const video = document.querySelector(`${selector} video`);
    if (!(video?.videoWidth > 0)) return null;
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext("2d");
    context.drawImage(video, 0, 0);
    const at = (x) => [...context.getImageData(canvas.width * x, canvas.height / 2, 1, 1).data].slice(0, 3).map((one) => one > 128);
    return { size: [video.videoWidth, video.videoHeight], left: at(0.25), right: at(0.75), frames: video.getVideoPlaybackQuality().totalVideoFrames };
  }, SCREEN);

/** The track that is shared: its settings, what it is said to be, and how large its frames are sent. */
const shared = ({ page }) =>
  page.evaluate(async () => {
    const connection = window[Symbol.for("test connections")].at(-1);
    const sender = connection.getSenders().find(({ track }) => track?.getSettings().displaySurface !== undefined);
    if (sender === undefined) return null;
    const { width, height } = sender.track.getSettings();
    return { hint: sender.track.contentHint, size: [width, height] };
  });

/** A tab with what is shared, in the sharer's browser: magenta and cyan, and ticking, so that there are always new frames. */
async function openShared({ context }, origin) {
  const page = await context.newPage();
  await page.goto(`${origin}/about`);
  await page.evaluate((title) => {
    document.title = title;
    document.body.replaceChildren();
    Object.assign(document.body.style, { height: "100vh", background: "linear-gradient(to right, #f0f 50%, #0ff 50%)" });
    setInterval(() => (document.body.textContent = Date.now()), 50);
  }, TITLE);
  return page;
}

const control = ({ page }) => page.getAttribute('[data-control="screen"]', "class");
const press = ({ page }) => page.click('[data-control="screen"]');

/** The sharer presses the control; the other sees the screen whole and sharp. */
async function share(sharer, viewer) {
  await press(sharer);
  await shows(viewer, SHARING);
  const { hint, size } = await until("a shared track", () => shared(sharer), (one) => one !== null);
  assert.equal(hint, "detail", "words before motion");
  const whole = (seen) => seen?.size[0] === size[0] && seen.size[1] === size[1];
  const first = await until(`a screen of ${size}`, () => screen(viewer), whole);
  await until("new frames of it", () => screen(viewer), (seen) => whole(seen) && seen.frames > first.frames + 5);
  assert.deepEqual([first.left, first.right], [[true, false, true], [false, true, true]], "magenta and cyan");
  // Who shares sees the other large, and the own screen small, as the others have it.
  await shows(sharer, OWN);
  const own = await until("the own screen", () => screen(sharer), (seen) => seen !== null);
  assert.deepEqual([own.left, own.right], [first.left, first.right], "the same picture (trial E12)");
  assert.match(await sharer.page.innerText(SCREEN), /Skjermen din, slik de andre ser den/u);
  assert.match(await control(sharer), /is-live/);
}

async function shareEnds(sharer, viewer) {
  await shows(viewer, ALONE);
  await h.seeColours(viewer.page, [h.PROVIDER.left, h.PROVIDER.right]);
  assert.match(await control(sharer), /is-on/);
  assert.equal(await shared(sharer), null);
}

test("a screen is shared, seen sharp, stopped by either bar, and gone with who shared it", { timeout: 120_000 }, async (t) => {
  const world = await h.startWorld();
  t.after(() => world.end());
  const { origin } = world.server;
  const { provider, consumer, call } = await bookCall(world);
  beginNow(world.server, call);
  const sharer = await world.person("sharer", h.PROVIDER, { shares: TITLE });
  const viewer = await world.person("viewer", h.CONSUMER);
  await sharer.context.addCookies(provider.cookies);
  await viewer.context.addCookies(consumer.cookies);
  await world.story(async () => {
    await meet(sharer, viewer, origin, call);
    await h.seeColours(viewer.page, [h.PROVIDER.left, h.PROVIDER.right]);
    await shows(viewer, ALONE);

    const first = await openShared(sharer, origin);
    await share(sharer, viewer);
    // All alike, or the screen large: each chooses for themselves.
    await viewer.page.click('[data-control="grid"]');
    await shows(viewer, SHARING.map(([what]) => [what, ""]));
    await viewer.page.click('[data-control="speaker"]');
    await shows(viewer, SHARING);
    assert.deepEqual(await h.seriousFindings(viewer.page), []);
    await press(sharer);
    await shareEnds(sharer, viewer);

    // The browser ends it, as its own bar does: the page learns of it by the track alone.
    await share(sharer, viewer);
    await first.close();
    await shareEnds(sharer, viewer);

    // Who leaves takes the screen along, and comes back without.
    await openShared(sharer, origin);
    await share(sharer, viewer);
    await sharer.page.click('[data-control="leave"]');
    await h.waitForPhase(sharer.page, "ended");
    await shows(viewer, []);
    await viewer.page.waitForSelector(".stage-empty");
    await sharer.page.click('[data-action="rejoin"]');
    await h.waitForPhase(sharer.page, "call");
    await shareEnds(sharer, viewer);
    for (const person of [sharer, viewer]) h.assertClean(person);
  });
});
