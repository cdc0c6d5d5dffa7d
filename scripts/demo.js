/**
 * `npm run demo`: the main job on the bundled data, one command of polyvae after the other, each shown as it would be typed.
 * Leaves out/spoken-digits/: model.polyvae, metrics.json, report.html, and what was translated and generated.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const data = "examples/spoken-digits/manifest.csv";
const out = "out/spoken-digits";
const model = `${out}/model.polyvae`;

// What an earlier run left would be mixed up with this one's.
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

function polyvae(title, args, { keep } = {}) {
  process.stdout.write(
    `\n── ${title}\n$ npx polyvae ${args.map((arg) => (/\s/.test(arg) ? `'${arg}'` : arg)).join(" ")}\n`,
  );
  const stdio = ["ignore", keep ? "pipe" : "inherit", "inherit"];
  const { status, stdout } = spawnSync(process.execPath, ["dist/cli/main.js", ...args], { stdio, maxBuffer: 1 << 28 });
  if (status !== 0) process.exit(status ?? 1);
  if (keep) writeFileSync(keep, stdout);
}

/** A test row that holds these columns, so that the examples below ask about values the model has not seen. */
function testRow(...columns) {
  const [header, ...lines] = readFileSync(data, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  const at = (row, name) => row[header.indexOf(name)];
  const row = lines.find((line) => at(line, "split") === "test" && columns.every((name) => at(line, name) !== ""));
  return Object.fromEntries(header.map((name) => [name, at(row, name)]));
}
const media = (path) => `examples/spoken-digits/${path}`;
const both = testRow("image", "speech", "word");

polyvae("What is in the data", ["inspect", data]);
polyvae("Learn one latent space for images, sounds, words and table columns", ["train", data, "-o", model]);
polyvae(
  "How good is it, on held-out rows",
  ["evaluate", model, data, "--label", "digit", "--json", "--report", `${out}/report.html`],
  { keep: `${out}/metrics.json` },
);
polyvae("Build a search index", ["index", model, data, "-o", `${out}/index`]);
polyvae(`Search it: rows near a spoken ${both.word}`, [
  "search",
  `${out}/index`,
  "--given",
  `speech=${media(both.speech)}`,
  "-k",
  "5",
]);
polyvae(`Image → word (held out, drawn as ${both.word})`, [
  "translate",
  model,
  "--given",
  `image=${media(both.image)}`,
  "--to",
  "word",
]);
polyvae(`Speech → word (held out, spoken as ${both.word})`, [
  "translate",
  model,
  "--given",
  `speech=${media(both.speech)}`,
  "--to",
  "word",
]);
polyvae("Word → images", [
  "translate",
  model,
  "--given",
  "word=seven",
  "--to",
  "image",
  "-n",
  "4",
  "-o",
  `${out}/word-to-image`,
]);
polyvae(`Speech → image (of ${both.word})`, [
  "translate",
  model,
  "--given",
  `speech=${media(both.speech)}`,
  "--to",
  "image",
  "-o",
  `${out}/speech-to-image`,
]);
polyvae(`Image → speech (of ${both.word})`, [
  "translate",
  model,
  "--given",
  `image=${media(both.image)}`,
  "--to",
  "speech",
  "-o",
  `${out}/image-to-speech`,
]);
polyvae("Word → speech", [
  "translate",
  model,
  "--given",
  "word=three",
  "--to",
  "speech",
  "-o",
  `${out}/word-to-speech`,
]);
polyvae(`Speech → what the table says (spoken by ${both.speaker || "a speaker that the row does not name"})`, [
  "translate",
  model,
  "--given",
  `speech=${media(both.speech)}`,
  "--to",
  "table",
]);
polyvae("Generate new rows", ["generate", model, "-n", "8", "-o", `${out}/generated`]);
polyvae("Fill in what is missing", ["impute", model, data, "-o", `${out}/filled.csv`]);

process.stdout.write(`\nDone. Open ${out}/report.html; beside it lie ${readdirSync(out).join(", ")}.\n`);
