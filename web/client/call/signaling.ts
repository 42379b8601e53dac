// One WebSocket connection to the server: says hello, then passes typed messages both ways.
import { type ClientMessage, PROTOCOL_VERSION, type ServerMessage } from "../generated/protocol";

/** A `ping` goes out this often, so that a dead connection is noticed where nothing else is said. */
const PING_MS = 4_000;

export interface SocketWorld {
  WebSocket: typeof WebSocket;
  setInterval: (run: () => void, ms: number) => number;
  clearInterval: (id: number) => void;
  now: () => number;
}

export interface Connection {
  send(message: ClientMessage): void;
  close(): void;
}

export function connect(
  world: SocketWorld,
  url: string,
  ticket: string,
  heard: (message: ServerMessage) => void,
  closed: () => void,
): Connection {
  const socket = new world.WebSocket(url);
  let open = true;
  const send = (message: ClientMessage) => {
    if (socket.readyState === world.WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  const pings = world.setInterval(() => send({ type: "ping", at: Math.floor(world.now()) }), PING_MS);
  const end = (tell: boolean) => {
    if (!open) return;
    open = false;
    world.clearInterval(pings);
    if (tell) closed();
  };
  socket.onopen = () => send({ type: "hello", protocol: PROTOCOL_VERSION, ticket });
  socket.onclose = () => end(true);
  socket.onmessage = (event) => {
    const message = open ? parse(event.data) : null;
    if (message !== null) heard(message);
  };
  return {
    send,
    close: () => {
      end(false);
      socket.close();
    },
  };
}

/** Messages of a newer protocol that we do not know are skipped, as the protocol asks. */
function parse(data: unknown): ServerMessage | null {
  if (typeof data !== "string") return null;
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === "object" && value !== null && "type" in value ? (value as ServerMessage) : null;
  } catch {
    return null;
  }
}

export function socketUrl(path: string, page: string): string {
  const url = new URL(path, page);
  url.protocol = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
  return url.href;
}
