// Everything a browser test needs, under one name.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPerson } from "./browser.mjs";
import { Server } from "./server.mjs";
import { seedLink, signInByLink } from "./walk.mjs";

export * from "./browser.mjs";
export { Server } from "./server.mjs";

export const CONSUMER = { left: "blue", right: "yellow", tone: 440 };
export const PROVIDER = { left: "green", right: "red", tone: 660 };

/** A visitor who has no account yet. */
export const OLA = { name: "Ola Hansen", email: "ola@example.no", password: "rød hest i regnet" };

/** The longest that a story takes, four times over: some waits of the browser's driver have no end of their own. */
const STORY_MS = 240_000;

/** What `telling` gives, or an error once a story cannot still be going on. */
async function within(telling) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`not done after ${STORY_MS / 1000} s`)), STORY_MS);
  });
  try {
    return await Promise.race([telling, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A started server with a seeded marketplace, a folder of its own, and a broom. `seed` is what `seed-demo` printed. */
export async function startWorld(environment = {}) {
  const folder = mkdtempSync(join(tmpdir(), "booka-test-"));
  const server = await Server.prepare(join(folder, "data"), environment);
  const people = [];
  const world = {
    folder,
    server,
    person: async (name, look, options) => {
      const person = await openPerson(name, server.origin, folder, look, options);
      people.push(person);
      return person;
    },
    /** The three of every story: operator and provider signed in, the consumer unknown. `more` changes how they look. */
    cast: async (more = {}) => {
      world.operator = await world.person("operator", PROVIDER);
      world.provider = await world.person("provider", { ...PROVIDER, ...more });
      world.consumer = await world.person("consumer", { ...CONSUMER, ...more });
      await signInByLink(world.operator.page, seedLink(world, "Operator"));
      await signInByLink(world.provider.page, seedLink(world, "Provider"));
    },
    /** Runs a story; if it fails, what everyone saw is kept in the folder that BOOKA_TEST_PICTURES names. */
    story: async (tell) => {
      try {
        await within(tell());
      } catch (error) {
        const pictures = process.env.BOOKA_TEST_PICTURES;
        for (const { name, page } of pictures ? people : []) {
          await page.screenshot({ path: join(pictures, `${name}.png`) }).catch(() => undefined);
        }
        error.message += `\nAddresses: ${people.map(({ name, page }) => `${name} ${page.url()}`).join(", ")}`;
        error.message += `\nServer log, the end:\n${server.log.slice(-3000)}`;
        throw error;
      }
    },
    end: async () => {
      await Promise.all(people.map((person) => person.kill()));
      await server.kill();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  try {
    world.seed = await server.command("seed-demo");
    await server.start();
  } catch (error) {
    await world.end();
    throw error;
  }
  return world;
}
