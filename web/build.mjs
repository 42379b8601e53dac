// Builds everything the browser loads into web/dist/, under names that carry a hash of the content.
//
//   node build.mjs           write web/dist/
//   node build.mjs --check   the same, then print compressed sizes and fail above the budgets
//   node build.mjs --test    bundle client/**/*.test.ts and run them with node --test
//
// In styles, `@dark { … }` holds the dark theme once; it is written out for the system setting and for
// `[data-theme=dark]`. `/static/<logical name>` in a url() becomes the hashed name.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import esbuild from "esbuild";
import subsetFont from "subset-font";

const WEB = dirname(fileURLToPath(import.meta.url));
const DIST = join(WEB, "dist");
const FONTS = join(WEB, "node_modules/@fontsource-variable/schibsted-grotesk/files");
const ICONS = join(WEB, "node_modules/@phosphor-icons/core/assets");

/** Bytes after gzip that a file may have at most. */
const BUDGETS = { "call.js": 60_000, "enhance.js": 10_000, "pay.js": 10_000, "style.css": 20_000 };
const LAYERS = "@layer reset, tokens, base, layout, components, pages, utilities;\n";
const TARGET = ["es2022", "chrome110", "firefox115", "safari16.4"];
const FONT_FEATURES = ["kern", "liga", "locl", "ccmp", "tnum"];

const scriptOptions = {
  bundle: true,
  format: "esm",
  minify: true,
  write: false,
  target: TARGET,
  legalComments: "none",
  loader: { ".svg": "text" },
  absWorkingDir: WEB,
};

/** Every file below `folder` whose name passes, sorted, so that the same input gives the same bytes. */
function filesBelow(folder, passes) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter(passes)
    .map((name) => join(folder, name))
    .sort();
}

async function callScript() {
  const built = await esbuild.build({ ...scriptOptions, entryPoints: ["client/call/main.tsx"], outfile: "call.js" });
  return built.outputFiles[0].contents;
}

async function payScript() {
  const built = await esbuild.build({ ...scriptOptions, entryPoints: ["client/pay/main.ts"], outfile: "pay.js" });
  return built.outputFiles[0].contents;
}

