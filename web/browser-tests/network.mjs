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

/**
 * A relay before the server's media port, for one client: of a hundred datagrams each way it loses `percent` and keeps
 * the others for `delayMs`. In order, as on one path.
 */
export async function badPath(serverPort, { percent, delayMs }) {
  const [inner, outer] = [createSocket("udp4"), createSocket("udp4")];
  const bind = (socket) => new Promise((done) => socket.bind(0, "127.0.0.1", done));
  await Promise.all([bind(inner), bind(outer)]);
  const counts = { passed: 0, lost: 0 };
  let client = null;
  const carry = (socket, port) => (bytes, from) => {
    if (socket === inner) client = from;
    if (Math.random() * 100 < percent) {
      counts.lost += 1;
      return;
    }
    counts.passed += 1;
    setTimeout(() => {
      const [out, to] = socket === inner ? [outer, port] : [inner, client?.port];
      if (to !== undefined && !closed) out.send(bytes, to, "127.0.0.1");
    }, delayMs);
  };
  let closed = false;
  inner.on("message", carry(inner, serverPort));
  outer.on("message", carry(outer, serverPort));
  return {
    relay: { address: "127.0.0.1", port: inner.address().port },
    counts,
    end: () => {
      closed = true;
      inner.close();
      outer.close();
    },
  };
}
