// A room of the media API and browsers in it: they send by WHIP and receive by WHEP, with no page of ours in between.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPerson } from "./browser.mjs";
import { Server } from "./server.mjs";

/** A started server with one partner, a room of it, and a broom. */
export async function startRoom(environment = {}, host = null) {
  const folder = mkdtempSync(join(tmpdir(), "booka-room-"));
  const server = await Server.prepare(join(folder, "data"), environment, host);
  const people = [];
  const end = async () => {
    await Promise.all(people.map((person) => person.kill()));
    await server.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const printed = await server.command("api-key");
    const key = /booka_\S+/.exec(printed)[0];
    const hash = /^\s*([0-9a-f]{64})$/m.exec(printed)[1];
    server.environment.BOOKA_MEDIA_API__KEY_HASHES = `["${hash}"]`;
    await server.start();
    const partner = async (method, path, body) => {
      const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer.status === 204 ? null : answer.json();
    };
    const { room } = await partner("POST", "/api/v1/rooms", {});
    return {
      folder,
      server,
      room,
      partner,
      end,
      ticket: (name, permits = { publish: true, subscribe: true }) =>
        partner("POST", `/api/v1/rooms/${room}/tickets`, { name, ...permits }),
      /** Somebody with a browser, on a page of the site, with the functions below at hand as `rtc`. */
      person: async (name, look, options) => {
        const person = await openPerson(name, server.origin, folder, look, options);
        people.push(person);
        await person.page.goto(`${server.origin}/about`);
        await person.page.evaluate(CLIENT);
        return person;
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** To be evaluated in a page of any browser: makes the functions below available as `rtc`. */
export const CLIENT = `window.rtc = (${inPage})()`;

/** Runs in the page: what a small WHIP and WHEP client needs. */
function inPage() {
  const sessions = [];

  async function begin(path, ticket, connection, keep, say = (sdp) => sdp) {
    const offer = await connection.createOffer();
    await connection.setLocalDescription(offer);
    const answer = await fetch(path, {
      method: "POST",
      headers: { authorization: `Bearer ${ticket}`, "content-type": "application/sdp" },
      body: say(offer.sdp),
    });
    const sdp = await answer.text();
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${sdp}`);
    const session = { connection, ticket, url: answer.headers.get("location"), answer: keep(sdp) };
    await connection.setRemoteDescription({ type: "answer", sdp: session.answer });
    sessions.push(session);
    await connected(connection);
    return sessions.length - 1;
  }

  function connected(connection) {
    return new Promise((done, fail) => {
      const look = () => {
        if (connection.connectionState === "connected") done();
        if (connection.connectionState === "failed") fail(new Error("the connection failed"));
      };
      connection.addEventListener("connectionstatechange", look);
      look();
    });
  }

  /** Only the candidates of one transport (`udp` or `tcp`), or all; with a `relay`, its address in place of the server's. */
  const through = ({ transport = null, relay = null }) => (sdp) => {
    const lines = sdp.split("\r\n").flatMap((line) => {
      if (!line.startsWith("a=candidate:")) return [line];
      const words = line.split(" ");
      if (words[2].toLowerCase() !== (relay ? "udp" : (transport ?? words[2].toLowerCase()))) return [];
      if (relay) [words[4], words[5]] = [relay.address, relay.port];
      return [words.join(" ")];
    });
    return lines.join("\r\n");
  };

  /** What a sender says that names its encodings in the other order. */
  const turned = (sdp) => sdp.replace(/^(a=simulcast:\w+ )(\S+)/gm, (_, head, rids) => head + rids.split(";").reverse().join(";"));

  /**
   * `video` and `audio` name the codec to prefer; `layers` is the scalability mode of the picture, and `size` its size.
   * Encodings are named smallest first or, `largestFirst`, the other way round.
   */
  async function publish(ticket, { simulcast = false, layers = null, video = null, audio = null, ...how } = {}) {
    const [width, height] = how.size ?? [1280, 720];
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width, height } });
    const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    const sound = connection.addTransceiver(stream.getAudioTracks()[0], { direction: "sendonly" });
    prefer(sound, "audio", audio);
    const encoding = (rid, scale, maxBitrate) => ({ rid, scaleResolutionDownBy: scale, maxBitrate });
    const sendEncodings = simulcast
      ? [encoding("l", 4, 150_000), encoding("m", 2, 500_000), encoding("h", 1, 1_500_000)]
      : layers && [{ scalabilityMode: layers, maxBitrate: 2_500_000 }];
    const picture = connection.addTransceiver(stream.getVideoTracks()[0], { direction: "sendonly", ...(sendEncodings && { sendEncodings }) });
    prefer(picture, "video", video);
    const order = how.largestFirst ? turned : (sdp) => sdp;
    return begin("/whip", ticket, connection, (sdp) => through(how)(order(sdp)), order);
  }

  function prefer(transceiver, kind, first) {
    if (!first) return;
    const { codecs } = RTCRtpReceiver.getCapabilities(kind);
    const rank = (codec) => (codec.mimeType.toLowerCase() === `${kind}/${first}` ? 0 : 1);
    transceiver.setCodecPreferences([...codecs].sort((one, two) => rank(one) - rank(two)));
  }

  /** With `descriptor`, layers are told by the dependency descriptor, which browsers do not offer by themselves. */
  async function watch(ticket, publisher, { descriptor = false, ...way } = {}) {
    const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    connection.addTransceiver("audio", { direction: "recvonly" });
    const picture = connection.addTransceiver("video", { direction: "recvonly" });
    if (descriptor) {
      const extensions = picture.getHeaderExtensionsToNegotiate();
      extensions.find((one) => one.uri.endsWith("#dependency-descriptor-rtp-header-extension")).direction = "sendrecv";
      picture.setHeaderExtensionsToNegotiate(extensions);
    }
    for (const { receiver } of connection.getTransceivers()) {
      const element = document.createElement(receiver.track.kind);
      element.srcObject = new MediaStream([receiver.track]);
      // Sound that nothing plays is not even decoded.
      element.muted = receiver.track.kind === "video";
      document.body.append(element);
      element.play().catch(() => undefined);
    }
    const query = publisher ? `?publisher=${publisher}` : "";
    return begin(`/whep${query}`, ticket, connection, through(way));
  }

  async function size(number, width, height) {
    const { connection, url, ticket } = sessions[number];
    const mid = connection.getTransceivers().find((one) => one.receiver.track.kind === "video").mid;
    const answer = await fetch(`${url}/sizes`, {
      method: "POST",
      headers: { authorization: `Bearer ${ticket}`, "content-type": "application/json" },
      body: JSON.stringify({ slots: [{ mid, width, height }] }),
    });
    if (answer.status !== 204) throw new Error(`sizes: ${answer.status} ${await answer.text()}`);
  }

  /** An ICE restart as RFC 9725 4.3.2 has it; the answer is the former one with the new credentials. */
  async function restart(number) {
    const session = sessions[number];
    const { connection } = session;
    const offer = await connection.createOffer({ iceRestart: true });
    await connection.setLocalDescription(offer);
    const value = (name) => new RegExp(`^a=${name}:(\\S+)`, "m").exec(offer.sdp)[1];
    const fragment = `a=ice-ufrag:${value("ice-ufrag")}\r\na=ice-pwd:${value("ice-pwd")}\r\n`;
    const answer = await fetch(session.url, {
      method: "PATCH",
      headers: {
        authorization: `Bearer ${session.ticket}`,
        "content-type": "application/trickle-ice-sdpfrag",
        "if-match": "*",
      },
      body: fragment,
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`restart: ${answer.status} ${text}`);
    const fresh = (name) => new RegExp(`^a=${name}:(\\S+)`, "m").exec(text)[1];
    session.answer = session.answer
      .replace(/^a=ice-ufrag:.*$/gm, `a=ice-ufrag:${fresh("ice-ufrag")}`)
      .replace(/^a=ice-pwd:.*$/gm, `a=ice-pwd:${fresh("ice-pwd")}`);
    await connection.setRemoteDescription({ type: "answer", sdp: session.answer });
  }

  /** Rows of statistics, plain. */
  async function stats(number, type) {
    const rows = [];
    (await sessions[number].connection.getStats()).forEach((row) => row.type === type && rows.push({ ...row }));
    return rows;
  }

  async function inbound(number, kind = "video") {
    const [row] = (await stats(number, "inbound-rtp")).filter((one) => one.kind === kind);
    const codec = (await stats(number, "codec")).find((one) => one.id === row?.codecId);
    return row ? { ...row, codec: codec?.mimeType.toLowerCase() ?? null } : null;
  }

  /** The codecs in use by a sending session: of the picture as statistics tell it, of the sound as was agreed. */
  async function sends(number) {
    const { connection } = sessions[number];
    const [video] = (await stats(number, "outbound-rtp")).filter((one) => one.kind === "video");
    const codec = (await stats(number, "codec")).find((one) => one.id === video?.codecId);
    // Statistics name the codec within redundant sound; what is sent is the first that both took.
    const sound = connection.getSenders().find((one) => one.track.kind === "audio");
    return [codec?.mimeType.toLowerCase(), sound.getParameters().codecs[0].mimeType.toLowerCase()];
  }

  /** Address, port and protocol of the server's candidate in use. */
  async function path(number) {
    const rows = [];
    (await sessions[number].connection.getStats()).forEach((row) => rows.push(row));
    const transport = rows.find((row) => row.type === "transport");
    const pair = rows.find((row) => row.id === transport?.selectedCandidatePairId);
    const remote = rows.find((row) => row.id === pair?.remoteCandidateId);
    return remote ? { address: remote.address, port: remote.port, protocol: remote.protocol } : null;
  }

  async function close(number) {
    const { connection, url, ticket } = sessions[number];
    const answer = await fetch(url, { method: "DELETE", headers: { authorization: `Bearer ${ticket}` } });
    connection.close();
    return answer.status;
  }

  return { publish, watch, size, restart, stats, inbound, sends, path, close };
}

/** Asks again and again until the answer pleases; gives it back. */
export async function until(what, ask, pleases, wait = 15_000) {
  const end = Date.now() + wait;
  let answer;
  for (;;) {
    answer = await ask();
    if (pleases(answer)) return answer;
    if (Date.now() > end) throw new Error(`${what}: still ${JSON.stringify(answer)?.slice(0, 1500)} after ${wait} ms`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

/** The height of the frames that are decoded now, once they are of this one and still coming. */
export async function decodes(page, session, height, wait) {
  const ask = () => page.evaluate((number) => window.rtc.inbound(number), session);
  const first = await until(`frames ${height} high`, ask, (row) => row?.frameHeight === height, wait);
  return until("more frames", ask, (row) => row.framesDecoded > first.framesDecoded + 5 && row.frameHeight === height, wait);
}
