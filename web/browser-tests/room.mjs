// A room of the media API with one who sends and one who receives, both in one page of a real browser.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPerson } from "./browser.mjs";
import { Server } from "./server.mjs";

const LOOK = { left: "red", right: "blue", tone: 440 };

/** A server with a key for the media API, and a page that can call it. Everything ends with the test. */
export async function startMedia(t, name) {
  const folder = mkdtempSync(join(tmpdir(), `booka-${name}-`));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const server = await Server.prepare(join(folder, "data"));
  const [key, hash] = (await server.command("api-key")).match(/booka_\S+|\b[0-9a-f]{64}\b/g);
  server.environment.BOOKA_MEDIA_API__KEY_HASHES = JSON.stringify([hash]);
  await server.start();
  t.after(() => server.kill());
  const post = async (path, body) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const answer = await fetch(`${server.origin}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.equal(answer.status, 201, path);
    return answer.json();
  };
  const person = await openPerson(name, server.origin, folder, LOOK);
  t.after(() => person.kill());
  await person.page.goto(server.origin);
  return { server, post, person };
}

/** Tickets for one who sends and one who receives, in a room of their own. */
export async function ticketsForTwo(post) {
  const { room } = await post("/api/v1/rooms", { name: "Two" });
  const ticket = async (name, publish) => {
    const wanted = { name, publish, subscribe: !publish };
    return (await post(`/api/v1/rooms/${room}/tickets`, wanted)).ticket;
  };
  return { sender: await ticket("Sender", true), receiver: await ticket("Receiver", false) };
}

/**
 * Connects both in the page, with the codecs to prefer, and keeps them as `window.room`; `port` is where media goes
 * instead of the server's own port. `room.read()` tells what is sent and received.
 */
export async function connectTwo(page, options) {
  await page.evaluate(async ({ tickets, video, audio, port }) => {
    const connect = async (path, ticket, prepare) => {
      const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
      prepare(connection);
      await connection.setLocalDescription();
      const headers = { authorization: `Bearer ${ticket}`, "content-type": "application/sdp" };
      const answer = await fetch(path, { method: "POST", headers, body: connection.localDescription.sdp });
      if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      let sdp = await answer.text();
      if (port !== undefined) {
        sdp = sdp.replace(/a=candidate:\S+ \d tcp .*\r\n/g, "").replace(/ \d+ typ host/g, ` ${port} typ host`);
      }
      await connection.setRemoteDescription({ type: "answer", sdp });
      return connection;
    };
    const prefer = (transceiver, kind, first) => {
      const { codecs } = RTCRtpReceiver.getCapabilities(kind);
      const rank = (codec) => (codec.mimeType.toLowerCase() === first ? 0 : 1);
      transceiver.setCodecPreferences([...codecs].sort((one, two) => rank(one) - rank(two)));
    };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const sender = await connect("/whip", tickets.sender, (connection) => {
      for (const track of stream.getTracks()) {
        const transceiver = connection.addTransceiver(track, { direction: "sendonly", streams: [stream] });
        prefer(transceiver, track.kind, track.kind === "video" ? video : audio);
      }
    });
    const receiver = await connect("/whep", tickets.receiver, (connection) => {
      // Sound that nothing plays is not even decoded.
      const sound = new Audio();
      sound.srcObject = new MediaStream([connection.addTransceiver("audio", { direction: "recvonly" }).receiver.track]);
      void sound.play();
      connection.addTransceiver("video", { direction: "recvonly" });
    });
    const statistics = async (connection, type, kind) => {
      const stats = [...(await connection.getStats()).values()];
      const found = stats.find((entry) => entry.type === type && entry.kind === kind);
      const codec = stats.find((entry) => entry.id === found?.codecId);
      return { ...found, codec: codec?.mimeType.toLowerCase() };
    };
    const sound = sender.getSenders().find((one) => one.track.kind === "audio");
    window.room = {
      async read() {
        const sent = await statistics(sender, "outbound-rtp", "video");
        const seen = await statistics(receiver, "inbound-rtp", "video");
        const heard = await statistics(receiver, "inbound-rtp", "audio");
        return {
          // Statistics name the codec within redundant sound; what is sent is the first that both took.
          sent: [sent.codec, sound.getParameters().codecs[0].mimeType.toLowerCase()],
          received: [seen.codec, heard.codec],
          frames: seen.framesDecoded ?? 0,
          // Energy, since silence is samples too.
          energy: heard.totalAudioEnergy ?? 0,
          packets: heard.packetsReceived ?? 0,
          lost: heard.packetsLost ?? 0,
          samples: heard.totalSamplesReceived ?? 0,
          concealed: heard.concealedSamples ?? 0,
        };
      },
      close() {
        for (const connection of [sender, receiver]) connection.close();
      },
    };
  }, options);
}

/** A path to `port` that loses a share of the datagrams each way and delays the others. */
export async function openLossyPath(t, port, { lost, delayMs }) {
  const front = createSocket("udp4");
  await new Promise((done) => front.bind(0, "127.0.0.1", done));
  const backs = new Map();
  t.after(() => {
    for (const socket of [front, ...backs.values()]) socket.close();
  });
  let seed = 1;
  const cross = (send) => {
    // A generator of our own, so that every run loses the same share.
    seed = (seed * 48_271) % 2_147_483_647;
    if (seed / 2_147_483_647 >= lost) setTimeout(send, delayMs);
  };
  front.on("message", (bytes, from) => {
    const key = `${from.address}:${from.port}`;
    let back = backs.get(key);
    if (back === undefined) {
      back = createSocket("udp4");
      back.on("message", (answer) => cross(() => front.send(answer, from.port, from.address)));
      backs.set(key, back);
    }
    cross(() => back.send(bytes, port, "127.0.0.1"));
  });
  return front.address().port;
}
