// Tests of what is sent: encodings that rest, browsers that know less, and credentials put into an answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addSender, setEncodings, ufragOf, withCredentials } from "./sending";

test("encodings rest and wake by name, and nothing is set when nothing changes", async () => {
  const encodings = [{ rid: "l", active: true }, { rid: "m", active: true }, { rid: "h", active: true }];
  let sets = 0;
  const sender = { getParameters: () => ({ encodings }), setParameters: async () => void (sets += 1) };
  const set = (...wanted: Array<[string, boolean]>) =>
    setEncodings(sender as unknown as RTCRtpSender, wanted.map(([rid, active]) => ({ rid, active })));
  await set(["l", true], ["h", false], ["x", false]);
  assert.deepEqual(encodings.map((one) => one.active), [true, true, false]);
  await set(["h", false]);
  assert.equal(sets, 1);
});

test("a browser that cannot make temporal layers is asked for simulcast without them", () => {
  const asked: RTCRtpTransceiverInit[] = [];
  const connection = {
    addTransceiver: (_: unknown, init: RTCRtpTransceiverInit) => {
      asked.push(init);
      if (init.sendEncodings?.some((one) => "scalabilityMode" in one)) throw new DOMException("no such mode");
      return {};
    },
  };
  addSender(connection as unknown as RTCPeerConnection, "camera", "video");
  assert.deepEqual(asked.at(-1)?.sendEncodings?.map(({ rid, maxBitrate }) => [rid, maxBitrate]), [
    ["l", 150_000],
    ["m", 500_000],
    ["h", 1_500_000],
  ]);
});

test("new credentials take the place of the old ones in every section, line ends and all", () => {
  const answer = "v=0\r\na=ice-ufrag:old\r\na=ice-pwd:older\r\nm=audio\r\na=ice-ufrag:old\na=mid:0\r\n";
  assert.equal(
    withCredentials(answer, "n$&w", "p$1d"),
    "v=0\r\na=ice-ufrag:n$&w\r\na=ice-pwd:p$1d\r\nm=audio\r\na=ice-ufrag:n$&w\na=mid:0\r\n",
  );
  assert.equal(ufragOf(answer), "old");
  assert.equal(ufragOf("v=0"), null);
});
