// Everything a browser test needs, under one name.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPerson } from "./browser.mjs";
import { Server } from "./server.mjs";

export * from "./browser.mjs";
export { Server } from "./server.mjs";

export const CONSUMER = { left: "blue", right: "yellow", tone: 440 };
export const PROVIDER = { left: "green", right: "red", tone: 660 };

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
