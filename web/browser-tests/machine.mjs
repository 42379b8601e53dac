// An empty machine: this one's programs, but folders, accounts, processes and a network of its own, where the operator's
// manual can be followed to the letter. Needs root and namespaces, and no systemd: `systemctl` there starts units by
// as_systemd.py, under the rules that they have.
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "../..");
const BINARY = process.env.BOOKA_TEST_BINARY ?? join(ROOT, "target/debug/booka");

/** Folders that an installation writes to: what is done there is gone with the machine. */
const OWN_FOLDERS = ["/etc", "/usr/local", "/var/backups", "/var/lib", "/var/log"];

/** Machines of one test process that have addresses of their own. */
const MACHINES_MAX = 4;
let made = 0;

/** The longest that commands of the manual take, many times over. */
const COMMANDS_MS = 120_000;

/** Stands in for systemd's own: knows what the manual asks of it. */
const SYSTEMCTL = `#!/bin/sh
case "$*" in
  daemon-reload) ;;
  "enable --now booka" | "start booka")
    setsid python3 ${HERE}/as_systemd.py /etc/systemd/system/booka.service </dev/null >>/run/booka.log 2>&1 &
    echo $! >/run/booka.pid ;;
  "stop booka")
    pid=$(cat /run/booka.pid)
    kill "$pid"
    # Nobody here reaps it.
    while [ -d "/proc/$pid" ] && ! grep -q "^State:.Z" "/proc/$pid/status"; do sleep 0.1; done ;;
  *) echo "systemctl $*: not known here" >&2; exit 1 ;;
esac
`;

/** The commands of a section of the manual, one block after the other. */
export function manual(heading) {
  const text = readFileSync(join(ROOT, "deploy/README.md"), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`the manual has no section ${heading}`);
  return [...section.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].map(([, block]) => block);
}

/** The example configuration with these values, by `key` or `table.key`, in TOML. Every key must be in the example. */
export function configure(values) {
  let table = "";
  const missing = new Map(Object.entries(values));
  const lines = readFileSync(join(ROOT, "deploy/config.example.toml"), "utf8").split("\n").map((line) => {
    table = /^\[(\w+)\]/.exec(line)?.[1] ?? table;
    const name = /^(?:# )?(\w+) = /.exec(line)?.[1];
    const key = table === "" ? name : `${table}.${name}`;
    if (name === undefined || !missing.has(key)) return line;
    const value = missing.get(key);
    missing.delete(key);
    return `${name} = ${value}`;
  });
  if (missing.size > 0) throw new Error(`the example configuration lacks ${[...missing.keys()]}`);
  return lines.join("\n");
}

/** Why there can be no such machine here, or null. */
export function missingForMachine() {
  try {
    execFileSync("unshare", ["--mount", "--uts", "--pid", "--net", "--fork", "--mount-proc", "setpriv", "--version"], { stdio: "pipe" });
    execFileSync("systemd-analyze", ["syscall-filter", "@system-service"], { stdio: "pipe" });
    for (const program of ["systemd-sysusers", "runuser", "openssl", "sqlite3", "pgrep", "ip"]) execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "pipe" });
    execFileSync("python3", ["-c", "import ctypes; ctypes.CDLL('libseccomp.so.2')"], { stdio: "pipe" });
    return null;
  } catch (error) {
    return `no machine of its own can be made here: ${String(error.stderr ?? error).trim() || error}`;
  }
}

const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" };

export class Machine {
  #init;
  #folder = mkdtempSync(join(tmpdir(), "booka-machine-"));
  #log = [];

  /** Addresses of a cable (RFC 2544 gives the range to tests): ours, and the machine's. */
  constructor() {
    const cable = ((process.pid * MACHINES_MAX + (made++ % MACHINES_MAX)) % 16_384) * 4;
    const address = (last) => `198.${18 + (cable >> 16)}.${(cable >> 8) & 255}.${(cable & 255) + last}`;
    [this.here, this.address] = [address(1), address(2)];
  }