/** One bundle of all enhancements: each file registers its own custom element. */
async function enhanceScript() {
  const files = filesBelow(join(WEB, "client/enhance"), (name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const contents = files.map((file) => `import ${JSON.stringify(`./${relative(WEB, file)}`)};`).join("\n");
  const stdin = { contents, resolveDir: WEB, sourcefile: "enhance.ts", loader: "ts" };
  const built = await esbuild.build({ ...scriptOptions, stdin, outfile: "enhance.js" });
  return built.outputFiles[0].contents;
}

/** The text between the brace at `open` and the one that closes it. */
function braced(text, open) {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") depth -= 1;
    if (depth === 0) return text.slice(open + 1, at);
  }
  throw new Error("a brace in the styles is never closed");
}

function expandDark(css) {
  let rest = css;
  for (let at = rest.indexOf("@dark"); at >= 0; at = rest.indexOf("@dark", at + 1)) {
    const open = rest.indexOf("{", at);
    const body = braced(rest, open);
    const system = `@media (prefers-color-scheme: dark) { :root:not([data-theme=light]) {${body}} }`;
    const chosen = `:root[data-theme=dark] {${body}}`;
    rest = `${rest.slice(0, at)}${system}\n${chosen}${rest.slice(open + body.length + 2)}`;
  }
  return rest;
}

async function styles(manifest) {
  const files = filesBelow(join(WEB, "styles"), (name) => name.endsWith(".css"));
  const source = LAYERS + files.map((file) => readFileSync(file, "utf8")).join("\n");
  const { code, warnings } = await esbuild.transform(expandDark(source), { loader: "css", minify: true, target: TARGET });
  if (warnings.length > 0) {
    const lines = await esbuild.formatMessages(warnings, { kind: "warning" });
    throw new Error(`the styles have faults:\n${lines.join("\n")}`);
  }
  return code.replaceAll(/\/static\/([a-z-]+\.[a-z0-9]+)/g, (_, name) => {
    const hashed = manifest[name];
    if (hashed === undefined) throw new Error(`the styles ask for /static/${name}, which nothing builds`);
    return `/static/${hashed}`;
  });
}

/** The sprite of the icons named in icons.txt, one a line; `name-fill` takes the filled weight. */
function sprite() {
  const list = join(WEB, "icons.txt");
  const names = existsSync(list) ? readFileSync(list, "utf8").split("\n").map((line) => line.replace(/#.*/, "").trim()) : [];
  const symbols = [...new Set(names.filter(Boolean))].sort().map((name) => {
    const file = join(ICONS, name.endsWith("-fill") ? "fill" : "regular", `${name}.svg`);
    if (!existsSync(file)) throw new Error(`icons.txt names ${name}, which the icon set does not have`);
    const inner = readFileSync(file, "utf8").replace(/^<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
    return `<symbol id="${name}" viewBox="0 0 256 256" fill="currentColor">${inner}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

function characters(from, to) {
  return Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at)).join("");
}

/** ASCII, Latin-1 and the typographic marks we write; weights 400 to 700. */
async function font(part, text) {
  const original = readFileSync(join(FONTS, `schibsted-grotesk-${part}-wght-normal.woff2`));
  const variationAxes = { wght: { min: 400, max: 700 } };
  return subsetFont(original, text, { targetFormat: "woff2", variationAxes, keepFeatures: FONT_FEATURES });
}

async function build() {
  const latin = `${characters(0x20, 0x7e)}${characters(0xa0, 0xff)}–—‘’“”•…€−`;
  const files = new Map();
  const manifest = {};
  const add = (name, contents) => {
    const bytes = Buffer.from(contents);
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
    manifest[name] = name.replace(/\.([a-z0-9]+)$/, `-${hash}.$1`);
    files.set(name, bytes);
  };
  add("sg.woff2", await font("latin", latin));
  add("sg-ext.woff2", await font("latin-ext", characters(0x100, 0x17f)));
  add("icons.svg", sprite());
  add("call.js", await callScript());
  add("enhance.js", await enhanceScript());
  add("pay.js", await payScript());
  add("style.css", await styles(manifest));
  writeAll(files, manifest);
  return files;
}

/** Writes beside the old folder and swaps, so that a reader never sees half a build. */
function writeAll(files, manifest) {
  const fresh = `${DIST}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  for (const [name, bytes] of files) writeFileSync(join(fresh, manifest[name]), bytes);
  writeFileSync(join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  rmSync(DIST, { recursive: true, force: true });
  renameSync(fresh, DIST);
}

function report(files) {
  let good = true;
  for (const [name, bytes] of files) {
    const size = name.endsWith(".woff2") ? bytes.length : gzipSync(bytes, { level: 9 }).length;
    const budget = BUDGETS[name];
    const fits = budget === undefined || size <= budget;
    good &&= fits;
    const limit = budget === undefined ? "" : ` of ${budget}`;
    process.stdout.write(`${name.padEnd(14)} ${String(size).padStart(6)}${limit} bytes${fits ? "" : "  TOO LARGE"}\n`);
  }
  return good;
}

async function test() {
  const out = join(WEB, "node_modules/.cache/booka-tests");
  rmSync(out, { recursive: true, force: true });
  const entryPoints = filesBelow(join(WEB, "client"), (name) => /\.test\.tsx?$/.test(name));
  await esbuild.build({
    entryPoints,
    outdir: out,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    outExtension: { ".js": ".mjs" },
    loader: { ".svg": "text" },
    logLevel: "warning",
  });
  const bundles = filesBelow(out, (name) => name.endsWith(".mjs"));
  if (bundles.length === 0) throw new Error("no tests were found");
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...bundles], { stdio: "inherit" });
  return run.status === 0;
}

const flag = process.argv[2];
if (flag === "--test") {
  process.exitCode = (await test()) ? 0 : 1;
} else {
  const files = await build();
  if (flag === "--check" && !report(files)) process.exitCode = 1;
}
