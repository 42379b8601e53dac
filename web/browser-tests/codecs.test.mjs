// Every codec that the server forwards, sent and decoded by a real browser through WHIP and WHEP.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openPerson } from "./browser.mjs";
import { Server } from "./server.mjs";

const LOOK = { left: "red", right: "blue", tone: 440 };

async function startServer(folder) {
  const server = await Server.prepare(join(folder, "data"));
  const [key, hash] = (await server.command("api-key")).match(/booka_\S+|\b[0-9a-f]{64}\b/g);
  server.environment.BOOKA_MEDIA_API__KEY_HASHES = JSON.stringify([hash]);
  await server.start();
  const post = async (path, body) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const answer = await fetch(`${server.origin}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.equal(answer.status, 201, path);
    return answer.json();
  };
  return { server, post };
}

/** In the page: sends camera and microphone with these codecs first, receives them again, and tells what was decoded. */
async function sendAndReceive({ tickets, video, audio }) {
  const connect = async (path, ticket, prepare) => {
    const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    await prepare(connection);
    await connection.setLocalDescription();
    const headers = { authorization: `Bearer ${ticket}`, "content-type": "application/sdp" };
    const answer = await fetch(path, { method: "POST", headers, body: connection.localDescription.sdp });
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
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
  const read = async (connection, type, kind) => {
    const stats = [...(await connection.getStats()).values()];
    const stream = stats.find((entry) => entry.type === type && entry.kind === kind);
    const codec = stats.find((entry) => entry.id === stream?.codecId);
    return { ...stream, codec: codec?.mimeType.toLowerCase() };
  };
  // Statistics name the codec within redundant sound; what is sent is the first that both took.
  const sound = sender.getSenders().find((one) => one.track.kind === "audio");
  const negotiated = sound.getParameters().codecs[0].mimeType.toLowerCase();
  const until = Date.now() + 20_000;
  let told = {};
  while (Date.now() < until) {
    const sent = await read(sender, "outbound-rtp", "video");
    const [seen, heard] = await Promise.all(["video", "audio"].map((kind) => read(receiver, "inbound-rtp", kind)));
    told = {
      sent: [sent.codec, negotiated],
      received: [seen.codec, heard.codec],
      frames: seen.framesDecoded ?? 0,
      // Energy, since silence is samples too.
      energy: heard.totalAudioEnergy ?? 0,
    };
    if (told.frames >= 30 && told.energy > 0.01) break;
    await new Promise((next) => setTimeout(next, 100));
  }
  for (const connection of [sender, receiver]) connection.close();
  return told;
}

test("a browser decodes every codec that the server forwards", { timeout: 180_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "booka-codecs-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { server, post } = await startServer(folder);
  t.after(() => server.kill());
  const person = await openPerson("codecs", server.origin, folder, LOOK);
  t.after(() => person.kill());
  await person.page.goto(server.origin);
  for (const [video, audio] of [
    ["video/vp8", "audio/opus"],
    ["video/h264", "audio/red"],
    ["video/vp9", "audio/red"],
    ["video/av1", "audio/opus"],
  ]) {
    const { room } = await post("/api/v1/rooms", { name: video });
    const tickets = {};
    for (const [name, publish] of [
      ["sender", true],
      ["receiver", false],
    ]) {
      const wanted = { name, publish, subscribe: !publish };
      tickets[name] = (await post(`/api/v1/rooms/${room}/tickets`, wanted)).ticket;
    }
    const told = await person.page.evaluate(sendAndReceive, { tickets, video, audio });
    assert.deepEqual(told.sent, [video, audio], JSON.stringify(told));
    // Sound leaves the server plain, as long as nothing is lost on the way.
    assert.deepEqual(told.received, [video, "audio/opus"], JSON.stringify(told));
    assert.ok(told.frames >= 30 && told.energy > 0.01, `${video}: ${JSON.stringify(told)}`);
  }
  assert.deepEqual(person.faults, []);
});