  static async start() {
    const machine = new Machine();
    try {
      await machine.#boot();
    } catch (error) {
      machine.end();
      throw error;
    }
    return machine;
  }

  async #boot() {
    const disk = join(this.#folder, "disk");
    mkdirSync(disk);
    mkdirSync(join(this.#folder, "source/target/release"), { recursive: true });
    symlinkSync(join(ROOT, "deploy"), join(this.#folder, "source/deploy"));
    symlinkSync(BINARY, join(this.#folder, "source/target/release/booka"));
    const overlay = (folder, at) => `mkdir ${disk}/u${at} ${disk}/w${at}
      mount -t overlay -o lowerdir=${folder},upperdir=${disk}/u${at},workdir=${disk}/w${at} overlay ${folder}`;
    const script = `set -e
      mount --make-rprivate /
      mount -t tmpfs none ${disk}
      ${OWN_FOLDERS.map(overlay).join("\n")}
      mount -t tmpfs none /run
      hostname empty-machine
      ip link set lo up
      echo up
      exec sleep infinity`;
    const flags = ["--mount", "--uts", "--pid", "--net", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script];
    this.#init = spawn("unshare", flags, { stdio: ["ignore", "pipe", "pipe"] });
    await new Promise((done, fail) => {
      this.#init.stdout.once("data", done);
      this.#init.stderr.on("data", (bytes) => this.#log.push(String(bytes)));
      this.#init.once("exit", (code) => fail(new Error(`the machine ended with ${code}: ${this.#log.join("")}`)));
    });
    const children = readFileSync(`/proc/${this.#init.pid}/task/${this.#init.pid}/children`, "utf8");
    this.pid = Number(children.trim());
    this.#layCable();
    this.write("/usr/local/sbin/systemctl", SYSTEMCTL, 0o755);
  }

  #layCable() {
    const near = `booka${this.pid}`;
    const ip = (line) => execFileSync("ip", line.split(" "), { stdio: "pipe" });
    ip(`link add ${near} type veth peer name eth0 netns ${this.pid}`);
    ip(`address add ${this.here}/30 dev ${near}`);
    ip(`link set ${near} up`);
    this.run(`ip address add ${this.address}/30 dev eth0 && ip link set eth0 up`);
  }

  /** Runs commands as root, in the folder of a source tree that was built, and gives back what they print. */
  run(commands) {
    try {
      return execFileSync("nsenter", this.#inside(commands), {
        env: ENVIRONMENT,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        timeout: COMMANDS_MS,
        killSignal: "SIGKILL",
      });
    } catch (error) {
      throw new Error(`${commands}\n${error.status}: ${error.stdout}${error.stderr}\n${this.journal()}`);
    }
  }

  /** As [`run`], while this process goes on: for commands that ask something of it. */
  async runBeside(commands) {
    return (await promisify(execFile)("nsenter", this.#inside(commands), { env: ENVIRONMENT, encoding: "utf8", timeout: COMMANDS_MS })).stdout;
  }

  #inside(commands) {
    const enter = ["--target", String(this.pid), "--mount", "--uts", "--pid", "--net"];
    return [...enter, "sh", "-c", `set -e\ncd ${this.#folder}/source\n${commands}`];
  }

  /** Without a mode, what is there keeps its own. */
  write(path, text, mode = null) {
    const enter = ["--target", String(this.pid), "--mount"];
    execFileSync("nsenter", [...enter, "sh", "-c", `cat > ${path}${mode === null ? "" : ` && chmod ${mode.toString(8)} ${path}`}`], { input: text });
  }

  /** What the unit's processes wrote. */
  journal() {
    try {
      return readFileSync(`/proc/${this.pid}/root/run/booka.log`, "utf8");
    } catch {
      return "";
    }
  }

  /** Ends all processes of the machine; folders and cable go with them. */
  end() {
    this.#init?.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
