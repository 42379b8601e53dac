// A mail server that takes every mail and keeps it (RFC 5321, as far as one client needs it).
import { createServer } from "node:net";

/** Listens at `host`. `next(to, subject)` waits for the newest mail to somebody whose subject matches, and gives its text. */
export async function mailSink(host, waitMs = 20_000) {
  const mails = [];
  const server = createServer((socket) => serve(socket, (mail) => mails.push(mail)));
  await new Promise((done) => server.listen(0, host, done));
  return {
    port: server.address().port,
    mails,
    next: async (to, subject) => {
      const until = Date.now() + waitMs;
      for (;;) {
        const found = mails.findLast((mail) => mail.to === to && subject.test(mail.subject));
        if (found !== undefined) return found;
        if (Date.now() > until) throw new Error(`no mail to ${to} about ${subject}; there are:\n${mails.map((mail) => `${mail.to}: ${mail.subject}`).join("\n")}`);
        await new Promise((next) => setTimeout(next, 50));
      }
    },
    end: () => server.close(),
  };
}

function serve(socket, keep) {
  let unread = "";
  let data = null;
  let to = "";
  const say = (line) => socket.write(`${line}\r\n`);
  const hear = (line) => {
    if (data !== null) {
      if (line !== ".") return void data.push(line.startsWith("..") ? line.slice(1) : line);
      keep({ to, ...read(data) });
      data = null;
      return say("250 taken");
    }
    const [command] = line.toUpperCase().split(/[ :]/);
    if (command === "RCPT") to = /<([^>]*)>/.exec(line)[1];
    if (command === "DATA") data = [];
    say({ DATA: "354 go on", QUIT: "221 bye", EHLO: "250 sink" }[command] ?? "250 good");
    if (command === "QUIT") socket.end();
  };
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    const lines = (unread + bytes.toString("latin1")).split("\r\n");
    unread = lines.pop();
    lines.forEach(hear);
  });
  say("220 sink");
}

/** Subject and plain text of a mail. */
function read(lines) {
  const { headers, body } = split(lines);
  const boundary = /boundary="?([^";]+)"?/.exec(headers.get("content-type") ?? "")?.[1];
  const subject = (headers.get("subject") ?? "")
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind, text) => decode(kind.toLowerCase() === "b" ? "base64" : "quoted-printable", text.replaceAll("_", " ")));
  if (boundary === undefined) return { subject, text: decode(headers.get("content-transfer-encoding"), body.join("\n")) };
  const begin = body.indexOf(`--${boundary}`) + 1;
  const part = split(body.slice(begin, body.findIndex((line, at) => at > begin && line.startsWith(`--${boundary}`))));
  return { subject, text: decode(part.headers.get("content-transfer-encoding"), part.body.join("\n")) };
}

function split(lines) {
  const end = lines.indexOf("");
  const unfolded = lines.slice(0, end).join("\n").replace(/\n[ \t]+/g, " ").split("\n");
  const headers = new Map(unfolded.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
  return { headers, body: lines.slice(end + 1) };
}

function decode(encoding, text) {
  if (encoding === "base64") return Buffer.from(text, "base64").toString("utf8");
  if (encoding !== "quoted-printable") return text;
  const bytes = text.replace(/=\n/g, "").replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
