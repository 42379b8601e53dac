// The real server as a child process on free ports, with its own data folder; it can be killed and started again.
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const BINARY = process.env.BOOKA_TEST_BINARY ?? join(ROOT, "target/debug/booka");
const READY_MS = 30_000;

/** Below those that the kernel gives to outgoing connections, so that none of them takes it meanwhile. */
const PORTS = { first: 20_000, count: 12_000 };

function takesConnections(port) {
  return new Promise((done) => {
    const server = createServer().once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}

function takesDatagrams(port) {
  return new Promise((done) => {
    const socket = createSocket("udp4").once("error", () => done(false));
    socket.bind(port, "127.0.0.1", () => socket.close(() => done(true)));
  });
}

/** A port that is free for connections and datagrams alike. */
export async function freePort() {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    if ((await takesConnections(port)) && (await takesDatagrams(port))) return port;
  }
}

export class Server {
  #child = null;
  #log = [];

  /** Chooses ports; starts nothing yet. With a `host`, pages and media are served there, else on this machine alone. */
  static async prepare(dataDir, environment = {}, host = null) {
    const server = new Server();
    server.port = await freePort();
    server.mediaPort = await freePort();
    server.origin = `http://${host ?? "localhost"}:${server.port}`;
    server.environment = {
      ...process.env,
      BOOKA_DATA_DIR: dataDir,
      BOOKA_PUBLIC_URL: server.origin,
      BOOKA_HTTP__LISTEN: `${host === null ? "127.0.0.1" : "0.0.0.0"}:${server.port}`,
      ...(host === null ? {} : { BOOKA_MEDIA__BIND: `["${host}"]` }),
      BOOKA_MEDIA__PORT: String(server.mediaPort),
      BOOKA_MEDIA__SHARDS: "1",
      BOOKA_PAYMENTS__TEST: "true",
      ...(host === null ? {} : { BOOKA_PAYMENTS__TEST_IN_PUBLIC: "true" }),
      ...environment,
    };
    return server;
  }

  /** Makes the server say and hear nothing until [`wake`]: its sockets stay open. */
  freeze() {
    process.kill(this.pid, "SIGSTOP");
  }

  wake() {
    process.kill(this.pid, "SIGCONT");
  }

  get pid() {
    return this.#child?.pid ?? null;
  }

  /** Everything the server wrote, for messages of failed tests. */
  get log() {
    return this.#log.join("");
  }

  /** Runs another command of the same binary to its end and gives back what it printed. */
  command(...args) {
    return new Promise((done, fail) => {
      const child = spawn(BINARY, args, { env: this.environment, cwd: ROOT });
      let out = "";
      let errors = "";
      child.stdout.on("data", (bytes) => (out += bytes));
      child.stderr.on("data", (bytes) => (errors += bytes));
      child.on("error", fail);
      child.on("close", (code) => (code === 0 ? done(out) : fail(new Error(`${args.join(" ")}: ${code}\n${errors}`))));
    });
  }

  async start() {
    const child = spawn(BINARY, ["serve"], { env: this.environment, cwd: ROOT });
    const keep = (bytes) => this.#log.push(String(bytes));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    this.#child = child;
    let gone = null;
    child.on("exit", (code, signal) => (gone = `${code ?? signal}`));
    const until = Date.now() + READY_MS;
    while (Date.now() < until) {
      if (gone !== null) throw new Error(`the server ended with ${gone} before it was ready:\n${this.log}`);
      const answer = await fetch(`http://127.0.0.1:${this.port}/readyz`).catch(() => null);
      if (answer?.status === 200) return;
      await new Promise((next) => setTimeout(next, 50));
    }
    throw new Error(`the server was not ready within ${READY_MS} ms:\n${this.log}`);
  }

  /** `kill -9`, and waits until the process is gone. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** The orderly way, as a deploy does it. */
  async stop() {
    await this.#end("SIGTERM");
  }

  async #end(signal) {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await gone;
  }

  /** A counter of `/metrics`, all its label sets added up; 0 where it does not exist yet. */
  async counter(name) {
    const text = await (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text();
    return text
      .split("\n")
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }
}
