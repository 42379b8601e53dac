// Networks for tests: an address that is not the loopback one, and a path that loses and delays.
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";

/** An address for documentation (RFC 5737), which no real network has. */
const OWN = "198.51.100.1";

/**
 * An IPv4 address of this machine that is not the loopback one, since some clients pair no candidates with that. Where
 * there is none, a virtual cable is laid that has one; `reason` says why that cannot be done either.
 */
export function outerAddress() {
  const all = Object.values(networkInterfaces()).flat();
  const found = all.find((one) => one.family === "IPv4" && !one.internal);
  if (found !== undefined) return { host: found.address, end: () => undefined };
  const [near, far] = [`booka${process.pid}a`, `booka${process.pid}b`];
  const ip = (line) => execFileSync("ip", line.split(" "), { stdio: "pipe" });
  try {
    ip(`link add ${near} type veth peer name ${far}`);
    ip(`address add ${OWN}/30 dev ${near}`);
    ip(`link set ${near} up`);
    ip(`link set ${far} up`);
    return { host: OWN, end: () => ip(`link del ${near}`) };
  } catch (error) {
    const why = String(error.stderr ?? error).trim();
    return { reason: `this machine has no address but the loopback one, and takes none: ${why}` };
  }
}

/** What a narrow path lets wait, in milliseconds; what would wait longer is lost. */
const QUEUE_MS = 200;

/** Runs in a page, before its own scripts: peer connections reach the server through the relay alone. */
export function throughRelay(relay) {
  const line = (text) => {
    if (!text.startsWith("a=candidate:")) return [text];
    const words = text.split(" ");
    if (words[2].toLowerCase() !== "udp") return [];
    [words[4], words[5]] = [relay.address, relay.port];
    return [words.join(" ")];
  };
  const original = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
    return original.call(this, { type, sdp: sdp.split("\r\n").flatMap(line).join("\r\n") });
  };
}

/**
 * A relay before the server's media port: of a hundred datagrams each way it loses `percent` and keeps the others for
 * `delayMs`. Each client has a way of its own, in order. While it is `dark` nothing gets through. Both ends are at `host`.
 */
export async function badPath(serverPort, { percent = 0, delayMs = 0, seed = 1, host = "127.0.0.1" }) {
  const front = createSocket("udp4");
  await new Promise((done) => front.bind(0, host, done));
  const backs = new Map();
  const counts = { passed: 0, lost: 0 };
  let closed = false;
  let dark = false;
  /** Bits a millisecond towards the clients, and when the last of them is through. */
  let [narrow, freeAt] = [Infinity, 0];
  let state = seed;
  const carry = (send, bytes = 0) => {
    // A generator of our own, so that every run loses the same share.
    state = (state * 48_271) % 2_147_483_647;
    if (dark || state / 2_147_483_647 < percent / 100) {
      counts.lost += 1;
      return;
    }
    const now = performance.now();
    const through = Math.max(now, freeAt) + (bytes * 8) / narrow;
    if (bytes > 0 && through - now > QUEUE_MS) {
      counts.lost += 1;
      return;
    }
    if (bytes > 0) freeAt = through;
    counts.passed += 1;
    setTimeout(() => closed || send(), delayMs + (bytes > 0 ? through - now : 0));
  };
  const back = (client) => {
    const known = backs.get(client.port);
    if (known !== undefined) return known;
    const socket = createSocket("udp4");
    socket.on("message", (bytes) => carry(() => front.send(bytes, client.port, client.address), bytes.length));
    backs.set(client.port, socket);
    return socket;
  };
  front.on("message", (bytes, client) => carry(() => back(client).send(bytes, serverPort, host)));
  return {
    relay: { address: host, port: front.address().port },
    counts,
    /** Nothing gets through for so long. */
    blackout: async (milliseconds) => {
      dark = true;
      await new Promise((done) => setTimeout(done, milliseconds));
      dark = false;
    },
    /**
     * Every client has another port towards the server from now on, as behind a NAT that forgot the one before: what the
     * server sends to that is lost, and neither end hears of it.
     */
    move: () => {
      for (const socket of backs.values()) socket.close();
      backs.clear();
    },
    /** Carries so many kilobits a second towards the clients from now on. */
    narrow: (kilobits) => {
      narrow = kilobits;
    },
    end: () => {
      closed = true;
      for (const socket of [front, ...backs.values()]) socket.close();
    },
  };
}
