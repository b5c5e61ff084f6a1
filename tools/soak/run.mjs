// Puts the built server under load and writes docs/reliability.md. Loopback only; takes some eleven minutes on two cores with nothing else to do. Exits with 1 if anything misses its bar.
//
//   npm run soak                      everything
//   npm run soak -- --share 0.1       a tenth of the requests
//   npm run soak -- --only S5,S24     some scenarios; the document stays as it is
//   npm run soak -- --only S2 --steady 1000000    an hour and more at 0.8 of the capacity
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "tsup";

const root = join(import.meta.dirname, "../..");
const { values: options } = parseArgs({
  options: {
    share: { type: "string", default: "1" },
    only: { type: "string", default: "" },
    steady: { type: "string", default: "30000" },
  },
});
const share = Number(options.share);
const only = options.only.split(",").filter(Boolean);
const count = (whole) => Math.max(2, Math.round(whole * share));

// Inside of node_modules, which git does not see, and from where packages are found.
const outDir = join(root, "node_modules/.vitrail-soak");
await build({
  config: false,
  entry: { scenarios: join(import.meta.dirname, "scenarios.ts") },
  outDir,
  outExtension: () => ({ js: ".mjs" }),
  format: "esm",
  target: "node20",
  silent: true,
});
const scenarios = await import(pathToFileURL(join(outDir, "scenarios.mjs")).href);
const built = { ...(await import("vitrail")), ...(await import("vitrail/server")), cli: join(root, "dist/cli.js") };

const { largerPhoto, modelFolder, photo, smallModel } = scenarios;
// S1 three times: a tiny model, with a picture whose decoding is most of the work; BlazeFace's real weights with a tiny model of emotions; a real model.
const tiny = {
  runs: 2,
  requests: count(10_000),
  warmUp: count(1_000),
  serve: ["--model", `m=${modelFolder("vit-deep")}`],
  name: "a tiny model and a picture of 512 x 600",
  path: "/embed",
  picture: largerPhoto,
};
const faces = {
  runs: 2,
  requests: count(5_000),
  warmUp: count(500),
  serve: ["--faces", "--attributes", `emotion=${modelFolder("vit")}`],
  name: "BlazeFace and a tiny model of emotions",
  path: "/smartclick",
  picture: photo,
};
const real = {
  runs: 2,
  requests: count(200),
  warmUp: count(40),
  serve: ["--model", `m=${smallModel}`],
  name: "ViT-S/14",
  path: "/embed",
  picture: photo,
};
const ALL = [
  ["overhead", () => scenarios.overhead(built, { pairs: 4, pictures: count(48) })],
  ["S1-real", () => scenarios.overload(built, real)],
  ["S1-faces", () => scenarios.overload(built, faces)],
  ["S1", () => scenarios.overload(built, tiny)],
  ["S2", () => scenarios.steady(built, { requests: count(Number(options.steady)) })],
  ["S3", () => scenarios.rightAnswers(built, { requests: count(10_000) })],
  ["S5", () => scenarios.drain(built, { times: count(100) })],
  ["S6", () => scenarios.engineKilled(built, { times: count(100) })],
  ["S8", () => scenarios.slowClients(built, { sockets: count(1_000) })],
  ["S9", () => scenarios.oddBodies(built, { rounds: 2 })],
  ["S10", () => scenarios.corpora(built, { poisonTimes: count(10_000) })],
  ["S12", () => scenarios.mutants(built, { requests: count(10_000) })],
  ["S19", () => scenarios.frozen(built)],
  ["S24", () => scenarios.disconnects(built, { requests: count(10_000) })],
];

const load = () => loadavg()[0].toFixed(1);
const began = performance.now();
const findings = [];
for (const [id, run] of ALL) {
  if (only.length > 0 && !only.includes(id)) continue;
  console.log(`${id} …`);
  const before = load();
  const start = performance.now();
  const found = await run();
  findings.push({ ...found, before, seconds: (performance.now() - start) / 1000 });
  for (const { what, found: value, wanted, passes } of found.figures)
    console.log(`  ${passes ? "ok  " : "MISS"}  ${what}: ${value} (${wanted})`);
}
if (only.length === 0) writeFileSync(join(root, "docs/reliability.md"), documentOf(findings));
const missed = findings.flatMap(({ figures }) => figures).filter(({ passes }) => !passes).length;
const held = findings.flatMap(({ figures }) => figures).length - missed;
console.log(`${held} passed, ${missed} failed`);
process.exitCode = missed > 0 ? 1 : 0;

function documentOf(all) {
  const sections = all.map(({ id, title, figures, before, seconds }) =>
    [
      `## ${id}: ${title}`,
      "",
      `Took ${seconds.toFixed(0)} s; the machine's load before it was ${before}.`,
      "",
      "| what | found | wanted | |",
      "|---|---|---|---|",
      ...figures.map(
        ({ what, found, wanted, passes }) => `| ${what} | ${found} | ${wanted} | ${passes ? "holds" : "**misses**"} |`,
      ),
    ].join("\n"),
  );
  return `# Reliability of the server

Written by \`npm run soak${share === 1 ? "" : ` -- --share ${options.share}`}\`, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown processor"}. Client and server share the machine, over loopback.
All took ${((performance.now() - began) / 60_000).toFixed(0)} minutes. Each scenario tells the machine's load (of a minute) before it: of ${cpus().length} processors, where it should be near 0 for timings to count for what they are.
The short form of the same scenarios is part of \`npm test\` (\`tools/soak/soak.test.ts\`). [server.md](server.md#tests) lists all tests of the service, with those that stand beside the code.

${sections.join("\n\n")}
`;
}
